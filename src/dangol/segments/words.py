"""Rules in the words of a page: what each fact is called, and a rule as one sentence."""

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
from dangol.segments.models import Figures
from dangol.segments.rules import All, AnyOf, Condition, Flag, Not, Number, OneOf, Rule, conditions

MOST_CHOICES: Final = 80
_LONGEST_ID: Final = 18  # digits of a number that every database holds
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
}
"""What a condition can be about, the most useful first."""

Choice = tuple[str, str]


@dataclass(frozen=True)
class Names:
    """What the values of conditions are called: (value, words) of each fact that has choices."""

    currency: str
    choices: Mapping[str, tuple[Choice, ...]] = field(default_factory=dict)

    def word(self, fact: str, value: str) -> str:
        """What the value is called; of one that is gone, that it is."""
        return dict(self.choices.get(fact, ())).get(value) or _("(no longer there)")


def names(currency: str, rules: Iterable[Rule] = ()) -> Names:
    """What can be chosen: of tags and places the first by name, of countries those that customers have; three queries,
    five at most. What the rules have chosen before is among it."""
    chosen = list(rules)
    tags = _first(Tag.objects.order_by("name"), _chosen_by(chosen, "tag"))
    places = _first(Place.objects.order_by("name"), _chosen_by(chosen, "place"))
    known = set(Figures.objects.exclude(country="").values_list("country", flat=True).distinct())
    known |= _chosen_by(chosen, "country")
    return Names(
        currency,
        {
            "generation": tuple((key, str(words)) for key, words in GENERATION_WORDS.items()),
            "language": tuple((key, str(words)) for key, words in settings.LANGUAGES),
            "country": tuple((key, words) for key, words in country_choices() if key in known),
            "place": places,
            "tag": tags,
            "consent": tuple((key, str(words)) for key, words in Consent.Purpose.choices),
        },
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


def _first(rows: "QuerySet[Tag] | QuerySet[Place]", chosen: Collection[str]) -> tuple[Choice, ...]:
    """The first by name, and whatever was chosen among the others."""
    found = rows.values_list("pk", "name")
    offered = dict(found[:MOST_CHOICES])
    if missing := {int(value) for value in chosen if len(value) < _LONGEST_ID} - offered.keys():
        offered |= dict(found.filter(pk__in=missing))
    return tuple((str(pk), name) for pk, name in offered.items())


def _chosen_by(rules: Iterable[Rule], fact: str) -> set[str]:
    return {
        value
        for rule in rules
        for each in conditions(rule)
        if isinstance(each, OneOf) and each.fact == fact
        for value in each.values
    }
