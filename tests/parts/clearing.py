"""Clearing up between tests that commit: also of tables whose rows the database keeps from being deleted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest


@pytest.fixture(scope="session", autouse=True)
def _triggers_rest_while_all_is_cleared() -> Iterator[None]:
    """On SQLite Django clears up by DELETE, which triggers see; PostgreSQL has TRUNCATE, which they do not."""
    from django.apps import apps

    if not apps.ready:
        yield
        return
    from django.db import connection

    operations = type(connection.ops)
    made = operations.sql_flush
    if connection.vendor != "sqlite":
        yield
        return

    def sql_flush(self: Any, style: Any, tables: Sequence[str], **options: Any) -> list[str]:
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = cursor.fetchall()
        drops = [f"DROP TRIGGER {self.quote_name(name)}" for name, _ in triggers]
        return [*drops, *made(self, style, tables, **options), *(sql for _, sql in triggers)]

    patch = pytest.MonkeyPatch()
    patch.setattr(operations, "sql_flush", sql_flush)
    yield
    patch.undo()
