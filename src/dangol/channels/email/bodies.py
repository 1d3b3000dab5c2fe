"""The tree of parts divided into what one reads and what one keeps: text, HTML and attachments."""

import re
from dataclasses import dataclass, field, replace
from itertools import islice

from dangol.channels.email import (
    calendars,
    charsets,
    filenames,
    headers,
    html,
    html_text,
    outlook,
    parameters,
    tnef,
)
from dangol.channels.email.mime import Part
from dangol.channels.email.outlook import Words
from dangol.channels.email.tnef import TnefMessage
from dangol.channels.incoming import Appointment, IncomingAttachment

_MAX_DEPTH = 60
_MAX_PARTS = 1_000
_MAX_APPOINTMENTS = 5
_META_CHARSET = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?([A-Za-z0-9_:-]{2,40})", re.IGNORECASE)
# Other renderings of the same words, for readers that we are not.
_ALTERNATIVES_NOT_KEPT = frozenset(("text/x-amp-html", "text/watch-html"))


@dataclass(frozen=True)
class Bodies:
    """`text` is as written, or from the HTML where there is no other; `html` is sanitised."""

    text: str | None
    html: str | None
    attachments: tuple[IncomingAttachment, ...]
    warnings: tuple[str, ...]
    appointments: tuple[Appointment, ...] = ()


@dataclass
class _Found:
    words: list[Words] = field(default_factory=list)
    attachments: list[IncomingAttachment] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    appointments: list[Appointment] = field(default_factory=list)
    wrapped: list[TnefMessage] = field(default_factory=list)

    def beside(self) -> "_Found":
        """A place for other words of the same mail; what is no words goes to the same lists."""
        return replace(self, words=[])


def read(mail: Part, hint: str | None) -> Bodies:
    """What the message says and brings along. No part is lost: what is not text is an attachment.

    `hint` is the charset of what bears no label, from charset_hint.

    (Of a mail with more than 1,000 parts the others stay in the raw message only.)
    """
    found = _Found()
    _walk(mail, found, hint, 0)
    if not found.words:
        found.words += [words for message in found.wrapped if (words := outlook.words_of(message))]
    if not found.words:
        _promote_text(mail, found, hint)
    shown = _sanitised(found)
    plain = _plain(found, shown)
    whole = "\n".join(
        piece or html.from_text(words.plain or "") for words, piece in zip(found.words, shown, strict=True)
    )
    has_html = any(piece is not None for piece in shown)
    ids = html.content_ids(whole) if has_html else frozenset()
    attachments = tuple(replace(one, is_inline=has_html and _is_shown(one, ids)) for one in found.attachments)
    warnings = tuple(dict.fromkeys(found.warnings))
    shown_html = whole if has_html and whole.strip() else None
    return Bodies(plain, shown_html, attachments, warnings, _once(found.appointments))


def _once(appointments: list[Appointment]) -> tuple[Appointment, ...]:
    """Each appointment once, as it came first: programs send the same one as an alternative and as a file."""
    kept = {
        (each.uid or str(number), each.starts_at): each
        for number, each in reversed(list(enumerate(appointments)))
    }
    return tuple(reversed(kept.values()))[:_MAX_APPOINTMENTS]


def _is_shown(one: IncomingAttachment, ids: frozenset[str]) -> bool:
    """Whether the HTML shows the file. `inline` alone says nothing: phones send photos and PDFs so, beside
    plain text, and whoever hides them from the list of files hides them altogether."""
    if one.content_id is None:
        return False
    return one.content_id in ids or (one.is_inline and one.content_type.startswith("image/"))


def charset_hint(mail: Part) -> str | None:
    """The charset that unlabelled headers are likely in: that with which the text is labelled or, where there
    is none either, the one that all unlabelled bytes together speak for. Two syllables alone are too few to guess."""
    for part in mail.leaves():
        if (
            part.kind.startswith("text/")
            and (label := part.charset)
            and label.lower() not in ("us-ascii", "utf-8")
        ):
            return label
    return _guessed_from_all(mail)


def _guessed_from_all(mail: Part) -> str | None:
    values = [value for part in (mail, *islice(mail.leaves(), 50)) for _name, value in part.raw_items()]
    raw = b" ".join(headers.raw_bytes(value) for value in values if not value.isascii())
    if not raw:
        return None
    for part in islice(mail.leaves(), 50):
        if part.kind.startswith("text/") and not part.charset:
            raw += b" " + part.content()[:4_096]
    codec = charsets.detect(raw)
    return codec if codec != "utf-8" else None


def filename_of(part: Part, hint: str | None = None) -> str | None:
    """The name that the sender gave the file, without any folder and without characters that deceive."""
    name = parameters.read(part.field("content-disposition"), "filename", hint)
    name = name or parameters.read(part.field("content-type"), "name", hint)
    return filenames.safe(name) if name else None


def _walk(part: Part, found: _Found, hint: str | None, depth: int) -> None:
    kind = part.kind
    if not part.is_multipart():
        _leaf(part, found, hint)
    elif depth > _MAX_DEPTH:
        found.warnings.append("structure:too-deep")
        for leaf in part.leaves():
            _leaf(leaf, found, hint)
    elif kind == "multipart/alternative":
        _alternative(part, found, hint, depth)
    elif kind == "multipart/related":
        _related(part, found, hint, depth)
    else:
        for child in part.children():
            _walk(child, found, hint, depth + 1)


def _alternative(part: Part, found: _Found, hint: str | None, depth: int) -> None:
    """The same words several times: every text, and of those with HTML the last, which may be several pieces
    with files between them (Apple Mail)."""
    plain: dict[str, None] = {}
    rich: list[Words] = []
    for child in part.children():
        if child.kind in _ALTERNATIVES_NOT_KEPT:
            continue
        inner = found.beside()
        _walk(child, inner, hint, depth + 1)
        if any(words.html is not None for words in inner.words):
            rich = inner.words
        else:
            plain.update((words.plain, None) for words in inner.words if words.plain and words.plain.strip())
    text = "\n".join(plain) or None
    for words in rich:
        shown = words.html if words.html is not None else html.from_text(words.plain or "")
        found.words.append(Words(words.plain if text is None else "", shown))
    if text is not None and rich:
        found.words[-len(rich)].plain = text
    elif text is not None:
        found.words.append(Words(text))


def _related(part: Part, found: _Found, hint: str | None, depth: int) -> None:
    """A root and what it shows. Text beside the root is a file if the root can name it."""
    for index, child in enumerate(part.children()):
        named = child.field("content-id") or child.field("content-location")
        if index and named and not child.is_multipart():
            found.attachments.append(_attachment(child, hint))
        else:
            _walk(child, found, hint, depth + 1)


def _leaf(part: Part, found: _Found, hint: str | None) -> None:
    if len(found.attachments) + len(found.words) >= _MAX_PARTS:
        found.warnings.append("structure:too-many-parts")
        return
    kind = part.kind
    is_file = part.disposition == "attachment" or filename_of(part, hint) is not None
    if kind in ("text/plain", "text/html", "text/enriched", "text/richtext") and not is_file:
        _read_text(part, found, hint)
    elif part.kind.startswith("multipart/"):
        # Announced as parts, but no boundary was found: its text is still there to read.
        _read_text(part, found, hint)
    elif tnef.is_tnef(kind, filename_of(part, hint)):
        _unwrap(part, found, hint)
    else:
        attachment = _attachment(part, hint)
        if kind in calendars.KINDS or (attachment.filename or "").lower().endswith(".ics"):
            attachment = _read_calendar(part, attachment, found)
        found.attachments.append(attachment)


def _read_calendar(part: Part, attachment: IncomingAttachment, found: _Found) -> IncomingAttachment:
    if len(found.appointments) < _MAX_APPOINTMENTS:
        method = parameters.read(part.field("content-type"), "method")
        found.appointments += calendars.read(attachment.content, part.charset, method)
    return attachment


def _unwrap(part: Part, found: _Found, hint: str | None) -> None:
    """winmail.dat: its files are files of the mail, its text is that of a mail which has no other."""
    try:
        message = tnef.read(part.content())
    except tnef.NotTnef:
        found.warnings.append("tnef:unreadable")
        found.attachments.append(_attachment(part, hint))
        return
    found.wrapped.append(message)
    for attachment in outlook.files_of(message):
        if len(found.attachments) >= _MAX_PARTS:
            found.warnings.append("structure:too-many-parts")
            return
        if attachment.content_type in calendars.KINDS and len(found.appointments) < _MAX_APPOINTMENTS:
            found.appointments += calendars.read(attachment.content)
        found.attachments.append(attachment)


def _read_text(part: Part, found: _Found, hint: str | None) -> None:
    data = part.content()
    kind = part.kind
    label = part.charset
    if kind == "text/html" and not label and (meta := _META_CHARSET.search(data, 0, 2_048)):
        label = meta[1].decode("ascii")
    decoded = charsets.decode(data, label, hint if not label else None)
    if decoded.warning:
        found.warnings.append(decoded.warning)
    words = decoded.text.replace("\r\n", "\n").replace("\r", "\n")
    if not words.strip():
        return
    if kind == "text/html":
        found.words.append(Words(html=words))
    elif kind in ("text/enriched", "text/richtext"):
        words = _without_params(words).replace("<<", "\ue000").replace("<nl>", "\n")
        found.words.append(Words(plain=re.sub(r"<[^<>\n]*>", "", words).replace("\ue000", "<")))
    else:
        found.words.append(Words(plain=words))


def _without_params(words: str) -> str:
    """Enriched text without what its commands are told (`<param>red</param>`), in one pass."""
    kept: list[str] = []
    at, begun = 0, None
    for token in re.finditer(r"<(/?)param>", words, re.IGNORECASE):
        if not token[1]:
            begun = token.start() if begun is None else begun
        elif begun is not None:
            kept.append(words[at:begun])
            at, begun = token.end(), None
    return "".join(kept) + words[at:]


def _promote_text(mail: Part, found: _Found, hint: str | None) -> None:
    """A message whose only text bears a file name: the name is ignored, the text is read.

    What is marked as an attachment stays one.
    """
    for part in mail.leaves():
        if (
            part.kind in ("text/plain", "text/html")
            and part.disposition != "attachment"
            and filename_of(part, hint)
        ):
            _read_text(part, found, hint)
            attachment = _attachment(part, hint)
            if found.words and attachment in found.attachments:
                found.attachments.remove(attachment)
            return


def _attachment(part: Part, hint: str | None) -> IncomingAttachment:
    """`is_inline` is what the sender said; `read` makes of it whether the HTML shows the file."""
    content = part.content()
    filename = filename_of(part, hint)
    if filename is None and part.kind == "message/rfc822":
        filename = _name_of_message(content)
    filename = filename or filenames.of_kind(part.kind, content)
    ids = headers.message_ids(part.field("content-id"))
    return IncomingAttachment(
        filename=filename,
        content_type=part.kind,
        content=content,
        is_inline=part.disposition == "inline",
        content_id=ids[0] if ids else headers.message_id(part.field("content-id")),
    )


def _name_of_message(content: bytes) -> str:
    """An enclosed mail is called by its subject."""
    head = re.split(rb"\r?\n\r?\n|\r\r", content[:50_000].lstrip(b"\r\n"), maxsplit=1)[0]
    found = re.search(rb"(?im)^subject:[ \t]*((?:.*(?:\r?\n[ \t].*){0,20}))", head)
    subject = headers.text(found[1].decode("ascii", "surrogateescape")) if found else None
    return filenames.of_subject(subject, ".eml")


def _sanitised(found: _Found) -> list[str | None]:
    shown: list[str | None] = []
    for words in found.words:
        if words.html is None:
            shown.append(None)
            continue
        cleaned = html.sanitise(words.html)
        if cleaned.warning:
            found.warnings.append(cleaned.warning)
        shown.append(cleaned.html)
    return shown


def _plain(found: _Found, shown: list[str | None]) -> str | None:
    pieces = []
    for words, piece in zip(found.words, shown, strict=True):
        plain = words.plain if words.plain is not None else html_text.text_of(piece or "")
        if plain.strip():
            pieces.append(plain.strip("\n"))
    return "\n\n".join(pieces) or None
