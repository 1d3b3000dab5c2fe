"""The ledger added up. What was booked and what is estimated stay two sums."""

from collections.abc import Hashable, Iterable
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, Q, QuerySet
from django.db.models import Sum as Added

from dangol.goodwill.amounts import Estimate, Sum
from dangol.goodwill.models import ASKING, Entry, Kind, Wish
from dangol.kernel.prepared import Prepared

_ADDED = {
    "sum_booked": Added("booked"),
    "sum_low": Added("estimated_low"),
    "sum_middle": Added("estimated"),
    "sum_high": Added("estimated_high"),
    "entries": Count("pk"),
}


def entries_between(since: datetime, until: datetime, *, own_currency: str) -> QuerySet[Entry]:
    """What counts in the time from `since` until before `until`, in one currency: a sum has only one."""
    return Entry.objects.filter(happened_at__gte=since, happened_at__lt=until, own_currency=own_currency)


def summed(entries: QuerySet[Entry]) -> Sum:
    """What they add up to, reversals included; one query."""
    return _sum_of(entries.order_by().aggregate(**_ADDED))


def summed_by(entries: QuerySet[Entry], *by: str) -> dict[tuple[Hashable, ...], Sum]:
    """The sums by the values of the columns `by`; one query. Groups that were taken back whole are there with zero."""
    rows = entries.order_by().values(*by).annotate(**_ADDED)
    return {tuple(row[name] for name in by): _sum_of(row) for row in rows}


def added(sums: Iterable[Sum]) -> Sum:
    """All of them together."""
    return sum(sums, start=Sum())


def standing(entries: QuerySet[Entry]) -> QuerySet[Entry]:
    """Without those that were taken back, and without what takes them back."""
    return entries.filter(reverses=None, reversal=None)


def asking_for_cause() -> QuerySet[Entry]:
    """What was really paid for a failure and nobody has said why: it stands, and has no cause."""
    return standing(Entry.objects.filter(ASKING))


def given_back_by_hand(customer_ids: Iterable[int]) -> tuple[tuple[int, str], ...]:
    """What these were given back here and no shop's system reported, by own currency; of a cancelled order nothing, as
    its sale does not count either. One query."""
    return tuple((int(amount), currency) for currency, amount in _BY_HAND(ids=tuple(customer_ids)))


_BY_HAND: Final = Prepared(
    lambda ids: (
        Wish.objects.filter(
            customer__in=ids,
            kind=Kind.REFUND,
            state__in=[Wish.State.GIVEN, Wish.State.PARTLY],
            refund=None,
        )
        .filter(Q(order=None) | Q(order__cancelled_at=None))
        .order_by("own_currency")
        .values_list("own_currency")
        .annotate(Added("given"))
    )
)


def _sum_of(row: dict[str, Any]) -> Sum:
    middle = row["sum_middle"]
    estimate = None if middle is None else Estimate(int(row["sum_low"]), int(middle), int(row["sum_high"]))
    return Sum(int(row["sum_booked"] or 0), estimate, row["entries"])
