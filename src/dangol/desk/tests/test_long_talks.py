"""A conversation of many messages is read a page at a time: what it began with, the newest, and all between."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from dangol.channels.models import Channel
from dangol.inbox.commands.conversations import add_note
from dangol.inbox.commands.drafts import save_draft
from dangol.inbox.models import Conversation, Draft, Message, Wait
from dangol.inbox.windows import SHOWN, message_url, place_of
from dangol.kernel import clock
from dangol.staff.models import Staff
from tests.parts.cast import NOON, hire, mail, open_mailbox, receiving
from tests.parts.plans import steps_of

pytestmark = pytest.mark.django_db
AT = NOON + timedelta(minutes=9)
NOTES = 130


@pytest.fixture(autouse=True)
def noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: AT)


@pytest.fixture(scope="module")
def written(scene) -> int:
    """A conversation of the mail and 130 notes: three share each second, so that their ids decide."""
    tom, receive = hire("Tom", "agent"), receiving(open_mailbox())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: AT)
        talk = receive(mail(message_id="1@example.com")).conversation
        for n in range(NOTES):
            add_note(actor=tom, conversation=talk, text=f"note number {n}", at=AT + timedelta(seconds=n // 3))
    return talk.pk


@pytest.fixture
def talk(written) -> Conversation:
    return Conversation.objects.get(pk=written)


@pytest.fixture
def tom(written) -> Staff:
    return Staff.objects.get(name="Tom")


@pytest.fixture
def mailbox(written) -> Channel:
    return Channel.objects.get()


@pytest.fixture
def see(client, hana):
    client.force_login(hana)

    def page(url: str, part: str = "") -> str:
        headers = {"hx-request": "true", "hx-target": part} if part else {}
        answer = client.get(url, headers=headers)
        assert answer.status_code == 200
        return answer.content.decode()

    return page


def ids_of(page: str) -> list[int]:
    return [int(pk) for pk in re.findall(r'<article[^>]* id="message-(\d+)"', page)]


def link(page: str, holder: str) -> str:
    found = re.search(rf'id="{holder}".*?href="([^"]+)"', page, re.DOTALL)
    return found[1].replace("&amp;", "&") if found else ""


def all_of(talk: Conversation) -> list[int]:
    return list(talk.messages.order_by("happened_at", "id").values_list("pk", flat=True))


def test_it_opens_with_what_it_began_with_and_the_newest(see, talk):
    page, everything = see(reverse("conversation", args=[talk.pk])), all_of(talk)
    assert ids_of(page) == [everything[0], *everything[-SHOWN:]]
    assert "The burger was cold." in page


def test_earlier_ones_are_loaded_in_place_until_all_are_there_once(see, talk):
    page, everything = see(reverse("conversation", args=[talk.pk])), all_of(talk)
    shown = ids_of(page)[1:]
    while url := link(page, "earlier"):
        page = see(url, "earlier")
        assert "<html" not in page
        assert "composer" not in page
        shown = ids_of(page) + shown
    assert [everything[0], *shown] == everything


def test_without_javascript_each_link_is_a_page_and_leads_back(see, talk):
    page, everything = see(reverse("conversation", args=[talk.pk])), all_of(talk)
    while url := link(page, "earlier"):
        page = see(url)
        assert '<html lang="en"' in page
    assert ids_of(page)[0] == everything[0]
    shown = ids_of(page)
    while url := link(page, "onward"):
        page = see(url.partition("#")[0])
        shown += [pk for pk in ids_of(page) if pk > shown[-1]]
    assert shown == everything


def test_a_link_to_a_message_opens_the_page_that_holds_it(see, talk):
    for message in all_of(talk):
        url = message_url(talk.pk, message)
        assert url.endswith(f"?message={message}#message-{message}")
        found = ids_of(see(url.partition("#")[0]))
        assert message in found
        assert len(found) <= SHOWN + SHOWN // 2 + 2


def test_what_cannot_be_read_in_an_address_is_as_if_it_were_not_there(see, talk, receive):
    here = reverse("conversation", args=[talk.pk])
    elsewhere = receive(mail("James <james@example.com>")).conversation.last_message_id
    newest = ids_of(see(here))
    for query in ("message=x", f"message={elsewhere}", "before=1", "from=.", "since=never", "all=1"):
        assert ids_of(see(f"{here}?{query}")) == newest, query


def test_a_page_that_stays_open_keeps_its_beginning_while_others_write(see, talk, tom):
    page = see(reverse("conversation", args=[talk.pk]))
    live = re.search(r'id="talk"[^>]*hx-get="([^"]+)"', page)[1].replace("&amp;", "&")
    begun, link_before = ids_of(page), link(page, "earlier")
    for n in range(7):
        add_note(actor=tom, conversation=talk, text=f"more {n}", at=AT + timedelta(hours=1))
    later = see(live, "talk")
    assert ids_of(later)[: len(begun)] == begun
    assert len(ids_of(later)) == len(begun) + 7
    assert link(later, "earlier") == link_before


def test_a_short_one_is_whole_and_says_nothing_of_pages(see, receive, tom):
    talk = receive(mail(message_id="2@example.com")).conversation
    for n in range(SHOWN):
        add_note(actor=tom, conversation=talk, text=f"note {n}", at=AT)
    page = see(reverse("conversation", args=[talk.pk]))
    assert len(ids_of(page)) == SHOWN + 1
    assert "Earlier messages" not in page
    assert "Later messages" not in page


def test_a_link_to_a_message_outlives_that_its_conversation_became_another(client, hana, talk, receive):
    other = receive(mail("James <james@example.com>", "Tasting")).conversation
    Conversation.objects.filter(pk=other.pk).update(merged_into=talk)
    client.force_login(hana)
    answer = client.get(f"/inbox/{other.pk}/?message=1")
    assert (answer.status_code, answer["Location"]) == (302, f"/inbox/{talk.pk}/?message=1")


def test_the_list_of_answer_times_leads_to_the_message(client, minji, talk):
    Wait.objects.filter(conversation=talk).update(started_at=AT - timedelta(minutes=1))
    client.force_login(minji)
    first = all_of(talk)[0]
    page = client.get(reverse("answer_times_list")).content.decode()
    assert f'href="/inbox/{talk.pk}/?message={first}#message-{first}"' in page


def base_of(page: str) -> int:
    return int(re.search(r'name="base_message_id" value="(\d+)"', page)[1])


def hear_again(receive, talk: Conversation, at) -> int:
    """The customer writes once more; the number of the message."""
    again = {"In-Reply-To": "<1@example.com>"}
    receive(mail(text="And the fries?", message_id="9@example.com", headers=again), at=at)
    talk.refresh_from_db()
    return talk.last_message_id


@pytest.mark.parametrize("part", ["", "panes"])
@pytest.mark.parametrize("query", ["message", "before", "from"])
def test_a_page_that_does_not_show_the_newest_leads_there_in_place_of_an_answer(see, talk, query, part):
    row = Message.objects.get(text="note number 60")
    page = see(f"/inbox/{talk.pk}/?{query}={row.pk if query == 'message' else place_of(row)}", part)
    assert "<textarea" not in page
    assert f"/conversations/{talk.pk}/reply/" not in page
    link = re.search(r'<a [^>]*id="to-answer" href="([^"]+)">([^<]+)', page)
    assert (link[1], link[2]) == (f"/inbox/{talk.pk}/#text", "To the newest, to answer")
    assert "<textarea" in see(link[1])


def test_such_a_page_says_that_a_draft_is_kept_and_the_newest_has_it(see, talk, hana):
    middle = f"/inbox/{talk.pk}/?message={Message.objects.get(text='note number 60').pk}"
    said = "Your draft is kept"
    assert said not in see(middle)
    save_draft(actor=hana, conversation=talk, text="I was about to say", at=AT)
    assert said in see(middle)
    assert "I was about to say</textarea>" in see(reverse("conversation", args=[talk.pk]))


def test_a_page_that_stops_showing_the_newest_sends_nothing_past_what_it_does_not_show(
    see, client, talk, tom, receive
):
    """Opened when it still ended with the newest, it has a place to answer, and many write meanwhile."""
    start = all_of(talk)[-SHOWN // 2]
    url = f"/inbox/{talk.pk}/?from={place_of(Message.objects.get(pk=start))}"
    shown = base_of(see(url))
    assert shown == talk.last_message_id
    for n in range(SHOWN):
        add_note(actor=tom, conversation=talk, text=f"more {n}", at=AT + timedelta(hours=1))
    unseen = hear_again(receive, talk, AT + timedelta(hours=2))

    live = see(url, "talk")

    assert unseen not in ids_of(live)
    assert "read_up_to" not in live
    assert 'id="to-answer"' in live
    for base in (shown, base_of(live)):
        fields = {"text": f"On {base}", "mode": "reply", "to": "sora@example.com", "base_message_id": base}
        refused = client.post(f"/conversations/{talk.pk}/reply/", fields)
        assert refused.status_code == 409
        assert "And the fries?" in refused.content.decode()
        Draft.objects.all().delete()
    assert not Message.objects.filter(direction="out").exists()


@pytest.mark.parametrize("part", ["before", "from", "since", "message"])
@pytest.mark.only_sqlite
def test_each_step_goes_by_the_index(see, talk, part):
    row = Message.objects.get(text="note number 60")
    value = row.pk if part == "message" else place_of(row)
    steps = steps_of(lambda: see(f"/inbox/{talk.pk}/?{part}={value}", "earlier"))
    read = [step for step in steps if "inbox_message" in step]
    assert read
    assert not [step for step in read if "SCAN" in step]
    assert any("message_of_conversation (conversation_id=? AND happened_at" in step for step in read)
    assert not [step for step in steps if "inbox_message" in step and "conversation_id_" in step]


def test_the_number_of_queries_is_the_same_wherever_one_reads(see, talk):
    rows = all_of(talk)
    counts = set()
    for message in rows[25:80:10]:
        with CaptureQueriesContext(connection) as asked:
            see(f"/inbox/{talk.pk}/?message={message}")
        counts.add(len(asked))
    assert len(counts) == 1
