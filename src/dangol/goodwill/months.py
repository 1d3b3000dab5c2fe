"""The ledger's sums by month, which the database keeps (`kernel.month_sums`)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dangol.kernel.db import read_rows
from dangol.kernel.month_sums import MonthSums

LEDGER: Final = MonthSums(
    name="goodwill_month",
    table="goodwill_entry",
    at="happened_at",
    groups=(
        ("own_currency", "varchar(3)", "r.own_currency"),
        ("cost_class", "varchar(16)", "r.cost_class"),
        ("kind", "varchar(16)", "r.kind"),
        ("cause", "bigint", "COALESCE(r.cause_id, 0)"),  # 0 is none: what is null would be in no group twice
        ("place", "bigint", "COALESCE(r.place_id, 0)"),
    ),
    sums=(
        ("booked", "COALESCE(r.booked, 0)"),
        ("entries", "CASE WHEN r.booked IS NULL THEN 0 ELSE 1 END"),
        ("low", "COALESCE(r.estimated_low, 0)"),
        ("middle", "COALESCE(r.estimated, 0)"),
        ("high", "COALESCE(r.estimated_high, 0)"),
        ("estimates", "CASE WHEN r.estimated IS NULL THEN 0 ELSE 1 END"),
    ),
    watched=(
        "happened_at", "own_currency", "cost_class", "kind", "cause_id", "place_id", "booked", "estimated_low",
        "estimated", "estimated_high",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Group:
    """The entries of one class, kind, cause and currency in some months: added up, and how many there are."""

    cost_class: str
    kind: str
    cause_id: int | None
    own_currency: str
    booked: int
    entries: int
    low: int
    middle: int
    high: int
    estimates: int


def groups_of_months(first: str, last: str, *, place_id: int | None = None) -> Iterator[Group]:
    """The groups of the months ("2026-10") from the first until before the last, of all or of one place; one query."""
    of_place = "" if place_id is None else "AND place = %s"
    rows = read_rows(
        "SELECT cost_class, kind, cause, own_currency, SUM(booked), SUM(entries), SUM(low), SUM(middle), SUM(high), "  # noqa: S608
        f"SUM(estimates) FROM goodwill_month WHERE month >= %s AND month < %s {of_place} "
        "GROUP BY cost_class, kind, cause, own_currency",
        (first, last, *(() if place_id is None else (place_id,))),
    )
    for cost_class, kind, cause, own_currency, *numbers in rows:
        yield Group(cost_class, kind, cause or None, own_currency, *map(int, numbers))
