"""Rows that are made in memory with their ids, and written at once. The database sees few, large statements."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from random import Random
from typing import Any, Final, TypeVar
from uuid import UUID

from django.core.management.color import no_style
from django.db import connection, connections, transaction
from django.db.models import Model

from dangol.kernel.events import COMMON, Happened, as_row
from dangol.kernel.models import Event
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
        tables = [pack_table(rows) for rows in (*first, *self._rows.values()) if rows]
        told = sorted(self._happened, key=lambda event: event.happened_at)
        return Packed((*tables, _event_table(told, recorded_at)), dict(self.texts))


def pack_table(rows: Sequence[Model]) -> Table:
    """The rows of one model as values."""
    columns = type(rows[0])._meta.concrete_fields
    savers = [(column.attname, column.get_db_prep_save) for column in columns]
    own = connections[connection.alias]  # `connection` would look for itself at each value
    as_instant = own.ops.adapt_datetimefield_value
    nothing = _nothing()
    values = []
    for row in rows:
        packed = []
        for name, save in savers:
            value = getattr(row, name)
            if type(value) is datetime:  # by far the most of those that are not plain
                value = as_instant(value)
            elif value == []:
                value = nothing
            elif type(value) not in _PLAIN:
                value = save(value, own)
            packed.append(value)
        values.append(tuple(packed))
    return Table(type(rows[0]), values)


def _event_table(told: Sequence[Happened], recorded_at: datetime) -> Table:
    # As pack_table would do it from rows of `kernel.events.as_row`, but there are more of these than of all others.
    example = pack_table([_event(told[0], recorded_at)]).values[0] if told else ()
    names = [field.attname for field in Event._meta.concrete_fields]
    own_connection = connections[connection.alias]
    as_instant = own_connection.ops.adapt_datetimefield_value
    as_json = Event._meta.get_field("data").get_db_prep_save
    own = {
        kind: [field.name for field in fields(kind) if field.name not in COMMON]
        for kind in set(map(type, told))
    }
    values = []
    for pk, event in enumerate(told, start=1):
        made = dict(zip(names, example, strict=True))
        made["id"], made["name"] = pk, type(event).__name__
        made["happened_at"] = as_instant(event.happened_at)
        made["actor_id"], made["customer_id"] = event.actor_id, event.customer_id
        made["data"] = as_json({name: getattr(event, name) for name in own[type(event)]}, own_connection)
        values.append(tuple(made.values()))
    return Table(Event, values)


def _event(event: Happened, recorded_at: datetime) -> Event:
    return as_row(replace(event, silent=True), recorded_at=recorded_at)


def _nothing() -> Any:
    # An empty list as JSON, which most addressees are.
    return Event._meta.get_field("data").get_db_prep_save([], connection)


def write(packed: Packed) -> None:
    """Write the rows in one transaction, into tables that are empty. They cannot be found yet."""
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


def make_findable(packed: Packed) -> None:
    """Put the texts into the search index, in one transaction."""
    with transaction.atomic():
        for kind, texts in packed.texts.items():
            index.put(kind, texts)
