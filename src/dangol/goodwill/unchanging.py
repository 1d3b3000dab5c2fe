"""The database itself keeps the ledger as it was written: only a missing cause may be named.

Not by an update, nor a delete, nor by what does both in one word: INSERT OR REPLACE on SQLite, TRUNCATE on PostgreSQL.
`clearing` is for who wants all of it gone.

Triggers, because a rule that only our own commands keep does not bind a console, a script or a later mistake. On SQLite
a migration that makes the table anew (most do) loses them, so it ends with `keep_unchanged`; a test sees to it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from dangol.goodwill.months import LEDGER
from dangol.orders.months import SALES

TABLE: Final = "goodwill_entry"
_REFUSED: Final = "an entry of the ledger is never changed: take it back by another"

SUMS: Final = (LEDGER.name, SALES.name)
LET_GO: Final = "dangol.clearing"
"""The setting of a PostgreSQL session in which the ledger may be emptied."""

_POSTGRES: Final = f"""
CREATE OR REPLACE FUNCTION {TABLE}_unchanged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.cause_id IS NULL THEN
        OLD.cause_id := NEW.cause_id;
        IF OLD IS NOT DISTINCT FROM NEW THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation', MESSAGE = '{_REFUSED}';
END $$
"""

_EMPTIED: Final = f"""
CREATE OR REPLACE FUNCTION {TABLE}_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('{LET_GO}', true) IS DISTINCT FROM 'on' THEN
        RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation', MESSAGE = '{_REFUSED}';
    END IF;
    RETURN NULL;
END $$
"""
# INSERT OR REPLACE deletes what stands in its way, and fires no trigger of deleting for it.
_SAME: Final = (
    "id = NEW.id OR uid = NEW.uid OR (source_kind = NEW.source_kind AND source_key = NEW.source_key) "
    "OR reverses_id = NEW.reverses_id"
)


def keep_unchanged(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Put the triggers there, for the columns that the table has at this migration."""
    let_change(apps, schema_editor)
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(_POSTGRES)
        schema_editor.execute(
            f"CREATE TRIGGER {TABLE}_unchanged BEFORE UPDATE OR DELETE ON {TABLE} "
            f"FOR EACH ROW EXECUTE FUNCTION {TABLE}_unchanged()"
        )
        schema_editor.execute(_EMPTIED)
        schema_editor.execute(
            f"CREATE TRIGGER {TABLE}_emptied BEFORE TRUNCATE ON {TABLE} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {TABLE}_emptied()"
        )
        return
    fields = apps.get_model("goodwill", "Entry")._meta.concrete_fields
    columns = ", ".join(f'"{field.column}"' for field in fields if field.column != "cause_id")
    refuse = f"BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
    for name, when in (
        ("unchanged", f"UPDATE OF {columns} ON {TABLE}"),
        ("cause", f"UPDATE OF cause_id ON {TABLE} WHEN OLD.cause_id IS NOT NULL OR NEW.cause_id IS NULL"),
        ("kept", f"DELETE ON {TABLE}"),
        ("replaced", f"INSERT ON {TABLE} WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE {_SAME})"),  # noqa: S608
    ):
        schema_editor.execute(f"CREATE TRIGGER {TABLE}_{name} BEFORE {when} {refuse}")


def let_change(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take the triggers away."""
    if schema_editor.connection.vendor == "postgresql":
        for name in ("unchanged", "emptied"):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {TABLE}_{name} ON {TABLE}")
        return
    for name in ("unchanged", "cause", "kept", "replaced"):
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {TABLE}_{name}")


@contextmanager
def clearing(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """For Django's `flush` and the like: what empties every table may empty the ledger within.

    On SQLite the triggers of the whole database rest meanwhile, so nobody else should be at work, and the sums by month
    are emptied with the rest.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET {LET_GO} = 'on'")
            try:
                yield
            finally:
                cursor.execute(f"RESET {LET_GO}")
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql, tbl_name FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
        for name, _sql, _table in triggers:
            cursor.execute(f"DROP TRIGGER {connection.ops.quote_name(name)}")
        try:
            yield
        finally:
            for table in SUMS:
                cursor.execute(f"DELETE FROM {table}")  # noqa: S608  (a name of ours)
            for _name, sql, _table in triggers:
                cursor.execute(sql)
