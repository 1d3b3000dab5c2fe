"""Rows by the million: past the models, each table by one prepared statement (SQLite) or one COPY (PostgreSQL)."""

import contextlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.core.management.color import no_style
from django.db import connection
from django.db.models import Max, Model


class Sheet:
    """The rows of one model. Those columns that are not named have the model's defaults, or what `always` says."""

    def __init__(self, model: type[Model], *columns: str, **always: Any) -> None:
        self.model = model
        self.next_id = (model._default_manager.aggregate(last=Max("pk"))["last"] or 0) + 1
        self.rows: list[tuple[Any, ...]] = []
        self.written = 0
        example = model(**always)
        self._columns: list[str] = [*columns]
        self.constants: tuple[Any, ...] = ()
        for field in model._meta.concrete_fields:
            if field.column not in columns:
                value = field.get_db_prep_save(getattr(example, field.attname), connection)
                self._columns.append(str(field.column))
                self.constants += (_plain(value),)

    def add(self, *values: Any) -> int:
        """Add a row whose first column is the id, and return that."""
        pk = self.next_id
        self.next_id = pk + 1
        self.rows.append((pk, *values, *self.constants))
        return pk

    def write(self) -> None:
        """Write what was added since the last time."""
        names = ", ".join(map(connection.ops.quote_name, self._columns))
        table = connection.ops.quote_name(self.model._meta.db_table)
        connection.ensure_connection()
        # Django's own cursor looks at each row of parameters.
        if connection.vendor == "postgresql":
            with (
                connection.connection.cursor() as cursor,
                cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy,
            ):
                for row in self.rows:
                    copy.write_row(row)
        else:
            marks = ", ".join("?" * len(self._columns))
            connection.connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", self.rows)
        self.written += len(self.rows)
        self.rows = []


def instant(at: datetime) -> str:
    """The instant as the database takes it as text; `at` is in UTC."""
    return at.isoformat(" ") if connection.vendor == "postgresql" else at.replace(tzinfo=None).isoformat(" ")


def _plain(value: Any) -> Any:
    # JSON comes as an adapter on PostgreSQL; COPY takes its text.
    adapted = getattr(value, "obj", None)
    if adapted is not None:
        import json

        return json.dumps(adapted)
    return instant(value) if isinstance(value, datetime) else value


@contextlib.contextmanager
def in_bulk(models: Sequence[type[Model]]) -> Iterator[None]:
    """Without secondary indexes, checks of keys and care for power cuts, which come back at the end."""
    tables = [model._meta.db_table for model in models]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = replica")  # no checks of keys
            cursor.execute("SET synchronous_commit = off")
            cursor.execute("SET maintenance_work_mem = '512MB'")
            cursor.execute(
                "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s) AND NOT EXISTS ("
                " SELECT FROM pg_constraint WHERE conname = indexname)",
                [tables],
            )
        else:
            for pragma in ("synchronous=OFF", "cache_size=-2000000", "foreign_keys=OFF", "journal_mode=OFF"):
                cursor.execute(f"PRAGMA {pragma}")
            marks = ", ".join(["%s"] * len(tables))
            cursor.execute(
                f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql != '' AND tbl_name IN ({marks})",
                tables,
            )
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {connection.ops.quote_name(name)}")
        yield
        for _, statement in indexes:
            cursor.execute(statement)
        for statement in connection.ops.sequence_reset_sql(no_style(), list(models)):
            cursor.execute(statement)
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE")
        else:
            cursor.execute("PRAGMA journal_mode=WAL")
    connection.close()
