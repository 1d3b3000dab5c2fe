from datetime import timedelta

import pytest

from dangol.channels import outbox
from dangol.channels.commands import queue_delivery, record_bounce
from dangol.channels.email.smtp import RecipientResult, SendResult
from dangol.channels.incoming import Bounce
from dangol.channels.models import Delivery
from dangol.channels.outbox import CLAIM_SECONDS, ClaimLost, claim_delivery, hand_over
from dangol.kernel import clock
from dangol.kernel.models import Event
from tests.parts.cast import NOON

pytestmark = pytest.mark.django_db
OVER = timedelta(seconds=CLAIM_SECONDS + 1)


@pytest.fixture
def queued(mailbox) -> Delivery:
    return queue_delivery(
        channel=mailbox,
        kind="reply",
        content=b"Subject: hi\r\n\r\nhi\r\n",
        message_id="1@moonburger.test",
        envelope_from="hello@moonburger.test",
        recipients=[("to", "sora@example.com"), ("cc", "SORA@example.com"), ("bcc", "boss@moonburger.test")],
        at=NOON,
        due_at=NOON,
    )


def test_an_address_is_on_an_envelope_once(queued):
    assert sorted(queued.recipients.values_list("role", "address")) == [
        ("bcc", "boss@moonburger.test"),
        ("to", "sora@example.com"),
    ]


def test_one_that_was_left_in_sending_twice_is_not_sent_a_third_time(queued):
    at = clock.now()
    for round_number in range(2):
        claimed = claim_delivery(at=at)
        Delivery.objects.filter(pk=claimed.pk).update(state="sending")
        at += OVER
        assert claimed.may_have_arrived_twice is (round_number == 1)
    assert claim_delivery(at=at) is None
    queued.refresh_from_db()
    assert (queued.state, queued.failure) == ("failed", "uncertain")
    assert Event.objects.filter(name="DeliveryFailed").count() == 1


def test_who_lost_the_claim_hands_nothing_over(queued):
    late = claim_delivery(at=NOON)
    assert claim_delivery(at=NOON + OVER)
    with pytest.raises(ClaimLost):
        hand_over(late)
    queued.refresh_from_db()
    assert queued.state == "queued"


def test_an_unknown_outcome_is_repeated_once(queued, mailbox, monkeypatch):
    mailbox.mailbox.outgoing = "smtp"
    mailbox.mailbox.smtp_host = "127.0.0.1"
    mailbox.mailbox.save()
    said = RecipientResult("sora@example.com", "uncertain", None, "no\x00answer")
    boss = RecipientResult("boss@moonburger.test", "uncertain", None, "no answer")

    def drops(*_, before_data, **__):
        before_data()
        return SendResult((said, boss))

    monkeypatch.setattr(outbox, "send", drops)
    hand_over(claim_delivery(at=NOON))
    queued.refresh_from_db()
    assert (queued.state, queued.may_have_arrived_twice) == ("retry", True)
    hand_over(claim_delivery(at=clock.now() + timedelta(hours=1)))
    queued.refresh_from_db()
    assert queued.state == "failed"
    assert "\x00" not in queued.server_said


def test_a_report_that_names_only_an_address_changes_nothing(queued):
    Delivery.objects.update(state="sent", sent_at=clock.now())
    forged = Bounce("sora@example.com", "5.1.1", True, None)
    assert record_bounce(bounce=forged, at=clock.now()) is None
    real = Bounce("sora@example.com", "5.1.1", True, "1@moonburger.test")
    assert record_bounce(bounce=real, at=clock.now()) == queued
    assert queued.recipients.get(role="to").state == "bounced"
    assert queued.recipients.get(role="bcc").state == "waiting"
