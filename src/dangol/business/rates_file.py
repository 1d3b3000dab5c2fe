"""Exchange rates from a file: date, currency, rate. Read and checked before anything is written."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from django.db import models, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dangol.business.models import ExchangeRate
from dangol.business.money import CURRENCIES
from dangol.business.queries import current_business
from dangol.business.rates import TRILLION
from dangol.kernel.audit import record_act
from dangol.kernel.errors import Refused

MOST_BYTES: Final = 1_000_000
MOST_ROWS: Final = 20_000
NAMES: Final[Mapping[str, frozenset[str]]] = {
    "date": frozenset({"date", "day", "since", "from", "날짜", "일자", "기준일"}),
    "currency": frozenset({"currency", "code", "통화", "통화코드"}),
    "rate": frozenset({"rate", "exchange rate", "value", "환율", "매매기준율"}),
}
"""The names of the columns that are known; without them the columns are in this order."""
REASONS: Final[Mapping[str, str | Promise]] = {
    "cells": _("The row does not have a date, a currency and a rate."),
    "date": _("The date is none like 2026-11-26."),
    "currency": _("The currency is none that we know, like USD."),
    "own": _("This is your own currency."),
    "rate": _("The rate is no number above 0."),
    "two_ways": _(
        "The rate can be read in two ways. Please write it without a sign for the thousands and with two or four "
        "decimals, like 1380.00."
    ),
    "twice": _("Another row has this day and currency with another rate."),
}
_NUMBER: Final = re.compile(r"([0-9]{1,9}|[0-9]{1,3}(,[0-9]{3})+)(\.[0-9]{1,12})?")
_TWO_WAYS: Final = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
_DAYS: Final = ("%Y-%m-%d", "%Y.%m.%d", "%Y/%m/%d", "%Y%m%d")


class NoRates(Refused):
    message = _(
        "This file has no exchange rates. It needs a date, a currency and a rate in each row, as CSV."
    )


class TooManyRates(Refused):
    message = _("This file is too long. At most 1 MB and 20,000 rows are read at once.")


@dataclass(frozen=True)
class FileRate:
    """From that day on, one unit of the currency is worth so many trillionths of our own."""

    day: date
    currency: str
    trillionths: int


@dataclass(frozen=True)
class RefusedRate:
    """A row that is not taken: its number in the file, its cells, and the word for why."""

    row: int
    cells: tuple[str, ...]
    reason: str

    @property
    def sentence(self) -> str:
        """Why, for people."""
        return str(REASONS[self.reason])


@dataclass(frozen=True)
class ReadRates:
    """What a file has."""

    rates: tuple[FileRate, ...]
    refused: tuple[RefusedRate, ...]


def read_rates(text: str, *, own_currency: str) -> ReadRates:
    """The rates of the file, by day. Refused (NoRates, TooManyRates) when there are none, or too many."""
    text = text.replace("\r\n", "\n").lstrip("\ufeff")  # a browser sends back each end of a line as two signs
    if len(text.encode()) > MOST_BYTES:
        raise TooManyRates
    separator = max(";\t,", key=text.partition("\n")[0].count)
    try:
        listed = list(enumerate(csv.reader(text.splitlines(), delimiter=separator), 1))
    except csv.Error:  # a quote without an end
        raise NoRates from None
    rows = [(n, row) for n, row in listed if any(row)]
    if len(rows) > MOST_ROWS:
        raise TooManyRates
    places, rows, width = _places(rows)
    found: dict[tuple[date, str], tuple[int, tuple[str, ...], int]] = {}
    refused = []
    for number, row in rows:
        cells = tuple(cell.strip() for cell in row)
        try:
            if any(cells[width:]):
                raise _Wrong("two_ways")  # 1,380 between commas, or something else
            rate = _rate(cells, places, own_currency, has_commas=separator != ",")
        except _Wrong as wrong:
            refused.append(RefusedRate(number, cells, wrong.reason))
            continue
        _number, _cells, before = found.setdefault(
            (rate.day, rate.currency), (number, cells, rate.trillionths)
        )
        if before != rate.trillionths:
            refused.append(RefusedRate(number, cells, "twice"))
    if not found:
        raise NoRates
    rates = (FileRate(day, currency, each[2]) for (day, currency), each in sorted(found.items()))
    return ReadRates(tuple(rates), tuple(refused))


@transaction.atomic
def import_exchange_rates(*, actor: models.Model | None, rates: Sequence[FileRate], at: datetime) -> int:
    """Write the rates that are not in force so already; returns how many that are. Again is the same as once.

    What was converted before keeps its rate.
    """
    own = current_business().currency
    known: dict[tuple[date, str], int] = {}
    days = [rate.day for rate in rates]
    if days:
        rows = ExchangeRate.objects.filter(
            own_currency=own, effective_from__gte=min(days), effective_from__lte=max(days)
        ).order_by("id")
        for row in rows:  # of one day the last counts
            known[row.effective_from, row.currency] = row.rate_trillionths
    new = [
        ExchangeRate(
            currency=rate.currency,
            own_currency=own,
            rate_trillionths=rate.trillionths,
            effective_from=rate.day,
            source="file",
            recorded_at=at,
        )
        for rate in rates
        if rate.currency != own and known.get((rate.day, rate.currency)) != rate.trillionths
    ]
    ExchangeRate.objects.bulk_create(new, batch_size=500)
    if new:
        record_act(
            actor_id=None if actor is None else int(actor.pk),
            at=at,
            act="import_exchange_rates",
            thing="ExchangeRate",
            thing_id=None,
            before={},
            after={"rates": len(new)},
        )
    return len(new)


class _Wrong(Exception):
    def __init__(self, reason: str) -> None:
        self.reason = reason


def _places(
    rows: list[tuple[int, list[str]]],
) -> tuple[dict[str, int], list[tuple[int, list[str]]], int]:
    """Where which column is, the rows below the header, if there is one, and how many cells a row may have."""
    if rows:
        header = [cell.strip().lower() for cell in rows[0][1]]
        found = {
            name: next((n for n, cell in enumerate(header) if cell in known), -1)
            for name, known in NAMES.items()
        }
        if min(found.values()) >= 0:
            return found, rows[1:], len(header)
    return {name: n for n, name in enumerate(NAMES)}, rows, len(NAMES)


def _rate(cells: tuple[str, ...], places: Mapping[str, int], own: str, *, has_commas: bool) -> FileRate:
    if len(cells) <= max(places.values()):
        raise _Wrong("cells")
    currency = cells[places["currency"]].upper()
    if currency not in CURRENCIES:
        raise _Wrong("currency")
    if currency == own:
        raise _Wrong("own")
    return FileRate(_day(cells[places["date"]]), currency, _trillionths(cells[places["rate"]], has_commas))


def _day(text: str) -> date:
    for form in _DAYS:
        try:
            day = datetime.strptime(text, form).date()
        except ValueError:
            continue
        if 1970 <= day.year <= 2200:
            return day
    raise _Wrong("date")


def _trillionths(text: str, has_commas: bool) -> int:
    plain = text.replace(" ", "").replace("\u00a0", "")
    if has_commas and _TWO_WAYS.fullmatch(plain):
        raise _Wrong("two_ways")  # 1,380 won for a dollar, or 1.380 dollars for a pound
    if has_commas and plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")  # 0,92 between semicolons
    if not _NUMBER.fullmatch(plain):
        raise _Wrong("rate")  # 1.234,5 could be two things
    try:
        rate = Decimal(plain.replace(",", ""))
        trillionths = int((rate * TRILLION).to_integral_value())
    except (InvalidOperation, ValueError, OverflowError):
        raise _Wrong("rate") from None
    if not 0 < trillionths < 2**63:
        raise _Wrong("rate")
    return trillionths
