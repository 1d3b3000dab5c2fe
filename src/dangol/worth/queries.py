"""What the statement and the pages behind it read. Nothing here writes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import Count, Max, Q, QuerySet, Sum, Value

from dangol.business.models import Place
from dangol.customers.models import Segment
from dangol.goodwill.models import Cause, Entry
from dangol.goodwill.months import Group, groups_of_months
from dangol.kernel.month_sums import Edge, Pieces, pieces_of
from dangol.orders.models import Order
from dangol.orders.months import Sold, sold_in_months
from dangol.worth.entries import Entries, Where, entries_in, of_where
from dangol.worth.periods import Period
from dangol.worth.statement import Cell, Ledger, Sales, Statement, Total, added_up, make_statement

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

    Eight queries at most, however many entries there are, and one each for the names of the place and of the segment.
    """
    before = period.before
    now, then = ledgers_of((period, before), where, currency=currency)
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
    """The entries and the sales of a period, added up by the database. At most four queries (`ledgers_of`)."""
    (ledger,) = ledgers_of([period], where, currency=currency)
    return ledger


def ledgers_of(periods: Sequence[Period], where: Where, *, currency: str) -> list[Ledger]:
    """The entries and the sales of each of the periods, added up by the database.

    Whole months are read from the sums that the database keeps by month, and from the rows only the days at the ends of
    a period: one query, and three a period at most. A segment's are read from the rows alone.
    """
    pieces = [_pieces(period, where) for period in periods]
    monthly = [each for each in pieces if each.first_month < each.last_month]
    sold: dict[str, list[Sold]] = {}
    if monthly:
        first, last = min(each.first_month for each in monthly), max(each.last_month for each in monthly)
        sold = sold_in_months(first, last, place_id=where.place_id)
    return [_ledger(each, where, sold, currency) for each in pieces]


def _pieces(period: Period, where: Where) -> Pieces:
    if where.segment_id is not None:
        return Pieces("", "", ((1, period.begin, period.end),))
    return pieces_of(period.begin, period.end)


def _ledger(pieces: Pieces, where: Where, sold_in: Mapping[str, Sequence[Sold]], currency: str) -> Ledger:
    cells: list[Cell] = []
    months = pieces.first_month, pieces.last_month
    sold = [each for month, some in sold_in.items() if months[0] <= month < months[1] for each in some]
    if months[0] < months[1]:
        cells += (_cell(each) for each in groups_of_months(*months, place_id=where.place_id))
    if pieces.edges:
        cells += _cells_of_rows(pieces.edges, where)
        sold += _sold_in_rows(pieces.edges, where)
    return Ledger(added_up(cells), _sales(sold, currency))


def _cell(group: Group) -> Cell:
    total = Total(group.booked, group.entries, group.low, group.middle, group.high, group.estimates)
    return Cell(group.cost_class, group.kind, group.cause_id, group.own_currency, total)


def _cells_of_rows(edges: Sequence[Edge], where: Where) -> Iterator[Cell]:
    def group(sign: int, since: datetime, until: datetime) -> QuerySet[Any, Any]:
        rows = Entry.objects.filter(of_where(where), happened_at__gte=since, happened_at__lt=until)
        signed = rows.order_by().values_list(*_GROUPS).annotate(sign=Value(sign), **_SUMS)
        return signed.values_list("sign", *_GROUPS, *_SUMS)

    for sign, cost_class, kind, cause, currency, *sums in _of_all(edges, group):
        total = _total(sums)
        yield Cell(cost_class, kind, cause, currency, total if sign > 0 else -total)


def _of_all(edges: Sequence[Edge], group: Callable[..., QuerySet[Any, Any]]) -> QuerySet[Any, Any]:
    first, *others = (group(*edge) for edge in edges)
    return first.union(*others, all=True) if others else first


def total_of(which: Entries) -> dict[str, Total]:
    """The sums of the entries by the currency in which they are counted. One query."""
    rows = entries_in(which).order_by().values_list("own_currency")
    grouped = rows.annotate(**_SUMS).values_list("own_currency", *_SUMS)
    return {row[0]: _total(row[1:]) for row in sorted(grouped)}


def _sold_in_rows(edges: Sequence[Edge], where: Where) -> Iterator[Sold]:
    kept = Q(cancelled_at=None)
    counts = {
        "amount": Sum("own_amount", filter=kept),
        "orders": Count("pk", filter=kept),
        "without_rate": Count("pk", filter=kept & Q(own_amount=None)),
        "cancelled": Count("pk", filter=~kept),
    }

    def group(sign: int, since: datetime, until: datetime) -> QuerySet[Any, Any]:
        rows = Order.objects.filter(of_where(where), ordered_at__gte=since, ordered_at__lt=until)
        signed = rows.order_by().values_list("own_currency").annotate(sign=Value(sign), **counts)
        return signed.values_list("sign", "own_currency", *counts)

    for sign, currency, *numbers in _of_all(edges, group):
        yield Sold(currency, *(sign * (number or 0) for number in numbers))


def _sales(sold: Iterable[Sold], currency: str) -> Sales:
    """What was sold, in the currency of the business and elsewhere."""
    found: dict[str, Sold] = {}
    for each in sold:
        before = found.get(each.own_currency, Sold(each.own_currency, 0, 0, 0, 0))
        found[each.own_currency] = before.plus(each)
    own = found.get(currency, Sold(currency, 0, 0, 0, 0))
    others = sorted(each for each in found.values() if each.own_currency != currency)
    return Sales(
        amount=own.amount,
        orders=sum(each.orders for each in found.values()),
        without_rate=own.without_rate,
        cancelled=sum(each.cancelled for each in found.values()),
        elsewhere=tuple((each.own_currency, each.amount, each.orders) for each in others if each.orders),
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
