"""What a gift is booked as, who may give how much, and what a reply costs. Plain values; money in minor units."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from dangol.goodwill.amounts import Estimate
from dangol.goodwill.models import CostClass, Kind
from dangol.staff.models import Role

Over = Literal["", "act", "customer", "budget"]

GIVEN: Final = (Kind.REDO, Kind.REFUND, Kind.FREE_ITEM, Kind.DISCOUNT, Kind.GIFT, Kind.SHIPPING)
"""What can be given from a conversation or an order."""
SUGGESTED: Final = (Kind.REDO, Kind.REFUND, Kind.SHIPPING)
"""What can be suggested for a cause: what the order at hand says the price of."""
FAILURES: Final = frozenset({Kind.REDO, Kind.REFUND, Kind.SHIPPING})
"""What is only ever given because something went wrong."""
REPLY_MINUTES: Final = "reply_minutes"
"""The method of an estimate: minutes spent on a reply, by the loaded hourly rate."""


@dataclass(frozen=True)
class Limits:
    """How much may be given without asking; None is without a limit."""

    an_act: int | None = None
    a_customer_a_month: int | None = None
    a_month: int | None = None  # all of the business together: its budget


def class_of(kind: Kind, *, has_cause: bool) -> CostClass:
    """How a gift counts: with a cause it makes good what a customer met, without one it is a kindness."""
    return CostClass.EXTERNAL_FAILURE if kind in FAILURES or has_cause else CostClass.GOODWILL


def usual_limits(role: str) -> tuple[int | None, int | None]:
    """(an act, a customer and month) of a role for which nothing was set: agents ask, the others need not."""
    return (0, 0) if role == Role.AGENT else (None, None)


def stricter(limits: Iterable[int | None]) -> int | None:
    """The lowest of the limits that there are."""
    return min((limit for limit in limits if limit is not None), default=None)


def what_is_over(amount: int, limits: Limits, *, to_customer: int, in_month: int) -> Over:
    """Which limit the amount would exceed, after what was given to the customer and by all this month; "" for none."""
    if limits.an_act is not None and amount > limits.an_act:
        return "act"
    if limits.a_customer_a_month is not None and to_customer + amount > limits.a_customer_a_month:
        return "customer"
    if limits.a_month is not None and in_month + amount > limits.a_month:
        return "budget"
    return ""


def without_asking(limits: Limits, *, to_customer: int, in_month: int) -> int | None:
    """How much may be given now without asking; None is without a limit."""
    left = stricter(
        (
            limits.an_act,
            None if limits.a_customer_a_month is None else limits.a_customer_a_month - to_customer,
            None if limits.a_month is None else limits.a_month - in_month,
        )
    )
    return None if left is None else max(0, left)


def reply_cost(seconds: float | None, *, hourly_rate: int, minutes: int, most_minutes: int) -> Estimate:
    """What a reply cost in staff time, by the loaded hourly rate.

    `seconds` is how long its draft was open, at most `most_minutes` of which count: a draft left open over lunch was
    not an hour's work. None where no draft says it: the usual `minutes` then. The bounds are half and twice the middle,
    for the time that a page was open says so much about work and no more; twice is capped like the middle.
    """
    most = most_minutes * 60
    spent = min(minutes * 60 if seconds is None else seconds, most)
    cost = [round(hourly_rate * each / 3600) for each in (spent / 2, spent, min(2 * spent, most))]
    return Estimate(*cost)
