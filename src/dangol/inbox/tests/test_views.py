import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from dangol.inbox.models import Attachment, Conversation, Draft, Message
from dangol.kernel import clock
from dangol.kernel.models import Event
from tests.parts.cast import NOON, mail

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(minutes=9))


@pytest.fixture
def asked(receive) -> Conversation:
    return receive(mail(message_id="1@example.com")).conversation


@pytest.fixture
def browser_of(client):
    def signed_in(person):
        client.force_login(person)
        return client

    return signed_in


def composed(conversation, text="A fresh one is on its way.", **fields):
    return {
        "text": text,
        "mode": "reply",
        "to": "Sora Kim <sora@example.com>",
        "cc": "",
        "bcc": "",
        "key": str(uuid4()),
        "base_message_id": conversation.last_message_id,
        **fields,
    }


def test_a_reply_goes_to_whom_it_names_and_ends_on_the_conversation(asked, hana, browser_of):
    answer = browser_of(hana).post(
        f"/conversations/{asked.pk}/reply/",
        composed(asked, cc="James Lee <james@example.org>"),
        headers={"referer": "http://testserver/inbox/1/?tab=mine&q=x"},
    )

    message = Message.objects.get(direction="out")
    assert (answer.status_code, answer["Location"]) == (303, f"/inbox/{asked.pk}/?tab=mine")
    assert [party["address"] for party in [*message.to, *message.cc]] == [
        "sora@example.com",
        "james@example.org",
    ]
    assert message.staff == hana
    assert not Draft.objects.exists()


def test_a_colleague_who_would_take_a_reply_back_reads_who_can(asked, hana, tom, browser_of):
    browser_of(hana).post(f"/conversations/{asked.pk}/reply/", composed(asked))
    message = Message.objects.get(direction="out")

    refused = browser_of(tom).post(f"/conversations/{asked.pk}/reply-undo/", {"message": message.pk})

    assert refused.status_code == 403
    assert "Only who sent this reply can take it back, or a manager or the owner." in refused.content.decode()
    message.refresh_from_db()
    assert message.undone_at is None


def test_the_same_click_twice_sends_once(asked, hana, browser_of):
    fields = composed(asked)
    for _ in range(2):
        browser_of(hana).post(f"/conversations/{asked.pk}/reply/", fields)

    assert Message.objects.filter(direction="out").count() == 1


def test_the_same_click_twice_leaves_one_note_and_no_draft(asked, hana, browser_of):
    fields = composed(asked, mode="note")
    for _ in range(2):
        browser_of(hana).post(f"/conversations/{asked.pk}/note/", fields)

    note = Message.objects.get(direction="note")
    assert note.text == fields["text"].strip()
    assert Event.objects.filter(name="NoteAdded").count() == 1
    assert not Draft.objects.exists()


def test_a_note_and_a_reply_of_one_page_are_two(asked, hana, browser_of):
    fields = composed(asked)
    browser_of(hana).post(f"/conversations/{asked.pk}/note/", {**fields, "mode": "note"})
    browser_of(hana).post(f"/conversations/{asked.pk}/reply/", fields)
    assert sorted(Message.objects.exclude(direction="in").values_list("direction", flat=True)) == [
        "note",
        "out",
    ]


def test_other_words_from_the_same_page_are_another_note(asked, hana, browser_of):
    """The way back in a browser leads to a page whose note was left."""
    fields = composed(asked, mode="note")
    for text in ("Allergic to nuts.", "And to milk.", "And to milk.", "Allergic to nuts."):
        answer = browser_of(hana).post(f"/conversations/{asked.pk}/note/", {**fields, "text": text})
        assert answer.status_code == 303

    left = Message.objects.filter(direction="note").order_by("pk").values_list("text", flat=True)
    assert list(left) == ["Allergic to nuts.", "And to milk."]
    assert not Draft.objects.exists()


def test_other_words_from_a_page_whose_reply_was_sent_are_kept_and_go_with_the_next_click(
    asked, hana, browser_of
):
    fields = composed(asked)
    browser = browser_of(hana)
    browser.post(f"/conversations/{asked.pk}/reply/", fields)

    refused = browser.post(f"/conversations/{asked.pk}/reply/", {**fields, "text": "And it is hot."})

    page = refused.content.decode()
    assert refused.status_code == 409
    assert "From this page you have already sent other words." in page
    assert "And it is hot.</textarea>" in page
    assert Message.objects.get(direction="out").text == fields["text"]
    assert Draft.objects.get().text == "And it is hot."

    key = re.search(r'name="key" value="([^"]+)"', page)[1]
    browser.post(f"/conversations/{asked.pk}/reply/", {**fields, "text": "And it is hot.", "key": key})
    assert Message.objects.filter(direction="out").last().text == "And it is hot."
    assert not Draft.objects.exists()


@pytest.mark.only_postgres
@pytest.mark.django_db(transaction=True)
def test_clicks_at_once_leave_one_note_and_no_draft(asked, hana):
    fields = composed(asked, mode="note")
    browsers = [Client() for _ in range(4)]
    for browser in browsers:
        browser.force_login(hana)
    together = threading.Barrier(len(browsers))

    def click(browser) -> int:
        try:
            together.wait()
            return browser.post(f"/conversations/{asked.pk}/note/", fields).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(browsers)) as pool:
        assert set(pool.map(click, browsers)) == {303}
    assert Message.objects.filter(direction="note").count() == 1
    assert not Draft.objects.exists()


def test_a_reply_against_an_older_state_is_refused_with_its_text_and_goes_with_the_next_click(
    asked, receive, hana, browser_of
):
    fields = composed(asked)
    receive(
        mail(
            text="And the drink was missing.",
            headers={"In-Reply-To": "<1@example.com>"},
            message_id="2@example.com",
        ),
        at=NOON + timedelta(minutes=2),
    )
    browser = browser_of(hana)

    refused = browser.post(f"/conversations/{asked.pk}/reply/", fields)

    page = refused.content.decode()
    assert refused.status_code == 409
    assert "A fresh one is on its way." in page
    assert "And the drink was missing." in page
    assert not Message.objects.filter(direction="out").exists()
    assert Draft.objects.get().text == "A fresh one is on its way."

    asked.refresh_from_db()
    assert browser.post(f"/conversations/{asked.pk}/reply/", composed(asked)).status_code == 303


def test_a_refused_reply_comes_back_to_htmx_as_the_conversation_alone(asked, hana, browser_of):
    refused = browser_of(hana).post(
        f"/conversations/{asked.pk}/reply/", composed(asked, text=" "), headers={"hx-request": "true"}
    )

    assert refused.status_code == 422
    assert refused["HX-Retarget"] == "#thread"
    assert "<html" not in refused.content.decode()


def test_a_wrong_address_is_shown_to_be_corrected_and_the_text_is_kept(asked, hana, browser_of):
    refused = browser_of(hana).post(
        f"/conversations/{asked.pk}/reply/", composed(asked, to="sora(at)example")
    )

    assert refused.status_code == 422
    assert "sora(at)example" in refused.content.decode()
    assert Draft.objects.get().text == "A fresh one is on its way."


def test_files_go_with_the_reply(asked, hana, browser_of):
    file = SimpleUploadedFile("menu.pdf", b"%PDF", content_type="application/pdf")

    browser_of(hana).post(f"/conversations/{asked.pk}/reply/", composed(asked, files=[file]))

    attachment = Attachment.objects.get()
    assert (attachment.filename, attachment.message.direction) == ("menu.pdf", "out")


def test_sending_and_closing_is_one_click(asked, hana, browser_of):
    browser_of(hana).post(f"/conversations/{asked.pk}/reply/", composed(asked, then="done"))

    asked.refresh_from_db()
    assert asked.state == "done"


def test_a_note_reaches_nobody_outside(asked, hana, browser_of):
    browser_of(hana).post(
        f"/conversations/{asked.pk}/note/", composed(asked, text="My mistake.", mode="note")
    )

    note = Message.objects.get(direction="note")
    assert (note.text, note.delivery) == ("My mistake.", None)
    assert not Draft.objects.exists()


def test_a_draft_is_kept_as_one_types_and_counts_its_versions(asked, hana, browser_of):
    browser = browser_of(hana)

    def keep(text, version):
        return browser.post(
            f"/conversations/{asked.pk}/draft/",
            json.dumps({"text": text, "version": version, "base_message_id": asked.last_message_id}),
            content_type="application/json",
        )

    first = keep("Dear S", 0).json()["version"]
    second = keep("Dear Sora", first).json()["version"]

    assert second == first + 1
    assert Draft.objects.get().text == "Dear Sora"
    assert keep("from an older window", first).status_code == 409
    assert Draft.objects.get().text == "Dear Sora"


def test_the_same_text_saved_by_a_page_that_was_closed_is_no_conflict(asked, hana, browser_of):
    fields = {"text": "Dear Sora", "version": 0, "base_message_id": asked.last_message_id}
    for _ in range(2):
        answer = browser_of(hana).post(
            f"/conversations/{asked.pk}/draft/", json.dumps(fields), content_type="application/json"
        )

    assert (answer.status_code, answer.json()["version"]) == (200, Draft.objects.get().version)


def test_half_an_address_does_not_stop_the_draft_from_being_kept(asked, hana, browser_of):
    browser_of(hana).post(
        f"/conversations/{asked.pk}/draft/",
        json.dumps({"text": "Dear Sora", "to": "sora@", "base_message_id": asked.last_message_id}),
        content_type="application/json",
    )

    kept = Draft.objects.get()
    assert kept.text == "Dear Sora"
    assert [party["address"] for party in kept.to] == ["sora@example.com"]


def test_an_empty_page_that_is_only_looked_at_opens_no_draft(asked, hana, browser_of):
    answer = browser_of(hana).post(
        f"/conversations/{asked.pk}/draft/", json.dumps({"text": "  "}), content_type="application/json"
    )

    assert answer.json() == {"version": 0}
    assert not Draft.objects.exists()


def test_nonsense_instead_of_a_draft_is_no_fault_of_ours(asked, hana, browser_of):
    for nonsense in ("[]", "{", '{"version": "x", "text": 7, "base_message_id": []}'):
        answer = browser_of(hana).post(
            f"/conversations/{asked.pk}/draft/", nonsense, content_type="application/json"
        )
        assert answer.status_code == 200


def test_having_read_what_is_new_is_said_with_a_button(asked, receive, hana, browser_of):
    browser = browser_of(hana)
    browser.post(f"/conversations/{asked.pk}/draft/", composed(asked))
    receive(
        mail(text="And…", headers={"In-Reply-To": "<1@example.com>"}, message_id="2@example.com"),
        at=NOON + timedelta(minutes=2),
    )
    asked.refresh_from_db()

    browser.post(f"/conversations/{asked.pk}/draft/", composed(asked, read_up_to=asked.last_message_id))

    assert Draft.objects.get().base_message_id == asked.last_message_id


def test_a_reply_is_taken_back_into_the_composer(asked, hana, browser_of):
    browser = browser_of(hana)
    browser.post(f"/conversations/{asked.pk}/reply/", composed(asked))
    message = Message.objects.get(direction="out")

    answer = browser.post(f"/conversations/{asked.pk}/reply-undo/", {"message": message.pk})

    assert answer.status_code == 303
    assert Draft.objects.get().text == "A fresh one is on its way."


def test_a_message_of_another_conversation_is_not_taken_back(asked, hana, browser_of):
    browser = browser_of(hana)
    browser.post(f"/conversations/{asked.pk}/reply/", composed(asked))
    message = Message.objects.get(direction="out")

    for wanted in (message.pk, "", "x"):
        assert (
            browser.post(f"/conversations/{asked.pk + 1}/reply-undo/", {"message": wanted}).status_code == 404
        )


def test_a_conversation_is_given_to_a_colleague_and_to_nobody(asked, hana, tom, browser_of):
    browser = browser_of(hana)

    browser.post(f"/conversations/{asked.pk}/assignment/", {"assignee": tom.pk})
    asked.refresh_from_db()
    assert asked.assignee == tom

    browser.post(f"/conversations/{asked.pk}/assignment/", {"assignee": ""})
    asked.refresh_from_db()
    assert asked.assignee is None
    assert browser.post(f"/conversations/{asked.pk}/assignment/", {"assignee": "99999"}).status_code == 404


def test_done_and_done_after_all_not(asked, hana, browser_of):
    browser = browser_of(hana)

    browser.post(f"/conversations/{asked.pk}/closure/")
    asked.refresh_from_db()
    assert asked.state == "done"

    browser.post(f"/conversations/{asked.pk}/reopening/")
    asked.refresh_from_db()
    assert asked.state == "waiting"


@pytest.mark.parametrize(
    ("chosen", "until"),
    [
        ({"until": "tomorrow"}, "2026-11-19T00:00:00+00:00"),
        ({"until": "pick", "at": "2026-12-24T10:30"}, "2026-12-24T01:30:00+00:00"),
    ],
)
def test_later_is_a_time_of_the_person_who_says_it(asked, hana, browser_of, chosen, until):
    hana.time_zone = "Asia/Seoul"
    hana.save()

    browser_of(hana).post(f"/conversations/{asked.pk}/postponement/", chosen)

    asked.refresh_from_db()
    assert (asked.state, asked.due_at.isoformat()) == ("later", until)


@pytest.mark.parametrize(
    "chosen", [{"until": "pick", "at": "2020-01-01T00:00"}, {"until": "pick"}, {}, {"at": "x"}]
)
def test_a_time_that_is_past_or_none_is_refused(asked, hana, browser_of, chosen):
    assert browser_of(hana).post(f"/conversations/{asked.pk}/postponement/", chosen).status_code == 422
    asked.refresh_from_db()
    assert asked.state == "waiting"


def test_nothing_changes_by_a_link(asked, hana, browser_of):
    for what in (
        "reply",
        "note",
        "draft",
        "reply-undo",
        "assignment",
        "closure",
        "reopening",
        "postponement",
    ):
        assert browser_of(hana).get(f"/conversations/{asked.pk}/{what}/").status_code == 405


def test_what_is_written_as_a_note_stays_with_the_team_whichever_button_was_pressed(asked, hana, browser_of):
    answer = browser_of(hana).post(
        f"/conversations/{asked.pk}/reply/", composed(asked, text="She always complains.", mode="note")
    )

    assert answer.status_code == 303
    assert Message.objects.get(text="She always complains.").direction == "note"
    assert not Message.objects.filter(direction="out").exists()


ODD_NUMBERS = ["²", "9" * 30, "9" * 5000, "-1", "1.5", "x"]


@pytest.mark.parametrize("odd", ODD_NUMBERS, ids=lambda odd: odd[:6])
@pytest.mark.parametrize(
    ("verb", "field", "status"),
    [
        ("assignment", "assignee", 404),
        ("reply-undo", "message", 404),
        ("draft", "detach", 303),
        ("draft", "read_up_to", 303),
        ("draft", "base_message_id", 303),
    ],
)
def test_a_number_that_is_none_is_no_bug(asked, hana, browser_of, verb, field, status, odd):
    answer = browser_of(hana).post(f"/conversations/{asked.pk}/{verb}/", {"text": "Hello", field: odd})
    assert answer.status_code == status


@pytest.fixture
def become(asked, receive):
    """A second conversation, and a mail that shows the two to be one."""
    other = receive(mail(subject="The drink", message_id="5@example.com")).conversation

    def join() -> Conversation:
        receive(
            mail(
                text="Both, please.",
                headers={"References": "<1@example.com> <5@example.com>"},
                message_id="6@example.com",
            ),
            at=NOON + timedelta(minutes=3),
        )
        other.refresh_from_db()
        assert other.merged_into == asked
        asked.refresh_from_db()
        return asked

    return other, join


def test_a_note_on_a_page_whose_conversation_has_become_another_is_left_there(become, hana, browser_of):
    other, join = become
    kept = join()

    browser_of(hana).post(f"/conversations/{other.pk}/note/", {"text": "Called her.", "mode": "note"})

    assert Message.objects.get(direction="note").conversation == kept


def test_a_reply_on_such_a_page_is_refused_once_shows_all_and_goes_with_the_next_click(
    become, hana, browser_of
):
    other, join = become
    fields = composed(other)
    browser = browser_of(hana)
    browser.post(
        f"/conversations/{other.pk}/draft/",
        json.dumps({**fields, "version": 0}),
        content_type="application/json",
    )
    kept = join()

    refused = browser.post(f"/conversations/{other.pk}/reply/", fields)

    page = refused.content.decode()
    assert refused.status_code == 409
    assert "A fresh one is on its way." in page
    assert "Both, please." in page
    assert f'action="/conversations/{kept.pk}/reply/"' in page
    assert browser.post(f"/conversations/{kept.pk}/reply/", fields).status_code == 303
    assert Message.objects.get(direction="out").conversation == kept
    assert not Draft.objects.exists()


def test_a_reply_is_taken_back_on_such_a_page_too(become, hana, browser_of):
    other, join = become
    browser = browser_of(hana)
    browser.post(f"/conversations/{other.pk}/reply/", composed(other))
    message = Message.objects.get(direction="out")
    join()

    browser.post(f"/conversations/{other.pk}/reply-undo/", {"message": message.pk})

    message.refresh_from_db()
    assert message.undone_at


@pytest.mark.parametrize("verb", ["closure", "postponement", "assignment"])
def test_what_is_done_on_such_a_page_is_done_to_what_it_became(become, hana, browser_of, verb):
    other, join = become
    kept = join()
    browser_of(hana).post(f"/conversations/{other.pk}/{verb}/", {"until": "tomorrow", "assignee": hana.pk})

    kept.refresh_from_db()
    other.refresh_from_db()
    assert (kept.state, kept.assignee) == {
        "closure": ("done", None),
        "postponement": ("later", None),
        "assignment": ("waiting", hana),
    }[verb]
    assert (other.state, other.assignee) == ("done", None)


def test_the_end_of_all_calendars_is_shown_in_every_zone(asked, hana, browser_of):
    browser = browser_of(hana)
    browser.post(f"/conversations/{asked.pk}/postponement/", {"at": "9999-12-31T23:59"})
    hana.time_zone = "Pacific/Kiritimati"
    hana.save()

    assert browser.get("/inbox/?tab=later").status_code == 200
    asked.refresh_from_db()
    assert (asked.state, asked.due_at.year) == ("later", NOON.year + 10)
