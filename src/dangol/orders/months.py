"""What was sold by month, which the database keeps beside the orders (`kernel.month_sums`)."""

from typing import Final, NamedTuple

from dangol.kernel.db import read_rows
from dangol.kernel.month_sums import MonthSums

SALES: Final = MonthSums(
    name="orders_month",
    table="orders_order",
    at="ordered_at",
    groups=(
        ("own_currency", "varchar(3)", "r.own_currency"),
        ("place", "bigint", "COALESCE(r.place_id, 0)"),
    ),
    sums=(
        ("amount", "CASE WHEN r.cancelled_at IS NULL THEN COALESCE(r.own_amount, 0) ELSE 0 END"),
        ("orders", "CASE WHEN r.cancelled_at IS NULL THEN 1 ELSE 0 END"),
        ("without_rate", "CASE WHEN r.cancelled_at IS NULL AND r.own_amount IS NULL THEN 1 ELSE 0 END"),
        ("cancelled", "CASE WHEN r.cancelled_at IS NULL THEN 0 ELSE 1 END"),
    ),
    watched=("ordered_at", "own_currency", "place_id", "own_amount", "cancelled_at"),
)


class Sold(NamedTuple):
    """Orders counted in one own currency: amount, how many, how many of them without a rate; and how many cancelled."""

    own_currency: str
    amount: int
    orders: int
    without_rate: int
    cancelled: int

    def plus(self, other: "Sold") -> "Sold":
        """Both together."""
        numbers = (one + two for one, two in zip(self[1:], other[1:], strict=True))
        return Sold(self.own_currency, *numbers)


def sold_in_months(first: str, last: str, *, place_id: int | None = None) -> dict[str, list[Sold]]:
    """What was sold in each month ("2026-10") from the first until before the last, at all or one place; one query."""
    of_place = "" if place_id is None else "AND place = %s"
    rows = read_rows(
        "SELECT month, own_currency, SUM(amount), SUM(orders), SUM(without_rate), SUM(cancelled) FROM orders_month "  # noqa: S608
        f"WHERE month >= %s AND month < %s {of_place} GROUP BY month, own_currency",
        (first, last, *(() if place_id is None else (place_id,))),
    )
    found: dict[str, list[Sold]] = {}
    for month, currency, *numbers in rows:
        found.setdefault(month, []).append(Sold(currency, *map(int, numbers)))
    return found
