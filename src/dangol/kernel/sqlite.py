"""SQLite's cursor, but that a statement is put into SQLite's way of writing (? for %s) once, and not each time it is
asked: a page asks some twenty, nearly always the same ones. Leans on what Django's own does, which a test compares."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.sqlite3.base import FORMAT_QMARK_REGEX, SQLiteCursorWrapper

LONGEST: Final = 8_000  # letters of a statement that is kept; what writes hundreds of rows at once is longer
_MOST: Final = 512


class Cursor(SQLiteCursorWrapper):
    """As Django's."""

    def convert_query(self, query: str, *, param_names: Iterable[str] | None = None) -> str:
        """The statement as SQLite wants it."""
        if param_names is not None or len(query) > LONGEST:
            return str(super().convert_query(query, param_names=param_names))
        return _converted(query)


def give_cursor(connection: BaseDatabaseWrapper) -> None:
    """Let the connection make cursors of this kind."""

    def create_cursor(name: object = None) -> Cursor:
        cursor: Cursor = connection.connection.cursor(factory=Cursor)
        return cursor

    connection.create_cursor = create_cursor  # type: ignore[method-assign]


@lru_cache(maxsize=_MOST)
def _converted(query: str) -> str:
    return str(FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%"))
