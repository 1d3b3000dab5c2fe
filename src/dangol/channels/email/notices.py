"""What Amazon SES has SNS mail about our mail: that it came back, was complained about, or arrived. Documents in JSON.

The names of their fields: docs.aws.amazon.com/ses/latest/dg/notification-contents.html. Anybody can write such a
document: as of any report, all that it can change is the mail whose Message-ID it names.
"""

import json
import re
from typing import Any, Final

from dangol.channels.email import bounce_words, headers, people
from dangol.channels.email.mime import Part
from dangol.channels.incoming import Bounce

LARGEST: Final = 512 * 1024  # SNS itself takes 256 kB
_KINDS: Final = frozenset(("Bounce", "Complaint", "Delivery"))
# A server on the way that breaks long lines leaves this where it did. In JSON it can stand nowhere else.
_BROKEN_LINE: Final = re.compile(r"!\r?\n ")

Document = dict[str, Any]


def read(mail: Part) -> Document | None:
    """The notice that the mail is; None when it is anything else."""
    if mail.field("x-amz-sns-message-id") is None:
        return None
    text = next((part for part in mail.leaves() if part.kind == "text/plain"), None)
    if text is None:
        return None
    content = text.content()[:LARGEST].decode("utf-8", "replace")
    notice = _document(_BROKEN_LINE.sub("", content))
    if notice is not None and isinstance(notice.get("Message"), str):
        notice = _document(notice["Message"])  # as SNS wraps it, unless it is told not to
    return notice if notice is not None and _kind(notice) in _KINDS else None


def bounce_of(notice: Document) -> Bounce | None:
    """What came back, one recipient of it; None for a notice of something else."""
    if _kind(notice) != "Bounce":
        return None
    bounce, recipients = _part(notice, "bounce"), _part(notice, "bounce").get("bouncedRecipients")
    first: Document = next(filter(_is_document, recipients), {}) if isinstance(recipients, list) else {}
    address = bounce_words.ADDRESS.search(_text(first, "emailAddress"))
    status = bounce_words.STATUS.search(_text(first, "status"))
    kind = _text(bounce, "bounceType")
    is_permanent = {"Permanent": True, "Transient": False}.get(kind)
    return Bounce(
        recipient=people.normalised(address[0]) if address else None,
        status=status[0] if status else None,
        is_permanent=is_permanent,
        original_message_id=_original_id(_part(notice, "mail")),
        # An absence is told of as transient too, but without what a server did.
        is_given_up=not is_permanent and _text(first, "action").lower() == "failed",
    )


def _original_id(mail: Document) -> str | None:
    """Ours, as we wrote it; else the one that Amazon gave it."""
    rows = mail.get("headers")
    for row in filter(_is_document, rows if isinstance(rows, list) else []):
        if _text(row, "name").lower() == "message-id" and (named := headers.message_id(_text(row, "value"))):
            return named
    for told in (_text(_part(mail, "commonHeaders"), "messageId"), _text(mail, "messageId")):
        if told:
            return headers.message_id(told) or told[:250]
    return None


def _kind(notice: Document) -> str:
    return _text(notice, "notificationType") or _text(notice, "eventType")


def _document(text: str) -> Document | None:
    """The JSON object that the text begins with."""
    try:
        found, _end = json.JSONDecoder(strict=False).raw_decode(text.lstrip("\ufeff \t\r\n"))
    except (ValueError, RecursionError):
        return None
    return found if _is_document(found) else None


def _is_document(value: object) -> bool:
    return isinstance(value, dict)


def _part(notice: Document, name: str) -> Document:
    value = notice.get(name)
    return value if isinstance(value, dict) else {}


def _text(notice: Document, name: str) -> str:
    """A field, as text that a database takes."""
    value = notice.get(name)
    return value.encode("utf-8", "replace").decode().replace("\x00", "") if isinstance(value, str) else ""
