"""Subscriptions: what somebody pays for period by period, seen from the periods that their orders are for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby
from typing import Final

from django.db.models import Q

from dangol.kernel.prepared import Prepared
from dangol.orders.models import Order, OrderLine

MOST: Final = 200  # the newest periods of a customer, which are looked at
A_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """What an order pays for, from the first to the last day; `last` is None where the order does not say it.
    `what` are its articles, by their numbers or names."""

    order_id: int
    what: tuple[str, ...]
    first: date
    last: date | None
    amount: int
    currency: str


@dataclass(frozen=True)
class Subscription:
    """Periods of the same articles without a day between them. `amount` is that of the present one, `order_id` its
    order; `paid_until` is None where the last does not say when it ends."""

    what: tuple[str, ...]
    since: date
    paid_until: date | None
    amount: int
    currency: str
    order_id: int

    @property
    def next_from(self) -> date | None:
        """The day on which another period would begin; None where none is said, or it goes on for ever."""
        return _day_after(self.paid_until) if self.paid_until else None


def running_subscriptions(periods: Iterable[Period], *, today: date) -> list[Subscription]:
    """Those of the periods that go on today, the oldest first."""
    by_what = sorted(periods, key=lambda each: (each.what, each.first, each.order_id))
    found = [
        running
        for _what, same in groupby(by_what, key=lambda each: each.what)
        if (running := _running(list(same), today))
    ]
    return sorted(found, key=lambda each: (each.since, each.order_id))


def paid_for(day: date) -> Q:
    """The orders whose subscription period that day lies in, cancelled ones left out."""
    not_over = Q(subscription_until=None) | Q(subscription_until__gte=day)
    return Q(not_over, subscription_from__lte=day, cancelled_at=None)


def has_subscriptions() -> bool:
    """Whether any order is for a period; by the index."""
    return Order.objects.filter(subscription_from__isnull=False).exists()


def subscriptions_of(customer_ids: Sequence[int], *, today: date) -> tuple[tuple[str, Subscription], ...]:
    """The person's running subscriptions with the names of what they are for; one query where there is none, else
    two, by the indexes."""
    rows = _PERIODS(ids=tuple(customer_ids))
    if not rows:
        return ()
    names = _articles([pk for pk, *_ in rows])
    periods = [
        Period(pk, tuple(sorted(names.get(pk, {}))), first, last, amount, currency)
        for pk, first, last, amount, currency in rows
    ]
    return tuple(
        (", ".join(filter(None, (names.get(each.order_id, {}).get(key, "") for key in each.what))), each)
        for each in running_subscriptions(periods, today=today)
    )


def _running(periods: Sequence[Period], today: date) -> Subscription | None:
    run: Subscription | None = None
    for each in periods:
        next_from = run.next_from if run is not None else None
        goes_on = run is not None and (next_from is None or each.first <= next_from)
        if run is None or (not goes_on and each.first <= today):
            run = Subscription(each.what, each.first, each.last, each.amount, each.currency, each.order_id)
        elif goes_on:
            last = max(each.last, run.paid_until or each.last) if each.last else None
            run = replace(run, paid_until=last)
            if each.first <= today:
                run = replace(run, amount=each.amount, currency=each.currency, order_id=each.order_id)
    if run is None or run.since > today or (run.paid_until is not None and run.paid_until < today):
        return None
    return run


def _day_after(day: date) -> date | None:
    # Many systems write the last day that there is for "for ever".
    return day + A_DAY if day < date.max else None


def _articles(order_ids: Sequence[int]) -> Mapping[int, Mapping[str, str]]:
    """By order the names of its articles, by their numbers where they have one."""
    found: dict[int, dict[str, str]] = {}
    lines = OrderLine.objects.filter(order__in=order_ids).order_by("id")
    for order_id, sku, name in lines.values_list("order_id", "sku", "name"):
        found.setdefault(order_id, {}).setdefault(sku or name, name or sku)
    return found


_PERIODS: Final = Prepared(
    lambda ids: (
        Order.objects.filter(customer__in=ids, subscription_from__isnull=False, cancelled_at=None)
        .order_by("-subscription_from", "-id")
        .values_list("id", "subscription_from", "subscription_until", "amount", "currency")[:MOST]
    )
)
