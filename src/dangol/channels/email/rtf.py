"""Rich text (RTF) read as text or, where HTML was wrapped in it (MS-OXRTFEX), as HTML. Linear, raises for nothing.

Only for messages of Outlook whose text is nowhere else. striprtf takes minutes on a quarter of a megabyte of braces.
"""

import html as entities
import re
from dataclasses import dataclass, replace

from dangol.channels.email import charsets
from dangol.channels.email.patterns import words

_LONGEST = 1_000_000
_DEEPEST = 500
_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,9})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+|([^\\{}\r\n]+)"
)
# Groups that hold no words of the message.
_SILENT = words(
    "fonttbl colortbl stylesheet info generator pict object themedata colorschememapping listtable "
    "listoverridetable rsidtbl fldinst header footer headerl headerr footerl footerr filetbl xmlnstbl datastore "
    "latentstyles revtbl pntext bkmkstart bkmkend"
)
_BREAKS = {"par": "\n", "line": "\n", "tab": "\t", "cell": "\t", "row": "\n", "page": "\n", "sect": "\n"}
_SIGNS = {
    "emdash": "—",
    "endash": "–",
    "bullet": "•",
    "lquote": "‘",
    "rquote": "’",
    "ldblquote": "“",
    "rdblquote": "”",
}
_FONT_CHARSETS = {
    "128": "cp932",
    "129": "cp949",
    "134": "gb18030",
    "136": "big5",
    "204": "cp1251",
    "238": "cp1250",
}
_FONT = re.compile(
    rb"\\f(\d{1,5})[^{}\\]{0,50}(?:\\(?!fcharset)[a-z0-9]{1,20} ?[^{}\\]{0,50}){0,5}\\fcharset(\d{1,3})"
)


@dataclass(frozen=True)
class Rich:
    """What it says; one of the two at most."""

    text: str | None = None
    html: str | None = None


@dataclass(frozen=True)
class _Group:
    silent: bool = False
    is_tag: bool = False
    for_rtf_only: bool = False
    skip: int = 1
    font: str = ""


def read(data: bytes) -> Rich:
    """The words of the RTF, at most of its first 1,000,000 bytes."""
    data = data[:_LONGEST]
    if not data.lstrip().startswith(b"{\\rtf"):
        return Rich()
    reader = _Reader(data)
    for match in _TOKEN.finditer(data):
        reader.take(match)
    reader.flush()
    said = charsets.clean("".join(reader.out))
    if not said.strip():
        return Rich()
    return Rich(html=said) if reader.is_html else Rich(text=said.strip("\n"))


class _Reader:
    """Follows the groups and collects what is said."""

    def __init__(self, data: bytes) -> None:
        self.is_html = re.search(rb"\\fromhtml1\b", data[:2_000]) is not None
        page = re.search(rb"\\ansicpg(\d{1,5})", data[:2_000])
        self.codepage = f"cp{page[1].decode()}" if page else "cp1252"
        self.fonts = {
            m[1].decode(): _FONT_CHARSETS.get(m[2].decode(), "") for m in _FONT.finditer(data[:100_000])
        }
        self.out: list[str] = []
        self.bytes = bytearray()
        self.groups: list[_Group] = []
        self.group = _Group()
        self.too_deep = 0
        self.to_skip = 0

    def take(self, match: re.Match[bytes]) -> None:
        word, number, code, sign, brace, plain = match.groups()
        if code is not None:
            self.add(bytes((int(code, 16),)))
        elif plain is not None:
            self.add(plain)
        elif brace is not None:
            self.step(brace)
        elif word is not None:
            self.control(word.decode().lower(), int(number) if number else None)
        elif sign == b"*":
            self.group = replace(self.group, silent=True)
        elif sign in (b"\\", b"{", b"}"):
            self.add(sign)
        elif sign == b"~":
            self.say("\u00a0")

    def step(self, brace: bytes) -> None:
        self.flush()
        if brace == b"{":
            if len(self.groups) >= _DEEPEST:
                self.too_deep += 1
            else:
                self.groups.append(self.group)
        elif self.too_deep:
            self.too_deep -= 1
        elif self.groups:
            self.group = self.groups.pop()
        self.to_skip = 0

    def control(self, word: str, number: int | None) -> None:
        self.flush()
        if word == "htmltag":
            self.group = replace(self.group, silent=False, is_tag=True)
        elif word == "htmlrtf":
            self.group = replace(self.group, for_rtf_only=number != 0)
        elif word in _SILENT:
            self.group = replace(self.group, silent=True)
        elif word == "uc":
            self.group = replace(self.group, skip=min(abs(number or 0), 9))
        elif word == "u" and number is not None:
            self.say(chr(number % 0x10000) if self.to_skip == 0 else "")
            self.to_skip = self.group.skip
        elif word == "f" and number is not None:
            self.group = replace(self.group, font=self.fonts.get(str(number), ""))
        elif word in _BREAKS:
            self.say(_BREAKS[word])
        elif word in _SIGNS:
            self.say(_SIGNS[word])

    def add(self, data: bytes) -> None:
        if self.to_skip:
            cut = min(self.to_skip, len(data))
            self.to_skip -= cut
            data = data[cut:]
        if not (self.group.silent or self.group.for_rtf_only):
            self.bytes += data

    def flush(self) -> None:
        if self.bytes:
            codec = self.group.font or self.codepage
            said = charsets.decode(bytes(self.bytes), codec).text
            self.bytes.clear()
            self.say(said)

    def say(self, said: str) -> None:
        if self.bytes:
            self.flush()
        if self.group.silent or self.group.for_rtf_only:
            return
        self.out.append(
            entities.escape(said, quote=False) if self.is_html and not self.group.is_tag else said
        )
