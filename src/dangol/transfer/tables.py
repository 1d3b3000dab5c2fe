"""The rows of every table in a form that both databases understand, and how they get back in.

Which tables there are is asked of Django at the state that the database's migrations are in, not of today's code: so
the rows of an older version can be read and put back, and a new table of an app needs nothing here.
"""

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from django.apps.registry import Apps
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from dangol.transfer.states import State, history_of, models_at

# Who is at work just now, which is nobody in what is put back.
LEFT_OUT: Final = frozenset({"kernel.lease", "kernel.heartbeat"})
# The index is made from the texts again: it differs between the databases.
MADE_AGAIN: Final = frozenset({"search"})

PART_BYTES: Final = 4 * 1024 * 1024
CHUNK_ROWS: Final = 500

_AS_THEY_ARE: Final = (
    models.CharField,
    models.TextField,
    models.IntegerField,
    models.BooleanField,
    models.FloatField,
    models.AutoField,
)


@dataclass(frozen=True)
class Table:
    """A table with its columns in a fixed order."""

    label: str
    model: type[models.Model]
    fields: tuple["models.Field[Any, Any]", ...]

    @property
    def name(self) -> str:
        """The table's name in the database."""
        return self.model._meta.db_table

    @property
    def columns(self) -> list[str]:
        """The columns' names in the database."""
        return [str(field.column) for field in self.fields]

    @property
    def counter(self) -> str | None:
        """The column whose ids the database gives; None where it gives none."""
        key = self.model._meta.pk
        return str(key.column) if isinstance(key, models.AutoField) else None


def carried_tables(apps: Apps) -> list[Table]:
    """Every table that belongs into a backup, by its label."""
    found = [
        Table(model._meta.label_lower, model, tuple(model._meta.concrete_fields))
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    ]
    return sorted(
        (each for each in found if each.label not in LEFT_OUT and _app(each) not in MADE_AGAIN),
        key=lambda each: each.label,
    )


def tables_at(state: State, loader: MigrationLoader) -> list[Table]:
    """Every table that belongs into a backup, as it was in this state.

    Its columns stand in the order in which migrations have made them, as they do for every later version that reads
    them; today's models may name them in another one.
    """
    history = history_of(state, loader)
    return [_in_order(table, history) for table in carried_tables(models_at(state, loader))]


def _in_order(table: Table, history: ProjectState) -> Table:
    model = history.models.get((table.model._meta.app_label, str(table.model._meta.model_name)))
    if model is None:  # a table of links, which Django makes always the same
        return table
    places = {name: place for place, name in enumerate(model.fields)}
    return replace(table, fields=tuple(sorted(table.fields, key=lambda field: places[field.name])))


def parts(table: Table, using: str) -> Iterator[tuple[int, bytes]]:
    """The rows by their key, some megabytes at a time: how many they are, and a line of JSON each."""
    rows = table.model._base_manager.using(using).order_by("pk")
    dumps = [_dump_for(field) for field in table.fields]
    lines: list[bytes] = []
    size = 0
    for row in rows.values_list(*(field.attname for field in table.fields)).iterator(chunk_size=CHUNK_ROWS):
        values = [
            dump(value) if dump and value is not None else value
            for dump, value in zip(dumps, row, strict=True)
        ]
        # Lone surrogates, which a JSON column of SQLite may hold, pass unharmed.
        line = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
        lines.append(line)
        size += len(line) + 1
        if size >= PART_BYTES:
            yield len(lines), b"\n".join(lines)
            lines, size = [], 0
    if lines:
        yield len(lines), b"\n".join(lines)


def put_back(table: Table, part: bytes, connection: BaseDatabaseWrapper) -> int:
    """Write the rows of one part into the table, and return how many they were."""
    loads = [_load_for(field, connection) for field in table.fields]
    rows = [
        [load(value) if load and value is not None else value for load, value in zip(loads, row, strict=True)]
        for row in map(json.loads, part.split(b"\n"))
    ]
    quote = connection.ops.quote_name
    columns = ", ".join(map(quote, table.columns))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {quote(table.name)} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row([_postgres_bears(value) for value in row])
        else:
            marks = ", ".join(["%s"] * len(table.columns))
            cursor.executemany(f"INSERT INTO {quote(table.name)} ({columns}) VALUES ({marks})", rows)  # noqa: S608
    return len(rows)


def empty(tables: Iterable[Table], connection: BaseDatabaseWrapper) -> None:
    """Take out what migrations have put in: it is among the rows that come."""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table.name)}")  # noqa: S608


def highest_given(tables: Sequence[Table], connection: BaseDatabaseWrapper) -> dict[str, int]:
    """The highest id that each table has ever given, whether the row is still there or not."""
    counting = {table.label: table for table in tables if table.counter is not None}
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            given = _given_on_postgres(list(counting.values()), cursor)
        else:
            cursor.execute("SELECT name, seq FROM sqlite_sequence")
            given = dict(cursor.fetchall())
    return {table.label: int(given.get(table.name, 0)) if table.label in counting else 0 for table in tables}


def _given_on_postgres(tables: Sequence[Table], cursor: CursorWrapper) -> dict[str, int]:
    places = ", ".join(["pg_get_serial_sequence(%s, %s)"] * len(tables))
    cursor.execute(f"SELECT {places}", [part for table in tables for part in (table.name, table.counter)])
    names = {table.name: name for table, name in zip(tables, cursor.fetchone(), strict=True) if name}
    looks = " UNION ALL ".join(
        f"SELECT %s, last_value FROM {name} WHERE is_called"  # noqa: S608
        for name in names.values()
    )
    cursor.execute(looks, list(names))
    return dict(cursor.fetchall())


def go_on_from(table: Table, last: int, connection: BaseDatabaseWrapper) -> None:
    """Let the table's next id be the one behind `last`."""
    if table.counter is None:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            place = "pg_get_serial_sequence(%s, %s)"
            cursor.execute(f"SELECT setval({place}, %s)", [table.name, table.counter, last])
        else:
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table.name])
            cursor.execute("INSERT INTO sqlite_sequence(name, seq) VALUES(%s, %s)", [table.name, last])


def _app(table: Table) -> str:
    return table.label.partition(".")[0]


def _dump_for(field: "models.Field[Any, Any]") -> Callable[[Any], Any] | None:
    """How a value of the column becomes JSON; None where it is already."""
    if isinstance(field, models.ForeignKey):
        return _dump_for(field.target_field)
    if isinstance(field, (*_AS_THEY_ARE, models.JSONField)):
        return None
    if isinstance(field, models.BinaryField):
        return lambda value: base64.b64encode(value).decode()
    if isinstance(field, models.DateTimeField):
        return lambda value: value.isoformat()
    return str


def _load_for(
    field: "models.Field[Any, Any]", connection: BaseDatabaseWrapper
) -> Callable[[Any], Any] | None:
    """How JSON becomes what the database wants in the column; None where it is that already."""
    if isinstance(field, models.ForeignKey):
        return _load_for(field.target_field, connection)
    if isinstance(field, _AS_THEY_ARE):
        return None
    if isinstance(field, models.BinaryField):
        return base64.b64decode
    is_postgres = connection.vendor == "postgresql"
    # Straight from text to text: by way of Django's fields a restore would take twice as long.
    if isinstance(field, models.JSONField):
        return _json_that_postgres_bears if is_postgres else json.dumps
    if isinstance(field, models.DateTimeField):
        return None if is_postgres else _as_sqlite_has_it
    if isinstance(field, models.UUIDField):
        return None if is_postgres else lambda value: value.replace("-", "")
    return lambda value: field.get_db_prep_save(field.to_python(value), connection)


def _as_sqlite_has_it(instant: str) -> str:
    if not instant.endswith("+00:00"):
        instant = datetime.fromisoformat(instant).astimezone(UTC).isoformat()
    return instant[:-6].replace("T", " ")


def _json_that_postgres_bears(value: Any) -> str:
    text = json.dumps(value)
    if "\\u0000" in text or "\\ud" in text:
        text = json.dumps(_shown(value))
    return text


def _shown(value: Any) -> Any:
    """The same, with the sign for what cannot be shown in place of NUL and of halves of a letter."""
    if isinstance(value, dict):
        return {_shown(key): _shown(each) for key, each in value.items()}
    if isinstance(value, list):
        return list(map(_shown, value))
    if isinstance(value, str):
        whole = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return whole.replace("\x00", "\ufffd")
    return value


def _postgres_bears(value: Any) -> Any:
    # SQLite keeps a NUL in a text, PostgreSQL refuses the row.
    return value.replace("\x00", "\ufffd") if isinstance(value, str) and "\x00" in value else value


def total(tables: Sequence[Table], connection: BaseDatabaseWrapper) -> dict[str, int]:
    """How many rows each table has."""
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(f"SELECT %s, count(*) FROM {quote(table.name)}" for table in tables),  # noqa: S608
            [table.label for table in tables],
        )
        return dict(cursor.fetchall())
