"""Clearing up between tests that commit: also of tables whose rows the database keeps from being deleted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest


@pytest.fixture(scope="session", autouse=True)
def _triggers_rest_while_all_is_cleared() -> Iterator[None]:
    """Django clears up by DELETE on SQLite and by TRUNCATE on PostgreSQL: both would be refused."""
    from django.apps import apps

    if not apps.ready:
        yield
        return
    from django.db import connection

    from dangol.goodwill.unchanging import LET_GO, SUMS

    operations = type(connection.ops)
    made = operations.sql_flush

    def sql_flush(self: Any, style: Any, tables: Sequence[str], **options: Any) -> list[str]:
        if self.connection.vendor == "postgresql":
            return [f"SET LOCAL {LET_GO} = 'on'", *made(self, style, tables, **options)]
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = cursor.fetchall()
        drops = [f"DROP TRIGGER {self.quote_name(name)}" for name, _ in triggers]
        clears = [f"DELETE FROM {table}" for table in SUMS]
        return [*drops, *made(self, style, tables, **options), *clears, *(sql for _, sql in triggers)]

    patch = pytest.MonkeyPatch()
    patch.setattr(operations, "sql_flush", sql_flush)
    yield
    patch.undo()
