"""The grammar of a mail, written by hand so that the same mail is the same bytes on every Python.

The standard library's generator folds differently between versions, encodes long Message-IDs as if they
were text and picks boundaries at random; a retry must send the very mail that was tried before.
Every function takes what people typed and returns ASCII lines that end in CRLF, but for addresses that
only SMTPUTF8 can carry. Line breaks and control characters never come through.
"""

import binascii
import re
import unicodedata
from base64 import b64encode
from collections.abc import Sequence
from urllib.parse import quote

from dangol.channels.email.addresses import normalise
from dangol.channels.incoming import Party

_WIDTH = 76
_WORD_BYTES = 39  # of UTF-8 in an encoded word, so that it fits on a line behind "Reply-To: "
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+( [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*", re.ASCII)
_FRAGILE = re.compile(r"^(From |\.)|[ \t]$|[^\n]{77}|[^\n\t\x20-\x7e]", re.MULTILINE | re.ASCII)
_MESSAGE_ID = re.compile(r"[\x21-\x3b\x3d\x3f-\x7e]{1,900}", re.ASCII)


def one_line(text: str) -> str:
    """The text on one line: breaks and control characters become a space, letters are composed (NFC)."""
    return " ".join(_CONTROL.sub(" ", unicodedata.normalize("NFC", text)).split())


def is_message_id(text: str) -> bool:
    """Whether the text can stand in angle brackets in a header line without breaking it."""
    return _MESSAGE_ID.fullmatch(text) is not None


def text_header(name: str, value: str) -> bytes:
    """A header of free text such as Subject."""
    return _folded(name, _words(one_line(value)))


def address_header(name: str, parties: Sequence[Party]) -> bytes:
    """A header of addresses. ValueError when a party has none that can be delivered to."""
    words: list[str] = []
    for position, party in enumerate(parties):
        written = _mailbox(party)
        if position < len(parties) - 1:
            written[-1] += ","
        words += written
    return _folded(name, words)


def id_header(name: str, message_ids: Sequence[str]) -> bytes:
    """A header of Message-IDs given without angle brackets, one on each line. ValueError for what is none."""
    if not all(map(is_message_id, message_ids)):
        raise ValueError(f"{name}: not a Message-ID.")
    return f"{name}: {_BREAK.join(f'<{each}>' for each in message_ids)}\r\n".encode()


def code_header(name: str, value: str) -> bytes:
    """A header of one long word that may be broken anywhere, such as base64."""
    pieces = [value[at : at + _WIDTH - len(name) - 2] for at in range(0, len(value), _WIDTH - len(name) - 2)]
    return f"{name}: {_BREAK.join(pieces)}\r\n".encode()


def text_part(kind: str, text: str) -> bytes:
    """A part of type text/`kind` in UTF-8, in the shorter of the encodings that any server carries."""
    encoding, body = _encoded_text(text)
    return _part([f"text/{kind}; charset=utf-8"], encoding, [], body)


def file_part(filename: str, content_type: str, content: bytes) -> bytes:
    """A part that is a file to save. Its name may be of any language (RFC 2231)."""
    kind = content_type.strip().lower()
    # Only 7bit may carry message/*, and multipart/* would be read as structure: both travel as plain files.
    if not _TYPE.fullmatch(kind) or kind.startswith(("message/", "multipart/")):
        kind = "application/octet-stream"
    name = one_line(filename).replace("/", "_").replace("\\", "_") or "attachment"
    body = binascii.b2a_base64(content, newline=False)
    lines = b"\r\n".join(body[at : at + _WIDTH] for at in range(0, len(body), _WIDTH))
    return _part([kind], "base64", ["attachment", *_parameters("filename", name)], lines)


def multipart(kind: str, boundary: str, parts: Sequence[bytes]) -> bytes:
    """Several parts as one."""
    between = f"--{boundary}\r\n".encode()
    body = b"".join(between + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()
    return f'Content-Type: multipart/{kind};\r\n boundary="{boundary}"\r\n\r\n'.encode() + body


_BREAK = "\r\n "


def _folded(name: str, words: Sequence[str]) -> bytes:
    lines = [f"{name}:"]
    for word in words:
        # The first word stays on the header's own line: an empty first line confuses old servers.
        if len(lines[-1]) + 1 + len(word) > _WIDTH and lines[-1] != f"{name}:":
            lines.append("")
        lines[-1] += f" {word}"
    return "\r\n".join(lines).encode() + b"\r\n"


def _words(line: str) -> list[str]:
    words = line.split(" ")
    plain = line.isascii() and "=?" not in line and all(len(word) < _WIDTH - 16 for word in words)
    return words if plain else _encoded_words(line)


def _encoded_words(line: str) -> list[str]:
    """RFC 2047, base64: at most 75 letters each and never a character torn in two."""
    chunks, chunk = [], b""
    for letter in line:
        encoded = letter.encode("utf-8", "replace")
        if len(chunk) + len(encoded) > _WORD_BYTES:
            chunks.append(chunk)
            chunk = b""
        chunk += encoded
    chunks.append(chunk)
    return [f"=?utf-8?b?{b64encode(each).decode()}?=" for each in chunks]


def _mailbox(party: Party) -> list[str]:
    address = normalise(party.address)
    if address is None:
        raise ValueError("A party without an address that can be delivered to.")
    name = one_line(party.name or "")
    if not name:
        return [address]
    if _ATOMS.fullmatch(name) and "=?" not in name:
        return [*name.split(" "), f"<{address}>"]
    if name.isascii() and "=?" not in name and len(name) < _WIDTH - 16:
        escaped = re.sub(r'(["\\])', r"\\\1", name)
        return [f'"{escaped}"', f"<{address}>"]
    return [*_encoded_words(name), f"<{address}>"]


def _encoded_text(text: str) -> tuple[str, bytes]:
    text = re.sub(r"\r\n?|[\x85\u2028\u2029]", "\n", text).replace("\x00", "").rstrip("\n") + "\n"
    data = text.replace("\n", "\r\n").encode("utf-8", "replace")
    if not _FRAGILE.search(text):
        return "7bit", data
    quoted = binascii.b2a_qp(data, istext=True)
    flat = binascii.b2a_base64(data, newline=False)
    if len(quoted) <= len(flat):
        return "quoted-printable", quoted
    return "base64", b"\r\n".join(flat[at : at + _WIDTH] for at in range(0, len(flat), _WIDTH)) + b"\r\n"


def _part(content_type: Sequence[str], encoding: str, disposition: Sequence[str], body: bytes) -> bytes:
    lines = [f"Content-Type: {';'.join(_apart(content_type))}", f"Content-Transfer-Encoding: {encoding}"]
    if disposition:
        lines.append(f"Content-Disposition: {';'.join(_apart(disposition))}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _apart(values: Sequence[str]) -> list[str]:
    return [values[0], *(_BREAK + value for value in values[1:])]


def _parameters(key: str, value: str) -> list[str]:
    """RFC 2231: `key="value"` for plain names, else percent-encoded UTF-8 in numbered pieces of one line."""
    if _is_token(value):
        return [f'{key}="{value}"']
    letters = [quote(letter.encode("utf-8", "replace"), safe="") for letter in value]
    pieces = [""]
    for letter in letters:
        if len(pieces[-1]) + len(letter) > 54:
            pieces.append("")
        pieces[-1] += letter
    if len(pieces) == 1:
        return [f"{key}*=utf-8''{pieces[0]}"]
    return [f"{key}*{number}*={'' if number else _CHARSET}{piece}" for number, piece in enumerate(pieces)]


_CHARSET = "utf-8''"


def _is_token(name: str) -> bool:
    return (
        len(name) < 50
        and re.fullmatch(r"[A-Za-z0-9 !#$&()+,\-.=@^_`{}~]+", name) is not None
        and "=?" not in name
    )
