"""Raw bytes to a tree of parts, however broken they are. Enclosed messages are kept as the bytes they came as."""

import binascii
import re
from collections.abc import Iterator
from email.errors import InvalidBase64LengthDefect
from email.message import Message
from email.policy import Compat32
from typing import Any

from dangol.channels.email import feeding, headers, parameters

# The parser's own reading of parameters takes quadratic time; no honest field comes near these.
_MAX_MIME_FIELD = 8_000
_MAX_FIELD = 200_000
_MAX_LEAVES = 2_000

_KIND = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}")
_BLANK_LINE = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r)")
_FIELD_LINE = re.compile(rb"[\x21-\x39\x3b-\x7e]+:|[ \t]|From (?![ \t]*:)")
_SPACED_FIELD = re.compile(rb"([\x21-\x39\x3b-\x7e]+)[ \t]+:")
_SURE_FIELD = re.compile(rb"[A-Za-z][A-Za-z0-9_-]{1,70}[ \t]*:[ \t]")
_BOUNDARY_LINE = re.compile(r"^--(?!-*\s*$)(\S[^\r\n]{0,200}?)[ \t]*\r?\n(?=[A-Za-z-]+:)", re.MULTILINE)


class _Policy(Compat32):
    """Fields as they came, within limits; a transfer encoding in the one spelling that the parser knows."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        lower = name.lower()
        if lower == "content-transfer-encoding":
            word = re.match(r"[\s\"']*([A-Za-z0-9-]+)", value)
            value = word[1].lower() if word else ""
            value = {
                "quotedprintable": "quoted-printable",
                "base-64": "base64",
                "uuencode": "x-uuencode",
            }.get(value, value)
        elif lower.startswith("content-"):
            value = value[:_MAX_MIME_FIELD]
        return name, value[:_MAX_FIELD]

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value


class Part(Message):
    """One node of a message. `kind` is its real content type; the inherited `get_content_type` hides
    enclosed messages from the parser, so that they stay whole."""

    _kind: str | None = None
    _by_name: dict[str, list[str]] | None = None

    @property
    def kind(self) -> str:
        """Content type in lower case, without parameters; text/plain where it cannot be read."""
        if self._kind is None:
            value = self.get("content-type")
            found = _KIND.search(value.partition(";")[0]) if value else None
            self._kind = (
                found[0].lower() if found else self.get_default_type() if value is None else "text/plain"
            )
        return self._kind

    def get_content_type(self) -> str:
        kind = self.kind
        return "application/octet-stream" if kind.startswith("message/") else kind

    def get_content_maintype(self) -> str:
        return self.get_content_type().partition("/")[0]

    def get_boundary(self, failobj: Any = None) -> Any:
        try:
            return super().get_boundary(failobj)
        except (ValueError, TypeError, LookupError):
            return failobj

    def fields(self, name: str) -> list[str]:
        """Every field of this name (in lower case), raw, in order. To be asked when the mail is parsed."""
        if self._by_name is None:
            self._by_name = {}
            for key, value in self.raw_items():
                self._by_name.setdefault(key.lower(), []).append(value)
        return self._by_name.get(name, [])

    def field(self, name: str) -> str | None:
        """The first field of this name that says anything, raw."""
        for value in self.fields(name):  # asked seventy times a mail, mostly for what is not there
            if value.strip():
                return value
        return None

    @property
    def disposition(self) -> str | None:
        """`inline`, `attachment` or what else was said."""
        value = headers.unlabelled(headers.unfold(self.field("content-disposition") or ""))
        return next(iter(value.partition(";")[0].lower().split()), None)

    @property
    def charset(self) -> str | None:
        """The label, as written."""
        return parameters.read(self.field("content-type"), "charset")

    def content(self) -> bytes:
        """The part's bytes, transfer encoding undone; b"" for a multipart."""
        pieces = self._padded_pieces()
        if pieces is not None:
            return pieces
        data = self.get_payload(decode=True)
        if not isinstance(data, bytes):
            return b""
        if any(isinstance(defect, InvalidBase64LengthDefect) for defect in self.defects):
            # One letter too many: the library then gives the encoded text back.
            kept = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
            kept = kept[: len(kept) - (len(kept) % 4 == 1)]
            return binascii.a2b_base64(kept + b"=" * (-len(kept) % 4))
        return data

    def _padded_pieces(self) -> bytes | None:
        """Base64 that was encoded in pieces, each with an end of its own: the library stops at the first.
        None where it is anything else."""
        payload = self.held()
        if not isinstance(payload, str) or self.get("content-transfer-encoding") != "base64":
            return None
        first = payload.find("=")
        # An end, and letters behind it; a look at the next line is enough to tell.
        if first < 0 or not re.match(r"=[=\s]*[A-Za-z0-9+/]{4}", payload[first : first + 200]):
            return None
        out = bytearray()
        for piece in re.finditer(r"[^=]+", payload):
            kept = re.sub(r"[^A-Za-z0-9+/]", "", piece[0])
            kept = kept[: len(kept) - (len(kept) % 4 == 1)]
            out += binascii.a2b_base64(kept + "=" * (-len(kept) % 4))
        return bytes(out)

    def held(self) -> Any:
        """Text as the parser left it, or parts. (`get_payload` decodes text by whatever label, and may raise.)"""
        return self._payload  # type: ignore[attr-defined]

    def children(self) -> list["Part"]:
        """The parts inside a multipart."""
        payload = self.held()
        return [child for child in payload if isinstance(child, Part)] if isinstance(payload, list) else []

    def leaves(self) -> Iterator["Part"]:
        """Every part that holds something itself, in order, at most 2,000; without recursion."""
        waiting = [self]
        given = 0
        while waiting and given < _MAX_LEAVES:
            part = waiting.pop()
            if part.is_multipart():
                waiting.extend(reversed(part.children()))
            else:
                given += 1
                yield part


_POLICY = _Policy()


def open_mail(raw: bytes) -> tuple[Part, list[str]]:
    """The tree of parts and machine words about what had to be repaired.

    A structure nested deeper than the parser can follow comes back as one text part.
    """
    repaired, warnings = _repaired(raw)
    text = repaired.decode("ascii", "surrogateescape")
    del repaired
    try:
        part = feeding.parse(text, Part, _POLICY)
    except RecursionError:
        warnings.append("structure:too-deep")
        part = feeding.parse(text, Part, _POLICY, is_head_alone=True)
        del part["content-type"]
        part._kind = part._by_name = None
        return part, warnings
    if part.kind.startswith("multipart/") and not part.is_multipart():
        part = _with_found_boundary(part, warnings)
    return part, warnings


def _with_found_boundary(part: Part, warnings: list[str]) -> Part:
    """A multipart whose boundary is missing or other than announced, cut where its lines say."""
    body = part.held()
    found = _BOUNDARY_LINE.search(body) if isinstance(body, str) else None
    if found is None:
        warnings.append("structure:no-parts")
        return part
    warnings.append("structure:boundary-guessed")
    boundary = found[1].replace("\\", "\\\\").replace('"', '\\"')
    source = f'Content-Type: {part.kind}; boundary="{boundary}"\n\n{body}'
    try:
        again = feeding.parse(source, Part, _POLICY)
    except RecursionError:
        return part
    if again.is_multipart():
        part.set_payload(again.held())
    return part


def _repaired(raw: bytes) -> tuple[bytes, list[str]]:
    """The same mail with a header block that the parser reads to its end."""
    raw = raw.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n\x00")
    if b"\r\r\n" in raw[:1_000]:
        raw = raw.replace(b"\r\r\n", b"\r\n")
    if b"\r" in raw and b"\n" not in raw:
        # Quoted-printable with such line ends would lose all that follows a soft line break.
        raw = raw.replace(b"\r", b"\n")
    blank = _BLANK_LINE.search(raw)
    end = blank.start() if blank else len(raw)
    head = raw[:end]
    lines = head.splitlines(keepends=True)
    if all(_FIELD_LINE.match(line) for line in lines) and not raw.startswith((b" ", b"\t", b">")):
        return raw, []
    last_field = max((index for index, line in enumerate(lines) if _SURE_FIELD.match(line)), default=-1)
    kept: list[bytes] = []
    warnings: list[str] = []
    for index, line in enumerate(lines):
        if _FIELD_LINE.match(line) and (kept or not line[:1].isspace()):
            kept.append(line)
        elif spaced := _SPACED_FIELD.match(line):
            kept.append(spaced[1] + b":" + line[spaced.end() :])
        elif index > last_field:
            return b"".join(kept) + b"\n" + b"".join(lines[index:]) + raw[end:], [
                *warnings,
                "header:no-blank-line",
            ]
        elif kept and (line.startswith(b"=?") or kept[-1].rstrip().endswith(b",")):
            kept.append(b" " + line)
        elif not line.startswith(b">From "):
            warnings.append("header:without-colon")
    return b"".join(kept) + raw[end:], list(dict.fromkeys(warnings))
