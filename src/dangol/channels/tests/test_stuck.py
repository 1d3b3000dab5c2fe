from datetime import timedelta

import pytest

from dangol.channels.commands import (
    Arrival,
    claim_raw,
    queue_delivery,
    retry_raw,
    set_aside,
    store_raw,
    try_delivery_again,
)
from dangol.channels.models import Delivery, DeliveryRecipient, Mailbox, Raw
from dangol.channels.stuck import (
    failing_mailboxes,
    mails_set_aside,
    quarantined_raw,
    reason_in_words,
    troubled_delivery_ids,
    unsent_deliveries,
)
from dangol.kernel.errors import Gone
from tests.parts.cast import JIHOON, NOON, mail

pytestmark = pytest.mark.django_db


@pytest.fixture
def aside(mailbox) -> Raw:
    """A mail that could not be read."""
    store_raw(channel=mailbox, arrivals=[Arrival(mail(JIHOON, "배송 문의"), NOON)], at=NOON)
    (raw,) = claim_raw(limit=1, at=NOON)
    set_aside(raw=raw, reason="reading: too-slow", at=NOON)
    return raw


def send(mailbox, address="sora@example.com", *, kind="reply", number=1) -> Delivery:
    return queue_delivery(
        channel=mailbox, kind=kind, content=b"Subject: x\n\nx", message_id=f"{number}@moonburger.test",
        envelope_from="hello@moonburger.test", recipients=[("to", address), ("cc", "boss@example.com")],
        at=NOON, due_at=NOON,
    )  # fmt: skip


def trouble(delivery: Delivery, state: str, **recipient: object) -> None:
    rows = delivery.recipients.filter(role="to")
    rows.update(state=state, changed_at=NOON, **recipient)
    delivery.recipients.filter(role="cc").update(state="accepted", changed_at=NOON)


def test_a_mail_set_aside_is_shown_with_who_wrote_and_why_it_could_not_be_read(aside):
    (shown,), more = mails_set_aside()
    assert (shown.sender, shown.subject, more) == ("박지훈 <jihoon@example.kr>", "배송 문의", None)
    assert shown.reason == "Reading it took too long."
    assert shown.detail == "reading: too-slow"


def test_whatever_a_broken_header_holds_the_page_comes_up(mailbox):
    arrivals = [Arrival(bytes([number]) * 40 + b"\xff\x00=?x?", NOON) for number in range(1, 9)]
    store_raw(channel=mailbox, arrivals=arrivals, at=NOON)
    for raw in claim_raw(limit=9, at=NOON):
        set_aside(raw=raw, reason="reading: ValueError", at=NOON)
    assert len(mails_set_aside()[0]) == 8


def test_the_quarantine_is_paged_newest_first(mailbox, monkeypatch):
    monkeypatch.setattr("dangol.channels.stuck.PAGE", 2)
    store_raw(channel=mailbox, arrivals=[Arrival(b"%d" % n, NOON) for n in range(5)], at=NOON)
    for raw in claim_raw(limit=9, at=NOON):
        set_aside(raw=raw, reason="filing: KeyError", at=NOON)
    seen, before = [], None
    while True:
        rows, before = mails_set_aside(before=before)
        seen += [row.id for row in rows]
        if before is None:
            break
    assert seen == sorted(Raw.objects.values_list("pk", flat=True), reverse=True)


@pytest.mark.parametrize(
    "reason", ["reading: too-large", "reading: Surprise", "filing: KeyError", "", "who knows"]
)
def test_every_reason_has_words(reason):
    assert reason_in_words(reason).endswith(".")
    assert reason.partition(":")[0] not in {"reading", "filing"} or reason not in reason_in_words(reason)


def test_a_retried_mail_is_taken_in_again_with_a_clean_count(aside):
    assert retry_raw(raw=aside)
    aside.refresh_from_db()
    assert (aside.state, aside.tries) == ("new", 0)
    assert not retry_raw(raw=aside)
    with pytest.raises(Gone):
        quarantined_raw(aside.pk)


def test_what_the_server_refused_is_shown_with_its_words(mailbox):
    delivery = send(mailbox)
    trouble(delivery, "refused", status="550", server_said="No such user")
    Delivery.objects.update(state="failed")
    (shown,) = unsent_deliveries(at=NOON)
    assert (shown.fate, shown.missing, shown.said) == ("failed", ("sora@example.com",), "550 No such user")
    assert "refused" in shown.reason
    assert shown.can_be_tried


def test_a_server_that_cannot_be_used_is_said_in_words(mailbox):
    send(mailbox)
    Mailbox.objects.update(smtp_host="smtp.example.com")
    Delivery.objects.update(
        state="retry", tries=2, failure="wrong-password", due_at=NOON + timedelta(minutes=5)
    )
    (shown,) = unsent_deliveries(at=NOON)
    assert shown.reason == "smtp.example.com does not accept the user name and password. Enter both again."
    assert (shown.fate, shown.tries, shown.next_at) == ("retry", 2, NOON + timedelta(minutes=5))


def test_what_came_back_cannot_be_tried_again(mailbox):
    trouble(send(mailbox), "bounced", status="5.1.1")
    Delivery.objects.update(state="sent", sent_at=NOON)
    (shown,) = unsent_deliveries(at=NOON)
    assert (shown.fate, shown.can_be_tried, shown.missing) == ("bounced", False, ("sora@example.com",))
    assert troubled_delivery_ids(at=NOON) == [shown.id]


def test_what_arrived_everywhere_is_not_stuck(mailbox):
    send(mailbox)
    Delivery.objects.update(state="sent", sent_at=NOON)
    DeliveryRecipient.objects.update(state="accepted", changed_at=NOON)
    assert unsent_deliveries(at=NOON) == []


def test_the_number_of_queries_does_not_grow(mailbox, django_assert_num_queries):
    for number in range(8):
        trouble(send(mailbox, f"c{number}@example.com", number=number), "refused")
    Delivery.objects.update(state="failed")
    with django_assert_num_queries(3):
        assert len(unsent_deliveries(at=NOON)) == 8


def test_a_failed_delivery_is_tried_again_for_those_who_did_not_get_it(mailbox):
    delivery = send(mailbox)
    trouble(delivery, "refused")
    Delivery.objects.update(state="failed", tries=11)
    later = NOON + timedelta(hours=1)
    assert try_delivery_again(delivery=delivery, at=later)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.tries, delivery.due_at) == ("retry", 0, later)
    assert dict(delivery.recipients.values_list("role", "state")) == {"to": "waiting", "cc": "accepted"}


def test_a_delivery_that_waits_for_its_next_try_is_tried_at_once(mailbox):
    delivery = send(mailbox)
    Delivery.objects.update(state="retry", tries=3, due_at=NOON + timedelta(hours=8))
    assert try_delivery_again(delivery=delivery, at=NOON)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.tries, delivery.due_at) == ("retry", 3, NOON)


@pytest.mark.parametrize("state", ["sent", "queued", "undone", "sending"])
def test_what_is_not_stuck_is_left_alone(mailbox, state):
    delivery = send(mailbox)
    Delivery.objects.update(state=state)
    assert not try_delivery_again(delivery=delivery, at=NOON + timedelta(hours=1))
    delivery.refresh_from_db()
    assert (delivery.state, delivery.due_at) == (state, NOON)


def test_a_delivery_in_somebodys_hands_is_not_pulled_away(mailbox):
    delivery = send(mailbox)
    Delivery.objects.update(state="retry", claimed_until=NOON + timedelta(minutes=10))
    assert not try_delivery_again(delivery=delivery, at=NOON)


def test_a_mailbox_that_fails_says_since_when_and_why(mailbox):
    assert failing_mailboxes() == []
    Mailbox.objects.update(failing_since=NOON, failure="wrong-password", imap_host="imap.example.com")
    (shown,) = failing_mailboxes()
    assert (shown.address, shown.since) == ("hello@moonburger.test", NOON)
    assert "imap.example.com does not accept" in shown.reason
