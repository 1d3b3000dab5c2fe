"""Where in a text a query matches, for pages that show it. Pure: no database, no settings.

What matches is defined by `words`; here the same is looked for in the text as it was written, so that a person sees
why it was found. A match that crosses what is shown is not marked, and a long text is looked at up to `LOOKED_AT`.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from dangol.search.words import Term, fold, terms

LOOKED_AT: Final = 20_000
BEFORE: Final = 48
"""Letters that are shown before the first match, so that it stands in its sentence."""


class Piece(NamedTuple):
    """A stretch of a text, and whether it is what was searched for."""

    text: str
    is_match: bool


def marked(text: str, query: str) -> list[Piece]:
    """The whole text in pieces, one after the other."""
    line = _one_line(text)
    return list(_pieces(line, _matches(line, terms(query))))


def snippet(text: str, query: str, *, length: int = 200) -> list[Piece]:
    """A stretch of the text around its first match, or its beginning; "…" where something was left out."""
    line = _one_line(text)
    matches = _matches(line, terms(query))
    start = _start(line, matches[0][0], length) if matches else 0
    end = min(len(line), start + length)
    if end < len(line):
        end = max(line.rfind(" ", start + length // 2, end), start + length // 2)
    inside = [(max(a, start) - start, min(b, end) - start) for a, b in matches if a < end and b > start]
    shown = list(_pieces(line[start:end], inside))
    return [
        *([Piece("…", False)] if start else []),
        *shown,
        *([Piece("…", False)] if end < len(line) else []),
    ]


def _one_line(text: str) -> str:
    # Composed: a Mac writes 한 as three letters, and a syllable is what is searched for.
    return " ".join(unicodedata.normalize("NFC", text[:LOOKED_AT]).split())


def _start(line: str, first: int, length: int) -> int:
    if first <= BEFORE or len(line) <= length:
        return 0
    start = min(first - BEFORE, len(line) - length)
    space = line.find(" ", start, first)
    return space + 1 if space >= 0 else start


def _matches(line: str, wanted: Sequence[Term]) -> list[tuple[int, int]]:
    """Where any of the terms matches, in order and apart from each other."""
    if not wanted:
        return []
    folded, places = _folded(line)
    found: list[tuple[int, int]] = []
    for match in re.finditer("|".join(sorted(map(_pattern, wanted), key=len, reverse=True)), folded):
        start, end = places[match.start()], places[match.end() - 1] + 1
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _folded(line: str) -> tuple[str, Sequence[int]]:
    """The line as the index sees it, and where each of its letters stands in the line."""
    if line.isascii():
        return line.lower(), range(len(line))
    letters, places = [], []
    for place, letter in enumerate(line):
        folded = _fold_letter(letter)
        letters.append(folded)
        places.extend([place] * len(folded))
    return "".join(letters), places


@lru_cache(maxsize=8192)
def _fold_letter(letter: str) -> str:
    return fold(letter)


def _pattern(term: Term) -> str:
    found = term.needle.split()
    start = _edge(found[0][0], "(?<!{})") if term.needle.startswith(" ") else ""
    end = _edge(found[-1][-1], "(?!{})") if term.needle.endswith(" ") else ""
    return start + r"[\W_]*".join(map(re.escape, found)) + end


def _edge(letter: str, form: str) -> str:
    # A run ends where letters become digits, or another script begins.
    if letter.isdigit():
        return form.format("[0-9]")
    return form.format("[a-z]") if letter.isascii() else ""


def _pieces(text: str, matches: Sequence[tuple[int, int]]) -> Iterator[Piece]:
    end_before = 0
    for start, end in matches:
        if start > end_before:
            yield Piece(text[end_before:start], False)
        yield Piece(text[start:end], True)
        end_before = end
    if end_before < len(text):
        yield Piece(text[end_before:], False)
