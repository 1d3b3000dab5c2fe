"""Which cause a customer's own words speak of, and which things. Proposed and never applied: somebody of the staff
decides.

English goes by stems, cut off at the end as far as a prefix holds ("deliver" finds delivered, delivery, delivering).
Korean words carry their endings behind them ("식었어요", "식어서"), so that a stem is found wherever it stands;
spaces are left out there, since people write "안왔어요" and "안 왔어요".
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

_WORD: Final = re.compile(r"[a-z0-9']+")
_HANGUL: Final = re.compile("[가-힣]")
_APOSTROPHES: Final = str.maketrans({"’": "'", "‘": "'"})
_NAME: Final = re.compile(r"[a-z']+|[가-힣]+")
_PARTICLE: Final = "(?:이|가|은|는|을|를|도|만|과|와|랑|이랑|하고|의)?"
_NOTHING_SAID: Final = frozenset(["with", "from", "your", "this", "that", "large", "small", "pack", "size"])
# Where one part of what is said ends and the next begins. A line that goes on in small letters was only folded.
_PARTS: Final = re.compile(
    r"[.,;:!?]+|\n(?![a-z])|\b(?i:but|although|though|however|while|whereas|yet|except)\b"
    r"|(?<=지만|는데|은데|던데|으나)|(?<=[았었했]고)"
)
_PRAISE: Final = re.compile(
    r"\b(?:fine|good|great|ok|okay|perfect|delicious|lovely|excellent|tasty|nice|warm|loved|liked|enjoyed)\b"
    r"|괜찮(?:[았아고네습]|지만|은데)|좋(?:[았고네습]|지만|은데|아(?!하))|맛있(?:[었어고네습]|지만|는데)"
    r"|멀쩡|훌륭|완벽|따뜻했|(?:문제|이상)\s*없"
)
_NO_PRAISE: Final = re.compile(
    r"\b(?:not|never|no|hardly|nor)\b|n't\b|안\s*(?:괜찮|좋|맛있)|지\s*[않못]|별로"
)
SHORTEST_NUMBER: Final = 3  # of an order: a text is full of shorter ones
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


def named(text: str, names: Mapping[int, str]) -> list[int]:
    """The ids of the things that the text speaks of: by their whole name, or by a word of it that no other of them has.

    Of "Cheese burger" and "Cheese fries" the text "my burger was cold" names the first; "cheese" would name neither.
    """
    said = _Said(text[:MOST_LETTERS])
    plain = {pk: _plain(name) for pk, name in names.items()}

    def is_its_own(word: str) -> bool:
        # "버거" is in "달버거" as well: a word counts in whatever name it stands.
        return _tells(word) and sum(word in name for name in plain.values()) == 1

    return [
        pk
        for pk, name in plain.items()
        if said.names(name) or any(said.has(word) and is_its_own(word) for word in _NAME.findall(name))
    ]


def complained_of(text: str, complaint: Iterable[str], names: Mapping[int, str]) -> list[int] | None:
    """The ids of the things that the text complains of: all that it names, [] where it names none.

    Where it praises one of them, only those are taken that are named in a part with a word of the complaint and without
    praise: of "the fries were fine, but the burger was cold" the burger. None where no part is so: of "yesterday the
    burger was great, today all was cold" nobody can tell which.
    """
    parts = _PARTS.split(unicodedata.normalize("NFKC", text[:MOST_LETTERS]))
    praises = _praise_beside(names.values())
    praising: list[str] = []
    others: list[str] = []
    for part in parts:
        (praising if praises(part) else others).append(part)
    if not named("\n".join(praising), names):
        return named(text, names)
    words = tuple(map(_plain, complaint))
    return named("\n".join(part for part in others if _Said(part).has_any(words)), names) or None


def number_named(text: str, numbers: Sequence[str]) -> int | None:
    """The place of the first of these numbers of orders that the text names, with or without the shop's sign before it;
    None where it names none."""
    said = _plain(text[:MOST_LETTERS])
    return next((place for place, number in enumerate(numbers) if _names_number(said, number)), None)


def _praise_beside(names: Iterable[str]) -> Callable[[str], bool]:
    """Whether a part of a text praises. What a thing is called, a "Perfect Day mug", praises nothing."""
    longest_first = sorted(filter(None, map(_plain, names)), key=len, reverse=True)
    called = re.compile(rf"(?<![a-z0-9])(?:{'|'.join(map(re.escape, longest_first)) or '(?!)'})(?![a-z0-9])")

    def praises(part: str) -> bool:
        said = called.sub(" ", _plain(part))
        return bool(_PRAISE.search(said)) and not _NO_PRAISE.search(said)

    return praises


def _names_number(said: str, number: str) -> bool:
    bare = _plain(number).lstrip("#")
    if len(bare) < SHORTEST_NUMBER or bare not in said:
        return False
    return bool(re.search(rf"(?<![a-z0-9]){re.escape(bare)}(?![a-z0-9])", said))


def _tells(word: str) -> bool:
    """Whether a word of a name says what the thing is: "the" does not, nor does a letter."""
    return word not in _NOTHING_SAID and len(word) >= (2 if _HANGUL.search(word) else 4)


class _Said:
    """A text in the form in which words are looked for."""

    def __init__(self, text: str) -> None:
        self._plain = _plain(text)
        self._english = " " + " ".join(_WORD.findall(self._plain))
        self._korean = re.sub(r"\s+", "", self._plain)

    def names(self, name: str) -> bool:
        """Whether the whole name is there. One of a single syllable is only by itself, with a particle at most: "차" is
        not in "차가워요"."""
        if _HANGUL.fullmatch(name):
            return bool(re.search(rf"(?<![가-힣]){name}{_PARTICLE}(?![가-힣])", self._plain))
        return self.has(name)

    def has(self, word: str) -> bool:
        """Whether the word, or one that begins with it, is there."""
        if not word:
            return False
        if _HANGUL.search(word):
            return re.sub(r"\s+", "", word) in self._korean
        wanted = " ".join(_WORD.findall(word))
        return bool(wanted) and f" {wanted}" in self._english

    def has_any(self, words: Iterable[str]) -> bool:
        return any(map(self.has, words))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).translate(_APOSTROPHES).casefold().strip()
