"""Rows that are made in memory with their ids, and written at once. The database sees few, large statements."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import Any, Final, TypeVar
from uuid import UUID

from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.models import Model

from dangol.kernel.events import Happened, as_row
from dangol.search import index

Row = TypeVar("Row", bound=Model)
_PLAIN: Final = (int, str, bool, float, type(None))


@dataclass(frozen=True)
class Table:
    """The rows of one model as the database takes them."""

    model: type[Model]
    values: list[tuple[Any, ...]]


@dataclass(frozen=True)
class Packed:
    """All that is to be written, in an order in which it can be."""

    tables: tuple[Table, ...]
    texts: dict[str, list[tuple[int, str]]]


class Rows:
    """Unsaved rows by model, with ids from 1 on in the order in which they were added."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._rows: dict[type[Model], list[Model]] = defaultdict(list)
        self._happened: list[Happened] = []
        self.texts: dict[str, list[tuple[int, str]]] = defaultdict(list)

    def add(self, row: Row) -> Row:
        """Give the row its id and, where it has one, a uid of this shop's own luck."""
        rows = self._rows[type(row)]
        row.pk = len(rows) + 1
        if hasattr(row, "uid"):
            row.uid = self.uid()
        rows.append(row)
        return row

    def add_message(self, row: Row) -> Row:
        """The same for a row whose uid was given before."""
        uid = row.uid  # type: ignore[attr-defined]
        self.add(row).uid = uid  # type: ignore[attr-defined]
        return row

    def add_all(self, rows: Iterable[Model]) -> None:
        """Each of them in turn."""
        for row in rows:
            self.add(row)

    def tell(self, event: Happened) -> None:
        """Something happened; the order of telling does not matter."""
        self._happened.append(event)

    def of(self, model: type[Row]) -> list[Row]:
        """The rows of a model so far."""
        return self._rows[model]  # type: ignore[return-value]

    def uid(self) -> UUID:
        """The next uid; the same ones in each run."""
        return UUID(int=self._random.getrandbits(128), version=4)

    def pack(self, *first: Sequence[Model], recorded_at: datetime) -> Packed:
        """Everything, with the events silent and in order of time, behind the rows that come first."""
        told = sorted(self._happened, key=lambda event: event.happened_at)
        self.add_all(as_row(replace(event, silent=True), recorded_at=recorded_at) for event in told)
        self._happened = []
        tables = [pack_table(rows) for rows in (*first, *self._rows.values()) if rows]
        return Packed(tuple(tables), dict(self.texts))


def pack_table(rows: Sequence[Model]) -> Table:
    """The rows of one model as values."""
    fields = type(rows[0])._meta.concrete_fields
    savers = [(field.attname, field.get_db_prep_save) for field in fields]
    as_instant = connection.ops.adapt_datetimefield_value
    values = []
    for row in rows:
        packed = []
        for name, save in savers:
            value = getattr(row, name)
            if type(value) is datetime:  # by far the most of those that are not plain
                value = as_instant(value)
            elif type(value) not in _PLAIN:
                value = save(value, connection)
            packed.append(value)
        values.append(tuple(packed))
    return Table(type(rows[0]), values)


def write(packed: Packed) -> None:
    """Write it all in one transaction, into tables that are empty, and make it findable."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in packed.tables:
            meta = table.model._meta
            columns = [connection.ops.quote_name(str(field.column)) for field in meta.concrete_fields]
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(
                f"INSERT INTO {connection.ops.quote_name(meta.db_table)} ({', '.join(columns)})"  # noqa: S608
                f" VALUES ({marks})",
                table.values,
            )
        models = [table.model for table in packed.tables]
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)
        for kind, texts in packed.texts.items():
            index.put(kind, texts)
