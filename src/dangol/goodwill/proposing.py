"""Which cause a customer's own words speak of. Proposed and never applied: somebody of the staff says why.

English goes by stems, cut off at the end as far as a prefix holds ("deliver" finds delivered, delivery, delivering).
Korean words carry their endings behind them ("식었어요", "식어서"), so that a stem is found wherever it stands;
spaces are left out there, since people write "안왔어요" and "안 왔어요".
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

_WORD: Final = re.compile(r"[a-z0-9']+")
_HANGUL: Final = re.compile("[가-힣]")
_APOSTROPHES: Final = str.maketrans({"’": "'", "‘": "'"})
MOST_LETTERS: Final = 20_000  # of a text: behind them are quoted histories


def propose(text: str, words_of: Mapping[int, Iterable[str]]) -> int | None:
    """The id of the cause of whose words most are in the text, the longer ones counting more; None where none is.

    `words_of` holds the words by cause. Of two that fit equally the one with the lower place in the mapping is taken.
    """
    said = _Said(text[:MOST_LETTERS])
    scores = {
        pk: sum(len(word) for word in set(map(_plain, words)) if said.has(word))
        for pk, words in words_of.items()
    }
    best = max(scores.values(), default=0)
    return next((pk for pk, score in scores.items() if score == best), None) if best else None


class _Said:
    """A text in the form in which words are looked for."""

    def __init__(self, text: str) -> None:
        self._english = " " + " ".join(_WORD.findall(_plain(text)))
        self._korean = re.sub(r"\s+", "", _plain(text))

    def has(self, word: str) -> bool:
        """Whether the word, or one that begins with it, is there."""
        if not word:
            return False
        if _HANGUL.search(word):
            return re.sub(r"\s+", "", word) in self._korean
        wanted = " ".join(_WORD.findall(word))
        return bool(wanted) and f" {wanted}" in self._english


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).translate(_APOSTROPHES).casefold().strip()
