"""Who was brought by whom, of many people at once, under whichever of their rows it was said."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q

from dangol.customers.models import Introduction
from dangol.customers.queries import living_of, rows_of_people
from dangol.segments.models import Figures

_BATCH: Final = 400  # SQLite takes 999 parameters at once on every version, and they are given twice


@dataclass(frozen=True)
class Introduced:
    """By whom somebody was brought (the living row), and how many people they brought themselves."""

    by: int | None = None
    count: int = 0


def introduced(whose: Mapping[int, int]) -> dict[int, Introduced]:
    """Of these living people ({row: living row}), those who were brought or have brought somebody; one query where
    there is nobody, else four for each four hundred.

    What was said last of a person counts. Nobody brought themselves: of two who turned out to be one, it is forgotten
    until they are two again. Who was erased brought nobody, and was not brought.
    """
    found = _said(whose)
    if not found:
        return {}
    others = {row for pair in found for row in pair} - whose.keys()
    living = {**_living(others), **whose}
    # Of whom they brought all that was said must be known: under another row they may have been brought by another.
    known = {living[row] for row, _by in found if row in living}
    all_rows = {**_rows(known - set(whose.values())), **whose}
    by_whom = _newest(all_rows)
    bringers = _living(set(by_whom.values()) - living.keys()) | living
    brought_by = {
        person: bringers[by] for person, by in by_whom.items() if by in bringers and bringers[by] != person
    }
    counts: dict[int, int] = {}
    for bringer in brought_by.values():
        counts[bringer] = counts.get(bringer, 0) + 1
    people = set(whose.values())
    return {
        person: Introduced(brought_by.get(person), counts.get(person, 0))
        for person in people
        if person in brought_by or person in counts
    }


def brought_or_bringing(rows: Collection[int]) -> set[int]:
    """Whoever these people were brought by or have brought, as it is said now and as it was counted last."""
    found: set[int] = set()
    whose = _rows(set(_living(rows).values())).keys() | set(rows)
    for some in _parts(whose):
        said = Introduction.objects.filter(Q(customer__in=some) | Q(by__in=some))
        kept = Figures.objects.filter(Q(pk__in=some, brought_by__isnull=False) | Q(brought_by__in=some))
        for pairs in (said.values_list("customer_id", "by_id"), kept.values_list("pk", "brought_by")):
            found |= {row for pair in pairs for row in pair if row is not None}
    return found


def _said(whose: Mapping[int, int]) -> list[tuple[int, int]]:
    """(who, by whom) of all that was said of these rows, on either side."""
    found: list[tuple[int, int]] = []
    for some in _parts(whose):
        rows = Introduction.objects.filter(Q(customer__in=some) | Q(by__in=some))
        found += rows.values_list("customer_id", "by_id")
    return found


def _newest(whose: Mapping[int, int]) -> dict[int, int]:
    """The row by whom each person was brought, as it was said last."""
    said: list[tuple[datetime, int, int, int]] = []
    for some in _parts(whose):
        said += Introduction.objects.filter(customer__in=some).values_list("at", "pk", "customer_id", "by_id")
    return {whose[row]: by for _at, _pk, row, by in sorted(said)}


def _living(rows: Iterable[int]) -> dict[int, int]:
    """{row: living row} of those who were not erased."""
    found: dict[int, int] = {}
    for some in _parts(rows):
        found |= {row: person.pk for row, person in living_of(some).items() if person.erased_at is None}
    return found


def _rows(people: Iterable[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for some in _parts(people):
        found |= rows_of_people(some)
    return found


def _parts(rows: Iterable[int]) -> Iterable[list[int]]:
    wanted = sorted(set(rows))
    return (wanted[start : start + _BATCH] for start in range(0, len(wanted), _BATCH))
