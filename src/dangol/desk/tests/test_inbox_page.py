from datetime import timedelta

import pytest
from django.urls import reverse

from dangol.customers.models import Identity
from dangol.desk.queries import OTHERS
from dangol.inbox.commands.conversations import add_note, close_conversation
from dangol.inbox.commands.drafts import save_draft
from dangol.inbox.models import Conversation
from dangol.kernel import clock
from tests.parts.cast import JAMES, NOON, SORA, mail

pytestmark = pytest.mark.django_db
AT = NOON + timedelta(minutes=9)


@pytest.fixture(autouse=True)
def noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: AT)


@pytest.fixture
def asked(receive) -> Conversation:
    return receive(mail(message_id="1@example.com")).conversation


@pytest.fixture
def get(client, hana):
    client.force_login(hana)

    def page(path, part=""):
        headers = {"hx-request": "true", "hx-target": part} if part else {}
        return client.get(path, headers=headers)

    return page


def test_an_empty_inbox_says_that_nobody_waits(get, mailbox):
    page = get("/inbox/").content.decode()

    assert "Nobody is waiting" in page


@pytest.mark.parametrize("part", ["talk", "earlier"])
def test_a_part_of_a_conversation_where_none_is_open_is_the_page(get, mailbox, part):
    page = get("/inbox/", part)

    assert page.status_code == 200
    assert "Nobody is waiting" in page.content.decode()
    assert "<html" in page.content.decode()


@pytest.mark.parametrize("tab", ["", "?tab=mine", "?tab=done"])
def test_without_a_mailbox_an_empty_inbox_says_that_no_mail_comes_and_who_can_change_that(
    client, get, minji, tab
):
    page = get(f"/inbox/{tab}").content.decode()
    assert "No mail comes in yet" in page
    assert "Nobody is waiting" not in page
    assert "ask the owner" in page
    assert "/settings/mailboxes/new/" not in page

    client.force_login(minji)
    page = client.get(f"/inbox/{tab}").content.decode()
    assert '<a class="button" href="/settings/mailboxes/new/">Connect a mailbox</a>' in page
    assert "ask the owner" not in page


def test_the_empty_inbox_is_as_honest_in_korean(client, hana):
    hana.language = "ko"
    hana.save()
    client.force_login(hana)
    assert "아직 들어오는 메일이 없습니다" in client.get("/inbox/").content.decode()


def test_list_conversation_and_customer_are_on_one_page(get, asked):
    page = get(f"/inbox/{asked.pk}/").content.decode()

    assert page.count('aria-current="true"') == 1
    assert "The burger was cold." in page
    assert 'id="who"' in page
    assert "sora@example.com" in page


def test_all_of_the_page_works_without_scripts(get, asked):
    page = get(f"/inbox/{asked.pk}/").content.decode()

    for action in ("reply", "assignment", "postponement", "closure"):
        assert f'method="post" action="/conversations/{asked.pk}/{action}/"' in page
    assert f'href="/inbox/{asked.pk}/"' in page
    assert " style=" not in page
    assert "onclick" not in page


def test_words_of_a_stranger_are_words(get, receive):
    taken = receive(
        mail('"<script>x</script>" <evil@example.com>', "<img src=x>", "<script>alert(1)</script>")
    )

    page = get(f"/inbox/{taken.conversation.pk}/").content.decode()

    assert "<script>x" not in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page


@pytest.mark.parametrize(
    ("part", "has", "has_not"),
    [
        ("items", 'id="item-', 'id="message-'),
        ("talk", 'id="message-', 'id="item-'),
        ("panes", 'id="compose"', 'id="item-'),
    ],
)
def test_each_part_loads_alone(get, asked, part, has, has_not):
    page = get(f"/inbox/{asked.pk}/", part).content.decode()

    assert has in page
    assert has_not not in page
    assert "<html" not in page


def test_a_part_that_nobody_knows_is_the_whole_page(get, asked):
    assert "<html" in get(f"/inbox/{asked.pk}/", "nonsense").content.decode()


def test_a_colleague_who_writes_is_seen_and_ones_own_draft_is_there_again(get, asked, hana, tom):
    save_draft(actor=tom, conversation=asked, text="Dear Sora", at=AT)
    save_draft(actor=hana, conversation=asked, text="Hello Sora", at=AT)

    page = get(f"/inbox/{asked.pk}/").content.decode()

    assert "Tom is writing an answer here too." in page
    assert "Hello Sora" in page
    assert "Dear Sora" not in page


def test_what_is_new_since_the_draft_was_begun_is_said_before_it_is_sent(get, asked, receive, hana):
    save_draft(actor=hana, conversation=asked, text="Hello Sora", at=AT)
    assert "I have read it" not in get(f"/inbox/{asked.pk}/").content.decode()

    receive(mail(text="And…", headers={"In-Reply-To": "<1@example.com>"}, message_id="2@example.com"), at=AT)

    assert "I have read it" in get(f"/inbox/{asked.pk}/").content.decode()


def test_a_note_is_no_news_that_stops_a_reply(get, asked, hana, tom):
    save_draft(actor=hana, conversation=asked, text="Hello Sora", at=AT)
    add_note(actor=tom, conversation=asked, text="My mistake.", at=AT)

    assert "I have read it" not in get(f"/inbox/{asked.pk}/").content.decode()


def test_the_customer_is_one_person_with_all_matters_and_a_story(get, asked, receive, hana):
    second = receive(mail(SORA, "Loyalty card", date=AT), at=AT).conversation
    other = receive(mail(JAMES, "Tasting")).conversation
    close_conversation(actor=hana, conversation=asked, at=AT)

    page = get(f"/inbox/{second.pk}/", "panes").content.decode()

    assert f'href="/inbox/{asked.pk}/"' in page
    assert f'href="/inbox/{other.pk}/"' not in page
    assert "2 conversations since" in page
    assert "Cold burger" in page


def test_all_matters_of_a_customer_are_counted_though_a_few_are_shown(get, asked, receive):
    for n in range(1, 8):
        receive(mail(SORA, f"Question {n}", date=AT), at=AT)

    page = get(f"/inbox/{asked.pk}/", "panes").content.decode()

    assert "8 conversations since" in page
    assert page.count('<span class="clip">Question') == OTHERS


def test_a_verified_address_says_so(get, asked):
    assert "verified" not in get(f"/inbox/{asked.pk}/", "panes").content.decode()
    Identity.objects.update(is_verified=True)

    assert "verified" in get(f"/inbox/{asked.pk}/", "panes").content.decode()


def test_a_conversation_that_became_another_leads_there(get, asked, receive):
    other = receive(mail(JAMES, "Tasting")).conversation
    Conversation.objects.filter(pk=other.pk).update(merged_into=asked)

    answer = get(f"/inbox/{other.pk}/")

    assert (answer.status_code, answer["Location"]) == (302, f"/inbox/{asked.pk}/")


def test_a_conversation_that_is_not_there_says_so(get, minji):
    answer = get("/inbox/4711/")

    assert answer.status_code == 404
    assert "no longer here" in answer.content.decode()


def test_the_page_costs_the_same_number_of_queries_however_much_is_on_it(
    get, asked, receive, hana, tom, django_assert_max_num_queries
):
    for n in range(30):
        receive(mail(f"Guest {n} <guest{n}@example.com>", f"Question {n}"))
        add_note(actor=tom, conversation=asked, text=f"note {n}", at=AT)

    with django_assert_max_num_queries(22):
        get(f"/inbox/{asked.pk}/")
    with django_assert_max_num_queries(8):
        get("/inbox/")


def test_the_menu_counts_who_waits_and_marks_where_one_is(get, asked):
    page = get("/inbox/").content.decode()
    assert '<a id="rail-inbox" href="/inbox/" aria-current="page">' in page

    part = get("/rail/", "rail").content.decode()
    assert '<b class="count">1<span class="sr"> waiting</span></b>' in part


def test_the_page_is_korean_for_who_reads_korean(client, tom, asked):
    tom.language = "ko"
    tom.save()
    client.force_login(tom)

    page = client.get(f"/inbox/{asked.pk}/").content.decode()

    assert '<html lang="ko">' in page
    assert "보내기" in page
    assert "Send" not in page.partition("<body")[2]


def test_every_page_of_the_inbox_asks_for_the_right_to_answer():
    from django.urls import resolve

    for name, arguments in (("inbox", []), ("conversation", [1]), ("rail", [])):
        assert resolve(reverse(name, args=arguments)).func.right == "answer"
