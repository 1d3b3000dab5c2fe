"""A whole file of orders, into the database: in pieces, each whole, so that a broken-off one is simply done again."""

import csv
import resource
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, Final

from dangol.business.money import exponent
from dangol.kernel import clock
from dangol.orders.commands import Taken, take_orders
from dangol.orders.file_orders import REASONS, Counted, Refusal
from dangol.orders.file_reading import GatheredRows
from dangol.orders.incoming import IncomingOrder, IncomingRefund
from dangol.orders.models import Source
from dangol.staff.models import Staff

BATCH: Final = 500
"""Orders that are written in one transaction: some 12,000 lines, and others wait a fraction of a second for it."""


@dataclass(frozen=True)
class Imported:
    """What a file held and what became of it. `counted` is of the file, `taken` of the database."""

    counted: Counted
    taken: Taken
    is_written: bool


def import_orders(
    *,
    actor: Staff | None,
    source: Source | None,
    rows: GatheredRows,
    all_or_nothing: bool = False,
    refuse: Callable[[Refusal], None] = lambda _refusal: None,
    on_progress: Callable[[int], None] = lambda _orders: None,
) -> Imported:
    """Take the orders of the file in, silently. Again is the same as once. Without a source nothing is written.

    `all_or_nothing`: when a row of it is refused, nothing is written either.
    """
    if source is None or all_or_nothing:
        counted = Counted()
        for _trade in rows.trades(counted, refuse):
            pass
        if source is None or counted.refused:
            return Imported(counted, Taken(), is_written=False)
    counted, taken = Counted(), Taken()
    for batch in batches(rows, counted, (lambda _refusal: None) if all_or_nothing else refuse):
        taken += take_batch(actor=actor, source=source, batch=batch)
        on_progress(len(batch))
    return Imported(counted, taken, is_written=True)


def batches(
    rows: GatheredRows, counted: Counted, refuse: Callable[[Refusal], None]
) -> Iterator[list[IncomingOrder | IncomingRefund]]:
    """What the file holds, in pieces of which each is written at once."""
    trades = rows.trades(counted, refuse)
    while batch := list(islice(trades, BATCH)):
        yield batch


def take_batch(
    *, actor: Staff | None, source: Source, batch: Iterable[IncomingOrder | IncomingRefund]
) -> Taken:
    """Write a piece of a file."""
    trades = list(batch)
    return take_orders(
        actor=actor,
        source=source,
        orders=[each for each in trades if isinstance(each, IncomingOrder)],
        refunds=[each for each in trades if isinstance(each, IncomingRefund)],
        silent=True,
        at=clock.now(),
    )


class RefusedFile:
    """Refused rows as a CSV file with the file's own names of the columns, to be corrected and imported again."""

    def __init__(self, path: Path, rows: GatheredRows) -> None:
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow([*rows.header, "row", "reason"])

    def __call__(self, refusal: Refusal) -> None:
        """Write one."""
        self._writer.writerow([*refusal.cells, refusal.row, str(REASONS[refusal.reason])])

    def __enter__(self) -> "RefusedFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def as_report(done: Imported, *, currency: str, seconds: float, cpu_seconds: float) -> dict[str, Any]:
    """What `--json` prints: amounts are texts, because a float would round them."""
    counted = done.counted
    return {
        "lines": counted.lines,
        "orders": counted.orders,
        "cancellations": counted.cancellations,
        "customers": len(counted.customers),
        "lines_without_customer": counted.lines_without_customer,
        "refused": dict(counted.refused),
        "sum_exact": exact_text(counted),
        "sum_rounded": rounded_text(counted, currency),
        "currency": currency,
        "written": {
            "new_orders": done.taken.new_orders,
            "changed_orders": done.taken.changed_orders,
            "new_refunds": done.taken.new_refunds,
            "changed_refunds": done.taken.changed_refunds,
            "known": done.taken.known,
        },
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu_seconds, 2),
        "peak_mb": peak_mb(),
    }


def exact_text(counted: Counted) -> str:
    """Σ quantity × price with all of its decimals and no more."""
    value = Decimal(counted.exact_e7).scaleb(-7)
    return f"{value.normalize():f}" if value else "0"


def rounded_text(counted: Counted, currency: str) -> str:
    """The sum of the lines' rounded amounts, of the lines in this currency."""
    return f"{Decimal(counted.rounded[currency]).scaleb(-exponent(currency)):f}"


def peak_mb() -> float:
    """The most memory that this process has had, in megabytes of 1,000,000."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak * (1 if sys.platform == "darwin" else 1024) / 1_000_000, 1)
