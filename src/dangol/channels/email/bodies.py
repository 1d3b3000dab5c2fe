"""The tree of parts divided into what one reads and what one keeps: text, HTML and attachments."""

import re
import unicodedata
from dataclasses import dataclass, field, replace
from itertools import islice

from dangol.channels.email import charsets, headers, html, html_text, parameters
from dangol.channels.email.mime import Part
from dangol.channels.incoming import IncomingAttachment

_MAX_DEPTH = 60
_MAX_PARTS = 1_000
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


@dataclass
class _Words:
    """One stretch of the message: as text, as HTML, or as both."""

    plain: str | None = None
    html: str | None = None


@dataclass
class _Found:
    words: list[_Words] = field(default_factory=list)
    attachments: list[IncomingAttachment] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read(mail: Part) -> Bodies:
    """What the message says and brings along. No part is lost: what is not text is an attachment.

    (Of a mail with more than 1,000 parts the others stay in the raw message only.)
    """
    found = _Found()
    hint = charset_hint(mail)
    _walk(mail, found, hint, 0)
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
    return Bodies(plain, whole if has_html and whole.strip() else None, attachments, warnings)


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
    if not name:
        return None
    name = re.split(r"[/\\]", name)[-1]
    name = "".join(c for c in name if unicodedata.category(c) not in ("Cc", "Cf", "Cs")).strip()
    name = unicodedata.normalize("NFC", name)
    if len(name) > 255:
        stem, dot, ending = name.rpartition(".")
        name = f"{stem[: 254 - len(ending)]}.{ending}" if dot and len(ending) < 20 else name[:255]
    return name or None


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
    rich: list[_Words] = []
    for child in part.children():
        if child.kind in _ALTERNATIVES_NOT_KEPT:
            continue
        inner = _Found(attachments=found.attachments, warnings=found.warnings)
        _walk(child, inner, hint, depth + 1)
        if any(words.html is not None for words in inner.words):
            rich = inner.words
        else:
            plain.update((words.plain, None) for words in inner.words if words.plain and words.plain.strip())
    text = "\n".join(plain) or None
    for words in rich:
        shown = words.html if words.html is not None else html.from_text(words.plain or "")
        found.words.append(_Words(words.plain if text is None else "", shown))
    if text is not None and rich:
        found.words[-len(rich)].plain = text
    elif text is not None:
        found.words.append(_Words(text))


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
    else:
        found.attachments.append(_attachment(part, hint))


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
        found.words.append(_Words(html=words))
    elif kind in ("text/enriched", "text/richtext"):
        words = re.sub(r"(?is)<(param)>.*?</\1>", "", words).replace("<<", "\ue000").replace("<nl>", "\n")
        found.words.append(_Words(plain=re.sub(r"<[^<>\n]*>", "", words).replace("\ue000", "<")))
    else:
        found.words.append(_Words(plain=words))


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
    name = re.sub(r"[\\/:*?\"<>|\x00-\x1f]+", " ", subject or "").strip(" .")[:120]
    return f"{name or 'message'}.eml"


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
