"""All rows of a file, put together by their orders.

They are put in order on the disk first, in a table of our own that is gone afterwards: what is in memory is one
order at a time, and an order whose lines lie apart in the file is one order all the same.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, Final

from dangol.kernel.files import passing_folder
from dangol.kernel.refused_rows import unmarked
from dangol.kernel.table_files import Table
from dangol.orders.columns import check_columns
from dangol.orders.file_counts import Counted
from dangol.orders.file_lines import WIDE, ZERO
from dangol.orders.file_orders import NUMBERS, TIMES, OrderMaker, Reading
from dangol.orders.file_refusals import Refusal, Unfit
from dangol.orders.incoming import IncomingOrder, IncomingRefund
from dangol.orders.rules import plain_number
from dangol.orders.values import shown_by

_MOST_LINES: Final = 10_000
_PIECE: Final = 5_000
_MOST_SEEN: Final = 50_000  # different cells that are remembered of a column, to look at each once
_LONGEST_SHOWN: Final = 80  # letters of a cell that can be a number or a time


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
        passing_folder() as folder,
        closing(sqlite3.connect(folder / "rows", isolation_level=None)) as database,
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
        self._make = OrderMaker(reading, {})

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
        rows = enumerate(unmarked(table.header, table.rows), start=2)
        look = Looking(
            {field: place for field, place in self._reading.columns.items() if field in (*NUMBERS, *TIMES)}
        )
        while piece := list(islice(rows, _PIECE)):
            prepared = []
            for n, row in piece:
                if len(row) < width:
                    row += [""] * (width - len(row))
                wrong = WIDE if len(row) > width and any(row[width:]) else 0
                if "\0" in "".join(row):
                    wrong |= ZERO
                prepared.append((plain_number(row[number]), n, wrong, *pick(row)))
            look([row for _n, row in piece])
            self._database.executemany(f"INSERT INTO line VALUES ({marks})", prepared)  # noqa: S608  marks only
            self.rows += len(piece)
            yield len(piece)
        self._database.execute("COMMIT")
        self._make = OrderMaker(self._reading, look.shown)

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

    def refuse_order(
        self, key: str, reason: str, counted: Counted, refuse: Callable[[Refusal], None]
    ) -> None:
        """Refuse an order that was counted already, with all of its rows: it is in no number and no sum any more."""
        rows = self._database.execute("SELECT * FROM line WHERE k = ? ORDER BY n", [key]).fetchall()
        again = Counted(lines=len(rows))
        self._make(key, rows, again)
        counted.take_away(again)
        self._give_up(Unfit(reason), rows, counted, refuse)

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


class Looking:
    """Looks at the cells of columns, all of the file, for what they show of how they are written."""

    def __init__(self, places: Mapping[str, int]) -> None:
        self.shown = dict.fromkeys(places, 0)
        self._places = places
        self._seen: dict[str, set[str]] = {name: set() for name in places}

    def __call__(self, rows: Sequence[Sequence[str]]) -> None:
        """Look at some of the rows, each as wide as the header or wider."""
        for name, place in self._places.items():
            seen = self._seen[name]
            if len(seen) > _MOST_SEEN:
                seen.clear()
            new = {row[place] for row in rows} - seen
            for text in new:
                if len(text) < _LONGEST_SHOWN:
                    self.shown[name] |= shown_by(text)
            seen |= new


def shown_in(table: Table) -> list[int]:
    """What each column of the whole file shows, by its place: to look through the first rows as all will be read."""
    width = len(table.header)
    look = Looking({str(place): place for place in range(width)})
    rows = iter(table.rows)
    while piece := list(islice(rows, _PIECE)):
        look([row if len(row) >= width else row + [""] * (width - len(row)) for row in piece])
    return list(look.shown.values())
