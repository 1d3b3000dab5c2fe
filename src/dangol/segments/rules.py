"""What a segment's rule is: conditions, and groups of them. Plain values; read from JSON and written to it.

A rule has two truths: of what is not known, no condition holds, and `not` of it does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from dangol.customers.rules import ALPHA, GENERATIONS
from dangol.segments.errors import EmptyGroup, NoConditions, NotANumber, NothingChosen, RuleUnclear, TooMuch

VERSION: Final = 1
MOST_CONDITIONS: Final = 30
DEEPEST: Final = 3
YEAR: Final = 365
"""Days of the only window that sums have. Others would need a sum of each customer for each day."""
LARGEST: Final = 10**15
LONGEST_DAYS: Final = 36_500
LONGEST_ID: Final = 19
"""From so many digits on a number is no id of any database."""

Bound = Literal["at_least", "at_most"]
CHOICES: Final = ("generation", "language", "country", "place", "tag", "consent", "brought_by")
"""Facts of which one of several must be so."""
BY_NUMBER: Final = ("place", "tag", "brought_by")
"""Those of them whose values are ids, as text."""
COUNTS: Final = ("orders", "spent", "conversations", "complaints", "has_brought")
"""Facts that are counted or added up."""
IN_YEAR: Final = frozenset({"orders", "spent", "complaints"})
"""Those of them that can be of the last 365 days alone."""
DAYS: Final = ("tenure", "last_order", "last_seen")
"""Facts that are so many days ago, today not counted."""
FLAGS: Final = ("company", "birth_year_known", "was_brought")
"""Facts that are so or are not."""
GENERATION_KEYS: Final = (*(name for name, *_ in GENERATIONS), ALPHA)


@dataclass(frozen=True)
class OneOf:
    """One of these is so: of a tag, a place or a customer its id as text, else a word."""

    fact: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Number:
    """A count, a sum in minor units, or a number of days, at least or at most; `in_year` is of the last 365 days."""

    fact: str
    bound: Bound
    value: int
    in_year: bool = False


@dataclass(frozen=True)
class Flag:
    """It is so."""

    fact: str


@dataclass(frozen=True)
class All:
    """Each of these holds."""

    parts: "tuple[Rule, ...]"


@dataclass(frozen=True)
class AnyOf:
    """One or more of these hold."""

    parts: "tuple[Rule, ...]"


@dataclass(frozen=True)
class Not:
    """It does not hold."""

    part: "Rule"


Condition: TypeAlias = OneOf | Number | Flag
Rule: TypeAlias = Condition | All | AnyOf | Not


def read_rule(kept: Any) -> Rule:
    """The rule that the JSON says. Refused with one sentence where it says none (RuleUnclear and below it)."""
    if not isinstance(kept, Mapping) or kept.get("version") != VERSION:
        raise RuleUnclear
    rule = _read(kept.get("rule"), 0)
    checked(rule)
    return rule


def write_rule(rule: Rule) -> dict[str, Any]:
    """The rule as JSON, which `read_rule` reads."""
    return {"version": VERSION, "rule": _write(rule)}


def checked(rule: Rule) -> Rule:
    """The rule itself, where it can be counted. Refused (RuleUnclear and below it) otherwise."""
    if len(conditions(rule)) > MOST_CONDITIONS or depth(rule) > DEEPEST:
        raise TooMuch
    if not conditions(rule):
        raise NoConditions
    _check(rule)
    return rule


def conditions(rule: Rule) -> tuple[Condition, ...]:
    """All conditions in it, in their order."""
    match rule:
        case All(parts) | AnyOf(parts):
            return tuple(each for part in parts for each in conditions(part))
        case Not(part):
            return conditions(part)
        case _:
            return (rule,)


def depth(rule: Rule) -> int:
    """How many groups are within each other at most; `not` is no group."""
    match rule:
        case All(parts) | AnyOf(parts):
            return 1 + max((depth(part) for part in parts), default=0)
        case Not(part):
            return depth(part)
        case _:
            return 0


def _check(rule: Rule) -> None:
    match rule:
        case All(parts) | AnyOf(parts):
            if not parts:
                raise EmptyGroup
            for part in parts:
                _check(part)
        case Not(part):
            _check(part)
        case OneOf(fact, values):
            _check_choice(fact, values)
        case Number(fact, bound, value, in_year):
            _check_number(fact, bound, value, in_year)
        case Flag(fact):
            if fact not in FLAGS:
                raise RuleUnclear


def _check_choice(fact: str, values: tuple[str, ...]) -> None:
    if fact not in CHOICES:
        raise RuleUnclear
    if not values:
        raise NothingChosen
    if fact in BY_NUMBER and not all(value.isascii() and value.isdigit() for value in values):
        raise RuleUnclear
    # PostgreSQL keeps no NUL in a text, and nothing is called by what cannot be seen.
    if not all(value.isprintable() for value in values):
        raise RuleUnclear
    if fact == "generation" and not set(values) <= set(GENERATION_KEYS):
        raise RuleUnclear


def _check_number(fact: str, bound: str, value: int, in_year: bool) -> None:
    if fact not in (*COUNTS, *DAYS) or bound not in ("at_least", "at_most"):
        raise RuleUnclear
    if in_year and fact not in IN_YEAR:
        raise RuleUnclear
    # What somebody spent less what they got back may be below nothing.
    lowest, highest = (-LARGEST if fact == "spent" else 0), (LONGEST_DAYS if fact in DAYS else LARGEST)
    if not lowest <= value <= highest:
        raise NotANumber


def _read(kept: Any, deep: int) -> Rule:
    if not isinstance(kept, Mapping) or deep > 2 * DEEPEST + 2:
        raise RuleUnclear
    match kept:
        case {"all": list(parts)}:
            return All(tuple(_read(part, deep + 1) for part in parts))
        case {"any": list(parts)}:
            return AnyOf(tuple(_read(part, deep + 1) for part in parts))
        case {"not": part}:
            return Not(_read(part, deep + 1))
        case {"fact": str(fact)}:
            return _read_condition(fact, kept)
    raise RuleUnclear


def _read_condition(fact: str, kept: Mapping[str, Any]) -> Condition:
    if fact in CHOICES:
        values = kept.get("in")
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise RuleUnclear
        return OneOf(fact, tuple(values))
    if fact in FLAGS:
        return Flag(fact)
    bounds: Sequence[Bound] = ("at_least", "at_most")
    bound = next((word for word in bounds if word in kept), None)
    if bound is None or not isinstance(kept[bound], int) or isinstance(kept[bound], bool):
        raise NotANumber
    return Number(fact, bound, kept[bound], kept.get("days") == YEAR)


def _write(rule: Rule) -> dict[str, Any]:
    match rule:
        case All(parts):
            return {"all": [_write(part) for part in parts]}
        case AnyOf(parts):
            return {"any": [_write(part) for part in parts]}
        case Not(part):
            return {"not": _write(part)}
        case OneOf(fact, values):
            return {"fact": fact, "in": list(values)}
        case Number(fact, bound, value, in_year):
            return {"fact": fact, bound: value} | ({"days": YEAR} if in_year else {})
        case Flag(fact):
            return {"fact": fact}
