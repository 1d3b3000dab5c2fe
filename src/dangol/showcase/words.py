"""What is written to a small kitchen and what it answers: matters with gaps, and how the gaps are filled. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

_PARTICLES: Final = {  # after a consonant, after a vowel
    "을": ("을", "를"),
    "이": ("이", "가"),
    "은": ("은", "는"),
    "과": ("과", "와"),
    "이라고": ("이라고", "라고"),
}
_DIGITS_WITH_CONSONANT: Final = "013678"  # as they are read aloud: 영, 일, 삼, 육, 칠, 팔


@dataclass(frozen=True)
class Matter:
    """One thing that people write about. The texts hold gaps: {dish}, {order}, {day} and others of `Voice.gaps`.

    Each of `asks` has its own of `answers`. `more` is what is asked on, with its answer. `often` weighs the matter.
    `is_catering` goes to the catering mailbox. `is_serious` is more often answered by whoever leads.
    """

    topic: str
    subjects: tuple[str, ...]
    asks: tuple[str, ...]
    answers: tuple[str, ...]
    more: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    often: int = 2
    is_catering: bool = False
    is_serious: bool = False


@dataclass(frozen=True)
class Voice:
    """A language as customers and staff write it: matters, and the small change of mail."""

    language: str
    matters: tuple[Matter, ...]
    greetings: tuple[str, ...]  # of customers, "" among them
    partings: tuple[str, ...]  # of customers, with {name}
    hello: tuple[str, ...]  # of staff, with {name}
    thanks: tuple[str, ...]
    nudges: tuple[str, ...]
    asked_on: tuple[str, ...]  # what can follow on any answer
    welcomes: tuple[str, ...]  # what staff answers to thanks, now and then
    gaps: Mapping[str, Sequence[str]]

    def matter(self, topic: str) -> Matter | None:
        """The matter of this name."""
        return next((matter for matter in self.matters if matter.topic == topic), None)


class Word(str):
    """A word that brings its Korean particle: f"{Word('버거'):을}" is 버거를, f"{Word('튀김'):을}" 튀김을."""

    def __format__(self, particle: str) -> str:
        """The word with the particle that fits its last letter; without one, the word."""
        if not particle:
            return str(self)
        last = self[-1]
        is_syllable = "가" <= last <= "힣"
        closes = (ord(last) - ord("가")) % 28 > 0 if is_syllable else last in _DIGITS_WITH_CONSONANT
        return f"{self!s}{_PARTICLES[particle][0 if closes else 1]}"


def fill(voice: Voice, random: Random) -> dict[str, Word]:
    """One filling of the gaps, the same through a whole conversation."""
    filled = {gap: Word(random.choice(choices)) for gap, choices in voice.gaps.items()}
    filled["order"] = Word(random.randrange(1100, 9900))
    filled["minutes"] = Word(random.choice((25, 35, 40, 50, 55, 70)))
    filled["people"] = Word(random.choice((4, 5, 6, 8, 10, 12)))
    filled["many"] = Word(random.choice((15, 18, 20, 24, 30, 36, 45)))
    return filled


def pick_matter(voice: Voice, random: Random) -> Matter:
    """A matter, the frequent ones more often."""
    return random.choices(voice.matters, weights=[matter.often for matter in voice.matters])[0]


def letter_text(voice: Voice, random: Random, body: str, name: str, gaps: Mapping[str, str]) -> str:
    """A customer's text with or without greeting and name, as people do."""
    parts = [random.choice(voice.greetings), body.format_map(gaps), random.choice(voice.partings)]
    return "\n\n".join(part.format(name=name) for part in parts if part)


def answer_text(voice: Voice, random: Random, body: str, name: str, gaps: Mapping[str, str]) -> str:
    """The text of somebody of the staff; the signature is the mail's."""
    return f"{random.choice(voice.hello).format(name=name)}\n\n{body.format_map(gaps)}"
