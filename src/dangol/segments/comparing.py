"""Segments side by side: how long their people waited, what they complained of, whether they came back, what they
brought. Every figure says of how many it is; a share has its interval."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.db.models import Count, QuerySet, Sum
from django.db.models.expressions import RawSQL

from dangol.business.models import Business
from dangol.customers.models import Membership, Segment
from dangol.goodwill.models import Entry, Kind
from dangol.inbox.measures import Share, median, share_of
from dangol.inbox.models import Wait
from dangol.kernel.db import read_rows
from dangol.segments.adding_up import year_began
from dangol.segments.counting import local_day
from dangol.segments.models import Figures

HORIZONS: Final = (30, 90, 365)
"""Days after the first order within which somebody came back, or did not."""
FEW: Final = 30
"""Of fewer people than this a page says that they are few."""
MOST_COMPARED: Final = 100_000
"""Customers up to whom a segment is compared, and everybody beside them: more would keep the page waiting."""
MOST_TOGETHER: Final = 200_000
"""Customers of all columns together, for the same reason."""

# Who is a member and who was merged into one, each with the row that lives. Who is in by a rule lives; a list may hold
# rows that were merged: step by step, as in `customers.queries`.
_BY_RULE: Final = """
people(id, living) AS (
    SELECT customer_id, customer_id FROM customers_membership WHERE segment_id = %s
    UNION ALL SELECT gone.id, people.living FROM customers_customer gone JOIN people ON gone.merged_into_id = people.id
)"""
_ON_LIST: Final = """
became(id) AS (
    SELECT customer_id FROM customers_membership WHERE segment_id = %s
    UNION SELECT (SELECT gone.merged_into_id FROM customers_customer gone WHERE gone.id = became.id)
    FROM became WHERE became.id IS NOT NULL
), people(id, living) AS (
    SELECT person.id, person.id FROM customers_customer person JOIN became ON became.id = person.id
    WHERE person.merged_into_id IS NULL AND person.erased_at IS NULL
    UNION SELECT gone.id, people.living FROM customers_customer gone JOIN people ON gone.merged_into_id = people.id
)"""
_EVERYBODY: Final = """
people(id, living) AS (
    SELECT id, id FROM customers_customer WHERE merged_into_id IS NULL AND erased_at IS NULL
    UNION ALL SELECT gone.id, people.living FROM customers_customer gone JOIN people ON gone.merged_into_id = people.id
)"""
# To a millionth of a day: the databases count days in binary fractions.
# Two receipts of one visit are no return: the next order counts from a day after the first.
_RETURNS: Final = """
, bought(person, at) AS (
    SELECT people.living, placed.ordered_at FROM people
    JOIN orders_order placed ON placed.customer_id = people.id WHERE placed.cancelled_at IS NULL
), firsts(person, at) AS (
    SELECT person, MIN(at) FROM bought GROUP BY person
), returned(person, at, gap) AS (
    SELECT firsts.person, firsts.at, MIN(CASE WHEN {gap} >= 1 THEN {gap} END)
    FROM firsts JOIN bought ON bought.person = firsts.person GROUP BY firsts.person, firsts.at
) SELECT {counts} FROM returned"""
_GAP: Final = {
    "sqlite": "ROUND(julianday(bought.at) - julianday(firsts.at), 6)",
    "postgresql": "ROUND(extract(epoch FROM bought.at - firsts.at) / 86400, 6)",
}


@dataclass(frozen=True)
class Came:
    """How many came back within so many days of their first order, of those whose days are over. None: of nobody."""

    days: int
    back: Share | None


@dataclass(frozen=True)
class Column:
    """A segment, or everybody. Money is in minor units of the business's own currency and of the last 365 days.

    `kept` is of the waits whose time has come; `answered` is of how many waits the middle one is told.
    """

    segment: Segment | None
    customers: int
    answered: int
    median_seconds: float | None
    kept: Share | None
    complaints: int
    came: tuple[Came, ...]
    spent: int
    cost: int

    @property
    def is_few(self) -> bool:
        """Whether they are too few to say much."""
        return self.customers < FEW

    @property
    def left(self) -> int:
        """What they spent less what serving them cost; what the goods cost is not known."""
        return self.spent - self.cost

    def each(self, total: int) -> float | None:
        """The total of one customer on average; None of nobody."""
        return total / self.customers if self.customers else None


@dataclass(frozen=True)
class Comparison:
    """The columns, from which day on what is of the last 365 days, and the segments that are too large for it; `left`
    are those for which the upper ones left no room."""

    columns: tuple[Column, ...]
    since: date
    too_large: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def compare_segments(*, business: Business, at: datetime) -> Comparison:
    """The segments in their order, and everybody, where that does not take too long; five queries a column."""
    today = local_day(at, business)
    since = year_began(today, business.zone)
    room = MOST_TOGETHER
    groups: list[Segment | None] = []
    too_large, left = [], []
    for row in Segment.objects.order_by("position", "pk"):
        size = _up_to_most(Membership.objects.filter(segment=row))
        if size > MOST_COMPARED:
            too_large.append(row.name)
        elif size > room:
            left.append(row.name)
        else:
            groups.append(row)
            room -= size
    if _up_to_most(Figures.objects.all()) <= min(MOST_COMPARED, room):
        groups.append(None)
    return Comparison(
        tuple(_column(group, business, since, at) for group in groups),
        since.astimezone(business.zone).date(),
        tuple(too_large),
        tuple(left),
    )


def _up_to_most(rows: "QuerySet[Membership] | QuerySet[Figures]") -> int:
    """How many they are, not counted on where they are too many."""
    return rows.order_by()[: MOST_COMPARED + 1].count()


def _column(segment: Segment | None, business: Business, since: datetime, at: datetime) -> Column:
    people, of = _people(segment)
    rows = RawSQL(f"WITH RECURSIVE {people} SELECT id FROM people", of)  # noqa: S608,S611
    summed = _figures(segment, rows).aggregate(
        customers=Count("*"),
        spent=Sum("spent_in_year", default=0),
        complaints=Sum("complaints_in_year", default=0),
    )
    entries = Entry.objects.filter(happened_at__gte=since, own_currency=business.currency).exclude(
        kind=Kind.REFUND  # what was spent is less that already
    )
    cost = entries.filter(customer__in=rows).aggregate(cost=Sum("booked", default=0))["cost"]
    seconds, kept, late = _waited(rows, since, at)
    return Column(
        segment=segment,
        customers=summed["customers"],
        answered=len(seconds),
        median_seconds=median(seconds),
        kept=share_of(kept, kept + late),
        complaints=summed["complaints"],
        came=_came(people, of, at),
        spent=summed["spent"],
        cost=cost,
    )


def _people(segment: Segment | None) -> tuple[str, list[Any]]:
    if segment is None:
        return _EVERYBODY, []
    return _ON_LIST if segment.kind == Segment.Kind.LIST else _BY_RULE, [segment.pk]


def _figures(segment: Segment | None, rows: RawSQL) -> "QuerySet[Figures]":
    """The figures of whoever is in; those who were merged have none of their own."""
    if segment is None:
        return Figures.objects.all()
    if segment.kind == Segment.Kind.LIST:
        return Figures.objects.filter(pk__in=rows)
    return Figures.objects.filter(pk__in=Membership.objects.filter(segment=segment).values("customer"))


def _waited(rows: RawSQL, since: datetime, at: datetime) -> tuple[list[int], int, int]:
    waits = Wait.objects.filter(conversation__customer__in=rows, started_at__gte=since, dropped_at=None)
    seconds, kept, late = [], 0, 0
    for took, is_kept, due_at in waits.values_list("opening_seconds", "is_kept", "due_at"):
        if took is not None:
            seconds.append(took)
        kept += is_kept is True
        late += is_kept is False or (is_kept is None and due_at < at)
    return seconds, kept, late


def _came(people: str, of: Iterable[Any], at: datetime) -> tuple[Came, ...]:
    counts = ", ".join(
        f"COUNT(CASE WHEN at <= %s THEN 1 END), COUNT(CASE WHEN at <= %s AND gap <= {days} THEN 1 END)"
        for days in HORIZONS
    )
    ends = [at - timedelta(days=days) for days in HORIZONS for _ in range(2)]
    returns = _RETURNS.format(gap=_GAP[connection.vendor], counts=counts)
    (found,) = read_rows(f"WITH RECURSIVE {people}{returns}", [*of, *ends])
    pairs = zip(HORIZONS, found[::2], found[1::2], strict=True)
    return tuple(Came(days, share_of(back, could)) for days, could, back in pairs)
