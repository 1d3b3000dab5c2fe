"""Orders of Moon Burger for tests, and files of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from dangol.kernel.table_files import open_table
from dangol.orders.columns import choose_columns
from dangol.orders.commands import source_named
from dangol.orders.file_import import Imported, import_orders
from dangol.orders.file_orders import Reading
from dangol.orders.file_reading import gathered_rows
from dangol.orders.file_refusals import Refusal
from dangol.orders.incoming import IncomingLine, IncomingOrder, IncomingRefund

MONDAY = datetime(2026, 11, 16, 3, 0, tzinfo=UTC)
BURGER = IncomingLine("B1", "Moon burger", 2000, 120_000_000)
COLUMNS = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"


def order(key: str = "1001", amount: int = 24_000, **more) -> IncomingOrder:
    """Two burgers, as a shop tells of them."""
    values = {"number": key, "currency": "KRW", "lines": (BURGER,), "ordered_at": MONDAY, **more}
    return IncomingOrder(key=key, amount=amount, **values)


def refund(key: str = "R1", amount: int = 12_000, **more) -> IncomingRefund:
    """One burger's money back."""
    values = {"number": key, "currency": "KRW", "refunded_at": MONDAY, **more}
    return IncomingRefund(key=key, amount=amount, **values)


def a_file(folder: Path, *lines: str, header: str = COLUMNS, name: str = "orders.csv") -> Path:
    """A file with these lines below its header."""
    path = folder / name
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def bring_in(
    path: Path, *, source: str = "", writes: bool = True, all_or_nothing: bool = False, **reading
) -> tuple[Imported, list[Refusal]]:
    """Import the file as the page and the command line do; returns what was refused as well."""
    refused: list[Refusal] = []
    with open_table(path) as table:
        how = Reading(
            **{
                "columns": choose_columns(table.header),
                "currency": "GBP",
                "zone": ZoneInfo("Europe/London"),
                **reading,
            }
        )
        with gathered_rows(table, how) as rows:
            done = import_orders(
                actor=None,
                source=source_named(source, at=MONDAY) if writes else None,
                rows=rows,
                all_or_nothing=all_or_nothing,
                refuse=refused.append,
            )
    return done, refused
