"""winmail.dat, in which Outlook wraps a whole message: its text and its files (MS-OXTNEF, MS-OXCDATA, MS-OXRTFCP).

Read here and by no library: the one there is for Python (tnefparse, last changed in 2021) runs for hours on sixty
bytes that announce four billion properties, and cuts null bytes off the ends of files.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from dangol.channels.email import charsets

KINDS = frozenset(("application/ms-tnef", "application/vnd.ms-tnef", "application/x-ms-tnef"))

_NAMES = frozenset(("winmail.dat", "win.dat"))
_SIGNATURE = 0x223E9F78
_MOST_FILES = 1_000
_MOST_PROPERTIES = 5_000
_DEEPEST = 5
_LONGEST_RTF = 10_000_000

# Attributes of the stream.
_FILE_BEGINS, _FILE_DATA, _FILE_TITLE, _FILE_PROPERTIES = 0x9002, 0x800F, 0x8010, 0x9005
_PROPERTIES, _CODEPAGE, _BODY, _SUBJECT = 0x9003, 0x9007, 0x800C, 0x8004
# Properties within them.
_P_BODY, _P_RTF, _P_HTML, _P_CODEPAGE, _P_SUBJECT = 0x1000, 0x1009, 0x1013, 0x3FDE, 0x0037
_P_FILE, _P_SHORT_NAME, _P_LONG_NAME, _P_MIME, _P_CONTENT_ID = 0x3701, 0x3704, 0x3707, 0x370E, 0x3712
_P_SHOWN_NAME = 0x3001
# An enclosed message is an object with this identifier before its own stream.
_MESSAGE = bytes.fromhex("0703020000000000c000000000000046")

_FIXED = {0x0002: 4, 0x0003: 4, 0x0004: 4, 0x000A: 4, 0x000B: 4, 0x0001: 0}
_FIXED |= {0x0005: 8, 0x0006: 8, 0x0007: 8, 0x0014: 8, 0x0040: 8, 0x0048: 16}
_STRING, _UNICODE, _OBJECT, _BINARY = 0x001E, 0x001F, 0x000D, 0x0102


class NotTnef(ValueError):
    """The bytes are no such stream, or break off before anything was said."""


@dataclass
class TnefFile:
    """A file in the stream; of an enclosed message, the message."""

    name: str | None = None
    content: bytes = b""
    content_type: str | None = None
    content_id: str | None = None
    message: "TnefMessage | None" = None


@dataclass
class TnefMessage:
    """What the stream holds, decoded. `rtf` is decompressed."""

    subject: str | None = None
    text: str | None = None
    html: bytes | None = None
    html_charset: str | None = None
    rtf: bytes | None = None
    files: list[TnefFile] = field(default_factory=list)


def is_tnef(kind: str, filename: str | None) -> bool:
    """Whether a part is said to be such a stream, by its content type or its name."""
    return kind in KINDS or (filename or "").lower() in _NAMES


def read(data: bytes, depth: int = 0) -> TnefMessage:
    """The message in the stream, as far as it goes: what is cut off or broken ends it. Raises NotTnef, in time that
    grows with the length alone."""
    if len(data) < 6 or struct.unpack_from("<I", data)[0] != _SIGNATURE:
        raise NotTnef
    message = TnefMessage()
    codepage = "cp1252"
    current: TnefFile | None = None
    for name, value in _attributes(memoryview(data)):
        if name == _CODEPAGE and len(value) >= 4:
            codepage = f"cp{struct.unpack_from('<I', value)[0]}"
        elif name == _FILE_BEGINS:
            if len(message.files) >= _MOST_FILES:
                break
            current = TnefFile()
            message.files.append(current)
        elif current is not None and name in (_FILE_DATA, _FILE_TITLE, _FILE_PROPERTIES):
            _add_to_file(current, name, value, codepage, depth)
        elif name == _PROPERTIES:
            _add_to_message(message, value, codepage)
        elif name == _BODY and message.text is None:
            message.text = _text(bytes(value), codepage)
        elif name == _SUBJECT and message.subject is None:
            message.subject = _text(bytes(value), codepage)
    if message == TnefMessage():
        raise NotTnef
    return message


def _attributes(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Level, name, kind, length, value, checksum; and again."""
    place = 6
    while place + 9 <= len(data):
        _level, name, _kind, length = struct.unpack_from("<BHHI", data, place)
        yield name, data[place + 9 : place + 9 + length]
        place += 9 + length + 2


def _add_to_file(file: TnefFile, name: int, value: memoryview, codepage: str, depth: int) -> None:
    if name == _FILE_DATA:
        file.content = bytes(value)
        return
    if name == _FILE_TITLE:
        file.name = file.name or _text(bytes(value), codepage)
        return
    found = dict(_properties(value, codepage))
    for key in (_P_LONG_NAME, _P_SHORT_NAME, _P_SHOWN_NAME):
        if isinstance(found.get(key), str) and found[key]:
            file.name = str(found[key])
            break
    file.content_type = _string(found.get(_P_MIME)) or file.content_type
    file.content_id = _string(found.get(_P_CONTENT_ID)) or file.content_id
    inner = found.get(_P_FILE)
    if isinstance(inner, bytes) and not file.content:
        if not inner.startswith(_MESSAGE):
            file.content = inner
        elif depth < _DEEPEST:
            try:
                file.message = read(inner[len(_MESSAGE) :], depth + 1)
            except NotTnef:
                file.content = inner


def _add_to_message(message: TnefMessage, value: memoryview, codepage: str) -> None:
    found = dict(_properties(value, codepage))
    if isinstance(number := found.get(_P_CODEPAGE), int):
        message.html_charset = f"cp{number}"
    body, html, rtf = found.get(_P_BODY), found.get(_P_HTML), found.get(_P_RTF)
    if isinstance(body, str):
        message.text = body
    elif isinstance(body, bytes):
        message.text = _text(body, message.html_charset or codepage)
    if html:
        message.html = html if isinstance(html, bytes) else str(html).encode()
        message.html_charset = message.html_charset if isinstance(html, bytes) else "utf-8"
    if isinstance(rtf, bytes):
        message.rtf = _decompressed(rtf)
    message.subject = _string(found.get(_P_SUBJECT)) or message.subject


def _properties(data: memoryview, codepage: str) -> Iterator[tuple[int, str | bytes | int]]:
    """(identifier, value) of the properties that hold text, bytes or a number; the first value of several."""
    if len(data) < 4:
        return
    place = 4
    for _ in range(min(struct.unpack_from("<I", data)[0], _MOST_PROPERTIES)):
        try:
            kind, identifier = struct.unpack_from("<HH", data, place)
            place += 4
            if identifier >= 0x8000:
                place = _behind_name(data, place)
            count = 1
            variable = kind & 0x0FFF in (_STRING, _UNICODE, _OBJECT, _BINARY)
            if kind & 0x1000 or variable:
                count = struct.unpack_from("<I", data, place)[0]
                place += 4
            if variable:
                value, place = _variable(data, place, count)
            else:
                length = _FIXED[kind & 0x0FFF]
                value = data[place : place + length]
                place += length * count
            yield identifier, _value(kind & 0x0FFF, value, codepage)
        except (struct.error, KeyError):
            return  # cut off, or a kind whose length nobody knows


def _variable(data: memoryview, place: int, count: int) -> tuple[memoryview, int]:
    """The first of `count` values that say their length, and where they end."""
    first = data[:0]
    for index in range(count):
        length = struct.unpack_from("<I", data, place)[0]  # raises at the end, however many were announced
        if index == 0:
            first = data[place + 4 : place + 4 + length]
        place += 4 + length + -length % 4
    return first, place


def _behind_name(data: memoryview, place: int) -> int:
    """Where the value of a named property begins: behind a set, and a number or a name in it."""
    is_name, length = struct.unpack_from("<II", data, place + 16)
    return place + 24 + ((length + -length % 4) if is_name else 0)


def _value(kind: int, value: memoryview, codepage: str) -> str | bytes | int:
    raw = bytes(value)
    if kind == _UNICODE:
        return charsets.clean(raw.decode("utf-16-le", "replace"))
    if kind == _STRING:
        return _text(raw, codepage)
    if kind == 0x0003 and len(raw) == 4:
        return int(struct.unpack("<i", raw)[0])
    return raw


def _string(value: str | bytes | int | None) -> str | None:
    return value if isinstance(value, str) and value else None


def _text(raw: bytes, codepage: str) -> str:
    return charsets.decode(raw.rstrip(b"\x00"), codepage).text


def _decompressed(data: bytes) -> bytes | None:
    """RTF as MAPI compresses it (MS-OXRTFCP): a window of 4 kB that begins with what every RTF has."""
    if len(data) < 16:
        return None
    size, kind = struct.unpack_from("<4xI4s", data)
    if kind == b"MELA":
        return data[16 : 16 + size]
    if kind != b"LZFu" or size > _LONGEST_RTF:
        return None
    window = bytearray(4096)
    window[: len(_RTF_BEGINS)] = _RTF_BEGINS
    at = len(_RTF_BEGINS)
    out = bytearray()
    place = 16
    while place < len(data) and len(out) < size:
        flags = data[place]
        place += 1
        for bit in range(8):
            if flags >> bit & 1:
                if place + 2 > len(data):
                    return bytes(out)
                pair = data[place] << 8 | data[place + 1]
                place += 2
                start, length = pair >> 4, (pair & 15) + 2
                if start == at:
                    return bytes(out)
                piece = bytearray()
                for step in range(length):
                    byte = window[(start + step) & 4095]
                    window[at] = byte
                    at = (at + 1) & 4095
                    piece.append(byte)
                out += piece
            elif place < len(data):
                window[at] = data[place]
                at = (at + 1) & 4095
                out.append(data[place])
                place += 1
    return bytes(out)


_RTF_BEGINS = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript "
    b"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
