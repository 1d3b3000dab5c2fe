"""Parameters of Content-Type and Content-Disposition: charset, boundary, the names of files."""

import re

from dangol.channels.email import charsets, headers
from dangol.channels.email.codec_quirks import is_utf8

_NAME = r"[A-Za-z][A-Za-z0-9_-]{0,99}(?:\*\d{0,3}\*?)?"
_QUOTED = r'"((?:[^"\\]|\\.)*)"?'
# A semicolon that no further parameter follows belongs to the value.
_UNQUOTED = rf"([^;]*(?:;(?!\s{{0,99}}{_NAME}\s{{0,99}}=)[^;]+)*)"
_PARAMETER = re.compile(rf";\s*({_NAME})\s*=\s*(?:{_QUOTED}|{_UNQUOTED})")


def read(value: str | None, name: str, hint: str | None = None) -> str | None:
    """A parameter of Content-Type or Content-Disposition: plain, quoted or not, RFC 2231 (pieces,
    charset) or RFC 2047 although that is not allowed there."""
    if not value:
        return None
    plain: str | None = None
    pieces: dict[int, tuple[str, bool]] = {}
    for key, raw in _parameters(value[: headers.MAX_VALUE]):
        base, star, rest = key.partition("*")
        if base != name:
            continue
        if not star:
            plain = raw if plain is None else plain
        else:
            number = rest.rstrip("*")
            is_encoded = rest == "" or rest.endswith("*")
            pieces.setdefault(int(number) if number.isdigit() else 0, (raw, is_encoded))
    if pieces:
        return _rfc2231([pieces[position] for position in sorted(pieces)], hint)
    if plain is None and ";" not in value:
        # `attachment filename=menu.pdf`: nothing divides the first word from its parameter.
        first, _blank, rest = headers.unfold(value[: headers.MAX_VALUE]).partition(" ")
        if "=" in rest and "=" not in first:
            return read(f"{first}; {rest}", name, hint)
    return headers.text(_without_percents(plain), hint)


def _without_percents(value: str | None) -> str | None:
    """A name that was encoded like an address although nothing says so: only where it is UTF-8 beyond ASCII."""
    if not value or not re.search(r"%[89A-Fa-f][0-9A-Fa-f]", value):
        return value
    data = _unpercent(value)
    return data.decode("utf-8", "replace") if is_utf8(data) else value


def _parameters(value: str) -> list[tuple[str, str]]:
    """(name, value) pairs; a quoted value may hold anything, an unquoted one runs to the next `; name=`."""
    line = headers.unfold(value)
    found = []
    for match in _PARAMETER.finditer(line):
        quoted = match[2]
        # Windows paths come with single backslashes; only \" and \\ are escapes that anybody means.
        content = (
            re.sub(r'\\(["\\])', r"\1", quoted)
            if quoted is not None
            else (match[3] or "").strip(" ;").strip("'")
        )
        found.append((match[1].lower(), content))
    return found


def _rfc2231(pieces: list[tuple[str, bool]], hint: str | None) -> str | None:
    label = None
    first, is_encoded = pieces[0]
    if is_encoded and first.count("'") >= 2:
        label, _, first = first.split("'", 2)
        pieces = [(first, True), *pieces[1:]]
    if not any(encoded for _, encoded in pieces):
        return headers.text("".join(piece for piece, _ in pieces), hint)
    data = b"".join(_unpercent(piece) if encoded else headers.raw_bytes(piece) for piece, encoded in pieces)
    return headers.text(charsets.decode(data, label, hint).text, hint)


def _unpercent(value: str) -> bytes:
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda m: bytes((int(m[1], 16),)), headers.raw_bytes(value))
