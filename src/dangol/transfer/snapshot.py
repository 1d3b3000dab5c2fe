"""A second connection to the database that sees one instant of it, while others go on writing."""

import contextlib
import copy
from collections.abc import Iterator
from typing import Any, Final

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import load_backend

ALIAS: Final = "snapshot"


@contextlib.contextmanager
def snapshot() -> Iterator[BaseDatabaseWrapper]:
    """The connection, which queries reach with `using=ALIAS`. It holds up nobody and can write nothing.

    On SQLite the file beside the database that gathers new writes (-wal) grows until this is over.
    """
    wanted: dict[str, Any] = copy.deepcopy(connections["default"].settings_dict)
    if wanted["ENGINE"].endswith("postgresql"):
        from psycopg import IsolationLevel

        wanted["OPTIONS"]["isolation_level"] = IsolationLevel.REPEATABLE_READ
        first = "SET TRANSACTION READ ONLY"
    else:
        # IMMEDIATE, as everywhere else, would be a writer's turn.
        wanted["OPTIONS"] = {"timeout": wanted["OPTIONS"].get("timeout", 20), "transaction_mode": "DEFERRED"}
        first = "PRAGMA query_only = ON"
    connection: BaseDatabaseWrapper = load_backend(wanted["ENGINE"]).DatabaseWrapper(wanted, ALIAS)
    connections[ALIAS] = connection
    try:
        with transaction.atomic(using=ALIAS), connection.cursor() as cursor:
            cursor.execute(first)
            cursor.execute("SELECT count(*) FROM django_migrations")  # the instant is that of the first read
            yield connection
    finally:
        connection.close()
        del connections[ALIAS]
