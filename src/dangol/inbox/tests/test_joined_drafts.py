"""Somebody writes in two conversations that turn out to be one: nothing of what was typed is lost."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest

from dangol.inbox.commands.drafts import LINE, save_draft
from dangol.inbox.models import Draft, Message
from dangol.kernel import clock
from tests.parts.cast import NOON, mail

pytestmark = pytest.mark.django_db
AT = NOON + timedelta(minutes=9)


@pytest.fixture(autouse=True)
def noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: AT)


@pytest.fixture
def two(receive):
    """Two conversations, and what makes them one."""
    one = receive(mail(message_id="1@example.com")).conversation
    other = receive(mail(subject="The bill", message_id="2@example.com")).conversation

    def join():
        both = {"References": "<1@example.com> <2@example.com>"}
        receive(mail(text="Both, please.", message_id="3@example.com", headers=both), at=AT)
        other.refresh_from_db()
        assert other.merged_into_id == one.pk

    return one, other, join


@pytest.fixture
def writing(two, hana):
    """Hana has typed in both; version 1 is what their pages know."""
    one, other, join = two
    for conversation, text in ((one, "About the burger."), (other, "About the bill.")):
        draft = save_draft(actor=hana, conversation=conversation, text=text, at=AT)
        assert draft.version == 1
    join()
    return one, other


@pytest.fixture
def browser(client, hana):
    client.force_login(hana)
    return client


def fields(text, version=1, **more):
    return {
        "text": text, "mode": "reply", "to": "sora@example.com", "cc": "", "bcc": "", "key": str(uuid4()),
        "version": version, **more,
    }  # fmt: skip


def test_joined_both_texts_stand_in_one_draft_with_a_line_between(writing, hana):
    draft = Draft.objects.get(staff=hana)
    assert draft.conversation == writing[0]
    assert draft.text == f"About the burger.{LINE}About the bill."


@pytest.mark.parametrize("act", ["draft", "reply", "note"])
@pytest.mark.parametrize(
    ("page", "kept"),
    [
        (0, "About the burger, hot.{line}About the bill."),
        (1, "About the burger.{line}About the burger, hot."),
    ],
)
def test_a_form_from_a_page_before_loses_nothing_and_sends_nothing_unseen(
    writing, browser, hana, act, page, kept
):
    for _twice in range(2):
        more = {"save": "1"} if act == "draft" else {}
        refused = browser.post(
            f"/conversations/{writing[page].pk}/{act}/", fields("About the burger, hot.", **more)
        )
        assert refused.status_code == 409
        assert "Both texts are here now" in refused.content.decode()
        draft = Draft.objects.get(staff=hana)
        assert draft.text == kept.format(line=LINE)
        assert LINE.strip() in refused.content.decode()
    assert not Message.objects.exclude(direction="in").exists()

    newer = fields("All in one.", draft.version, base_message_id=draft.base_message_id)
    browser.post(f"/conversations/{writing[0].pk}/draft/", {**newer, "save": "1"})
    assert Draft.objects.get(staff=hana).text == "All in one."


def test_what_an_open_page_saves_by_itself_stays_beside_the_other(writing, browser, hana):
    for text in ("About the burger, h", "About the burger, hot."):
        answer = browser.post(
            f"/conversations/{writing[0].pk}/draft/",
            json.dumps({"text": text, "is_note": False, "to": "sora@example.com", "version": 1}),
            content_type="application/json",
        )
        assert answer.status_code == 409
    assert Draft.objects.get(staff=hana).text == f"About the burger, hot.{LINE}About the bill."


def test_what_was_typed_on_a_page_without_a_draft_stays_beside_what_came_from_the_other(two, browser, hana):
    one, other, join = two
    save_draft(actor=hana, conversation=other, text="About the bill.", at=AT)
    join()
    refused = browser.post(f"/conversations/{one.pk}/reply/", fields("About the burger.", 0))
    assert refused.status_code == 409
    assert Draft.objects.get(staff=hana).text == f"About the burger.{LINE}About the bill."
    assert not Message.objects.filter(direction="out").exists()


def test_a_page_that_alone_was_written_on_goes_on_as_if_nothing_had_been(two, browser, hana):
    _one, other, join = two
    save_draft(actor=hana, conversation=other, text="About the bill.", at=AT)
    join()
    answer = browser.post(
        f"/conversations/{other.pk}/draft/", fields("About the bill, paid.", save="1", cc="james@example.org")
    )
    assert answer.status_code == 303
    draft = Draft.objects.get(staff=hana)
    assert draft.text == "About the bill, paid."
    assert [party["address"] for party in draft.cc] == ["james@example.org"]


def test_an_older_page_puts_away_its_own_part_alone(writing, browser, hana):
    browser.post(f"/conversations/{writing[0].pk}/draft/", {"discard": "1", "version": 1})
    assert Draft.objects.get(staff=hana).text == "About the bill."
    browser.post(f"/conversations/{writing[1].pk}/draft/", {"discard": "1", "version": 1})
    assert not Draft.objects.exists()


def test_what_was_written_since_on_a_page_that_knows_both_stays_too(writing, browser, hana):
    draft = Draft.objects.get(staff=hana)
    save_draft(
        actor=hana, conversation=writing[0], text="All in one.", at=AT, page=(writing[0].pk, draft.version)
    )
    browser.post(f"/conversations/{writing[0].pk}/draft/", fields("About the burger, hot.", save="1"))
    assert Draft.objects.get(staff=hana).text == f"All in one.{LINE}About the burger, hot."


def test_a_note_that_joins_a_reply_stays_for_the_team(two, hana):
    one, other, join = two
    save_draft(actor=hana, conversation=one, text="Sorry!", at=AT)
    save_draft(actor=hana, conversation=other, text="She always complains.", at=AT, is_note=True)
    join()
    assert Draft.objects.get(staff=hana).is_note
