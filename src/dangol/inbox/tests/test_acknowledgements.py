from datetime import timedelta
from email import message_from_bytes, policy

import pytest

from dangol.channels.models import Delivery, DeliveryRecipient
from dangol.inbox.commands.acknowledgements import acknowledge_arrival
from dangol.inbox.models import Wait
from tests.parts.cast import NOON, SHOP, mail

pytestmark = pytest.mark.django_db


@pytest.fixture
def polite(mailbox):
    mailbox.acknowledgement = "Thank you, we have your message."
    mailbox.save()
    return mailbox


def test_a_new_matter_is_acknowledged_once_and_that_is_no_answer(polite, receive):
    taken = receive(mail(message_id="1@example.com"))
    answer = acknowledge_arrival(message_id=taken.message.pk, at=NOON)
    assert acknowledge_arrival(message_id=taken.message.pk, at=NOON) is None

    written = message_from_bytes(answer.delivery.content, policy=policy.default)
    assert written["Auto-Submitted"] == "auto-replied"
    assert written["In-Reply-To"] == "<1@example.com>"
    assert Delivery.objects.get().is_automatic
    assert Wait.objects.get().answered_at is None
    taken.conversation.refresh_from_db()
    assert taken.conversation.state == "waiting"


def test_a_mailbox_without_one_sends_nothing(receive):
    taken = receive(mail())
    assert acknowledge_arrival(message_id=taken.message.pk, at=NOON) is None
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto-Submitted": "auto-generated"},
        {"Precedence": "bulk"},
        {"X-Auto-Response-Suppress": "DR, RN, NRN, OOF, AutoReply"},
        {"List-Id": "<news.example.com>"},
        {"Return-Path": "<>"},
    ],
)
def test_a_machine_is_never_answered_by_a_machine(polite, receive, headers):
    taken = receive(mail(headers=headers))
    assert acknowledge_arrival(message_id=taken.message.pk, at=NOON) is None
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    "sender", ["no-reply@example.com", "MAILER-DAEMON@example.com", f"us <{SHOP}>", "postmaster@example.com"]
)
def test_nobody_who_cannot_read_is_answered(polite, receive, sender):
    taken = receive(mail(sender))
    assert acknowledge_arrival(message_id=taken.message.pk, at=NOON) is None


def test_somebody_who_writes_again_and_again_gets_three_in_a_day(polite, receive):
    answers = [
        acknowledge_arrival(message_id=receive(mail(subject=f"matter {n}")).message.pk, at=NOON)
        for n in range(6)
    ]
    assert sum(answer is not None for answer in answers) == 3
    tomorrow = NOON + timedelta(days=1, seconds=1)
    another = receive(mail(subject="another day"), at=tomorrow).message
    assert acknowledge_arrival(message_id=another.pk, at=tomorrow)


def test_an_address_that_bounced_is_left_alone(polite, receive):
    first = acknowledge_arrival(message_id=receive(mail()).message.pk, at=NOON)
    first.delivery.recipients.update(state=DeliveryRecipient.State.BOUNCED)
    again = receive(mail(subject="again")).message
    assert acknowledge_arrival(message_id=again.pk, at=NOON) is None


def test_history_and_what_came_long_ago_is_not_acknowledged(polite, receive):
    taken = receive(mail(), silent=True)
    assert acknowledge_arrival(message_id=taken.message.pk, at=NOON) is None
    old = receive(mail(subject="old"), at=NOON - timedelta(hours=30)).message
    assert acknowledge_arrival(message_id=old.pk, at=NOON) is None
