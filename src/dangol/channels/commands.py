"""Every write of what arrives and leaves. What the people on both ends mean by it is the inbox's."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from dangol.channels.events import (
    DeliveryBounced,
    DeliveryDropped,
    DeliveryFailed,
    DeliveryKept,
    MailSetAside,
)
from dangol.channels.incoming import Bounce
from dangol.channels.models import Channel, Delivery, DeliveryRecipient, Raw
from dangol.kernel.bells import ring_after_commit
from dangol.kernel.errors import Refused
from dangol.kernel.events import emit
from dangol.kernel.processes import gone_among, this_process
from dangol.staff.models import Staff
from dangol.staff.rights import demand

CLAIM_SECONDS = 120
BATCH_BYTES = 16 * 1024 * 1024
PUT_BACK = "put-back"  # why a delivery failed that was on its way when a backup was made
DROPPED = "dropped"  # and of such a one that a person said that it is not to leave
LOOKED_AT = 4  # so many batches, from the oldest, are searched for claims of processes that are gone


class AlreadyOnItsWay(Refused):
    message = _("Too late to take back: the mail has already left.")


@dataclass(frozen=True)
class Arrival:
    """A message as it came: its bytes, when it was received, and where from (for people who look for it)."""

    content: bytes
    received_at: datetime
    source: str = ""


def store_raw(*, channel: Channel, arrivals: Sequence[Arrival], at: datetime, is_silent: bool = False) -> int:
    """Store what arrived, once a content and channel, and return how many were new.

    When this returns outside a transaction, they are committed; inside one, with it. Only then may the
    sender's cursor move.
    """
    rows = {hashlib.sha256(arrival.content).hexdigest(): arrival for arrival in arrivals}
    known = set(Raw.objects.filter(channel=channel, key__in=rows).values_list("key", flat=True))
    new = [
        Raw(
            channel=channel,
            key=key,
            source=arrival.source[:120],
            received_at=arrival.received_at,
            stored_at=at,
            is_silent=is_silent,
            **Raw.fields_for(arrival.content),
        )
        for key, arrival in rows.items()
        if key not in known
    ]
    with transaction.atomic():
        before = Raw.objects.filter(channel=channel, key__in=rows).count()
        Raw.objects.bulk_create(new, ignore_conflicts=True)
        ring_after_commit("mail")
        return Raw.objects.filter(channel=channel, key__in=rows).count() - before


def claim_raw(*, limit: int, at: datetime) -> list[Raw]:
    """Up to `limit` new messages, oldest first, that nobody else takes in meanwhile; one that was met before, alone.

    The claim runs out, and ends with this process where that can be seen. `tries` counts the claims: a message whose
    reading never ended is met again with 2, behind all that are met for the first time: if it is what kills processes,
    it holds up nothing else.
    """
    new = Raw.objects.filter(Raw.IS_NEW).order_by("id")
    # Asked several times a second: without work it takes no lock. Claims stand at the beginning of what is new.
    holders = set(new.values_list("claimed_by", flat=True)[: LOOKED_AT * limit])
    if not holders:
        return []
    free = new.filter(
        Q(claimed_until=None) | Q(claimed_until__lte=at) | Q(claimed_by__in=gone_among(holders))
    )
    for rows, most in ((free.filter(tries=0), limit), (free.filter(tries__gt=0), 1)):
        if rows.exists() and (claimed := _claim_raw(rows, most, at)):
            return claimed
    return []


def _claim_raw(free: QuerySet[Raw], limit: int, at: datetime) -> list[Raw]:
    with transaction.atomic():
        rows = free.select_related("channel__mailbox").select_for_update(skip_locked=True, of=("self",))
        claimed = _bearable(list(rows[:limit]))
        Raw.objects.filter(pk__in=[row.pk for row in claimed]).update(
            tries=F("tries") + 1,
            claimed_until=at + timedelta(seconds=CLAIM_SECONDS),
            claimed_by=this_process(),
        )
        for row in claimed:
            row.tries += 1
    return claimed


def give_back_raw(rows: Iterable[Raw]) -> None:
    """Let claimed messages be claimed again at once, as if they had not been: nothing was wrong with them."""
    mine = Raw.objects.filter(pk__in=[row.pk for row in rows], state=Raw.State.NEW, claimed_by=this_process())
    mine.update(tries=F("tries") - 1, claimed_until=None, claimed_by=None)


def _bearable(rows: list[Raw]) -> list[Raw]:
    """As many, from the first, as fit into memory together."""
    kept, size = rows[:1], sum(row.size for row in rows[:1])
    for row in rows[1:]:
        size += row.size
        if size > BATCH_BYTES:
            break
        kept.append(row)
    return kept


def set_aside(*, raw: Raw, reason: str, at: datetime) -> None:
    """Put a message that cannot be read into quarantine, where staff sees it."""
    with transaction.atomic():
        mine = Raw.objects.filter(pk=raw.pk, state=Raw.State.NEW)
        if mine.update(state=Raw.State.QUARANTINED, reason=reason[:300], claimed_until=None, claimed_by=None):
            emit(MailSetAside(happened_at=at, raw_id=raw.pk, channel_id=raw.channel_id, silent=raw.is_silent))


def retry_raw(*, raw: Raw) -> bool:
    """Let a message in quarantine be taken in again, with a clean count of tries; whether it still was there."""
    return bool(
        Raw.objects.filter(pk=raw.pk, state=Raw.State.QUARANTINED).update(
            state=Raw.State.NEW, tries=0, claimed_until=None, claimed_by=None
        )
    )


def queue_delivery(
    *,
    channel: Channel,
    kind: str,
    content: bytes,
    message_id: str,
    envelope_from: str,
    recipients: Iterable[tuple[str, str]],
    at: datetime,
    due_at: datetime,
    is_automatic: bool = False,
) -> Delivery:
    """Put an envelope into the outbox: (role, address) a recipient, each address once, To before Cc before Bcc."""
    with transaction.atomic():
        delivery = Delivery.objects.create(
            channel=channel,
            kind=kind,
            message_id=message_id,
            envelope_from=envelope_from,
            created_at=at,
            due_at=due_at,
            is_automatic=is_automatic,
            **Delivery.fields_for(content),
        )
        seen: set[str] = set()
        rows = []
        for role, address in recipients:
            if address.lower() not in seen:
                seen.add(address.lower())
                rows.append(DeliveryRecipient(delivery=delivery, address=address, role=role))
        DeliveryRecipient.objects.bulk_create(rows)
        return delivery


def take_back_delivery(*, delivery: Delivery) -> None:
    """Stop a delivery that has not begun. Refused (AlreadyOnItsWay) when it has."""
    stopped = Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.QUEUED, claimed_until=None)
    if not stopped.update(state=Delivery.State.UNDONE):
        raise AlreadyOnItsWay


def try_delivery_again(*, delivery: Delivery, at: datetime) -> bool:
    """Try a delivery that failed or waits for its next try at once; whether it was one of these.

    It goes to the recipients that did not get it, and the bytes stay the same. One that was dropped is none of these.
    """
    with transaction.atomic():
        stuck = Delivery.objects.filter(pk=delivery.pk, claimed_until=None)
        if (
            stuck.filter(state=Delivery.State.FAILED)
            .exclude(failure=DROPPED)
            .update(state=Delivery.State.RETRY, due_at=at, tries=0, failure="")
        ):
            delivery.recipients.filter(state=DeliveryRecipient.State.REFUSED).update(
                state=DeliveryRecipient.State.WAITING
            )
            return True
        return bool(stuck.filter(state=Delivery.State.RETRY).update(due_at=at))


def set_aside_after_restore(*, at: datetime) -> int:
    """Stop every delivery that was on its way when a backup was made that is now put back; how many those were.

    The installation that went on after the backup has most likely sent them, so none leaves by itself. They are told
    of as failed, with their reason: the customer waits again, and Stuck work sends them when a person says so.
    """
    states = [Delivery.State.QUEUED, Delivery.State.SENDING, Delivery.State.RETRY]
    with transaction.atomic():
        rows = list(Delivery.objects.filter(state__in=states).only("id", "channel_id"))
        halted = Delivery.objects.filter(pk__in=[row.pk for row in rows])
        halted.update(failure=PUT_BACK, claimed_until=None, claimed_by=None, state=Delivery.State.FAILED)
        halted.filter(sent_at__isnull=False).update(state=Delivery.State.SENT)  # it has reached somebody
        waiting = DeliveryRecipient.objects.filter(delivery__in=rows, state=DeliveryRecipient.State.WAITING)
        waiting.update(state=DeliveryRecipient.State.REFUSED, changed_at=at)
        emit(*(DeliveryFailed(happened_at=at, delivery_id=row.pk, channel_id=row.channel_id) for row in rows))
    return len(rows)


def drop_delivery(*, actor: Staff, delivery: Delivery, at: datetime) -> bool:
    """Say that a delivery that was set aside after a restore is not to leave; whether it was one.

    It is no failure any more: nobody is told of it. The customer's wait stays as it is. `keep_delivery` undoes it.
    """
    return _put_aside(actor, delivery, at, (PUT_BACK, DROPPED), DeliveryDropped)


def keep_delivery(*, actor: Staff, delivery: Delivery, at: datetime) -> bool:
    """Set a delivery aside again that was dropped, so that it can be sent; whether it was one."""
    return _put_aside(actor, delivery, at, (DROPPED, PUT_BACK), DeliveryKept)


def _put_aside(
    actor: Staff,
    delivery: Delivery,
    at: datetime,
    reasons: tuple[str, str],
    happened: type[DeliveryDropped | DeliveryKept],
) -> bool:
    """Move what never left from the first reason to the second; only what is put back tells of refused recipients."""
    demand(actor, "see_stuck_work")
    before, after = reasons
    states = DeliveryRecipient.State.WAITING, DeliveryRecipient.State.REFUSED
    was, will_be = states if after == PUT_BACK else states[::-1]
    with transaction.atomic():
        if not Delivery.objects.filter(Delivery.IS_FAILED, pk=delivery.pk, failure=before).update(
            failure=after
        ):
            return False
        delivery.recipients.filter(state=was).update(state=will_be, changed_at=at)
        emit(
            happened(
                happened_at=at, actor_id=actor.pk, delivery_id=delivery.pk, channel_id=delivery.channel_id
            )
        )
    return True


def record_bounce(*, bounce: Bounce, at: datetime) -> Delivery | None:
    """Note a delivery report on the delivery it belongs to; None when it belongs to none of ours.

    Found by the Message-ID that the report returns, which nobody can guess: anybody can write a report about an
    address. The recipient is changed by a permanent failure, and by one that may pass but is not tried any more; not by
    a note that it takes longer.
    """
    if not bounce.original_message_id:
        return None
    named = bounce.original_message_id
    delivery = Delivery.objects.filter(message_id=named).first()
    delivery = delivery or Delivery.objects.filter(provider_message_id=named).first()
    if delivery is None:
        return None
    if bounce.is_permanent or bounce.is_given_up:
        rows = delivery.recipients.all()
        if bounce.recipient:
            rows = rows.filter(address__iexact=bounce.recipient)
        with transaction.atomic():
            if rows.exclude(state=DeliveryRecipient.State.BOUNCED).update(
                state=DeliveryRecipient.State.BOUNCED, status=bounce.status or "", changed_at=at
            ):
                emit(DeliveryBounced(happened_at=at, delivery_id=delivery.pk, channel_id=delivery.channel_id))
    return delivery
