"""What would have left: the kept mails, as the customers' programs show them."""

from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.parser import BytesHeaderParser
from email.policy import default
from typing import Final

from django.utils import timezone

from dangol.channels.models import Delivery, DeliveryRecipient
from dangol.inbox.models import Message
from dangol.kernel.errors import Gone

PAGE: Final = 30
_READ_AT_MOST: Final = 64 * 1024


@dataclass(frozen=True)
class Line:
    """A mail in the list. `state` is what became of it in a machine word; `opens_day` where a day begins."""

    id: int
    to: str
    subject: str
    at: datetime
    state: str
    state_words: str
    opens_day: bool


@dataclass(frozen=True)
class Mail:
    """One mail, opened. `fields` are (name, value) of its head; `fates` what servers said of each address."""

    id: int
    subject: str
    sender: str
    to: str
    cc: str
    at: datetime
    state: str
    state_words: str
    text: str
    has_html: bool
    files: tuple[tuple[str, int], ...]
    is_automatic: bool
    conversation_id: int | None
    message_id: int | None


def kept_mails(before: int | None) -> tuple[list[Line], int | None]:
    """A page of mails, newest first, with ids below `before`, and where the next page begins."""
    rows = (
        Delivery.objects.exclude(state=Delivery.State.UNDONE).prefetch_related("recipients").order_by("-id")
    )
    if before is not None:
        rows = rows.filter(pk__lt=before)
    page = list(rows[: PAGE + 1])
    lines, day = [], None
    for row in page[:PAGE]:
        head = BytesHeaderParser(policy=default).parsebytes(row.content[:_READ_AT_MOST])
        at = row.sent_at or row.created_at
        local_day = timezone.localtime(at).date()
        state, words = _state(row)
        to = ", ".join(recipient.address for recipient in row.recipients.all())
        lines.append(Line(row.pk, to, str(head["Subject"] or ""), at, state, words, local_day != day))
        day = local_day
    return lines, page[PAGE - 1].pk if len(page) > PAGE else None


def kept_mail(delivery_id: int) -> Mail:
    """One mail as its reader sees it. Refused (Gone) when there is none."""
    row = delivery(delivery_id)
    mail = message_from_bytes(row.content, policy=default)
    plain = mail.get_body(("plain",))
    state, words = _state(row)
    message = Message.objects.filter(delivery=row).first()
    return Mail(
        id=row.pk,
        subject=str(mail["Subject"] or ""),
        sender=str(mail["From"] or ""),
        to=str(mail["To"] or ""),
        cc=str(mail["Cc"] or ""),
        at=row.sent_at or row.created_at,
        state=state,
        state_words=words,
        text=str(plain.get_content()).strip() if plain else "",
        has_html=mail.get_body(("html",)) is not None,
        files=tuple(
            (part.get_filename() or "", len(part.get_payload(decode=True) or b""))
            for part in mail.iter_attachments()
        ),
        is_automatic=row.is_automatic,
        conversation_id=message.conversation_id if message else None,
        message_id=message.pk if message else None,
    )


def kept_html(delivery_id: int) -> str:
    """The HTML of the mail, as it was sent; empty where it has none."""
    body = message_from_bytes(delivery(delivery_id).content, policy=default).get_body(("html",))
    return str(body.get_content()) if body else ""


def delivery(delivery_id: int) -> Delivery:
    """The delivery. Refused (Gone) when there is none."""
    row = Delivery.objects.filter(pk=delivery_id).prefetch_related("recipients").first()
    if row is None:
        raise Gone
    return row


def delivery_of(message_id: int) -> int:
    """The id of the delivery of a reply. Refused (Gone) when it has none."""
    found = Message.objects.filter(pk=message_id).values_list("delivery", flat=True).first()
    if found is None:
        raise Gone
    return found


def _state(row: Delivery) -> tuple[str, str]:
    for recipient in row.recipients.all():
        if recipient.state in {DeliveryRecipient.State.BOUNCED, DeliveryRecipient.State.REFUSED}:
            return "bad", str(recipient.get_state_display())
    return "good" if row.state == Delivery.State.SENT else "", str(row.get_state_display())
