"""Django's way of mailing (invitations, passwords), led through the one outbox."""

from collections.abc import Sequence
from email.utils import formataddr, make_msgid
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction

from dangol.channels.commands import queue_delivery
from dangol.channels.models import Channel, Delivery, DeliveryRecipient
from dangol.kernel import clock


class OutboxBackend(BaseEmailBackend):
    """Queues what Django sends on the first mailbox in use that can send. It is marked as automatic.

    Somebody of the staff asked for each of these by name, so the loop guard's caps do not hold them back;
    Auto-Submitted keeps them from provoking anything. They have a null return path: a bounce would bring a link
    that lets somebody in into a mailbox that all of the staff read.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Queue the messages; returns how many. None where there is no mailbox to send from."""
        channel = sending_channel()
        if channel is None:
            return 0
        with transaction.atomic():
            return sum(_queue(channel, mail) for mail in email_messages if mail.recipients())


def sending_channel(*, is_working: bool = False) -> Channel | None:
    """The first mailbox in use that can send, before others one whose server was well the last time.

    With `is_working` none but such a one, from which mail really leaves.
    """
    able = Channel.objects.select_related("mailbox").filter(is_active=True, mailbox__isnull=False)
    rows = [row for row in able.order_by("pk") if row.mailbox.can_send]
    working = [row for row in rows if row.mailbox.sending_failing_since is None]
    if is_working:
        return next((row for row in working if row.mailbox.outgoing != "kept"), None)
    return next(iter(working or rows), None)


def _queue(channel: Channel, mail: EmailMessage) -> bool:
    mailbox = channel.mailbox
    at = clock.now()
    message_id = make_msgid("system", mailbox.address.rpartition("@")[2])
    mail.from_email = formataddr((mailbox.from_name or channel.name, mailbox.address))
    mail.extra_headers = {
        **mail.extra_headers,
        "Message-ID": message_id,
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }
    recipients: list[tuple[Any, str]] = [
        *((DeliveryRecipient.Role.TO, address) for address in mail.to),
        *((DeliveryRecipient.Role.CC, address) for address in mail.cc),
        *((DeliveryRecipient.Role.BCC, address) for address in mail.bcc),
    ]
    queue_delivery(
        channel=channel,
        kind=Delivery.Kind.SYSTEM,
        content=mail.message().as_bytes(linesep="\r\n"),  # type: ignore[call-arg]
        message_id=message_id.strip("<>"),
        envelope_from="",
        recipients=recipients,
        at=at,
        due_at=at,
        is_automatic=True,
    )
    return True
