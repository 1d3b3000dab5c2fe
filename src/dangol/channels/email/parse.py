"""Raw mail to one message in words that every channel shares. Pure: no database, no clock, no settings."""

import re
from collections.abc import Callable
from datetime import datetime

from dangol.channels.email import automatic, bodies, bounces, dates, headers, people, quotes, thread_index
from dangol.channels.email.mime import Part, open_mail
from dangol.channels.incoming import IncomingMessage, Party

_DELIVERED_TO = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to")
_NOBODY = Party(None, None)


def _never(message_id: str) -> bool:
    return False


def parse(raw: bytes, *, is_own: Callable[[str], bool] = _never) -> IncomingMessage:
    """What a mail says. Raises for no bytes: in the worst case it is a message with warnings. (Where memory
    runs out, MemoryError is left to whoever set the limit.)

    `is_own` tells whether a Message-ID carries this installation's signed token. Warnings are machine words:
    `charset:…` (see charsets.decode), `structure:…`, `header:…`, `html:…`, `tnef:unreadable`, `from:missing`,
    `from:several`, `date:missing`, `date:unreadable`, `unreadable:<exception>`.
    """
    try:
        return _parse(raw, is_own)
    except MemoryError:
        raise
    except Exception as error:  # one bad mail never stops the others
        return _unreadable(raw, error)


def _parse(raw: bytes, is_own: Callable[[str], bool]) -> IncomingMessage:
    mail, warnings = open_mail(raw)
    hint = bodies.charset_hint(mail)
    body = bodies.read(mail, hint)
    sender, from_warnings = _sender(mail, hint)
    subject = headers.text(mail.field("subject"), hint)
    message_id = headers.message_id(mail.field("message-id"))
    replied_to = headers.message_ids(mail.field("in-reply-to"))
    bounce = bounces.read(mail, sender, subject, body.text)
    verdict = automatic.classify(
        mail, sender=sender, subject=subject, bounce=bounce, is_own=_is_own(message_id, is_own)
    )
    date, date_warnings = _date(mail)
    return IncomingMessage(
        subject=subject,
        sender=sender,
        reply_to=people.read(mail.fields("reply-to"), hint),
        to=people.read(mail.fields("to"), hint),
        cc=people.read(mail.fields("cc"), hint),
        delivered_to=_delivered_to(mail),
        date=date,
        message_id=message_id,
        in_reply_to=replied_to[0] if replied_to else None,
        references=headers.message_ids(" ".join(mail.fields("references")), bare=True),
        text=body.text,
        text_new=quotes.fold(body.text) if body.text is not None else None,
        html=body.html,
        attachments=body.attachments,
        automatic=verdict.kind,
        bounce=bounce,
        no_answer=verdict.no_answer,
        warnings=tuple(dict.fromkeys((*warnings, *from_warnings, *date_warnings, *body.warnings))),
        thread_index=thread_index.read_index(mail.field("thread-index")),
        thread_topic=headers.text(mail.field("thread-topic"), hint),
        appointments=body.appointments,
    )


def _sender(mail: Part, hint: str | None) -> tuple[Party, list[str]]:
    """The first person of From who can be answered."""
    values = mail.fields("from")
    named = people.read(values, hint)
    if not named:
        return _NOBODY, ["from:missing"]
    with_address = [party for party in named if party.address]
    warnings = ["from:several"] if len(with_address) > 1 or len(values) > 1 else []
    return (with_address or list(named))[0], warnings


def _date(mail: Part) -> tuple[datetime | None, list[str]]:
    values = [value for value in mail.fields("date") if value.strip()]
    found = next((date for date in map(dates.read, values) if date is not None), None)
    if found is not None:
        return found, []
    return None, ["date:unreadable" if values else "date:missing"]


def _delivered_to(mail: Part) -> tuple[str, ...]:
    found = people.read(value for name in _DELIVERED_TO for value in mail.fields(name))
    return tuple(dict.fromkeys(party.address for party in found if party.address))


def _is_own(message_id: str | None, is_own: Callable[[str], bool]) -> bool:
    return message_id is not None and is_own(message_id)


def _unreadable(raw: bytes, error: Exception) -> IncomingMessage:
    """The least that can be said of bytes that defeated the rest: the lines that look like fields."""
    head = raw[:20_000].decode("utf-8", "replace").replace("\x00", "")

    def field(name: str) -> str | None:
        found = re.search(rf"(?im)^{name}:[ \t]*([^\r\n]{{1,998}})", head)
        return found[1].strip() or None if found else None

    address = re.search(r"[^\s<>\"]{1,200}@[^\s<>\"]{1,200}", field("from") or "")
    return IncomingMessage(
        subject=field("subject"),
        sender=Party(None, people.normalised(address[0])) if address else _NOBODY,
        reply_to=(),
        to=(),
        cc=(),
        delivered_to=(),
        date=None,
        message_id=(field("message-id") or "").strip("<> ") or None,
        in_reply_to=None,
        references=(),
        text=None,
        text_new=None,
        html=None,
        attachments=(),
        automatic=None,
        bounce=None,
        no_answer="unreadable",
        warnings=(f"unreadable:{type(error).__name__}",),
    )
