"""Which tests run where: all of them on SQLite, and on PostgreSQL again those that touch the database."""

from __future__ import annotations

import os

import pytest

_DATABASE_FIXTURES = {"db", "transactional_db", "django_db_reset_sequences", "django_db_serialized_rollback"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--database-only`, which the second run on PostgreSQL uses."""
    parser.addoption(
        "--database-only", action="store_true", help="leave out the tests that do not touch the database"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the two markers for what only one database can show."""
    config.addinivalue_line("markers", "only_sqlite: left out where DATABASE_URL names PostgreSQL")
    config.addinivalue_line("markers", "only_postgres: left out on SQLite")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect, rather than skip, what belongs to the other database: a skipped test is a gap, this is none."""
    on_postgres = bool(os.environ.get("DATABASE_URL"))
    foreign = "only_sqlite" if on_postgres else "only_postgres"
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        unwanted = item.get_closest_marker(foreign) or (
            config.getoption("--database-only") and not touches_database(item)
        )
        (left_out if unwanted else kept).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


def touches_database(item: pytest.Item) -> bool:
    """Whether this test uses Django's database: by marker, by fixture or as one of Django's own test cases."""
    from django.test import TransactionTestCase

    case = getattr(item, "cls", None)
    return (
        item.get_closest_marker("django_db") is not None
        or not _DATABASE_FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))
        or (isinstance(case, type) and issubclass(case, TransactionTestCase))
    )
