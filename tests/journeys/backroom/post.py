"""Mail that comes and goes."""

from __future__ import annotations

import base64
import time
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from dangol.channels.commands import Arrival, store_raw
from dangol.channels.models import Channel, Delivery, Mailbox, Raw
from dangol.channels.outbox import deliver_due
from dangol.inbox.intake import take_in_batch
from dangol.kernel import clock, events
from dangol.kernel.models import Follower
from dangol.kernel.reacting import react, stop_reacting
from dangol.reactions import REACTIONS

_SECONDS = 30


def store(raws: list[str], received_at: str | None = None) -> None:
    """Let mail arrive as the fetcher hands it over: stored, and no more. `dangol work` does the rest."""
    at = clock.now()
    received = datetime.fromisoformat(received_at) if received_at else at
    arrivals = [Arrival(base64.b64decode(raw), received) for raw in raws]
    store_raw(channel=Channel.objects.earliest("id"), arrivals=arrivals, at=at)


def work() -> None:
    """Do what `dangol work` does until nothing is left, and let waiting replies leave now."""
    hurry()
    deadline = time.monotonic() + _SECONDS
    while True:
        while take_in_batch() or deliver_due() or react(REACTIONS):
            deadline = time.monotonic() + _SECONDS
        stop_reacting()  # this process goes on waiting here: `dangol work` beside it would wait for it to be gone
        if not (left := _in_other_hands()):
            return
        assert time.monotonic() < deadline, f"never done: {left}"
        time.sleep(0.05)


def _in_other_hands() -> list[str]:
    """What `dangol work`, where it runs beside this, has taken up and not done yet."""
    at, end = clock.now(), events.latest()
    mails = Raw.objects.filter(Raw.IS_NEW)
    deliveries = Delivery.objects.filter(Delivery.IS_OPEN, due_at__lte=at)
    followers = Follower.objects.filter(name__in=[reaction.name for reaction in REACTIONS])
    behind = [each for each in followers if events.Cursor(each.transaction, each.event_id) < end]
    return [str(each) for each in (*mails, *deliveries, *behind)]


def hurry() -> None:
    """Let replies that still wait for their ten seconds leave at once."""
    Delivery.objects.filter(state=Delivery.State.QUEUED).update(due_at=clock.now())


def sent(subject: str) -> list[dict[str, Any]]:
    """What customers got in a conversation: each mail as their program reads it, and whom the envelope names."""
    rows = Delivery.objects.filter(message__conversation__subject=subject).order_by("id")
    return [_read_mail(row) for row in rows if row.state == Delivery.State.SENT]


def _read_mail(delivery: Delivery) -> dict[str, Any]:
    mail = message_from_bytes(delivery.content, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    return {
        "to": str(mail["To"] or ""),
        "cc": str(mail["Cc"] or ""),
        "bcc": mail["Bcc"],
        "subject": str(mail["Subject"]),
        "in_reply_to": str(mail["In-Reply-To"] or ""),
        "text": text.get_content().replace("\r\n", "\n") if text else "",
        "html": html.get_content() if html else "",
        "files": [
            [part.get_filename(), base64.b64encode(part.get_payload(decode=True)).decode()]
            for part in mail.iter_attachments()
        ],
        "recipients": sorted(delivery.recipients.values_list("role", "address")),
    }


def mails_that_ask() -> dict[str, str]:
    """What the staff got by mail, by the address. The mailbox really sends for that long; nothing leaves."""
    kept = list(Mailbox.objects.filter(outgoing="kept").values_list("pk", flat=True))
    Mailbox.objects.filter(pk__in=kept).update(outgoing="smtp", smtp_host="mail.moonburger.test")
    try:
        while react(REACTIONS):
            pass
        stop_reacting()
    finally:
        Mailbox.objects.filter(pk__in=kept).update(outgoing="kept")
    mails = map(_read_mail, Delivery.objects.filter(kind=Delivery.Kind.SYSTEM).order_by("id"))
    return {address: mail["text"] for mail in mails for _role, address in mail["recipients"]}


def connect_second_mailbox() -> None:
    """A mailbox that has not been fetched since yesterday, because its server does not let us in."""
    at = clock.now()
    channel = Channel.objects.create(name="Moon Burger 2", created_at=at)
    Mailbox.objects.create(
        channel=channel,
        address="orders@moonburger.test",
        imap_host="imap.moonburger.test",
        imap_user="orders@moonburger.test",
        smtp_host="smtp.moonburger.test",
        fetched_at=at - timedelta(days=1),
        failing_since=at - timedelta(days=1),
        failure="sign-in",
    )
