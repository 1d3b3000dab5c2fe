import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from dangol.customers.models import Customer
from dangol.desk import finding
from dangol.desk.tests.reading import see
from dangol.inbox.commands.conversations import add_note
from dangol.inbox.commands.drafts import save_draft
from dangol.inbox.commands.replies import send_reply, undo_reply
from dangol.inbox.finding import HitPage
from dangol.inbox.models import Conversation, Message
from dangol.search import index
from tests.parts.cast import JAMES, JIHOON, NOON, SORA, mail

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff_client(client, moon_burger, hana):
    client.force_login(hana)
    return client


@pytest.fixture
def letters(receive) -> list[Conversation]:
    written = [
        mail(SORA, "Cold burger", "The burger was cold, and the fries were soggy."),
        mail(JAMES, "Opening hours", "When do you open on Sunday?"),
        mail(JIHOON, "배송 문의", "주문한 햄버거가 아직 안 왔어요. 배송지는 마포구입니다."),
    ]
    return [receive(raw).conversation for raw in written]


def page_of(client, query: str, **others: str) -> str:
    return client.get(reverse("search"), {"q": query, **others}).content.decode()


@pytest.mark.parametrize(
    ("query", "subject"),
    [
        ("soggy", "Cold burger"),
        ("COLD", "Cold burger"),
        ("sund", "Opening hours"),
        ("배송", "배송 문의"),
        ("문의", "배송 문의"),
        ("버거", "배송 문의"),
        ("왔", "배송 문의"),
        ('"마포구입니다"', "배송 문의"),
    ],
)
def test_subjects_and_text_are_found_by_words_and_by_one_or_two_syllables(
    staff_client, letters, query, subject
):
    words = see(staff_client, "search", q=query)
    subjects = ("Cold burger", "Opening hours", "배송 문의")
    plain = words.replace(" ", "")
    assert [name for name in subjects if name.replace(" ", "") in plain] == [subject]


def test_people_are_found_by_name_and_address_with_a_way_to_their_page(staff_client, letters):
    for query in ("sora", "sora@example.com", "Kim"):
        words = see(staff_client, "search", q=query)
        assert words.startswith("Search / Search People SK Sora Kim")
        assert "1 conversation" in words
    page = page_of(staff_client, "박지훈")
    assert f'href="{reverse("customer", args=[letters[2].customer_id])}"' in page


def test_what_matched_is_marked_and_nothing_a_customer_wrote_becomes_markup(staff_client, receive):
    receive(mail(SORA, "<b>Cold</b> burger", "<script>alert(1)</script> it was cold"))
    page = page_of(staff_client, "cold")
    assert "<mark>Cold</mark>" in page
    assert "<mark>cold</mark>" in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_the_conversation_opens_at_the_message(staff_client, letters):
    message = Message.objects.get(conversation=letters[0])
    page = page_of(staff_client, "soggy")
    assert f'href="/inbox/{letters[0].pk}/?message={message.pk}#message-{message.pk}"' in page


def test_the_newest_comes_first_and_each_conversation_once(staff_client, receive, letters):
    receive(mail(SORA, "Re: Cold burger", "Still cold!", headers={"In-Reply-To": "<x>"}))
    newest = receive(mail(JAMES, "Ice cold", "cold cola please")).conversation
    page = page_of(staff_client, "cold")
    found = re.findall(r'href="/inbox/(\d+)/', page)
    assert int(found[0]) == newest.pk
    assert len(found) == len(set(found))


def test_notes_are_found_and_named_as_such(staff_client, letters, hana):
    add_note(actor=hana, conversation=letters[0], text="Give her a coupon", at=NOON)
    assert "Note by Hana: Give her a coupon" in see(staff_client, "search", q="coupon")


def test_a_reply_that_was_taken_back_is_not_found(staff_client, letters, hana):
    from uuid import uuid4

    draft = save_draft(actor=hana, conversation=letters[0], text="Zucchini", at=NOON)
    message = send_reply(actor=hana, draft=draft, key=uuid4(), at=NOON)
    assert "Zucchini" in see(staff_client, "search", q="zucchini")
    undo_reply(actor=hana, message=message, at=NOON)
    assert "Nothing has “zucchini” in it" in see(staff_client, "search", q="zucchini")


def test_more_is_a_page_away_until_the_end(staff_client, receive, monkeypatch):
    monkeypatch.setattr("dangol.inbox.finding.PAGE", 3)
    monkeypatch.setattr("dangol.inbox.finding.LOOKED_THROUGH", 4)
    for number in range(8):
        receive(mail(f"<guest{number}@example.com>", f"Matter {number}", "a cold burger"))
    seen, url = [], f"{reverse('search')}?q=cold"
    while url:
        page = staff_client.get(url).content.decode()
        seen += re.findall(r"Matter (\d)", page)
        following = re.search(r'href="([^"]+)" rel="next"', page)
        url = following[1].replace("&amp;", "&") if following else ""
    assert seen == [str(number) for number in range(7, -1, -1)]


def test_an_empty_search_gives_an_example_and_a_vain_one_says_what_to_try(staff_client, mailbox):
    assert "such as: refund, 배송" in see(staff_client, "search")
    assert "Nothing has “qwertz” in it Try fewer words" in see(staff_client, "search", q="qwertz")


@pytest.mark.parametrize("query", ['"', "((", "' OR 1=1 --", "\x00", "*", "가" * 500, "a " * 600, "ㅋ"])
def test_whatever_is_typed_the_page_comes_up(staff_client, letters, query):
    assert staff_client.get(reverse("search"), {"q": query, "after": "x"}).status_code == 200


def test_while_one_types_only_the_results_are_fetched(staff_client, letters):
    response = staff_client.get(reverse("search"), {"q": "cold"}, headers={"HX-Request": "true"})
    page = response.content.decode()
    assert "<html" not in page
    assert "<mark>Cold</mark>" in page
    whole = page_of(staff_client, "")
    assert 'hx-trigger="input changed delay:300ms"' in whole


def test_a_customer_who_became_another_is_shown_once_as_that_one(staff_client, letters):
    kept = Customer.objects.get(name="Sora Kim")
    other = Customer.objects.get(name="James Lee")
    other.merged_into = kept
    other.save()
    page = page_of(staff_client, "james")
    assert f'href="{reverse("customer", args=[kept.pk])}"' in page
    assert f'href="{reverse("customer", args=[other.pk])}"' not in page


def test_the_number_of_queries_does_not_grow_with_what_is_found(staff_client, receive):
    def found_with(people: range) -> int:
        for number in people:
            receive(mail(f"Cold {number} <cold{number}@example.com>", f"Matter {number}", "a cold burger"))
        with CaptureQueriesContext(connection) as seen:
            page = page_of(staff_client, "cold")
        assert page.count("<li>") == min(8, people.stop) + min(20, people.stop)
        return len(seen)

    few = found_with(range(5))
    assert found_with(range(5, 40)) == few
    # On PostgreSQL each look into the index sets a limit to its time, and takes it off, and asks for spans of ids.
    assert few <= (14 if connection.vendor == "sqlite" else 22)


def test_strangers_find_nothing(client, moon_burger, hana, letters):
    response = client.get(reverse("search"), {"q": "cold"})
    assert response.status_code == 302
    assert "/account/login/" in response["Location"]


def test_a_search_that_was_stopped_says_that_there_may_be_more(staff_client, letters, monkeypatch):
    assert "too long" not in see(staff_client, "search", q="cold")
    monkeypatch.setattr(index, "LONGEST_SECONDS", 0.0)
    words = see(staff_client, "search", q="cold")
    assert "Cold burger" in words
    assert "There may be more: looking through everything would take too long" in words

    monkeypatch.setattr(finding, "find_conversations", lambda *_, **__: HitPage((), None, is_whole=False))
    assert "Nothing found so far Looking through everything would take too long" in see(
        staff_client, "search", q="nobody"
    )
