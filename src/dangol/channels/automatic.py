"""The one way by which a mail that no person wrote gets into the outbox: past the guard."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from dangol.channels import guard
from dangol.channels.commands import queue_delivery
from dangol.channels.models import FOR_NOW, Channel, Delivery, DeliveryRecipient, Mailbox
from dangol.kernel.audit import PUT_BACK_ACT
from dangol.kernel.models import AuditEntry

log = logging.getLogger(__name__)


def send_automatic(
    *,
    channel: Channel,
    kind: str,
    recipient: str,
    content: bytes,
    message_id: str,
    at: datetime,
    no_answer: str | None = None,
    is_silent: bool = False,
    arrived_at: datetime | None = None,
) -> Delivery | None:
    """Queue an automatic mail if the guard lets it; None when not, and the reason is in the log.

    `content` is composed as automatic (Auto-Submitted). `no_answer` is what the provoking mail says of itself,
    `arrived_at` when it was received (None where nothing provoked this one).
    The envelope has a null return path, so that a bounce of it provokes nothing.
    """
    with transaction.atomic():
        reason = guard.why_not(
            no_answer=no_answer,
            is_silent=is_silent,
            recipient=recipient,
            our_addresses=our_addresses(),
            has_bounced=_has_bounced(recipient),
            already_sent=_already_sent(channel, kind, recipient, at),
            came_before_restore=arrived_at is not None and _was_put_back_since(arrived_at),
        )
        if reason:
            log.info("automatic=%s channel=%s kept_back=%s", kind, channel.pk, reason)
            return None
        return queue_delivery(
            channel=channel,
            kind=kind,
            content=content,
            message_id=message_id,
            envelope_from="",
            recipients=[(DeliveryRecipient.Role.TO, recipient)],
            at=at,
            due_at=at,
            is_automatic=True,
        )


def withdraw_automatic(*, kind: str) -> int:
    """Take back the automatic mails of a kind that have not left yet, also those that are tried again; how many."""
    unsent = [Delivery.State.QUEUED, Delivery.State.RETRY]
    open_ones = Delivery.objects.filter(Delivery.IS_OPEN, state__in=unsent, claimed_until=None)
    rows = open_ones.filter(kind=kind, is_automatic=True)
    return rows.update(state=Delivery.State.UNDONE)


def our_addresses() -> list[str]:
    """Every address of every mailbox here, lower case."""
    rows: Iterable[Mailbox] = Mailbox.objects.only("address", "aliases")
    return [address for mailbox in rows for address in mailbox.addresses]


def _has_bounced(recipient: str) -> bool:
    last = (
        DeliveryRecipient.objects.filter(address__iexact=recipient)
        .exclude(state=DeliveryRecipient.State.WAITING)
        .order_by("-id")
        .first()
    )
    if last is None or last.state != DeliveryRecipient.State.BOUNCED:
        return False
    return not last.status.startswith(FOR_NOW)  # a server that was away for days has its addresses still


def _was_put_back_since(instant: datetime) -> bool:
    return AuditEntry.objects.filter(act=PUT_BACK_ACT, at__gte=instant).exists()


def _already_sent(channel: Channel, kind: str, recipient: str, at: datetime) -> guard.AlreadySent:
    automatic = Delivery.objects.filter(is_automatic=True)
    to_address = automatic.filter(recipients__address__iexact=recipient)
    return guard.AlreadySent(
        same_kind_to_address=to_address.filter(
            kind=kind, created_at__gt=at - timedelta(seconds=guard.SAME_KIND_SECONDS)
        ).count(),
        any_kind_to_address=to_address.filter(
            created_at__gt=at - timedelta(seconds=guard.ANY_KIND_SECONDS)
        ).count(),
        from_mailbox=automatic.filter(
            channel=channel, created_at__gt=at - timedelta(seconds=guard.PER_MAILBOX_SECONDS)
        ).count(),
    )
