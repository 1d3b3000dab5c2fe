"""Small differences between the databases, in one place."""

import contextlib
import hashlib
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final, cast

from django.db import NotSupportedError, OperationalError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import CharField, Expression

_STEPS: Final = 5_000  # of SQLite's machine, a fraction of a millisecond
_DEADLOCK: Final = "40P01"  # its words for two that waited for each other
_CANCELED: Final = "57014"  # and for a statement that took too long
_OUTDATED: Final = "0A000"  # and for a kept statement whose columns have become of other types


class TookTooLong(Exception):
    """The database was stopped at its work, because it had no more time."""


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


def read_rows(
    statement: str, parameters: Sequence[Any] = (), *, is_usual: bool = False
) -> list[tuple[Any, ...]]:
    """The rows of a statement that is written out, for pages on which Django would take longer to put it together than
    the database to answer it.

    Instants are given as they are; they come back as the database keeps them, to be read with `as_instant`. A usual one
    is always written the same and finds little, whatever is given: see `read_kept`.
    """
    given = [connection.ops.adapt_unknown_value(each) for each in parameters]
    if is_usual:
        return read_kept(statement, given)
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def read_kept(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement that is asked again and again: PostgreSQL keeps it for the connection, so that it need
    not read it each time. It plans it each time, for what is given then (`for_short_statements`)."""
    try:
        return _read_kept(statement, parameters)
    except NotSupportedError as failure:
        # Another process has widened a column. A transaction cannot go on; taken back, it forgets what was kept.
        if getattr(failure.__cause__, "sqlstate", "") != _OUTDATED or not connection.get_autocommit():
            raise
    with _keeping_cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")  # the driver sees it and forgets its names as well
    return _read_kept(statement, parameters)


def _read_kept(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    with _keeping_cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


@contextlib.contextmanager
def _keeping_cursor() -> Iterator[CursorWrapper]:
    with connection.cursor() as cursor:
        # Where Django logs statements, people want to read their values.
        if connection.vendor != "postgresql" or connection.queries_logged:
            yield cursor
            return
        session: Any = connection.connection
        # Django's own cursor writes the values into the statement, which then is another one each time.
        cursor.cursor = cast(Any, connection).Database.Cursor(session)
        session.prepare_threshold = 0
        try:
            yield cursor
        finally:
            # Or the driver would remember the last hundred of all other statements, whole mails in them.
            session.prepare_threshold = None


def as_wide_number(number: int) -> int:
    """The number as one of eight bytes, which keys are: PostgreSQL's driver gives it the width of its value otherwise,
    and a statement with other widths is another one to keep."""
    wide: int = connection.ops.adapt_integerfield_value(number, "BigIntegerField")
    return wide


def as_instant(kept: Any) -> datetime:
    """The instant that a row of `read_rows` holds."""
    instant = kept if isinstance(kept, datetime) else datetime.fromisoformat(kept)
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant


def for_short_statements(connection: BaseDatabaseWrapper, **_: object) -> None:
    """Tell PostgreSQL on a new connection how Dangol's statements are: short ones, for customers of whom few have much.

    It compiles none: where it takes one for a long one, as those that walk through who was merged into whom, the
    compiling takes half a second and the statement a twentieth. And it plans each for its own values: the plan for the
    usual customer, which it would take from the sixth time on, takes fifty times as long for one with years of mail.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET jit = off; SET plan_cache_mode = force_custom_plan")


def with_kept_statements(connection: BaseDatabaseWrapper, **_: object) -> None:
    """Let a new connection to SQLite keep how its statements are written (kernel/sqlite.py)."""
    if connection.vendor == "sqlite":
        from dangol.kernel.sqlite import give_cursor  # not where there is no SQLite

        give_cursor(connection)


def is_deadlock(failure: OperationalError) -> bool:
    """Whether PostgreSQL ended the transaction because two waited for each other: done again, it goes through."""
    return getattr(failure.__cause__, "sqlstate", "") == _DEADLOCK


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
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_number_of(name)])


def lock_if_free(name: str) -> bool:
    """The same, without waiting: False when another transaction has it."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_number_of(name)])
        return bool(cursor.fetchone()[0])


def _number_of(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Stop what is read from the database here when it takes longer. Raises TookTooLong; nothing else is undone.

    On PostgreSQL each statement has so long. SQLite looks at the clock between steps: within one step of the full-text
    index it cannot be stopped.
    """
    if connection.vendor == "postgresql":
        with _statement_timeout(seconds):
            yield
        return
    connection.ensure_connection()
    database, end = connection.connection, time.monotonic() + seconds
    database.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    try:
        yield
    except OperationalError as failure:
        if str(failure) != "interrupted":
            raise
        raise TookTooLong from failure
    finally:
        database.set_progress_handler(None, 0)


@contextlib.contextmanager
def _statement_timeout(seconds: float) -> Iterator[None]:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('statement_timeout')")
            before = cursor.fetchone()[0]
            set_to = "SELECT set_config('statement_timeout', %s, true)"
            cursor.execute(set_to, [f"{max(1, int(seconds * 1000))}ms"])
            yield
            cursor.execute(set_to, [before])
    except OperationalError as failure:
        if getattr(failure.__cause__, "sqlstate", "") != _CANCELED:
            raise
        raise TookTooLong from failure
