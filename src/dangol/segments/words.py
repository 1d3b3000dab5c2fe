"""Rules in the words of a page: what each fact is called, and a rule as one sentence."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.conf import settings
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from dangol.business.models import Place
from dangol.business.money import money_text
from dangol.business.proposals import country_choices
from dangol.customers.models import Consent, Tag
from dangol.customers.profile import GENERATION_WORDS
from dangol.customers.queries import living_of, names_of
from dangol.search import index
from dangol.segments.models import Figures
from dangol.segments.rules import (
    LONGEST_ID,
    All,
    AnyOf,
    Condition,
    Flag,
    Not,
    Number,
    OneOf,
    Rule,
    conditions,
)

MOST_CHOICES: Final = 80
MOST_FOUND: Final = 20
SEARCHED: Final = ("tag", "place", "brought_by")
"""Facts of which there may be more than a form offers: the others are found by name."""
FACTS: Final[Mapping[str, str | Promise]] = {
    "orders": gettext_lazy("Number of orders"),
    "spent": gettext_lazy("Spent, less what was given back"),
    "last_order": gettext_lazy("Days since the last order"),
    "tenure": gettext_lazy("Days as a customer"),
    "last_seen": gettext_lazy("Days since we last heard of them"),
    "conversations": gettext_lazy("Number of conversations"),
    "complaints": gettext_lazy("Number of complaints"),
    "generation": gettext_lazy("Generation"),
    "birth_year_known": gettext_lazy("The year of birth is known"),
    "language": gettext_lazy("Language"),
    "country": gettext_lazy("Country"),
    "place": gettext_lazy("Ordered at"),
    "company": gettext_lazy("Has a company"),
    "tag": gettext_lazy("Tag"),
    "consent": gettext_lazy("Said yes to"),
    "was_brought": gettext_lazy("Was brought by somebody"),
    "brought_by": gettext_lazy("Brought by"),
    "has_brought": gettext_lazy("Number of people they brought"),
}
"""What a condition can be about, the most useful first."""

Choice = tuple[str, str]


@dataclass(frozen=True)
class Sought:
    """Words by which a value of a fact is looked for."""

    fact: str
    words: str


@dataclass(frozen=True)
class Names:
    """What the values of conditions are called: (value, words) of each fact that has choices, the chosen ones among
    them; `found` by words that were looked for; `searched` are the facts of which there are more."""

    currency: str
    choices: Mapping[str, tuple[Choice, ...]] = field(default_factory=dict)
    found: Mapping[Sought, tuple[Choice, ...]] = field(default_factory=dict)
    searched: frozenset[str] = frozenset()

    def word(self, fact: str, value: str) -> str:
        """What the value is called; of one that is gone, that it is."""
        return dict(self.choices.get(fact, ())).get(value) or _("(no longer there)")


def names(
    currency: str,
    rules: Iterable[Rule] = (),
    *,
    chosen: Mapping[str, Collection[str]] | None = None,
    sought: Iterable[Sought] = (),
) -> Names:
    """What can be chosen: of tags and places the first by name, of countries those that customers have, of customers
    nobody. What the rules have chosen before is among it, and what else is chosen by fact. A fixed number of queries,
    and two at most for each that is sought.
    """
    wanted = {fact: set((chosen or {}).get(fact, ())) for fact in (*SEARCHED, "country")}
    for rule in rules:
        for each in conditions(rule):
            if isinstance(each, OneOf) and each.fact in wanted:
                wanted[each.fact] |= set(each.values)
    tags, are_more_tags = _first(Tag.objects.order_by("name"), wanted["tag"])
    places, are_more_places = _first(Place.objects.order_by("name"), wanted["place"])
    known = set(Figures.objects.exclude(country="").values_list("country", flat=True).distinct())
    return Names(
        currency,
        {
            "generation": tuple((key, str(words)) for key, words in GENERATION_WORDS.items()),
            "language": tuple((key, str(words)) for key, words in settings.LANGUAGES),
            "country": tuple(
                (key, words) for key, words in country_choices() if key in known | wanted["country"]
            ),
            "place": places,
            "tag": tags,
            "consent": tuple((key, str(words)) for key, words in Consent.Purpose.choices),
            "brought_by": _customers(_numbers(wanted["brought_by"])),
        },
        {each: _found(each) for each in sought},
        frozenset(
            fact
            for fact, is_searched in (
                ("tag", are_more_tags),
                ("place", are_more_places),
                ("brought_by", True),
            )
            if is_searched
        ),
    )


def rule_words(rule: Rule, called: Names) -> str:
    """The rule as one sentence without its full stop."""
    return _said(rule, called, is_inside=False)


def _said(rule: Rule, called: Names, *, is_inside: bool) -> str:
    match rule:
        case All(parts):
            return _joined(parts, called, _("%(first)s and %(then)s"), is_inside)
        case AnyOf(parts):
            return _joined(parts, called, _("%(first)s or %(then)s"), is_inside)
        case Not(part):
            return _("not (%(what)s)") % {"what": _said(part, called, is_inside=False)}
        case _:
            return _condition(rule, called)


def _joined(parts: Sequence[Rule], called: Names, how: str, is_inside: bool) -> str:
    said = [_said(part, called, is_inside=len(parts) > 1) for part in parts]
    text = said[0] if said else ""
    for each in said[1:]:
        text = how % {"first": text, "then": each}
    return f"({text})" if is_inside and len(said) > 1 else text


def _condition(rule: Condition, called: Names) -> str:
    what = str(FACTS[rule.fact])
    match rule:
        case OneOf(fact, values):
            words = " / ".join(called.word(fact, value) for value in values)
            return _("%(what)s: %(values)s") % {"what": what, "values": words}
        case Number(fact, bound, value, in_year):
            if in_year:
                what = _("%(what)s in the last 365 days") % {"what": what}
            language = (get_language() or "en")[:2]
            said = money_text(value, called.currency, language) if fact == "spent" else f"{value:,}"
            how = (
                _("%(what)s: at least %(value)s") if bound == "at_least" else _("%(what)s: at most %(value)s")
            )
            return how % {"what": what, "value": said}
        case Flag():
            return what


def _first(
    rows: "QuerySet[Tag] | QuerySet[Place]", chosen: Collection[str]
) -> tuple[tuple[Choice, ...], bool]:
    """The first by name, and whatever was chosen among the others; and whether there are others."""
    found = rows.values_list("pk", "name")
    offered = dict(found[: MOST_CHOICES + 1])
    are_more = len(offered) > MOST_CHOICES
    if are_more:
        offered.popitem()
    if missing := _numbers(chosen) - offered.keys():
        offered |= dict(found.filter(pk__in=missing))
    return tuple((str(pk), name) for pk, name in offered.items()), are_more


def _found(sought: Sought) -> tuple[Choice, ...]:
    if sought.fact == "brought_by":
        return _customers(index.find_in_time("customer", sought.words, limit=MOST_FOUND).ids)
    rows: QuerySet[Tag] | QuerySet[Place] = Tag.objects.all() if sought.fact == "tag" else Place.objects.all()
    found = rows.filter(name__icontains=sought.words).order_by("name").values_list("pk", "name")
    return tuple((str(pk), name) for pk, name in found[:MOST_FOUND])


def _customers(ids: Iterable[int]) -> tuple[Choice, ...]:
    """What these customers are called; where two are called the same, with their numbers."""
    wanted = list(ids)
    living = {row: person for row, person in living_of(wanted).items() if person.erased_at is None}
    called = names_of(living.values())
    said = {row: called[living[row].pk] for row in wanted if row in living}
    often = Counter(said.values())
    return tuple((str(row), name if often[name] == 1 else f"{name} #{row}") for row, name in said.items())


def _numbers(values: Iterable[str]) -> set[int]:
    return {int(value) for value in values if value.isascii() and value.isdigit() and len(value) < LONGEST_ID}
