"""How much there is to back up."""

from django.db import connection


def database_bytes() -> int:
    """What the database takes, its indexes among it. On SQLite that is the file without its -wal."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0])
        cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        return int(cursor.fetchone()[0])
