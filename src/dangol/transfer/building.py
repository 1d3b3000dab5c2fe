"""An empty database, filled in one go and then usable, or left as it was."""

import contextlib
from collections.abc import Iterator

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

_POSTGRES_LINKS = """
    SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)
    FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY 1, 2
"""
_POSTGRES_INDEXES = """
    SELECT index.indexrelid::regclass::text, pg_get_indexdef(index.indexrelid)
    FROM pg_index AS index JOIN pg_class AS class ON class.oid = index.indexrelid
    WHERE class.relnamespace = current_schema()::regnamespace
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = index.indexrelid) ORDER BY 1
"""


def is_empty() -> bool:
    """Whether nothing was made in the database yet."""
    return not connection.introspection.table_names()


@contextlib.contextmanager
def building() -> Iterator[None]:
    """Whatever fails inside leaves a PostgreSQL database empty. On SQLite the file is one to be thrown away then."""
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            # Else migrations that follow the rows in the same transaction would meet checks that are still to come.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            yield
        return
    with connection.cursor() as cursor:
        # It is one file then, which is synced whole before it is moved to its place.
        cursor.execute("PRAGMA journal_mode = MEMORY")
        cursor.execute("PRAGMA synchronous = OFF")
        cursor.execute("PRAGMA mmap_size = 0")  # else the whole of it counts as memory of this process
    yield


@contextlib.contextmanager
def without_order() -> Iterator[None]:
    """Rows go in table by table, whatever they point to, and what finds and checks them is made once at the end."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            again = list(_take_off_postgres(cursor))
            yield
        else:
            cursor.execute("PRAGMA foreign_keys = OFF")
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
            indexes = cursor.fetchall()
            for name, _ in indexes:
                cursor.execute(f"DROP INDEX {connection.ops.quote_name(name)}")
            again = [made for _, made in indexes]
            with transaction.atomic():
                yield
        for statement in again:
            cursor.execute(statement)
        if connection.vendor == "sqlite":
            connection.check_constraints()
            cursor.execute("PRAGMA foreign_keys = ON")


def _take_off_postgres(cursor: CursorWrapper) -> Iterator[str]:
    """Drops links and indexes, and says what makes each again."""
    cursor.execute(_POSTGRES_LINKS)
    links = cursor.fetchall()
    for table, name, _ in links:
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    cursor.execute(_POSTGRES_INDEXES)
    for name, made in cursor.fetchall():
        cursor.execute(f"DROP INDEX {name}")
        yield made
    for table, name, made in links:
        yield f"ALTER TABLE {table} ADD CONSTRAINT {name} {made}"
