"""What service cost in a period, as sums of entries of the ledger. Pure: plain values in, plain values out.

Booked and estimated money stand side by side and are nowhere added. All money is in minor units of one currency.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from dangol.business.rates import half_even

POOR_SERVICE: Final = frozenset({"internal_failure", "external_failure"})
UPKEEP: Final = frozenset({"prevention", "appraisal"})
GOODWILL: Final = frozenset({"goodwill"})

Key = str | int | None


@dataclass(frozen=True)
class Total:
    """Entries added up: what `entries` of them have booked, and apart from it what `estimates` of them estimate.

    `low` and `high` are what it would be if every estimate lay at that end.
    """

    booked: int = 0
    entries: int = 0
    low: int = 0
    middle: int = 0
    high: int = 0
    estimates: int = 0

    def __add__(self, other: "Total") -> "Total":
        return Total(
            self.booked + other.booked,
            self.entries + other.entries,
            self.low + other.low,
            self.middle + other.middle,
            self.high + other.high,
            self.estimates + other.estimates,
        )

    def __neg__(self) -> "Total":
        return Total(-self.booked, -self.entries, -self.low, -self.middle, -self.high, -self.estimates)

    @property
    def is_empty(self) -> bool:
        """Whether no entry is in it."""
        return not self.entries and not self.estimates


@dataclass(frozen=True)
class Cell:
    """The entries of one class, kind, cause and currency together."""

    cost_class: str
    kind: str
    cause_id: int | None
    own_currency: str
    total: Total


@dataclass(frozen=True)
class Sales:
    """What was sold: `amount` is that of the orders whose worth in the business's currency is known, before refunds.

    `orders` are all that were not cancelled, those without a known rate and in another currency among them.
    """

    amount: int = 0
    orders: int = 0
    without_rate: int = 0
    cancelled: int = 0
    elsewhere: tuple[tuple[str, int, int], ...] = ()  # (another own currency, its sum, orders)


@dataclass(frozen=True)
class Ledger:
    """What is read of a period: the entries as cells, and the sales."""

    cells: tuple[Cell, ...]
    sales: Sales


@dataclass(frozen=True)
class Figure:
    """A total, and that of the period before."""

    now: Total
    before: Total

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing now and was nothing before."""
        return self.now.is_empty and self.before.is_empty


@dataclass(frozen=True)
class Line:
    """One kind or cause. The shares are of what was booked in all: its own, and with all lines above it."""

    key: Key
    figure: Figure
    share: float | None
    cumulative: float | None


@dataclass(frozen=True)
class Ratio:
    """Booked money against what was sold: by order in minor units, and as a share of sales. None without any."""

    per_order: int | None
    of_sales: float | None


@dataclass(frozen=True)
class Part:
    """Classes of cost that belong together, such as poor service: in all, by kind, by cause, against sales."""

    figure: Figure
    by_kind: tuple[Line, ...]
    by_cause: tuple[Line, ...]
    ratio: Ratio
    ratio_before: Ratio


@dataclass(frozen=True)
class Statement:
    """Both periods side by side. `elsewhere` holds entries in another currency than the business's: never added."""

    currency: str
    poor_service: Part
    goodwill: Part
    upkeep: Part
    sales: Sales
    sales_before: Sales
    elsewhere: tuple[tuple[str, Total], ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in this period and in the one before."""
        parts = (self.poor_service, self.goodwill, self.upkeep)
        return all(part.figure.is_empty for part in parts) and not self.elsewhere


def added_up(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """One cell of each class, kind, cause and currency; what is nothing and of no entry is left out."""
    found: dict[tuple[str, str, int | None, str], Total] = {}
    for cell in cells:
        key = (cell.cost_class, cell.kind, cell.cause_id, cell.own_currency)
        found[key] = found.get(key, Total()) + cell.total
    return tuple(Cell(*key, total) for key, total in found.items() if not total.is_empty)


def make_statement(now: Ledger, before: Ledger, *, currency: str) -> Statement:
    """The statement of a period against the one before."""

    def part(classes: frozenset[str]) -> Part:
        return _part(
            _of(now.cells, classes, currency), _of(before.cells, classes, currency), now.sales, before.sales
        )

    return Statement(
        currency=currency,
        poor_service=part(POOR_SERVICE),
        goodwill=part(GOODWILL),
        upkeep=part(UPKEEP),
        sales=now.sales,
        sales_before=before.sales,
        elsewhere=_elsewhere(now.cells, currency),
    )


def ratio_of(total: Total, sales: Sales) -> Ratio:
    """What was booked by order, rounded half to even, and as a share of sales."""
    return Ratio(
        per_order=half_even(total.booked, sales.orders) if sales.orders else None,
        of_sales=total.booked / sales.amount if sales.amount > 0 else None,
    )


def pareto(now: Iterable[Cell], before: Iterable[Cell], key: Callable[[Cell], Key]) -> tuple[Line, ...]:
    """A line a kind or cause, the costliest first: by what is booked, then by the middle of what is estimated.

    Where reversals outweigh what was booked there is nothing to have a share of.
    """
    new, old = _by(now, key), _by(before, key)
    whole = sum(total.booked for total in new.values())
    figures = [(each, Figure(new.get(each, Total()), old.get(each, Total()))) for each in {**new, **old}]
    figures.sort(
        key=lambda pair: (-pair[1].now.booked, -pair[1].now.middle, -pair[1].before.booked, str(pair[0]))
    )
    lines, so_far = [], 0
    for each, figure in figures:
        so_far += figure.now.booked
        lines.append(
            Line(
                each,
                figure,
                share=figure.now.booked / whole if whole > 0 else None,
                cumulative=so_far / whole if whole > 0 else None,
            )
        )
    return tuple(lines)


def _part(now: list[Cell], before: list[Cell], sales: Sales, sales_before: Sales) -> Part:
    figure = Figure(_together(now), _together(before))
    return Part(
        figure=figure,
        by_kind=pareto(now, before, lambda cell: cell.kind),
        by_cause=pareto(now, before, lambda cell: cell.cause_id),
        ratio=ratio_of(figure.now, sales),
        ratio_before=ratio_of(figure.before, sales_before),
    )


def _of(cells: Iterable[Cell], classes: frozenset[str], currency: str) -> list[Cell]:
    return [cell for cell in cells if cell.cost_class in classes and cell.own_currency == currency]


def _together(cells: Iterable[Cell]) -> Total:
    return sum((cell.total for cell in cells), Total())


def _by(cells: Iterable[Cell], key: Callable[[Cell], Key]) -> dict[Key, Total]:
    found: dict[Key, Total] = {}
    for cell in cells:
        each = key(cell)
        found[each] = found.get(each, Total()) + cell.total
    return found


def _elsewhere(cells: Iterable[Cell], currency: str) -> tuple[tuple[str, Total], ...]:
    found = _by((cell for cell in cells if cell.own_currency != currency), lambda cell: cell.own_currency)
    return tuple(sorted((str(each), total) for each, total in found.items()))
