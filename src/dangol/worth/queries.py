"""What the statement and the pages behind it read. Nothing here writes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.db.models import Count, Max, Q, QuerySet, Sum

from dangol.business.models import Place
from dangol.customers.models import Segment
from dangol.goodwill.models import Cause, Entry
from dangol.orders.models import Order
from dangol.worth.entries import Entries, Where, entries_in, of_where
from dangol.worth.periods import Period
from dangol.worth.statement import Cell, Ledger, Sales, Statement, Total, make_statement

BELOW: Final = " › "  # between a cause and the one that it belongs to
_GROUPS: Final = ("cost_class", "kind", "cause_id", "own_currency")
_SUMS: Final = {
    "all_booked": Sum("booked"),
    "entries": Count("booked"),
    "all_low": Sum("estimated_low"),  # a reversal takes back bound by bound
    "all_middle": Sum("estimated"),
    "all_high": Sum("estimated_high"),
    "estimates": Count("estimated"),
}


@dataclass(frozen=True)
class Asked:
    """A statement with what it is about: the period, the one before, the part of the business and its name."""

    period: Period
    before: Period
    where: Where
    place: str
    segment: str
    statement: Statement
    causes: dict[int, str]


def ask(period: Period, where: Where, *, currency: str) -> Asked:
    """The statement of a period in the currency of the business.

    Five queries, however many entries there are, and one each for the names of the place and of the segment.
    """
    before = period.before
    now, then = (ledger_of(each, where, currency=currency) for each in (period, before))
    statement = make_statement(now, then, currency=currency)
    return Asked(
        period=period,
        before=before,
        where=where,
        place=_name(Place.objects.filter(pk=where.place_id)) if where.place_id is not None else "",
        segment=_name(Segment.objects.filter(pk=where.segment_id)) if where.segment_id is not None else "",
        statement=statement,
        causes=cause_names(),
    )


def ledger_of(period: Period, where: Where, *, currency: str) -> Ledger:
    """The entries and the sales of a period, added up by the database. Two queries."""
    rows = entries_in(Entries(period, where))
    grouped = rows.order_by().values_list(*_GROUPS).annotate(**_SUMS).values_list(*_GROUPS, *_SUMS)
    cells = tuple(Cell(row[0], row[1], row[2], row[3], _total(row[4:])) for row in grouped)
    return Ledger(cells, sales_of(period, where, currency=currency))


def total_of(which: Entries) -> dict[str, Total]:
    """The sums of the entries by the currency in which they are counted. One query."""
    rows = entries_in(which).order_by().values_list("own_currency")
    grouped = rows.annotate(**_SUMS).values_list("own_currency", *_SUMS)
    return {row[0]: _total(row[1:]) for row in sorted(grouped)}


def sales_of(period: Period, where: Where, *, currency: str) -> Sales:
    """What was sold in the period: orders that were not cancelled. One query."""
    rows = Order.objects.filter(ordered_at__gte=period.begin, ordered_at__lt=period.end)
    kept = Q(cancelled_at=None)
    grouped = (
        rows.filter(of_where(where))
        .order_by()
        .values_list("own_currency")
        .annotate(
            amount=Sum("own_amount", filter=kept),
            orders=Count("pk", filter=kept),
            without_rate=Count("pk", filter=kept & Q(own_amount=None)),
            cancelled=Count("pk", filter=~kept),
        )
    )
    found = {row[0]: row[1:] for row in grouped}
    amount, _orders, without_rate, _cancelled = found.get(currency, (0, 0, 0, 0))
    others = sorted((each, row[0] or 0, row[1]) for each, row in found.items() if each != currency)
    return Sales(
        amount=amount or 0,
        orders=sum(row[1] for row in found.values()),
        without_rate=without_rate,
        cancelled=sum(row[3] for row in found.values()),
        elsewhere=tuple(each for each in others if each[2]),
    )


def cause_names() -> dict[int, str]:
    """Each cause by its way from the root: "After the order › Packing". One query."""
    rows = {pk: (name, parent) for pk, name, parent in Cause.objects.values_list("pk", "name", "parent_id")}

    def way(pk: int, below: frozenset[int] = frozenset()) -> str:
        name, parent = rows[pk]
        if parent not in rows or parent in below:
            return name
        return f"{way(parent, below | {pk})}{BELOW}{name}"

    return {pk: way(pk) for pk in rows}


def choices() -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """The places and the segments that a form offers. Two queries."""
    places = Place.objects.order_by("name").values_list("pk", "name")
    segments = Segment.objects.order_by("position", "name").values_list("pk", "name")
    return list(places), list(segments)


def has_orders() -> bool:
    """Whether there is any order. One query."""
    return Order.objects.exists()


def has_entries() -> bool:
    """Whether there is any entry. One query."""
    return Entry.objects.exists()


def last_day_with_anything(zone: ZoneInfo) -> date | None:
    """The newest day on which something was entered or ordered; None where nothing ever was. Two queries."""
    newest: Iterable[datetime | None] = (
        Entry.objects.aggregate(at=Max("happened_at"))["at"],
        Order.objects.aggregate(at=Max("ordered_at"))["at"],
    )
    days = [at.astimezone(zone).date() for at in newest if at is not None]
    return max(days) if days else None


def _total(row: Iterable[int | None]) -> Total:
    return Total(*(value or 0 for value in row))


def _name(rows: "QuerySet[Place] | QuerySet[Segment]") -> str:
    return str(rows.values_list("name", flat=True).first() or "")
