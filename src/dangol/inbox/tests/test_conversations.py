import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection

from dangol.inbox.commands import drafts
from dangol.inbox.commands.conversations import (
    add_note,
    assign_conversation,
    close_conversation,
    postpone_conversation,
    reopen_conversation,
    return_due_conversations,
)
from dangol.inbox.commands.drafts import discard_draft, save_draft
from dangol.inbox.commands.replies import send_reply
from dangol.inbox.errors import DraftChanged, NothingToSend, TimeIsPast
from dangol.inbox.models import Conversation, Draft, Wait
from dangol.kernel.errors import NotAllowed
from dangol.kernel.models import Event
from tests.parts.cast import NOON, mail

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(minutes=9)


@pytest.fixture
def asked(receive) -> Conversation:
    return receive(mail(message_id="1@example.com")).conversation


def test_closing_counts_a_customer_who_waited_as_not_answered(asked, hana):
    close_conversation(actor=hana, conversation=asked, at=LATER)
    wait = Wait.objects.get()
    assert (wait.dropped_at, wait.answered_at) == (LATER, None)
    assert Conversation.objects.get().state == "done"
    assert Event.objects.filter(name="ConversationClosed").count() == 1


def test_closing_twice_is_closing_once(asked, hana):
    close_conversation(actor=hana, conversation=asked, at=LATER)
    close_conversation(actor=hana, conversation=asked, at=LATER)
    assert Event.objects.filter(name="ConversationClosed").count() == 1


def test_reopening_brings_the_clock_back_as_if_nothing_had_been(asked, hana):
    due = asked.due_at
    close_conversation(actor=hana, conversation=asked, at=LATER)
    reopened = reopen_conversation(actor=hana, conversation=asked, at=LATER)
    assert (reopened.state, reopened.due_at) == ("waiting", due)
    assert Wait.objects.get().dropped_at is None


def test_a_customer_who_writes_again_reopens_what_was_done(asked, hana, receive):
    close_conversation(actor=hana, conversation=asked, at=LATER)
    receive(mail(message_id="2@example.com", headers={"In-Reply-To": "<1@example.com>"}), at=LATER)
    assert Conversation.objects.get().state == "waiting"
    assert Wait.objects.filter(answered_at=None, dropped_at=None).get().started_at == LATER


def test_putting_off_does_not_stop_the_customers_clock(asked, hana):
    until = LATER + timedelta(hours=3)
    postpone_conversation(actor=hana, conversation=asked, until=until, at=LATER)
    conversation = Conversation.objects.get()
    assert (conversation.state, conversation.due_at) == ("later", until)
    assert Wait.objects.get().due_at == NOON + timedelta(minutes=30)


def test_what_was_put_off_comes_back_at_its_time(asked, hana):
    until = LATER + timedelta(hours=3)
    postpone_conversation(actor=hana, conversation=asked, until=until, at=LATER)
    assert return_due_conversations(at=until - timedelta(seconds=1)) == 0
    assert return_due_conversations(at=until) == 1
    conversation = Conversation.objects.get()
    assert (conversation.state, conversation.due_at) == ("waiting", NOON + timedelta(minutes=30))
    assert return_due_conversations(at=until) == 0


def test_the_past_is_no_later(asked, hana):
    with pytest.raises(TimeIsPast):
        postpone_conversation(actor=hana, conversation=asked, until=LATER, at=LATER)


def test_a_note_changes_neither_state_nor_clock(asked, hana):
    add_note(actor=hana, conversation=asked, text="The drink was on the counter.", at=LATER)
    assert Conversation.objects.get().state == "waiting"
    assert Wait.objects.get().answered_at is None
    with pytest.raises(NothingToSend):
        add_note(actor=hana, conversation=asked, text=" ", at=LATER)


def test_a_conversation_becomes_somebodys_and_nobodys(asked, hana, tom):
    assert assign_conversation(actor=hana, conversation=asked, assignee=tom, at=LATER).assignee == tom
    assert assign_conversation(actor=hana, conversation=asked, assignee=None, at=LATER).assignee is None
    assert Event.objects.filter(name="ConversationAssigned").count() == 2


def test_a_draft_is_kept_as_it_is_typed_and_counts_its_savings(asked, hana):
    first = save_draft(actor=hana, conversation=asked, text="S", at=LATER)
    second = save_draft(actor=hana, conversation=asked, text="So", at=LATER, version=first.version)
    assert second.version == first.version + 1
    assert Draft.objects.get().text == "So"
    assert Event.objects.filter(name="DraftOpened").count() == 1
    with pytest.raises(DraftChanged):
        save_draft(actor=hana, conversation=asked, text="from an old window", at=LATER, version=first.version)


@pytest.mark.only_postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("other", ["And a drink.", "A fresh one."])
def test_of_two_windows_that_begin_a_draft_at_once_neither_overwrites_the_other(
    asked, hana, monkeypatch, other
):
    """Both have found none, and meet where it is begun."""
    together, find = threading.Barrier(2), drafts.recipients_for

    def meet(conversation):
        with suppress(threading.BrokenBarrierError):
            together.wait(20)
        return find(conversation)

    def write(text: str) -> str:
        try:
            return save_draft(actor=hana, conversation=asked, text=text, at=LATER).text
        except DraftChanged:
            return "refused"
        finally:
            connection.close()

    monkeypatch.setattr(drafts, "recipients_for", meet)
    texts = ["A fresh one.", other]
    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(write, texts))
    kept = Draft.objects.get()
    if texts[0] == texts[1]:
        assert said == texts
    else:
        assert said.count("refused") == 1
        assert kept.text in said
    assert Event.objects.filter(name="DraftOpened").count() == 1


def test_a_draft_that_was_begun_just_before_is_not_overwritten_by_a_page_that_knew_of_none(asked, hana):
    save_draft(actor=hana, conversation=asked, text="A fresh one.", at=LATER)
    with pytest.raises(DraftChanged):
        save_draft(actor=hana, conversation=asked, text="And a drink.", at=LATER, version=0)
    save_draft(actor=hana, conversation=asked, text="A fresh one.", at=LATER, version=0)
    assert Draft.objects.get().text == "A fresh one."
    assert Event.objects.filter(name="DraftOpened").count() == 1


def test_each_person_has_a_draft_of_their_own(asked, hana, tom):
    save_draft(actor=hana, conversation=asked, text="Hana's", at=LATER)
    save_draft(actor=tom, conversation=asked, text="Tom's", at=LATER)
    discard_draft(actor=hana, conversation=asked, at=LATER)
    assert Draft.objects.get().text == "Tom's"


def test_somebody_who_may_not_sign_in_does_nothing(asked, hana):
    hana.is_active = False
    draft = Draft(conversation=asked, staff=hana, text="x", opened_at=LATER, saved_at=LATER)
    for refused in (
        lambda: add_note(actor=hana, conversation=asked, text="x", at=LATER),
        lambda: close_conversation(actor=hana, conversation=asked, at=LATER),
        lambda: send_reply(actor=hana, draft=draft, key=uuid4(), at=LATER),
    ):
        with pytest.raises(NotAllowed):
            refused()
