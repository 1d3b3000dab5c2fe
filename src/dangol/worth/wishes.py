"""Which wishes a figure of the tightrope counts: a choice that stands in the address, and what is read of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import QueryDict

from dangol.customers.models import Membership, Segment
from dangol.customers.queries import living_of, rows_of_people
from dangol.goodwill.models import Wish
from dangol.inbox.models import Message
from dangol.kernel.places import read_id
from dangol.orders.models import Order
from dangol.staff.models import Staff
from dangol.worth.entries import Where, of_where, period_said, where_said
from dangol.worth.periods import Period
from dangol.worth.tightrope import (
    NEXT_DAYS,
    NEXTS,
    OUTCOMES,
    Bought,
    Counts,
    Decided,
    Next,
    Outcome,
    Wrote,
    count_by_decider,
    count_outcomes,
    followed,
)

MANY: Final = 500  # so many ids go into one query


@dataclass(frozen=True)
class Wishes:
    """Decided wishes that were asked for in a period. What is None or "" is not asked for.

    With `next` only those customers' first wishes of each outcome of whom it can be known what they did, and did it.
    """

    period: Period
    where: Where
    outcome: Outcome | None = None
    staff_id: int | None = None
    next: Next | None = None

    @property
    def query(self) -> str:
        """The choice as the query of an address."""
        said = {
            **period_said(self.period),
            **where_said(self.where),
            "outcome": self.outcome or "",
            "staff": "" if self.staff_id is None else str(self.staff_id),
            "next": self.next or "",
        }
        return "?" + urlencode({name: value for name, value in said.items() if value})


@dataclass(frozen=True)
class Walked:
    """All that the page shows of a period, and the counts of the one before."""

    period: Period
    before: Period
    where: Where
    counts: Counts
    counts_before: Counts
    waiting: int
    by_staff: dict[int | None, Counts]
    by_segment: tuple[tuple[int, str, Counts], ...]
    names: dict[int, str]
    next: dict[Outcome, dict[Next, frozenset[int]]]


def read_wishes(query: QueryDict, period: Period, where: Where) -> Wishes:
    """The wishes that an address asks for; what cannot be read there is as if it were not there."""
    outcome, following = query.get("outcome", ""), query.get("next", "")
    return Wishes(
        period,
        where,
        next((each for each in OUTCOMES if each == outcome), None),
        read_id(query.get("staff", "")),
        next((each for each in NEXTS if each == following), None),
    )


def wishes_in(which: Wishes) -> "QuerySet[Wish]":
    """The rows that are meant, but for `next`, which `ids_of` knows."""
    outcomes = [which.outcome] if which.outcome else list(OUTCOMES)
    rows = Wish.objects.filter(
        state__in=outcomes, asked_at__gte=which.period.begin, asked_at__lt=which.period.end
    )
    return _narrowed(rows, which)


def ids_of(which: Wishes, *, at: datetime) -> list[int]:
    """The ids of the wishes of a choice with `next`, the newest first."""
    rows = _decided(wishes_in(replace(which, outcome=None, next=None)))
    deeds = followed(rows, *_deeds_of(rows, at), at=at)
    outcomes = [which.outcome] if which.outcome else OUTCOMES
    wanted = frozenset().union(*(deeds[outcome][which.next or "could"] for outcome in outcomes))
    return [row.id for row in sorted(rows, key=_newest_first) if row.id in wanted]


def walk(period: Period, where: Where, *, at: datetime) -> Walked:
    """What became of the wishes of a period, by whom, and what those customers did next.

    A fixed number of queries, and two for each 500 customers.
    """
    which = Wishes(period, where)
    rows = _decided(wishes_in(which))
    before = wishes_in(replace(which, period=period.before))
    by_staff = count_by_decider(rows)
    names = Staff.objects.filter(pk__in=[pk for pk in by_staff if pk is not None])
    open_wishes = Wish.objects.filter(
        state=Wish.State.ASKED, asked_at__gte=period.begin, asked_at__lt=period.end
    )
    return Walked(
        period=period,
        before=period.before,
        where=where,
        counts=count_outcomes(rows),
        counts_before=count_outcomes(_decided(before)),
        waiting=_narrowed(open_wishes, which).count(),
        by_staff=by_staff,
        by_segment=tuple(_by_segment(rows, where.segment_id)),
        names=dict(names.values_list("pk", "name")),
        next=followed(rows, *_deeds_of(rows, at), at=at),
    )


def has_wishes() -> bool:
    """Whether any wish was ever decided. One query."""
    return Wish.objects.filter(state__in=list(OUTCOMES)).exists()


def _narrowed(rows: "QuerySet[Wish]", which: Wishes) -> "QuerySet[Wish]":
    rows = rows.filter(of_where(Where(segment_id=which.where.segment_id)))
    if which.where.place_id is not None:
        rows = rows.filter(order__place=which.where.place_id)
    if which.staff_id is not None:
        rows = rows.filter(decided_by=which.staff_id)
    return rows


def _decided(rows: "QuerySet[Wish]") -> list[Decided]:
    found = list(
        rows.order_by().values_list(
            "pk", "state", "asked_at", "decided_at", "decided_by", "customer", "conversation_id"
        )
    )
    people: dict[int, int] = {}
    for ids in _some(sorted({row[5] for row in found if row[5] is not None})):
        people |= {pk: person.pk for pk, person in living_of(ids).items()}
    return [
        Decided(
            id=pk,
            outcome=next(each for each in OUTCOMES if each == state),
            asked_at=asked_at,
            decided_at=decided_at or asked_at,
            decided_by=decided_by,
            customer_id=people.get(customer) if customer is not None else None,
            conversation_id=conversation,
        )
        for pk, state, asked_at, decided_at, decided_by, customer, conversation in found
    ]


def _deeds_of(rows: Sequence[Decided], at: datetime) -> tuple[list[Bought], list[Wrote]]:
    """What the customers of whom it can be known did in the time that is looked at."""
    span = timedelta(days=NEXT_DAYS)
    ripe = [row for row in rows if row.customer_id is not None and row.decided_at + span <= at]
    if not ripe:
        return [], []
    since, until = min(row.decided_at for row in ripe), max(row.decided_at for row in ripe) + span
    bought: list[Bought] = []
    wrote: list[Wrote] = []
    for people in _some(sorted({row.customer_id for row in ripe if row.customer_id is not None})):
        living = rows_of_people(people)
        orders = Order.objects.filter(
            customer__in=list(living), ordered_at__gt=since, ordered_at__lte=until, cancelled_at=None
        )
        letters = Message.objects.filter(
            conversation__customer__in=list(living),
            direction=Message.Direction.IN,
            automatic="",
            happened_at__gt=since,
            happened_at__lte=until,
        )
        bought += [
            Bought(living[customer], when)
            for customer, when in orders.order_by().values_list("customer_id", "ordered_at")
            if customer is not None
        ]
        wrote += [
            Wrote(living[customer], when, conversation)
            for customer, when, conversation in letters.order_by().values_list(
                "conversation__customer_id", "happened_at", "conversation_id"
            )
        ]
    return bought, wrote


def _by_segment(rows: Sequence[Decided], chosen: int | None) -> Iterator[tuple[int, str, Counts]]:
    """Of each segment in which any of the customers is, in the owner's order; of one that is chosen alone, because a
    list is narrowed to one segment and not to two."""
    theirs: dict[int, set[int]] = {}
    people = sorted({row.customer_id for row in rows if row.customer_id is not None})
    for some in _some(people):
        living = rows_of_people(some)
        members = Membership.objects.filter(customer__in=list(living))
        for segment_id, customer_id in members.order_by().values_list("segment_id", "customer_id"):
            theirs.setdefault(segment_id, set()).add(living[customer_id])
    shown = list(theirs) if chosen is None else [pk for pk in theirs if pk == chosen]
    for segment in Segment.objects.filter(pk__in=shown).order_by("position", "name"):
        mine = [row for row in rows if row.customer_id in theirs[segment.pk]]
        yield segment.pk, segment.name, count_outcomes(mine)


def _some(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + MANY] for start in range(0, len(ids), MANY))


def _newest_first(row: Decided) -> tuple[float, int]:
    return -row.asked_at.timestamp(), -row.id
