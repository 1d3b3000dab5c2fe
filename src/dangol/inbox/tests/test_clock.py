from datetime import timedelta

import pytest

from dangol.business.models import OpeningCalendar
from dangol.inbox.commands.clock import recompute_some
from dangol.inbox.commands.conversations import postpone_conversation
from dangol.inbox.models import Conversation, Wait
from tests.parts.cast import NOON, mail

pytestmark = pytest.mark.django_db


def open_from(minute: int) -> None:
    OpeningCalendar.objects.create(effective_from=NOON, zone="Asia/Seoul", weekly=[[[minute, 1440]]] * 7)


def test_changed_hours_move_what_is_due_and_its_place_in_the_list(receive):
    conversation = receive(mail(message_id="1@example.com")).conversation
    open_from(13 * 60)
    assert recompute_some(behind=0, at=NOON).changed == 1
    conversation.refresh_from_db()
    assert conversation.due_at == Wait.objects.get().due_at == NOON + timedelta(minutes=90)
    assert recompute_some(behind=0, at=NOON).changed == 0


def test_a_changed_promise_moves_it_too(receive, mailbox):
    receive(mail())
    mailbox.promised_first_seconds = 600
    mailbox.save()
    recompute_some(behind=0, at=NOON)
    assert Conversation.objects.get().due_at == NOON + timedelta(minutes=10)


def test_what_was_put_off_stays_put_off(receive, hana):
    conversation = receive(mail()).conversation
    until = NOON + timedelta(hours=5)
    postpone_conversation(actor=hana, conversation=conversation, until=until, at=NOON)
    open_from(13 * 60)
    recompute_some(behind=0, at=NOON)
    assert Conversation.objects.get().due_at == until
    assert Wait.objects.get().due_at == NOON + timedelta(minutes=90)


def test_what_was_answered_keeps_what_was_true_for_it(receive):
    receive(mail())
    Wait.objects.update(answered_at=NOON)
    open_from(13 * 60)
    assert recompute_some(behind=0, at=NOON).changed == 0
