"""The one outbox: everything that leaves is handed over here, whoever wrote it.

A delivery is marked `sending`, durably, when the server has all of the mail but the last dot, without which it takes
nothing. Found so after a crash it is sent again with the same bytes and marked as maybe doubled: losing is worse.
"""

import logging
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet

from dangol.channels.email.problems import Problem
from dangol.channels.email.sending_provider import SendingProvider, send_by_provider
from dangol.channels.email.smtp import SendResult, SmtpServer, send
from dangol.channels.events import DeliveryFailed, DeliverySent
from dangol.channels.models import Delivery, DeliveryRecipient, Mailbox
from dangol.channels.sign_ins import token_source
from dangol.kernel import clock
from dangol.kernel.events import emit
from dangol.kernel.processes import gone_among, this_process
from dangol.kernel.troubles import DATABASE_AWAY

log = logging.getLogger(__name__)

CLAIM_SECONDS: Final = 15 * 60  # longer than the longest answer a server may take after the last dot
RETRY_MINUTES: Final = (1, 5, 15, 30, 60, 120, 240, 480, 720, 1440)  # for about two days, as RFC 5321 asks
SERVER_REST_SECONDS: Final = 60  # a server that does not answer holds up nothing but its own mail
LOOKED_AT: Final = 40  # so many, from the one due longest, are searched for claims of processes that are gone
WRITING_PAUSE_SECONDS: Final = 0.5
State = Delivery.State
RecipientState = DeliveryRecipient.State
_resting: dict[int, datetime] = {}  # channels whose server is in trouble, in this process


class ClaimLost(Exception):
    """Another process has taken the delivery over."""


def deliver_due() -> int:
    """Hand over one delivery whose time has come; 1 when there was one, else 0."""
    delivery = claim_delivery(at=clock.now())
    if delivery is None:
        return 0
    deliver(delivery)
    return 1


def deliver(delivery: Delivery) -> None:
    """Hand over a claimed delivery. What goes wrong before anything has left is raised, and the claim given back."""
    try:
        hand_over(delivery)
    except ClaimLost:
        log.warning("delivery=%s claim lost", delivery.pk)
    except Exception:
        # Nothing was sent: else it would be marked. No other process has to wait for the claim to run out.
        held = delivery.claimed_until
        _until_written(lambda: _give_back(delivery, held))
        raise


def claim_delivery(*, at: datetime, but: Collection[int] = ()) -> Delivery | None:
    """The delivery that is due longest and of none of the channels `but`, claimed for this process; None when none is.

    One that was found in `sending` had a process die at it: it may have arrived. What dead processes left comes behind
    all that is due: if it was what killed them, it holds up nothing else.
    """
    # What was found in `sending` was due before it came to that.
    rows = Delivery.objects.select_related("channel__mailbox").filter(Delivery.IS_OPEN, due_at__lte=at)
    resting = [channel for channel, until in list(_resting.items()) if until > at]
    rows = rows.exclude(channel__in=[*resting, *but])
    rows = rows.order_by("due_at", "id")
    holders = set(rows.values_list("claimed_by", flat=True)[:LOOKED_AT])
    if not holders:
        return None  # asked several times a second: without work it takes no lock
    for free in (Q(claimed_until=None) | Q(claimed_until__lte=at), Q(claimed_by__in=gone_among(holders))):
        if rows.filter(free).exists() and (delivery := _claim(rows.filter(free), at)):
            return delivery
    return None


def _claim(rows: QuerySet[Delivery], at: datetime) -> Delivery | None:
    with transaction.atomic():
        delivery = rows.select_for_update(skip_locked=True, of=("self",)).first()
        if delivery is None:
            return None
        if delivery.state == State.SENDING:
            if delivery.may_have_arrived_twice:
                _give_up(delivery, at)
                return None
            delivery.may_have_arrived_twice = True
        delivery.tries += 1
        delivery.claimed_until = at + timedelta(seconds=CLAIM_SECONDS)
        delivery.claimed_by = this_process()
        delivery.save(update_fields=["tries", "claimed_until", "claimed_by", "may_have_arrived_twice"])
    return delivery


def _give_back(delivery: Delivery, held: datetime | None) -> None:
    mine = Delivery.objects.filter(pk=delivery.pk, claimed_until=held, claimed_by=this_process())
    mine.exclude(state=State.SENDING).update(claimed_until=None)


def _give_up(delivery: Delivery, at: datetime) -> None:
    """Twice a process died right after the data: it most likely arrived, and is not sent a third time."""
    delivery.state = State.SENT if delivery.sent_at else State.FAILED
    delivery.failure, delivery.claimed_until = "uncertain", None
    delivery.save(update_fields=["state", "failure", "claimed_until"])
    waiting = delivery.recipients.filter(state=RecipientState.WAITING)
    waiting.update(state=RecipientState.REFUSED, changed_at=at)
    emit(DeliveryFailed(happened_at=at, delivery_id=delivery.pk, channel_id=delivery.channel_id))


def hand_over(delivery: Delivery) -> None:
    """Give a claimed delivery to its server, and write down for each recipient what came of it.

    Raises ClaimLost when another process has taken it over meanwhile.
    """
    waiting = list(delivery.recipients.filter(state=RecipientState.WAITING))
    mailbox = delivery.channel.mailbox
    result = None
    addresses = [recipient.address for recipient in waiting]
    if settings.DANGOL_DEMO:
        pass  # nothing leaves a demo
    elif mailbox.outgoing == Mailbox.Outgoing.PROVIDER:
        result = send_by_provider(
            sending_provider(mailbox),
            addresses,
            delivery.content,
            before_end=lambda: _keep_claim(delivery, state=State.SENDING),
        )
    elif mailbox.outgoing == Mailbox.Outgoing.SMTP:
        result = send(
            outgoing_server(mailbox),
            delivery.envelope_from,
            addresses,
            delivery.content,
            before_end=lambda: _keep_claim(delivery, state=State.SENDING),
            keeping=lambda: _keep_claim(delivery),
        )
    _record(delivery, waiting, result)


def note_sending(mailbox: Mailbox, problem: Problem | None, *, at: datetime) -> None:
    """Keep since when the outgoing server cannot be used, and why; writes only where `mailbox` says something else."""
    word = str(problem or "")[:40]
    if word == mailbox.sending_failure:
        return
    row = Mailbox.objects.filter(pk=mailbox.pk)
    if not word:
        row.update(sending_failing_since=None, sending_failure="")
    elif not row.filter(sending_failing_since=None).update(sending_failing_since=at, sending_failure=word):
        row.update(sending_failure=word)


def sending_provider(mailbox: Mailbox) -> SendingProvider:
    """The provider by whom the mailbox sends."""
    return SendingProvider(mailbox.provider, mailbox.provider_key or "", mailbox.provider_url)


def outgoing_server(mailbox: Mailbox) -> SmtpServer:
    """The mailbox's outgoing server."""
    return SmtpServer(
        host=mailbox.smtp_host,
        port=mailbox.smtp_port,
        security=mailbox.smtp_security,  # type: ignore[arg-type]
        user=mailbox.smtp_user or None,
        password=mailbox.smtp_password,
        token=token_source(mailbox.pk) if mailbox.sign_in else None,
    )


def _keep_claim(delivery: Delivery, **changes: str) -> None:
    until = clock.now() + timedelta(seconds=CLAIM_SECONDS)
    mine = Delivery.objects.filter(pk=delivery.pk, claimed_until=delivery.claimed_until)
    if not mine.update(claimed_until=until, **changes):
        raise ClaimLost
    delivery.claimed_until = until


@dataclass
class _Outcome:
    """How many recipients have it, will not get it, or may get it with a later try."""

    accepted: int = 0
    refused: int = 0
    later: int = 0


def _record(delivery: Delivery, waiting: list[DeliveryRecipient], result: SendResult | None) -> None:
    at = clock.now()
    held = delivery.claimed_until
    if result and result.problem:
        _resting[delivery.channel_id] = at + timedelta(seconds=SERVER_REST_SECONDS)
    outcome = _note(delivery, waiting, result, at)
    _until_written(lambda: _write(delivery, waiting, outcome, result, held, at))
    log.info(
        "delivery=%s state=%s accepted=%d refused=%d later=%d try=%d",
        delivery.pk, delivery.state, outcome.accepted, outcome.refused, outcome.later, delivery.tries,
    )  # fmt: skip


def _note(
    delivery: Delivery, waiting: list[DeliveryRecipient], result: SendResult | None, at: datetime
) -> _Outcome:
    """What the server said, on the delivery and its recipients in memory."""
    said = {each.address: each for each in result.recipients} if result else {}
    outcome = _Outcome()
    is_repeated = delivery.may_have_arrived_twice
    for recipient in waiting:
        word = said.get(recipient.address)
        came = word.outcome if word else "accepted"
        if came == "uncertain":
            delivery.may_have_arrived_twice = True
        if came == "accepted":
            recipient.state = RecipientState.ACCEPTED
            outcome.accepted += 1
        elif came == "refused" or (came == "uncertain" and is_repeated):
            # Uncertain twice, it may be there twice by now; a third time would be worse than telling people.
            recipient.state = RecipientState.REFUSED
            outcome.refused += 1
        else:
            outcome.later += 1
        recipient.status = str(word.code or "") if word else ""
        recipient.server_said = word.text.replace("\x00", "")[:500] if word else ""
        recipient.changed_at = at
    if outcome.later and delivery.tries > len(RETRY_MINUTES):
        for recipient in waiting:
            if recipient.state == RecipientState.WAITING:
                recipient.state = RecipientState.REFUSED
        outcome.refused, outcome.later = outcome.refused + outcome.later, 0
    delivery.failure = str(result.problem or "")[:40] if result else ""
    words = next((each.text for each in said.values() if each.outcome != "accepted"), "")
    delivery.server_said = words.replace("\x00", "")[:500]
    delivery.claimed_until = delivery.claimed_by = None
    if result and result.message_ids:
        delivery.provider_message_id = result.message_ids[0]
    if outcome.accepted and delivery.sent_at is None:
        delivery.sent_at = at
    if outcome.later:
        delivery.state = State.RETRY
        delivery.due_at = at + timedelta(minutes=RETRY_MINUTES[delivery.tries - 1])
    else:
        delivery.state = State.SENT if delivery.sent_at else State.FAILED
    if delivery.kind == Delivery.Kind.SYSTEM and delivery.state == State.SENT and result:
        # A link that lets somebody in is not kept where it can be read again.
        for name, value in Delivery.fields_for(b"").items():
            setattr(delivery, name, value)
    return outcome


_WRITTEN: Final = [
    "state", "due_at", "claimed_until", "claimed_by", "sent_at", "may_have_arrived_twice", "failure", "server_said",
    "body", "file_sha256", "size", "provider_message_id",
]  # fmt: skip


def _write(
    delivery: Delivery,
    waiting: list[DeliveryRecipient],
    outcome: _Outcome,
    result: SendResult | None,
    held: datetime | None,
    at: datetime,
) -> None:
    with transaction.atomic():
        if not Delivery.objects.select_for_update().filter(pk=delivery.pk, claimed_until=held).exists():
            raise ClaimLost  # what another process finds out holds; it marks the mail as maybe doubled
        if result:
            note_sending(delivery.channel.mailbox, result.problem, at=at)
        DeliveryRecipient.objects.bulk_update(waiting, ["state", "status", "server_said", "changed_at"])
        delivery.save(update_fields=_WRITTEN)
        if outcome.accepted and delivery.sent_at == at:
            emit(DeliverySent(happened_at=at, delivery_id=delivery.pk, channel_id=delivery.channel_id))
        if outcome.refused:
            emit(DeliveryFailed(happened_at=at, delivery_id=delivery.pk, channel_id=delivery.channel_id))


def _until_written(write: Callable[[], None]) -> None:
    """Write, as soon as there is a database that takes it. What the server has said is known nowhere else: forgotten,
    the mail would be sent a second time.

    Raises what the database said when the claim would have run out, and within somebody's transaction at once.
    """
    end = time.monotonic() + CLAIM_SECONDS
    while True:
        try:
            return write()
        except DATABASE_AWAY as failure:
            if connection.in_atomic_block or time.monotonic() > end:
                raise
            log.warning("outbox=writing failed=%s", type(failure).__name__)
            connection.close()
            time.sleep(WRITING_PAUSE_SECONDS)
