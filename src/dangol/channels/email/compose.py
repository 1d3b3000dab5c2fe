"""From what was written to the bytes that are sent, and whom and what an answer names.

The same `Outgoing` gives the same bytes, always: a retry sends the very mail that may have arrived already.
"""

import hashlib
import html
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Literal

from django.utils import translation
from django.utils.dateformat import format as format_date
from django.utils.translation import pgettext, pgettext_lazy

from dangol.channels.email import markup, mime_writing, thread_index
from dangol.channels.email.addresses import is_one_of, normalise
from dangol.channels.incoming import Party

_FONT = "font-family:system-ui,-apple-system,'Apple SD Gothic Neo','Malgun Gothic',sans-serif;font-size:15px"
_QUOTE = "margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex"
_REPLY_PREFIX = re.compile(
    r"\s*((?:re|aw|sv|antw|답장|회신|返信|回复|回覆)\s*(?:\[\d+\]|\(\d+\)|\^\d+)?\s*[:：])\s*", re.IGNORECASE
)

# Not Django's own names of days: in Korean they are long, and mail programs write (토).
_WEEKDAYS = (
    pgettext_lazy("quoted", "Mon"),
    pgettext_lazy("quoted", "Tue"),
    pgettext_lazy("quoted", "Wed"),
    pgettext_lazy("quoted", "Thu"),
    pgettext_lazy("quoted", "Fri"),
    pgettext_lazy("quoted", "Sat"),
    pgettext_lazy("quoted", "Sun"),
)


@dataclass(frozen=True)
class OutgoingFile:
    """A file to send along."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Quoted:
    """The message that is answered, shown below the answer. `at` in the zone of the business, or None."""

    who: Party
    at: datetime | None
    text: str


@dataclass(frozen=True)
class Outgoing:
    """One mail. `text` and `signature` are Markdown; ids stand without angle brackets, references oldest first.

    There is no Bcc: blind recipients are on the envelope and nowhere else. `reply_to` is the address with the
    conversation's token. `language` is that of the business. `automatic` is None when a person wrote it,
    `auto-replied` when a message provoked it, else `auto-generated`. `thread_index` puts it into Outlook's thread.
    """

    sender: Party
    to: tuple[Party, ...]
    subject: str
    text: str
    date: datetime
    message_id: str
    cc: tuple[Party, ...] = ()
    reply_to: str | None = None
    signature: str = ""
    attachments: tuple[OutgoingFile, ...] = ()
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    quoted: Quoted | None = None
    language: str = "en"
    automatic: Literal["auto-replied", "auto-generated"] | None = None
    thread_index: str | None = None


def compose(mail: Outgoing) -> bytes:
    """The mail as bytes for SMTP: lines end in CRLF and are shorter than 998; ASCII, but for SMTPUTF8 addresses.

    ValueError for a naive date, an address that cannot be delivered to, or a Message-ID that is none.
    In-Reply-To and references come from strangers: what would break the header is left out.
    """
    if mail.date.tzinfo is None:
        raise ValueError("A mail's date needs a zone.")
    return _headers(mail) + b"MIME-Version: 1.0\r\n" + _body(mail)


def references_for(
    parent_references: Sequence[str], parent_message_id: str | None, limit: int = 1000
) -> tuple[str, ...]:
    """The References of an answer (RFC 5322, 3.6.4), oldest first: the parent's and the parent.

    Nothing twice, and no more than `limit` characters when written with brackets and spaces: the first and
    the last stay, of the others the newest. Where the parent has none, pass its In-Reply-To in their place.
    """
    ids = [each.strip().strip("<>") for each in (*parent_references, parent_message_id or "")]
    # The last mention counts: the parent is the newest, even where an old program listed it before.
    chain = list(reversed(dict.fromkeys(each for each in reversed(ids) if mime_writing.is_message_id(each))))
    if len(chain) < 2:
        return tuple(chain)
    first, *middle, last = chain
    room = limit - _written(last) + 1
    kept = []
    if _written(first) <= room:
        room -= _written(first)
        kept.append(first)
        for each in reversed(middle):
            if _written(each) > room:
                break
            room -= _written(each)
            kept.insert(1, each)
    return (*kept, last)


def reply_subject(subject: str | None) -> str:
    """The subject of an answer: one prefix, ours unless there is one already in whatever language."""
    rest, first = subject or "", None
    while match := _REPLY_PREFIX.match(rest):
        first, rest = first or match[1], rest[match.end() :]
    return mime_writing.one_line(f"{first or 'Re:'} {rest}")


def reply_to_all(
    *,
    sender: Party,
    reply_to: Iterable[Party],
    to: Iterable[Party],
    cc: Iterable[Party],
    our_addresses: Collection[str],
) -> tuple[tuple[Party, ...], tuple[Party, ...]]:
    """Who an answer goes to, as (to, cc): Reply-To before From, and everybody in To and Cc stays.

    Our own addresses (with or without a plus) drop out, as does what is no address; nobody is named twice.
    """
    seen: set[str] = set()

    def others(parties: Iterable[Party]) -> tuple[Party, ...]:
        kept = []
        for party in parties:
            address = normalise(party.address)
            if address and address.casefold() not in seen and not is_one_of(address, our_addresses):
                seen.add(address.casefold())
                kept.append(Party(party.name, address))
        return tuple(kept)

    first = others(reply_to) or others([sender])
    all_to, all_cc = first + others(to), others(cc)
    return (all_to, all_cc) if all_to else (all_cc, ())


def _written(message_id: str) -> int:
    return len(message_id) + len("<> ")


def _headers(mail: Outgoing) -> bytes:
    lines = [
        f"Date: {format_datetime(mail.date)}\r\n".encode(),
        mime_writing.address_header("From", [mail.sender]),
    ]
    if mail.to:
        lines.append(mime_writing.address_header("To", mail.to))
    if mail.cc:
        lines.append(mime_writing.address_header("Cc", mail.cc))
    if not mail.to and not mail.cc:
        lines.append(b"To: undisclosed-recipients:;\r\n")
    lines += [
        mime_writing.text_header("Subject", mail.subject),
        mime_writing.id_header("Message-ID", [mail.message_id]),
    ]
    if mail.reply_to:
        lines.append(mime_writing.address_header("Reply-To", [Party(mail.sender.name, mail.reply_to)]))
    if mail.in_reply_to and mime_writing.is_message_id(mail.in_reply_to):
        lines.append(mime_writing.id_header("In-Reply-To", [mail.in_reply_to]))
    references = [each for each in mail.references if mime_writing.is_message_id(each)]
    if references:
        lines.append(mime_writing.id_header("References", references))
    if mail.thread_index:
        lines += [
            mime_writing.text_header("Thread-Topic", thread_index.topic_of(mail.subject)),
            mime_writing.code_header("Thread-Index", mail.thread_index),
        ]
    if mail.automatic:
        lines += [
            f"Auto-Submitted: {mail.automatic}\r\n".encode(),
            b"X-Auto-Response-Suppress: All\r\n",
            b"Precedence: bulk\r\n",
        ]
    return b"".join(lines)


def _body(mail: Outgoing) -> bytes:
    with translation.override(mail.language):
        history = _introduction(mail.quoted) if mail.quoted else ""
    both = [
        mime_writing.text_part("plain", _plain(mail, history)),
        mime_writing.text_part("html", _page(mail, history)),
    ]
    body = mime_writing.multipart("alternative", _boundary(mail, "texts"), both)
    if not mail.attachments:
        return body
    files = [
        mime_writing.file_part(file.filename, file.content_type, file.content) for file in mail.attachments
    ]
    return mime_writing.multipart("mixed", _boundary(mail, "files"), [body, *files])


def _boundary(mail: Outgoing, purpose: str) -> str:
    # "=_" can stand in no quoted-printable and no base64 body, and nobody can foresee the rest.
    return "=_" + hashlib.sha256(f"{purpose} {mail.message_id}".encode()).hexdigest()[:32]


def _plain(mail: Outgoing, history: str) -> str:
    parts = [markup.to_text(mail.text)]
    if mail.signature.strip():
        parts.append("-- \n" + markup.to_text(mail.signature))
    if mail.quoted:
        lines = mail.quoted.text.strip("\r\n").splitlines()
        parts.append("\n".join([history, "", *(f"> {line}".rstrip() for line in lines)]))
    return "\n\n".join(parts)


def _page(mail: Outgoing, history: str) -> str:
    parts = [markup.to_html(mail.text)]
    if mail.signature.strip():
        # Programs fold what carries these two class names, as they fold their own.
        parts.append(
            f'<div class="gmail_signature" style="color:#555">-- <br>{markup.to_html(mail.signature)}</div>'
        )
    if mail.quoted:
        text = html.escape(mail.quoted.text.strip("\r\n")).replace("\n", "<br>\n")
        parts.append(
            f'<div class="gmail_quote"><div class="gmail_attr">{html.escape(history)}</div>\n'
            f'<blockquote class="gmail_quote" style="{_QUOTE}">{text}</blockquote></div>'
        )
    body = "\n".join(parts)
    return (
        f'<!doctype html>\n<html lang="{html.escape(mail.language)}"><head><meta charset="utf-8"></head>\n'
        f'<body style="{_FONT}">\n{body}\n</body></html>'
    )


def _introduction(quoted: Quoted) -> str:
    """The line above quoted history, as the mail programs of that language write it, so that they fold it."""
    address = normalise(quoted.who.address)
    name = mime_writing.one_line(quoted.who.name or "")
    who = f"{name} <{address}>" if name and address else name or address or pgettext("quoted", "Somebody")
    if quoted.at is None:
        return pgettext("quoted", "%(who)s wrote:") % {"who": who}
    return pgettext("quoted", "On %(when)s, %(who)s wrote:") % {"when": _when(quoted.at), "who": who}


def _when(at: datetime) -> str:
    weekday = str(_WEEKDAYS[at.weekday()])
    # Translators: Django's letters for dates, as mail programs of your language write them.
    date = format_date(at, pgettext("quoted", "M j, Y"))
    # Translators: Django's letters for times, as mail programs of your language write them.
    time = format_date(at, pgettext("quoted", "g:i A"))
    return pgettext("quoted", "%(weekday)s, %(date)s at %(time)s") % {
        "weekday": weekday,
        "date": date,
        "time": time,
    }
