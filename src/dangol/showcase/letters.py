"""Mail as customers' programs write it, and what the parser makes of it, without asking the parser. Pure.

Parsing is by far the slowest step of taking mail in. The plain mails of the showcase's past are written together
with what they say; a test holds every one of them against the parser.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Final

from dangol.channels.incoming import IncomingMessage, Party
from dangol.showcase.people import Person
from dangol.showcase.shop import ZONE

_PER_WORD: Final = 13  # syllables: an encoded word may have 75 characters
_QUOTED_LINES: Final = 14
_DAYS: Final = "월화수목금토일"
_PHONE: Final = {"ko": "나의 iPhone에서 보냄", "en": "Sent from my iPhone"}


@dataclass(frozen=True)
class Got:
    """A mail as the customer has it: what an answer names and quotes."""

    sender: Party
    to: Party
    at: datetime
    subject: str
    text: str
    message_id: str
    references: Sequence[str] = ()
    reply_to: str | None = None


@dataclass(frozen=True)
class Letter:
    """The bytes of a mail and what they say."""

    content: bytes = field(repr=False)
    incoming: IncomingMessage


def write_letter(
    person: Person,
    *,
    to: Party,
    subject: str,
    text: str,
    at: datetime,
    message_id: str,
    answers: Got | None = None,
) -> Letter:
    """A plain mail of the person, in the manner of the person's program; an answer goes where Reply-To says."""
    whole = below_the_text(person, text, answers)
    references = (*answers.references, answers.message_id) if answers else ()
    if answers and answers.reply_to:
        to = Party(answers.sender.name, answers.reply_to)
    at = at.astimezone(ZONE).replace(microsecond=0)
    lines = [
        f"From: {_party(Party(person.name, person.address))}",
        f"To: {_party(to)}",
        f"Subject: {encoded(subject)}",
        f"Date: {format_datetime(at)}",
        f"Message-ID: <{message_id}>",
    ]
    if answers:
        lines.append(f"In-Reply-To: <{answers.message_id}>")
        lines.append("References: " + "\r\n ".join(f"<{each}>" for each in references))
    body = whole.replace("\n", "\r\n") + "\r\n"
    lines += ["MIME-Version: 1.0", *_body_headers(body), "", ""]
    content = "\r\n".join(lines).encode("ascii") + _body(body)
    incoming = IncomingMessage(
        subject=subject,
        sender=Party(person.name, person.address),
        reply_to=(),
        to=(to,),
        cc=(),
        delivered_to=(),
        date=at,
        message_id=message_id,
        in_reply_to=answers.message_id if answers else None,
        references=tuple(references),
        text=whole,
        text_new=text,
        html=None,
        attachments=(),
        automatic=None,
        bounce=None,
        no_answer=None,
        warnings=(),
    )
    return Letter(content, incoming)


def below_the_text(person: Person, text: str, answers: Got | None) -> str:
    """The text with what the program adds below: its own line, and what is answered."""
    parts = [text]
    if person.program == "iphone":
        parts.append(_PHONE[person.language])
    if answers:
        history = quoted(person, answers)
        if history:
            parts.append(history)
    return "\n\n".join(parts)


def quoted(person: Person, got: Got) -> str:
    """The history as the person's program writes it; empty for one that quotes nothing."""
    at = got.at.astimezone(ZONE)
    who = f"{got.sender.name} <{got.sender.address}>"
    lines = got.text.strip().splitlines()[:_QUOTED_LINES]
    korean = person.language == "ko"
    if person.program == "gmail":
        head = (
            f"{_korean_day(at, '년 ', '월 ', '일')} ({_DAYS[at.weekday()]}) {_half_day(at)}, {who}님이 작성:"
        )
        head = head if korean else f"On {at:%a, %b} {at.day}, {at:%Y} at {_am_pm(at)} {who} wrote:"
        return "\n".join([head, "", *_marked(lines)])
    if person.program == "iphone":
        head = f"{_korean_day(at, '. ', '. ', '.')} {_half_day(at)}, {who} 작성:"
        head = head if korean else f"On {at.day} {at:%b %Y}, at {at:%H:%M}, {who} wrote:"
        return "\n".join([head, "", *_marked(lines)])
    to = f'"{got.to.name or got.to.address}" <{got.to.address}>'
    if person.program == "naver":
        sent = f"{at:%Y-%m-%d} ({_DAYS[at.weekday()]}) {at:%H:%M:%S} (GMT+09:00)"
        head = f'-----Original Message-----\nFrom: "{got.sender.name}" <{got.sender.address}>\nTo: {to}\nCc:'
        return "\n".join([f"{head}\nSent: {sent}\nSubject: {got.subject}", "", *lines])
    if person.program == "outlook":
        sent = f"{at:%A, %B} {at.day}, {at:%Y} {_am_pm(at)}"
        head = f"________________________________\nFrom: {who}\nSent: {sent}\nTo: {to}"
        return "\n".join([f"{head}\nSubject: {got.subject}", "", *lines])
    return ""


def encoded(text: str) -> str:
    """A header's text: as it is in ASCII, else as encoded words (RFC 2047), folded."""
    if text.isascii():
        return text
    pieces = [text[start : start + _PER_WORD] for start in range(0, len(text), _PER_WORD)]
    return "\r\n ".join(f"=?utf-8?B?{base64.b64encode(piece.encode()).decode()}?=" for piece in pieces)


def _party(party: Party) -> str:
    name = party.name or ""
    return f"{encoded(name)} <{party.address}>" if name else f"<{party.address}>"


def _body_headers(body: str) -> list[str]:
    if body.isascii():
        return ["Content-Type: text/plain; charset=us-ascii", "Content-Transfer-Encoding: 7bit"]
    return ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64"]


def _body(body: str) -> bytes:
    if body.isascii():
        return body.encode("ascii")
    return base64.encodebytes(body.encode()).replace(b"\n", b"\r\n")


def _marked(lines: list[str]) -> list[str]:
    return [f"> {line}".rstrip() for line in lines]


def _korean_day(at: datetime, after_year: str, after_month: str, after_day: str) -> str:
    return f"{at.year}{after_year}{at.month}{after_month}{at.day}{after_day}"


def _half_day(at: datetime) -> str:
    return f"{'오전' if at.hour < 12 else '오후'} {at.hour % 12 or 12}:{at:%M}"


def _am_pm(at: datetime) -> str:
    return f"{at.hour % 12 or 12}:{at:%M} {'AM' if at.hour < 12 else 'PM'}"
