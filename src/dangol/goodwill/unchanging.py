"""The database itself keeps the ledger as it was written: only a missing cause may be named.

Triggers, because a rule that only our own commands keep does not bind a console, a script or a later mistake. On SQLite
a migration that makes the table anew (most do) loses them, so it ends with `keep_unchanged`; a test sees to it.
"""

from typing import Any, Final

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

TABLE: Final = "goodwill_entry"
_REFUSED: Final = "an entry of the ledger is never changed: take it back by another"

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


def keep_unchanged(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Put the triggers there, for the columns that the table has at this migration."""
    let_change(apps, schema_editor)
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(_POSTGRES)
        schema_editor.execute(
            f"CREATE TRIGGER {TABLE}_unchanged BEFORE UPDATE OR DELETE ON {TABLE} "
            f"FOR EACH ROW EXECUTE FUNCTION {TABLE}_unchanged()"
        )
        return
    fields = apps.get_model("goodwill", "Entry")._meta.concrete_fields
    columns = ", ".join(f'"{field.column}"' for field in fields if field.column != "cause_id")
    refuse = f"BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
    for name, when in (
        ("unchanged", f"UPDATE OF {columns} ON {TABLE}"),
        ("cause", f"UPDATE OF cause_id ON {TABLE} WHEN OLD.cause_id IS NOT NULL OR NEW.cause_id IS NULL"),
        ("kept", f"DELETE ON {TABLE}"),
    ):
        schema_editor.execute(f"CREATE TRIGGER {TABLE}_{name} BEFORE {when} {refuse}")


def let_change(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take the triggers away."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {TABLE}_unchanged ON {TABLE}")
        return
    for name in ("unchanged", "cause", "kept"):
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {TABLE}_{name}")
