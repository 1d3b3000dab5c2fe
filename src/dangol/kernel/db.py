"""Small differences between the databases, in one place."""

from django.db import connection


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
