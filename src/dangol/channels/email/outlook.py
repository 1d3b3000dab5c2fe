"""What winmail.dat holds as parts of an ordinary mail: its words and its files."""

import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass

from dangol.channels.email import charsets, filenames, rtf
from dangol.channels.email.tnef import TnefFile, TnefMessage
from dangol.channels.incoming import IncomingAttachment

_KIND = re.compile(r"[a-z0-9!#$&^_.+-]{1,63}/[a-z0-9!#$&^_.+-]{1,63}")
_TYPES = mimetypes.MimeTypes()  # Python's own list: what a machine has installed decides nothing


@dataclass
class Words:
    """One stretch of a message: as text, as HTML, or as both."""

    plain: str | None = None
    html: str | None = None


def words_of(message: TnefMessage) -> Words | None:
    """The text of the message, in the best form that there is; None where it has none."""
    plain = message.text if message.text and message.text.strip() else None
    html = charsets.decode(message.html, message.html_charset).text if message.html else None
    if html is None and plain is None and message.rtf:
        rich = rtf.read(message.rtf)
        plain, html = rich.text, rich.html
    if plain is None and not (html and html.strip()):
        return None
    return Words(plain.replace("\r\n", "\n") if plain else None, html)


def files_of(message: TnefMessage) -> Iterator[IncomingAttachment]:
    """The files; of an enclosed message its text as a file, and its files."""
    for file in message.files:
        if file.message is None:
            yield _attachment(file)
            continue
        words = words_of(file.message)
        if words is not None:
            ending, said = (".html", words.html) if words.html else (".txt", words.plain)
            name = filenames.of_subject(file.message.subject or file.name, ending)
            kind = "text/html" if words.html else "text/plain"
            yield IncomingAttachment(name, kind, (said or "").encode(), is_inline=False, content_id=None)
        yield from files_of(file.message)


def _attachment(file: TnefFile) -> IncomingAttachment:
    name = filenames.safe(file.name) if file.name else None
    kind = (file.content_type or "").lower()
    if not _KIND.fullmatch(kind):
        kind = _TYPES.guess_type(name or "")[0] or "application/octet-stream"
    content_id = (file.content_id or "").strip(" <>") or None
    return IncomingAttachment(
        name, kind, file.content, is_inline=content_id is not None, content_id=content_id
    )
