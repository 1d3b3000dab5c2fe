"""`dangol worth statement`: the statement at a terminal, for people and for programs."""

import json
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

import click

from dangol.business.models import Place
from dangol.business.queries import current_business
from dangol.customers.models import Segment
from dangol.kernel import clock
from dangol.kernel.errors import Refused
from dangol.worth.as_json import as_json as in_json
from dangol.worth.entries import Where
from dangol.worth.periods import Period, read_day, read_month, read_period
from dangol.worth.queries import ask
from dangol.worth.table import statement_text

NO_DAY: Final = "%s is no %s of the past. Write it like %s."


def print_statement(*, month: str, first: str, last: str, place: str, segment: str, as_json: bool) -> None:
    """Print the statement of the period. Refused when a day, a place or a segment is not one."""
    business = current_business()
    zone = business.zone
    today = clock.now().astimezone(zone).date()
    where = Where(_place_id(place), _segment_id(segment))
    asked = ask(_period(month, first, last, zone, today), where, currency=business.currency)
    click.echo(json.dumps(in_json(asked), ensure_ascii=False, indent=2) if as_json else statement_text(asked))


def _period(month: str, first: str, last: str, zone: ZoneInfo, today: date) -> Period:
    named = read_month(month)
    if month and (named is None or date(*named, 1) > today):
        raise Refused(NO_DAY % (month, "month", "2026-10"))
    for text in filter(None, (first, last)):
        day = read_day(text)
        if day is None or day > today:
            raise Refused(NO_DAY % (text, "day", "2026-10-31"))
    return read_period(month=month, first=first, last=last, zone=zone, today=today)


def _place_id(name: str) -> int | None:
    if not name:
        return None
    names = dict(Place.objects.values_list("name", "pk"))
    return _known(name, names, "place")


def _segment_id(name: str) -> int | None:
    if not name:
        return None
    names = dict(Segment.objects.values_list("name", "pk"))
    return _known(name, names, "segment")


def _known(name: str, names: dict[str, int], what: str) -> int:
    if name not in names:
        there = ", ".join(sorted(names)) or "none"
        raise Refused(f"There is no {what} called {name}. There is: {there}.")
    return names[name]
