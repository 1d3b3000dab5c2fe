"""What one codec makes of bytes, with the repairs that real mail needs."""

import codecs
import re


def strictly(data: bytes, codec: str) -> str | None:
    """The text if every byte fits this codec, with the repairs that real mail needs."""
    if codec == "cp1252":
        # Five bytes are undefined in cp1252; browsers and mailers read them as C1 controls.
        return data.decode("cp1252", "dangol.latin1")
    if codec == "iso-2022-jp":
        return japanese(data)
    if codec == "utf-16" and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        codec = "utf-16-le" if data[1:200:2].count(0) > data[0:200:2].count(0) else "utf-16-be"
    if codec == "iso-2022-kr" and not data.startswith(b"\x1b$)C"):
        # It should be announced at the top, and again in each encoded-word; many do neither.
        data = b"\x1b$)C" + data.replace(b"\x1b$)C", b"")
    try:
        text = data.decode(codec)
    except (UnicodeError, ValueError):
        return None
    return text[1:] if text.startswith("\ufeff") else text


def leniently(data: bytes, codec: str) -> str:
    """The text with U+FFFD for what does not fit."""
    try:
        return data.decode("iso2022_jp_ext" if codec == "iso-2022-jp" else codec, "replace")
    except (LookupError, UnicodeError, ValueError):
        return data.decode("latin-1")


def japanese(data: bytes) -> str | None:
    """ISO-2022-JP with the vendors' characters (①, half-width kana), which Python's codecs refuse."""
    for codec in ("iso2022_jp", "iso2022_jp_ext"):
        try:
            return data.decode(codec)
        except UnicodeError:
            continue
    pieces: list[str] = []
    two_bytes = kana = False
    for piece in re.split(rb"(\x1b\$[@B]|\x1b\([BJI])", data):
        if piece.startswith(b"\x1b"):
            two_bytes, kana = piece[1:2] == b"$", piece == b"\x1b(I"
        elif two_bytes or kana:
            raised = bytes(byte | 0x80 if 0x20 < byte < 0x7F else byte for byte in piece)
            pieces.append(_kuten(raised) if two_bytes else raised.decode("cp932", "replace"))
        else:
            pieces.append(piece.decode("ascii", "replace"))
    text = "".join(pieces)
    return None if "\ufffd" in text else text


def _kuten(raised: bytes) -> str:
    """EUC pairs through cp932, which has NEC's and IBM's rows."""
    out = bytearray()
    position = 0
    while position < len(raised):
        row, cell = raised[position], raised[position + 1] if position + 1 < len(raised) else 0
        if row < 0xA1 or cell < 0xA1:
            out.append(row if row < 0x80 else 0x3F)
            position += 1
            continue
        row, cell = row - 0xA1, cell - 0xA1
        lead = (row >> 1) + (0x81 if row < 62 else 0xC1)
        trail = cell + (0x9F if row & 1 else 0x40 if cell < 63 else 0x41)
        out += bytes((lead, trail))
        position += 2
    return out.decode("cp932", "replace")


def is_utf8(data: bytes) -> bool:
    """Whether there are characters beyond ASCII and all of them are UTF-8; the last may be cut."""
    if data.isascii():
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        # Cut in the middle of the last character is still UTF-8.
        return error.reason == "unexpected end of data" and not data[: error.start].isascii()
    return True


def _as_latin1(error: UnicodeError) -> tuple[str, int]:
    if isinstance(error, UnicodeDecodeError):
        return error.object[error.start : error.end].decode("latin-1"), error.end
    raise error


codecs.register_error("dangol.latin1", _as_latin1)
