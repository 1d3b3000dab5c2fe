"""A rule as a condition of the database: one over the figures, whatever is in it."""

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.db.models import Q

from dangol.customers.queries import whom_they_became
from dangol.customers.rules import ALPHA, GENERATIONS
from dangol.segments.rules import LONGEST_ID, All, AnyOf, Flag, Not, Number, OneOf, Rule

_COUNTED: Final = {
    "orders": ("order_count", "orders_in_year"),
    "spent": ("spent", "spent_in_year"),
    "complaints": ("complaint_count", "complaints_in_year"),
    "conversations": ("conversation_count", ""),
    "has_brought": ("brought_count", ""),
}
_INSTANTS: Final = {"tenure": "since", "last_order": "last_order_at", "last_seen": "last_seen_at"}
_SETS: Final = {"tag": "tags", "place": "places", "consent": "consents"}
_FLAGS: Final = {
    "company": Q(has_company=True),
    "birth_year_known": Q(birth_year__isnull=False),
    "was_brought": Q(brought_by__isnull=False),
}


def compile_rule(rule: Rule, *, today: date, zone: ZoneInfo) -> Q:
    """The condition on `Figures`. Days are those of the zone, so that all day long the same people are in."""
    match rule:
        case All(parts):
            together = Q()
            for part in parts:
                together &= compile_rule(part, today=today, zone=zone)
            return together
        case AnyOf(parts):
            either = Q()
            for part in parts:
                either |= compile_rule(part, today=today, zone=zone)
            return either
        case Not(part):
            return ~compile_rule(part, today=today, zone=zone)
        case OneOf(fact, values):
            return _one_of(fact, values)
        case Number():
            return _number(rule, today, zone)
        case Flag(fact):
            return _FLAGS[fact]


def _one_of(fact: str, values: tuple[str, ...]) -> Q:
    if fact == "generation":
        either = Q()
        for name, first, last in (*GENERATIONS, (ALPHA, GENERATIONS[-1][2] + 1, 9999)):
            if name in values:
                either |= Q(birth_year__gte=first, birth_year__lte=last)
        return either
    if fact in _SETS:
        either = Q()
        for value in values:
            either |= Q(**{f"{_SETS[fact]}__contains": f"|{value}|"})
        return either
    if fact == "brought_by":
        known = [int(value) for value in values if len(value) < LONGEST_ID]
        return Q(brought_by__in=whom_they_became(known)) if known else Q(pk__lt=0)
    return Q(**{f"{fact}__in": values})


def _number(rule: Number, today: date, zone: ZoneInfo) -> Q:
    if rule.fact in _INSTANTS:
        return _days(_INSTANTS[rule.fact], rule, today, zone)
    ever, in_year = _COUNTED[rule.fact]
    name = in_year if rule.in_year else ever
    return Q(**{f"{name}__{'gte' if rule.bound == 'at_least' else 'lte'}": rule.value})


def _days(name: str, rule: Number, today: date, zone: ZoneInfo) -> Q:
    # At least 30 days ago is before the day that begins 29 days ago; at most 30 is from the day 30 days ago on.
    if rule.bound == "at_least":
        return Q(**{f"{name}__lt": _midnight(today - timedelta(days=rule.value - 1), zone)})
    return Q(**{f"{name}__gte": _midnight(today - timedelta(days=rule.value), zone)})


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone)
