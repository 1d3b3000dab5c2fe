"""Small differences between the databases, in one place."""

import hashlib
from typing import Any

from django.db import connection
from django.db.models import CharField, Expression


class Constant(Expression):
    """A machine word that stands in the statement itself.

    SQLite uses an index of some of the rows (`condition` of an Index) only where it can see that the statement asks for
    no others, and into a list of parameters it does not look: it would read the whole table.
    """

    def __init__(self, word: str) -> None:
        super().__init__(output_field=CharField())
        if not word.isidentifier():
            raise ValueError("a machine word has letters and digits only")
        self.word = str(word)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[()]]:
        """The word in quotes."""
        return f"'{self.word}'", ()


def relax_durability() -> None:
    """Let this thread's commits lag the disk by a moment (they stay atomic and in order).

    Only for work that is done again from what is stored: fetching (its cursor is in the same database, so a
    power cut takes both back) and taking in. No effect on a database that cannot do it.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA synchronous=NORMAL")
        elif connection.vendor == "postgresql":
            cursor.execute("SET synchronous_commit = off")


def lock_for_transaction(name: str) -> None:
    """Let one transaction with this name run at a time, until it ends.

    On SQLite every writing transaction already is alone (BEGIN IMMEDIATE).
    """
    if connection.vendor == "postgresql":
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
