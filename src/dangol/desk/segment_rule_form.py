"""A rule as a form: groups of conditions that are added, filled in and taken away, with and without JavaScript.

What was typed stays as it was typed until it is read as a rule. A part is named by its way from the top: `r`, `r.0`,
`r.1.2`; a group says how many parts it has.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Literal

from django.http import QueryDict

from dangol.business.money import NoAmount, exponent, minor_units
from dangol.segments.errors import NotANumber
from dangol.segments.rules import (
    CHOICES,
    COUNTS,
    DEEPEST,
    FLAGS,
    IN_YEAR,
    MOST_CONDITIONS,
    All,
    AnyOf,
    Flag,
    Not,
    Number,
    OneOf,
    Rule,
    checked,
)
from dangol.segments.words import FACTS, SEARCHED, Choice, Names, Sought, names

Match = Literal["all", "any", "none"]
TOP: Final = "r"


@dataclass(frozen=True)
class ConditionDraft:
    """A condition as it is being filled in."""

    path: str
    fact: str
    is_not: bool = False
    values: tuple[str, ...] = ()
    bound: str = "at_least"
    value: str = ""
    in_year: bool = False
    words: str = ""
    choices: tuple[Choice, ...] = ()
    find: str = ""  # words by which more choices are looked for
    sought: str = ""  # those that the page was made for
    is_searched: bool = False

    @property
    def shape(self) -> str:
        """How it is asked for: choice, flag or number."""
        return "choice" if self.fact in CHOICES else "flag" if self.fact in FLAGS else "number"

    @property
    def has_found(self) -> bool:
        """Whether there is more to choose from than what is chosen."""
        return any(value not in self.values for value, _words in self.choices)

    @property
    def may_be_in_year(self) -> bool:
        """Whether it can be of the last 365 days alone."""
        return self.fact in IN_YEAR

    @property
    def is_money(self) -> bool:
        """Whether its number is an amount."""
        return self.fact == "spent"

    @property
    def is_days(self) -> bool:
        """Whether its number counts days."""
        return self.shape == "number" and self.fact not in COUNTS


@dataclass(frozen=True)
class GroupDraft:
    """A group of conditions: all of them, one of them, or none."""

    path: str
    match: str = "all"
    parts: "tuple[Draft, ...]" = ()
    depth: int = 1

    @property
    def is_top(self) -> bool:
        """Whether it is the whole rule."""
        return self.path == TOP

    @property
    def may_have_groups(self) -> bool:
        """Whether another group may be within it."""
        return self.depth < DEEPEST

    @property
    def is_group(self) -> bool:
        """So that a template can tell."""
        return True


Draft = ConditionDraft | GroupDraft


def draft_of(rule: Rule | None, currency: str) -> GroupDraft:
    """The form of a rule; of none, an empty one."""
    if rule is None:
        return GroupDraft(TOP)
    top = rule if isinstance(rule, All | AnyOf) or _is_none(rule) else All((rule,))
    draft = _draft(top, currency)
    assert isinstance(draft, GroupDraft)
    return draft


def read_draft(post: QueryDict) -> GroupDraft:
    """What the form holds, with what its buttons ask for done: `act` is add:, group: or drop: and a path."""
    draft = _read(post, TOP, 1)
    if not isinstance(draft, GroupDraft):
        draft = GroupDraft(TOP)
    act, _colon, path = post.get("act", "").partition(":")
    if act == "add" and post.get(f"{path}.new", "") in FACTS:
        draft = _grow(draft, path, ConditionDraft("", post.get(f"{path}.new", "")))
    elif act == "group":
        draft = _grow(draft, path, GroupDraft("", "any"))
    elif act == "drop":
        draft = _without(draft, path)
    return draft


def names_for(draft: GroupDraft, currency: str) -> Names:
    """What the form can choose from: what is chosen and what is looked for among it."""
    parts = list(_conditions(draft))
    chosen: dict[str, set[str]] = {}
    for part in parts:
        chosen.setdefault(part.fact, set()).update(part.values)
    sought = {Sought(part.fact, part.find) for part in parts if part.find and part.fact in SEARCHED}
    return names(currency, chosen=chosen, sought=sought)


def named_draft(draft: GroupDraft, called: Names) -> GroupDraft:
    """The form with what its parts are called, and what each can be chosen from."""
    return _named(draft, TOP, called)


def is_looking(draft: GroupDraft) -> bool:
    """Whether words stand in it that nobody has looked for yet: who presses Enter there wants to find, not to save."""
    return any(part.find != part.sought for part in _conditions(draft))


def rule_of(draft: GroupDraft, currency: str) -> Rule:
    """The rule that the form says. Refused (RuleUnclear and below it) where it says none."""
    return checked(_rule(draft, currency))


def _is_none(rule: Rule) -> bool:
    return isinstance(rule, Not) and not isinstance(rule.part, OneOf | Flag | Not)


def _draft(rule: Rule, currency: str) -> Draft:
    match rule:
        case All(parts):
            return GroupDraft("", "all", tuple(_draft(part, currency) for part in parts))
        case AnyOf(parts):
            return GroupDraft("", "any", tuple(_draft(part, currency) for part in parts))
        case Not(AnyOf(parts)):
            return GroupDraft("", "none", tuple(_draft(part, currency) for part in parts))
        case Not(Not(part)):
            return _draft(part, currency)
        case Not(OneOf() | Flag() as part):
            inner = _draft(part, currency)
            assert isinstance(inner, ConditionDraft)
            return replace(inner, is_not=True)
        case Not(part):
            return GroupDraft("", "none", (_draft(part, currency),))
        case OneOf(fact, values):
            return ConditionDraft("", fact, values=values)
        case Number(fact, bound, value, in_year):
            typed = str(Decimal(value).scaleb(-exponent(currency))) if fact == "spent" else str(value)
            return ConditionDraft("", fact, bound=bound, value=typed, in_year=in_year)
        case Flag(fact):
            return ConditionDraft("", fact)


def _read(post: QueryDict, path: str, depth: int) -> Draft | None:
    if (fact := post.get(f"{path}.fact", "")) in FACTS:
        return ConditionDraft(
            path,
            fact,
            is_not=post.get(f"{path}.is") == "not",
            values=tuple(dict.fromkeys(value[:40] for value in post.getlist(f"{path}.in")))[:200],
            bound="at_most" if post.get(f"{path}.bound") == "at_most" else "at_least",
            value=post.get(f"{path}.value", "").strip()[:30],
            in_year=post.get(f"{path}.when") == "year",
            find=" ".join(post.get(f"{path}.find", "").replace("\0", "").split())[:80],
            sought=post.get(f"{path}.sought", ""),
        )
    if f"{path}.match" not in post or depth > DEEPEST:
        return None
    count = post.get(f"{path}.parts", "0")
    many = min(int(count), MOST_CONDITIONS) if count.isascii() and count.isdigit() and len(count) < 4 else 0
    parts = (_read(post, f"{path}.{number}", depth + 1) for number in range(many))
    match = post[f"{path}.match"]
    return GroupDraft(
        path, match if match in {"any", "none"} else "all", tuple(part for part in parts if part), depth
    )


def _named(draft: GroupDraft, path: str, called: Names, depth: int = 1) -> GroupDraft:
    parts: list[Draft] = []
    for number, part in enumerate(draft.parts):
        place = f"{path}.{number}"
        if isinstance(part, GroupDraft):
            parts.append(_named(part, place, called, depth + 1))
        else:
            parts.append(
                replace(
                    part,
                    path=place,
                    words=str(FACTS[part.fact]),
                    choices=_choices(part, called),
                    is_searched=part.fact in called.searched,
                )
            )
    return replace(draft, path=path, parts=tuple(parts), depth=depth)


def _choices(part: ConditionDraft, called: Names) -> tuple[Choice, ...]:
    """What is chosen first where more is looked for, then what was found; else all that is offered."""
    chosen = tuple((value, called.word(part.fact, value)) for value in part.values)
    if part.fact == "brought_by" or (part.find and part.fact in called.searched):
        offered = called.found.get(Sought(part.fact, part.find), ())
        return (*chosen, *(each for each in offered if each[0] not in part.values))
    offered = called.choices.get(part.fact, ())
    return (*offered, *(each for each in chosen if each[0] not in dict(offered)))


def _conditions(draft: GroupDraft) -> Iterator[ConditionDraft]:
    for part in draft.parts:
        if isinstance(part, GroupDraft):
            yield from _conditions(part)
        else:
            yield part


def _grow(draft: GroupDraft, path: str, new: Draft) -> GroupDraft:
    if draft.path == path:
        return replace(draft, parts=(*draft.parts, new))
    return replace(
        draft,
        parts=tuple(_grow(part, path, new) if isinstance(part, GroupDraft) else part for part in draft.parts),
    )


def _without(draft: GroupDraft, path: str) -> GroupDraft:
    kept = (part for part in draft.parts if part.path != path)
    return replace(
        draft, parts=tuple(_without(part, path) if isinstance(part, GroupDraft) else part for part in kept)
    )


def _rule(draft: Draft, currency: str) -> Rule:
    if isinstance(draft, GroupDraft):
        parts = tuple(_rule(part, currency) for part in draft.parts)
        if draft.match == "all":
            return All(parts)
        return AnyOf(parts) if draft.match == "any" else Not(AnyOf(parts))
    if draft.shape == "number":
        return _number(draft, currency)
    condition: Rule = OneOf(draft.fact, draft.values) if draft.shape == "choice" else Flag(draft.fact)
    return Not(condition) if draft.is_not else condition


def _number(draft: ConditionDraft, currency: str) -> Number:
    try:
        value = minor_units(draft.value, currency) if draft.is_money else int(draft.value.replace(",", ""))
    except (NoAmount, ValueError) as unclear:
        raise NotANumber from unclear
    bound: Literal["at_least", "at_most"] = "at_most" if draft.bound == "at_most" else "at_least"
    return Number(draft.fact, bound, value, draft.in_year and draft.may_be_in_year)
