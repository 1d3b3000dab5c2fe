"""Sanitised HTML read as text, in linear time. Its form is known exactly, so that no library is needed:
inscriptis takes ten times longer on a newsletter, gives nothing for deep nesting and does not mark quotations.
"""

import html as entities
import re

from dangol.channels.email.patterns import words

_MAX_QUOTES = 20
_BREAKS = words(
    "address article aside caption center dd details div dl dt figcaption figure footer header li "
    "main nav section summary table tbody tfoot thead tr"
)
# What Gmail and Thunderbird call a signature; as text it is announced by the usual line.
_SIGNATURE = re.compile(r'\sclass="[^"]*\b(?:gmail_signature|moz-signature)\b')
_PARAGRAPHS = frozenset(["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "pre", "blockquote"])


def text_of(sanitised: str) -> str:
    """Readable text of sanitised HTML: paragraphs, lists, cells divided by spaces, quotations marked `> `,
    signatures announced by `--`."""
    writer = _Writer()
    for match in re.finditer(
        r"<(/?)([a-z][a-z0-9]*)((?:\s[^\"<>]*(?:\"[^\"]*\"[^\"<>]*)*)?)>|([^<]+)", sanitised
    ):
        if match[4] is not None:
            writer.add(entities.unescape(match[4]))
        elif match[1]:
            writer.close(match[2])
        else:
            writer.open(match[2], match[3])
    return writer.text()


class _Writer:
    """Collects lines; knows how deep in quotations and lists it is."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.current: list[str] = []
        self.quotes = 0
        self.quotes_before = 0
        self.preformatted = 0
        self.blank_wanted = False
        self.space_wanted = False
        self.signature_begins = False
        self.numbers: list[int] = []
        self.link: list[tuple[str, int]] = []

    def add(self, words: str) -> None:
        if self.preformatted:
            first, *others = words.split("\n")
            self.current.append(first)
            for other in others:
                self.end_line(force=True)
                self.current.append(other)
            return
        pieces = words.replace("\u200b", "").replace("\u200c", "").replace("\ufeff", "").split()
        if not pieces:
            self.space_wanted = self.space_wanted or bool(words)
            return
        if (self.space_wanted or words[0].isspace()) and self.current:
            self.current.append(" ")
        self.current.append(" ".join(pieces))
        self.space_wanted = words[-1].isspace()

    def open(self, tag: str, attributes: str) -> None:
        if tag == "br":
            self.end_line(force=True)
        elif tag == "hr":
            self.paragraph()
            self.current.append("-" * 20)
            self.paragraph()
        elif tag in ("td", "th"):
            self.space_wanted = True
        elif tag == "img":
            if alt := re.search(r'\salt="([^"]*)"', attributes):
                self.add(f" {entities.unescape(alt[1])} ")
        elif tag == "a":
            address = re.search(r'\shref="([^"]*)"', attributes)
            self.link.append((entities.unescape(address[1]) if address else "", len(self.current)))
        elif tag in _PARAGRAPHS:
            self.paragraph()
            self.begin(tag)
        elif tag in _BREAKS:
            self.end_line()
            if tag == "li":
                self.bullet()
            elif _SIGNATURE.search(attributes):
                self.signature_begins = True

    def begin(self, tag: str) -> None:
        if tag == "blockquote":
            self.quotes += 1
        elif tag == "pre":
            self.preformatted += 1
        elif tag in ("ul", "ol"):
            self.numbers.append(0 if tag == "ol" else -1)

    def bullet(self) -> None:
        indent = "  " * min(8, max(0, len(self.numbers) - 1))
        if self.numbers and self.numbers[-1] >= 0:
            self.numbers[-1] += 1
            self.current.append(f"{indent}{self.numbers[-1]}. ")
        else:
            self.current.append(f"{indent}- ")
        self.space_wanted = False

    def close(self, tag: str) -> None:
        if tag == "a" and self.link:
            self.end_link(*self.link.pop())
        elif tag in _PARAGRAPHS:
            self.paragraph()
            if tag == "blockquote":
                self.quotes = max(0, self.quotes - 1)
            elif tag == "pre":
                self.preformatted = max(0, self.preformatted - 1)
            elif tag in ("ul", "ol") and self.numbers:
                self.numbers.pop()
        elif tag in _BREAKS:
            self.end_line()

    def end_link(self, address: str, start: int) -> None:
        """Where a link leads is said only where its words don't."""
        words = "".join(self.current[start:]).strip()
        if (
            address.lower().startswith("http")
            and words
            and words.rstrip("/") not in address
            and len(address) <= 200
        ):
            self.current.append(f" <{address}>")
        elif address.lower().startswith("mailto:") and "@" not in words and words:
            self.current.append(f" <{address[7:].partition('?')[0]}>")

    def end_line(self, force: bool = False) -> None:
        line = "".join(self.current).rstrip()
        self.current.clear()
        self.link = [(address, 0) for address, _ in self.link]
        self.space_wanted = False
        if not line and not force:
            return
        if self.blank_wanted and self.lines:
            self.lines.append(("> " * min(self.quotes, self.quotes_before, _MAX_QUOTES)).rstrip())
        self.blank_wanted = False
        if self.signature_begins and line:
            if line.strip() != "--" and not (self.lines and self.lines[-1].endswith("--")):
                self.lines.append(f"{'> ' * min(self.quotes, _MAX_QUOTES)}--")
            self.signature_begins = False
        self.lines.append(f"{'> ' * min(self.quotes, _MAX_QUOTES)}{line}".rstrip())

    def paragraph(self) -> None:
        self.end_line()
        self.quotes_before = min(self.quotes, self.quotes_before) if self.blank_wanted else self.quotes
        self.blank_wanted = True

    def text(self) -> str:
        self.end_line()
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self.lines)).strip("\n")
