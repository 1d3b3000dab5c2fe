"""All rows of a file, put together by their orders.

They are put in order on the disk first, in a table of our own that is gone afterwards: what is in memory is one
order at a time, and an order whose lines lie apart in the file is one order all the same.
"""

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from dangol.orders.columns import check_columns
from dangol.orders.file_orders import Counted, OrderMaker, Reading, Refusal, Unfit
from dangol.orders.files import Table
from dangol.orders.incoming import IncomingOrder, IncomingRefund
from dangol.orders.rules import plain_number

_MOST_LINES: Final = 10_000
_PIECE: Final = 5_000


@contextmanager
def gathered_rows(
    table: Table, reading: Reading, *, on_progress: Callable[[int], None] = lambda _rows: None
) -> Iterator["GatheredRows"]:
    """The rows of the table, read once from its beginning to its end; on the disk while the context lasts."""
    with row_store(table, reading) as rows:
        for many in rows.gather(table):
            on_progress(many)
        yield rows


@contextmanager
def row_store(table: Table, reading: Reading) -> Iterator["GatheredRows"]:
    """Room for the rows of the table, still to be gathered."""
    with (
        tempfile.TemporaryDirectory(prefix="dangol-orders-") as folder,
        closing(sqlite3.connect(Path(folder) / "rows", isolation_level=None)) as database,
    ):
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-16000"):
            database.execute(f"PRAGMA {pragma}")
        yield GatheredRows(database, reading, table)


class GatheredRows:
    """All rows of a file by the numbers of their orders. As often as wanted, `trades` reads them through."""

    def __init__(self, database: sqlite3.Connection, reading: Reading, table: Table) -> None:
        check_columns(table.header, reading.columns)
        self._database, self._reading = database, reading
        self.fields = tuple(reading.columns)
        self.header = tuple(table.header[place] for place in reading.columns.values())
        self.rows = 0
        self._make = OrderMaker(reading, table.sample)

    def gather(self, table: Table) -> Iterator[int]:
        """Read the file once from its beginning to its end; says after each piece how many rows that was."""
        places = list(self._reading.columns.values())
        width, number = len(table.header), places[self.fields.index("number")]
        pick = itemgetter(*places)
        marks = ",".join("?" * (len(places) + 3))
        columns = ",".join(f"c{place}" for place in range(len(places)))
        self._database.execute(
            f"CREATE TABLE line (k, n INTEGER, wide INTEGER, {columns}, PRIMARY KEY (k, n)) WITHOUT ROWID"
        )
        self._database.execute("BEGIN")
        rows = enumerate(table.rows, start=2)
        while piece := list(islice(rows, _PIECE)):
            prepared = []
            for n, row in piece:
                if len(row) < width:
                    row += [""] * (width - len(row))
                is_wide = len(row) > width and any(row[width:])
                prepared.append((plain_number(row[number]), n, is_wide, *pick(row)))
            self._database.executemany(f"INSERT INTO line VALUES ({marks})", prepared)  # noqa: S608  marks only
            self.rows += len(piece)
            yield len(piece)
        self._database.execute("COMMIT")

    def trades(
        self, counted: Counted, refuse: Callable[[Refusal], None]
    ) -> Iterator[IncomingOrder | IncomingRefund]:
        """Each order and each refund of the file; what cannot be read goes to `refuse`, an order whole."""
        found = self._database.execute("SELECT * FROM line ORDER BY k, n")
        for number, group in groupby(found, key=itemgetter(0)):
            rows: list[tuple[Any, ...]] = []
            is_too_long = False
            for row in group:
                rows.append(row)
                if len(rows) > _MOST_LINES:
                    is_too_long = True
                    self._give_up(Unfit("too_many_lines"), rows, counted, refuse)
                    rows = []
            if is_too_long:
                made: list[IncomingOrder | IncomingRefund] | Unfit = Unfit("too_many_lines")
            else:
                made = self._make(number, rows, counted)
            if isinstance(made, Unfit):
                self._give_up(made, rows, counted, refuse)
            else:
                counted.lines += len(rows)
                yield from made

    def _give_up(
        self,
        unfit: Unfit,
        rows: list[tuple[Any, ...]],
        counted: Counted,
        refuse: Callable[[Refusal], None],
    ) -> None:
        counted.lines += len(rows)
        for row in rows:
            reason = unfit.reason if unfit.row in {0, row[1]} else "other_line_refused"
            counted.refused[reason] += 1
            refuse(Refusal(row[1], reason, row[3:]))
