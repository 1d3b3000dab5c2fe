"""The one outbox: everything that leaves is handed over here, whoever wrote it.

A delivery is marked `sending`, durably, right before the server gets the data. Found so after a crash it is sent
again with the same bytes and marked as maybe doubled: losing is worse.
"""

import logging
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from dangol.channels.email.problems import Problem
from dangol.channels.email.smtp import SendResult, SmtpServer, send
from dangol.channels.events import DeliveryFailed, DeliverySent
from dangol.channels.models import Delivery, DeliveryRecipient, Mailbox
from dangol.kernel import clock
from dangol.kernel.events import emit

log = logging.getLogger(__name__)

CLAIM_SECONDS: Final = 15 * 60  # longer than the longest answer a server may take after the last dot
RETRY_MINUTES: Final = (1, 5, 15, 30, 60, 120, 240, 480, 720, 1440)  # for about two days, as RFC 5321 asks
SERVER_REST_SECONDS: Final = 60  # a server that does not answer holds up nothing but its own mail
State = Delivery.State
RecipientState = DeliveryRecipient.State
_resting: dict[int, datetime] = {}  # channels whose server is in trouble, in this process


class ClaimLost(Exception):
    """Another process has taken the delivery over: nothing was sent here."""


def deliver_due() -> int:
    """Hand over one delivery whose time has come; 1 when there was one, else 0."""
    delivery = claim_delivery(at=clock.now())
    if delivery is None:
        return 0
    try:
        hand_over(delivery)
    except ClaimLost:
        log.warning("delivery=%s claim lost", delivery.pk)
    return 1


def claim_delivery(*, at: datetime) -> Delivery | None:
    """The delivery that is due longest, claimed for this process; None when nothing is due.

    One that was found in `sending` had a process die at it: it may have arrived.
    """
    # What was found in `sending` was due before it came to that.
    free = Q(claimed_until=None) | Q(claimed_until__lte=at)
    rows = Delivery.objects.select_related("channel__mailbox").filter(Delivery.IS_OPEN, free, due_at__lte=at)
    rows = rows.exclude(channel__in=[channel for channel, until in _resting.items() if until > at])
    if not rows.exists():
        return None  # asked several times a second: without work it takes no lock
    with transaction.atomic():
        delivery = rows.select_for_update(skip_locked=True, of=("self",)).order_by("due_at", "id").first()
        if delivery is None:
            return None
        if delivery.state == State.SENDING:
            if delivery.may_have_arrived_twice:
                _give_up(delivery, at)
                return None
            delivery.may_have_arrived_twice = True
        delivery.tries += 1
        delivery.claimed_until = at + timedelta(seconds=CLAIM_SECONDS)
        delivery.save(update_fields=["tries", "claimed_until", "may_have_arrived_twice"])
    return delivery


def _give_up(delivery: Delivery, at: datetime) -> None:
    """Twice a process died right after the data: it most likely arrived, and is not sent a third time."""
    delivery.state = State.SENT if delivery.sent_at else State.FAILED
    delivery.failure, delivery.claimed_until = "uncertain", None
    delivery.save(update_fields=["state", "failure", "claimed_until"])
    waiting = delivery.recipients.filter(state=RecipientState.WAITING)
    waiting.update(state=RecipientState.REFUSED, changed_at=at)
    emit(DeliveryFailed(happened_at=at, delivery_id=delivery.pk, channel_id=delivery.channel_id))


def hand_over(delivery: Delivery) -> None:
    """Give a claimed delivery to its server, and write down for each recipient what came of it."""
    waiting = list(delivery.recipients.filter(state=RecipientState.WAITING))
    mailbox = delivery.channel.mailbox
    if mailbox.outgoing == Mailbox.Outgoing.KEPT or settings.DANGOL_DEMO:  # nothing leaves a demo
        _mark_sending(delivery)
        _record(delivery, waiting, None)
        return
    result = send(
        outgoing_server(mailbox),
        delivery.envelope_from,
        [recipient.address for recipient in waiting],
        delivery.content,
        before_data=lambda: _mark_sending(delivery),
    )
    _record(delivery, waiting, result)


def note_sending(mailbox: Mailbox, problem: Problem | None, *, at: datetime) -> None:
    """Keep since when the outgoing server cannot be used, and why; writes only where that changed."""
    word = str(problem or "")[:40]
    if word == mailbox.sending_failure:
        return
    row = Mailbox.objects.filter(pk=mailbox.pk)
    if not word:
        row.update(sending_failing_since=None, sending_failure="")
    elif not row.filter(sending_failing_since=None).update(sending_failing_since=at, sending_failure=word):
        row.update(sending_failure=word)
    mailbox.sending_failure = word


def outgoing_server(mailbox: Mailbox) -> SmtpServer:
    """The mailbox's outgoing server."""
    return SmtpServer(
        host=mailbox.smtp_host,
        port=mailbox.smtp_port,
        security=mailbox.smtp_security,  # type: ignore[arg-type]
        user=mailbox.smtp_user or None,
        password=mailbox.smtp_password,
    )


def _mark_sending(delivery: Delivery) -> None:
    until = clock.now() + timedelta(seconds=CLAIM_SECONDS)
    mine = Delivery.objects.filter(pk=delivery.pk, claimed_until=delivery.claimed_until)
    if not mine.update(state=State.SENDING, claimed_until=until):
        raise ClaimLost
    delivery.claimed_until = until


def _record(delivery: Delivery, waiting: list[DeliveryRecipient], result: SendResult | None) -> None:
    at = clock.now()
    if result and result.problem:
        _resting[delivery.channel_id] = at + timedelta(seconds=SERVER_REST_SECONDS)
    said = {each.address: each for each in result.recipients} if result else {}
    accepted = refused = later = 0
    for recipient in waiting:
        word = said.get(recipient.address)
        outcome = word.outcome if word else "accepted"
        if outcome == "accepted":
            recipient.state = RecipientState.ACCEPTED
            accepted += 1
        elif outcome == "refused":
            recipient.state = RecipientState.REFUSED
            refused += 1
        else:
            later += 1
            if outcome == "uncertain" and delivery.may_have_arrived_twice:
                # It may be there twice by now; a third time would be worse than telling people.
                recipient.state = RecipientState.REFUSED
                refused, later = refused + 1, later - 1
            elif outcome == "uncertain":
                delivery.may_have_arrived_twice = True
        recipient.status = str(word.code or "") if word else ""
        recipient.server_said = word.text.replace("\x00", "")[:500] if word else ""
        recipient.changed_at = at
    tried_enough = delivery.tries > len(RETRY_MINUTES)
    if later and tried_enough:
        for recipient in waiting:
            if recipient.state == RecipientState.WAITING:
                recipient.state = RecipientState.REFUSED
        refused, later = refused + later, 0
    delivery.failure = str(result.problem or "")[:40] if result else ""
    words = next((each.text for each in said.values() if each.outcome != "accepted"), "")
    delivery.server_said = words.replace("\x00", "")[:500]
    delivery.claimed_until = None
    if accepted and delivery.sent_at is None:
        delivery.sent_at = at
    if later:
        delivery.state = State.RETRY
        delivery.due_at = at + timedelta(minutes=RETRY_MINUTES[delivery.tries - 1])
    else:
        delivery.state = State.SENT if delivery.sent_at else State.FAILED
    if delivery.kind == Delivery.Kind.SYSTEM and delivery.state == State.SENT and result:
        # A link that lets somebody in is not kept where it can be read again.
        for name, value in Delivery.fields_for(b"").items():
            setattr(delivery, name, value)
    with transaction.atomic():
        if result:
            note_sending(delivery.channel.mailbox, result.problem, at=at)
        DeliveryRecipient.objects.bulk_update(waiting, ["state", "status", "server_said", "changed_at"])
        delivery.save()
        if accepted and delivery.sent_at == at:
            emit(DeliverySent(happened_at=at, delivery_id=delivery.pk, channel_id=delivery.channel_id))
        if refused:
            emit(DeliveryFailed(happened_at=at, delivery_id=delivery.pk, channel_id=delivery.channel_id))
    log.info(
        "delivery=%s state=%s accepted=%d refused=%d later=%d try=%d",
        delivery.pk, delivery.state, accepted, refused, later, delivery.tries,
    )  # fmt: skip
