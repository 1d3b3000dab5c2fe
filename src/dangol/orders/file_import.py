"""A whole file of orders, into the database: in pieces, each whole, so that a broken-off one is simply done again."""

import resource
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Self

from django.db import transaction

from dangol.business.money import exponent
from dangol.kernel import clock
from dangol.kernel.refused_rows import RefusedRows
from dangol.orders.commands import Taken, take_orders
from dangol.orders.file_counts import Counted
from dangol.orders.file_reading import GatheredRows
from dangol.orders.file_refusals import REASONS, Refusal
from dangol.orders.incoming import IncomingOrder, IncomingRefund
from dangol.orders.models import Source
from dangol.staff.models import Staff

BATCH: Final = 500
"""Orders that are written in one transaction: others wait a fraction of a second for it."""
_BATCH_LINES: Final = 20_000
"""Lines after which a transaction ends all the same; an order has at most 10,000."""


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
    try:
        with transaction.atomic() if all_or_nothing else nullcontext():
            counted, taken = Counted(), Taken()
            for batch in batches(rows, counted, refuse):
                now = take_batch(actor=actor, source=source, batch=batch)
                refuse_known(rows, now, counted, refuse)
                taken += now
                on_progress(len(batch))
            if all_or_nothing and counted.refused:
                raise NothingKept(counted)
    except NothingKept as none:
        return Imported(none.counted, Taken(), is_written=False)
    return Imported(counted, taken, is_written=True)


class NothingKept(Exception):
    """Ends a transaction of all or nothing of which an order was refused by what is in the database."""

    def __init__(self, counted: Counted) -> None:
        self.counted = counted


def refuse_known(
    rows: GatheredRows, taken: Taken, counted: Counted, refuse: Callable[[Refusal], None]
) -> None:
    """Refuse the rows of the orders that were not taken because their number is one of another day."""
    for key in taken.other_day:
        rows.refuse_order(key, "other_day", counted, refuse)


def batches(
    rows: GatheredRows, counted: Counted, refuse: Callable[[Refusal], None]
) -> Iterator[list[IncomingOrder | IncomingRefund]]:
    """What the file holds, in pieces of which each is written at once."""
    batch: list[IncomingOrder | IncomingRefund] = []
    lines = 0
    for trade in rows.trades(counted, refuse):
        is_of_last = isinstance(trade, IncomingRefund) and trade.order_key  # a refund comes with its order
        if not is_of_last and (len(batch) >= BATCH or lines + len(trade.lines) > _BATCH_LINES) and batch:
            yield batch
            batch, lines = [], 0
        batch.append(trade)
        lines += len(trade.lines)
    if batch:
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


class RefusedFile(RefusedRows):
    """Refused rows of a file of orders, to be corrected and imported again."""

    def __init__(self, path: Path, rows: GatheredRows, *, has_codes: bool = False) -> None:
        super().__init__(path, rows.header, REASONS, has_codes=has_codes)

    def __call__(self, refusal: Refusal) -> None:
        """Write one."""
        self.write(refusal.row, refusal.reason, refusal.cells)

    def __enter__(self) -> Self:
        return self


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
        "sum_exact": exact_text(counted, currency),
        "sum_rounded": rounded_text(counted, currency),
        "currency": currency,
        "other_sums": {
            other: {"sum_exact": exact_text(counted, other), "sum_rounded": rounded_text(counted, other)}
            for other in sorted(counted.rounded.keys() - {currency})
        },
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


def exact_text(counted: Counted, currency: str) -> str:
    """Σ quantity × price of the lines in this currency, with all of its decimals and no more."""
    value = Decimal(counted.exact_e7[currency]).scaleb(-7)
    return f"{value.normalize():f}" if value else "0"


def rounded_text(counted: Counted, currency: str) -> str:
    """The sum of the lines' rounded amounts, of the lines in this currency."""
    return f"{Decimal(counted.rounded[currency]).scaleb(-exponent(currency)):f}"


def peak_mb() -> float:
    """The most memory that this process has had, in megabytes of 1,000,000."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak * (1 if sys.platform == "darwin" else 1024) / 1_000_000, 1)
