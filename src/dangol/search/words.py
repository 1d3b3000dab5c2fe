"""What a text and a query are made of. Pure: no database, no settings.

A text becomes *runs*: a row of letters, a row of digits, or a row of letters of a script that is written without
spaces or with particles glued to the word (Hangul, Kana, Han, Thai ...). Both databases index *tokens*, made from
runs here, so that both find the same: a run of letters or digits is one token; a run of the other kind is cut into
overlapping pairs and its last letter alone (배송지 → 배송 송지 지), so that any part of it is a row of tokens.

The same rule can be read off the *plain* form, the runs joined by single spaces: a term matches exactly where its
`needle` occurs in it. That is the definition; the indexes are quick ways to it, and the tests hold them against it.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from operator import add

LONGEST_RUN = 32
"""Letters of a run that count; what is longer (encoded data, mostly) is cut, in texts and in queries alike. Of other
letters than a to z, as many as fit into 48 bytes: 16,000 such words still fit into a row of PostgreSQL's."""

MOST_TOKENS = 16_000
"""Tokens of one text that are indexed. PostgreSQL numbers the words of a text up to 16,383."""

LONGEST_QUERY = 12_000
"""Letters of a query that count: more than anybody means, and less than breaks either database."""

_PAIRED = (
    "\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u1100-\u11ff\ua960-\ua97f\uac00-\ud7ff\u3131-\u318e"  # Hangul
    "\u3041-\u3096\u3099\u309a\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"  # Kana
    "\u3005-\u3007\u3105-\u312f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)
_MARKED = "\u0900-\u0963\u0966-\u0dff"  # Indic scripts, whose vowel signs are no letters to `\\w`
_ASCII = r"[a-z]++(?![0-9])|[0-9]++(?![a-z])|[a-z0-9]{25,}|[a-z]+|[0-9]+"
_ASCII_RUNS = re.compile(_ASCII)
_RUNS = re.compile(rf"[{_PAIRED}]+|{_ASCII}|(?:[^\W_a-z0-9{_PAIRED}]|[{_MARKED}])+")
_PAIRED_STRETCH = re.compile(rf"[{_PAIRED}][{_PAIRED} ]*")
_IS_PAIRED = re.compile(rf"[{_PAIRED}]")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]")
_LATIN_MARKED = re.compile("[\u00c0-\u024f\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u1e00-\u1eff]")
_MARKS = re.compile("[\u0300-\u036f\u0591-\u05bd\u064b-\u065f]")
_BARE_JAMO = re.compile("([\u3131-\u318e]+)")
_QUOTES = re.compile('["＂“”„‟«»]')
_BETWEEN = re.compile(r"[\s,;()\[\]{}<>|、。，·]+")


def _bare_latin() -> dict[int, str]:
    """Latin letters with marks (é, ø is none) and the letter under the marks."""
    bare: dict[int, str] = {}
    for code in (*range(0x00C0, 0x0250), *range(0x1E00, 0x1F00)):
        decomposed = unicodedata.normalize("NFKD", chr(code))
        letter, marks = decomposed[0], decomposed[1:]
        if marks and letter.isascii() and all(unicodedata.combining(mark) for mark in marks):
            bare[code] = letter
    return bare


_BARE_LATIN = _bare_latin()


@dataclass(frozen=True)
class Term:
    """One word or phrase of a query: `tokens` follow each other in the text; the last may go on if `is_open`."""

    tokens: tuple[str, ...]
    is_open: bool
    needle: str

    def occurs_in(self, plain_text: str) -> bool:
        """Whether the text whose plain form this is matches the term."""
        return self.needle in f" {plain_text} "


def fold(text: str) -> str:
    """The text without the differences that a search should not see: case, width, accents, invisible characters."""
    if text.isascii():
        return text.lower()
    text = _INVISIBLE.sub("", text)
    if _BARE_JAMO.search(text):  # NFKC would turn ㅋㅏ, two letters somebody typed, into the syllable 카
        parts = _BARE_JAMO.split(text)
        parts[::2] = [unicodedata.normalize("NFKC", part) for part in parts[::2]]
        text = "".join(parts)
    else:
        text = unicodedata.normalize("NFKC", text)
    text = text.casefold()
    if _LATIN_MARKED.search(text):
        text = _MARKS.sub("", text.translate(_BARE_LATIN))
    return text


def runs(text: str) -> list[str]:
    """The text's runs in order, folded and those of letters and digits cut to LONGEST_RUN."""
    folded = fold(text)
    found = _ASCII_RUNS.findall(folded) if folded.isascii() else _RUNS.findall(folded)
    return [run if len(run) <= 12 else _cut(run) for run in found]


def _cut(run: str) -> str:
    if is_paired(run):
        return run
    if run.isascii():
        return run[:LONGEST_RUN]
    return run.encode()[:48].decode("utf-8", "ignore")


def is_paired(run: str) -> bool:
    """Whether the run is of a script that is searched by pairs of letters."""
    return run >= "\u0e01" and _is_paired_letter(run[0])


@cache
def _is_paired_letter(letter: str) -> bool:
    return _IS_PAIRED.match(letter) is not None


def plain(text: str) -> str:
    """The runs of the text that are indexed, joined by single spaces. `tokens` of it are those of the text."""
    found = runs(text)
    is_short = len(text) * 18 <= MOST_TOKENS  # folding makes 18 letters of one at most
    return " ".join(found if is_short else _first_runs(found))


def _first_runs(found: list[str]) -> list[str]:
    room = MOST_TOKENS
    if sum(map(len, found)) <= room:
        return found
    kept = []
    for run in found:
        if is_paired(run):
            run = run[:room]
            room -= len(run)
        else:
            room -= 1
        kept.append(run)
        if not room:
            break
    return kept


def tokens(plain_text: str) -> list[str]:
    """The tokens of a text in its plain form, in order: their places in the list are their positions."""
    return token_text(plain_text).split()


def token_text(plain_text: str) -> str:
    """The tokens of a text in its plain form, in order, with spaces between them."""
    if plain_text.isascii():
        return plain_text
    return _PAIRED_STRETCH.sub(_pairs, plain_text)


def _pairs(stretch: re.Match[str]) -> str:
    letters = stretch[0]
    # A pair that ends in the space behind a run is the run's last letter alone; one that begins with it is nothing.
    return " ".join([pair for pair in map(add, letters, letters[1:] + " ") if pair[0] != " "]) + " "


def terms(query: str) -> list[Term]:
    """What the query asks for; a text matches if it matches every term. Never raises.

    A word between spaces is a term, and so are the words between a pair of quotes, and what a sign holds together
    (james@example.com, MB-2041): their runs must follow each other. The last word may go on unless it is quoted.
    A quote without a partner and all other signs mean nothing.
    """
    found: dict[Term, None] = {}
    for phrase, may_go_on in _phrases(query[:LONGEST_QUERY]):
        term = _term(runs(phrase), may_go_on)
        if term is not None:
            found[term] = None
    return list(found)


def _phrases(query: str) -> Iterator[tuple[str, bool]]:
    parts = _QUOTES.split(query)
    if len(parts) % 2 == 0:
        parts[-2:] = [f"{parts[-2]} {parts[-1]}"]
    for place, part in enumerate(parts):
        if place % 2:
            yield part, False
            continue
        words = [word for word in _BETWEEN.split(part) if word]
        is_last_part = place == len(parts) - 1
        for number, word in enumerate(words, start=1):
            yield word, is_last_part and number == len(words)


def _term(found: list[str], may_go_on: bool) -> Term | None:
    if not found:
        return None
    last = found[-1]
    made = tokens(" ".join(found))
    if is_paired(last):
        is_open = len(last) == 1
        if not is_open:
            made.pop()  # the last letter alone would say that the text's run ends here as well
        end = ""
    else:
        is_open = may_go_on
        end = "" if may_go_on else " "
    start = "" if is_paired(found[0]) else " "
    return Term(tuple(made), is_open, f"{start}{' '.join(found)}{end}")
