"""Clearing up between tests that commit: also of tables whose rows the database keeps from being deleted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

# What Django writes after a migration is the same for every test, and takes it longer than a test does.
_OF_DJANGO = frozenset({"django_content_type", "auth_permission"})


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> Iterator[None]:
    """Pytest-django asks for this before it makes the database, which is made here as `dangol` makes it."""
    from django.core.management.commands import migrate

    from dangol.transfer.migrating import LeanExecutor

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrate, "MigrationExecutor", LeanExecutor)
        yield


@pytest.fixture(scope="session", autouse=True)
def _triggers_rest_while_all_is_cleared() -> Iterator[None]:
    """Django clears up by DELETE on SQLite and by TRUNCATE on PostgreSQL: both would be refused where triggers are."""
    from django.apps import apps

    if not apps.ready:
        yield
        return
    from django.core.management.commands import flush
    from django.db import connection

    from dangol.goodwill.unchanging import SUMS

    operations = type(connection.ops)
    made = operations.sql_flush

    def sql_flush(self: Any, style: Any, every: Sequence[str], **options: Any) -> list[str]:
        tables = [table for table in every if table not in _OF_DJANGO]
        clears = [f"DELETE FROM {table}" for table in SUMS]
        if self.connection.vendor == "postgresql":
            # Most tables are empty: TRUNCATE, which makes a new file for each, takes a second for all of them.
            deletes = [f"DELETE FROM {self.quote_name(table)}" for table in tables]
            return ["SET LOCAL session_replication_role = 'replica'", *deletes, *clears]
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = cursor.fetchall()
        drops = [f"DROP TRIGGER {self.quote_name(name)}" for name, _ in triggers]
        return [*drops, *made(self, style, tables, **options), *clears, *(sql for _, sql in triggers)]

    patch = pytest.MonkeyPatch()
    patch.setattr(operations, "sql_flush", sql_flush)
    patch.setattr(flush, "emit_post_migrate_signal", lambda *_, **__: None)
    yield
    patch.undo()
