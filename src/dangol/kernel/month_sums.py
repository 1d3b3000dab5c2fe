# ruff: noqa: S608 (every name comes from our own MonthSums, and no value is written into a statement)
"""Sums that the database itself keeps beside a table, a row for each month in UTC and each group.

Triggers add and take away in the very transaction that writes the rows, whatever writes them: so the sums are exact at
every instant, and need nobody to remember them. They are no models and in no backup: what is put back is added anew.

Months in UTC, because only then a changed time zone changes nothing. `pieces_of` says of any stretch of time which
months it is made of, and which hours at its ends are to be added or taken away besides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

Edge = tuple[int, datetime, datetime]
"""Added (1) or taken away (-1), from when, until before when."""
_MONTH: Final = "%Y-%m"


@dataclass(frozen=True)
class MonthSums:
    """Which sums are kept of a table.

    `groups` and `sums` are (column of the sums, type, SQL over a row `r` that is never null); the first group is the
    month. `watched` are the columns of the table by which a changed row changes its sums.
    """

    name: str
    table: str
    at: str
    groups: tuple[tuple[str, str, str], ...]
    sums: tuple[tuple[str, str], ...]
    watched: tuple[str, ...]

    @property
    def keys(self) -> str:
        """The columns by which there is one row."""
        return ", ".join(("month", *(name for name, _type, _sql in self.groups)))

    @property
    def columns(self) -> str:
        """All columns."""
        return ", ".join((self.keys, *(name for name, _sql in self.sums)))


def keep_sums(sums: MonthSums, editor: BaseDatabaseSchemaEditor) -> None:
    """Make the table of the sums and fill it from the rows that are there; from now on it is true.

    For migrations; also at the end of one that makes the table of the rows anew, which loses its triggers on SQLite.
    """
    drop_sums(sums, editor)
    groups = "".join(f", {name} {kind} NOT NULL" for name, kind, _sql in sums.groups)
    numbers = "".join(f", {name} bigint NOT NULL" for name, _sql in sums.sums)
    editor.execute(
        f"CREATE TABLE {sums.name} (month varchar(7) NOT NULL{groups}{numbers}, PRIMARY KEY ({sums.keys}))"
    )
    editor.execute(_added(sums, f"{sums.table} r", vendor=editor.connection.vendor))
    (_postgres if editor.connection.vendor == "postgresql" else _sqlite)(sums, editor)


def drop_sums(sums: MonthSums, editor: BaseDatabaseSchemaEditor) -> None:
    """Keep them no longer."""
    for act in ("in", "out", "changed", "cleared"):
        if editor.connection.vendor == "postgresql":
            editor.execute(f"DROP TRIGGER IF EXISTS {sums.name}_{act} ON {sums.table}")
            editor.execute(f"DROP FUNCTION IF EXISTS {sums.name}_{act}()")
        else:
            editor.execute(f"DROP TRIGGER IF EXISTS {sums.name}_{act}")
    editor.execute(f"DROP TABLE IF EXISTS {sums.name}")


@dataclass(frozen=True)
class Pieces:
    """A stretch of time: whole months in UTC (from the first until before the last), and the hours at its ends that are
    to be added (1) or taken away (-1). Months may be the same: then there is none."""

    first_month: str
    last_month: str
    edges: tuple[Edge, ...]


def pieces_of(begin: datetime, end: datetime) -> Pieces:
    """The pieces that make up the time from `begin` until before `end`, as few hours at its ends as may be."""
    first, last = _nearest_month(begin), _nearest_month(end)
    edges = [*_edge(begin, first, 1), *_edge(end, last, -1)]
    at_the_ends = sum((until - since for _sign, since, until in edges), timedelta())
    if first >= last or at_the_ends >= end - begin:
        return Pieces("", "", ((1, begin, end),))
    return Pieces(f"{first:{_MONTH}}", f"{last:{_MONTH}}", tuple(edges))


def _edge(at: datetime, month: datetime, sign: int) -> Sequence[Edge]:
    if at == month:
        return ()
    return ((sign, at, month),) if at < month else ((-sign, month, at),)


def _nearest_month(at: datetime) -> datetime:
    before = at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    behind = (before + timedelta(days=32)).replace(day=1)
    return before if at - before <= behind - at else behind


def _added(sums: MonthSums, rows: str, *, sign: str = "", vendor: str, is_net: bool = False) -> str:
    """Add the rows to the sums, or take them away; `is_net`, each by its own `sign`, and only where that makes a
    difference: a row of the sums is locked until the writer's transaction ends."""
    month = (
        f"to_char(r.{sums.at} AT TIME ZONE 'UTC', 'YYYY-MM')"
        if vendor == "postgresql"
        else f"substr(r.{sums.at}, 1, 7)"
    )
    whole = "::bigint" if vendor == "postgresql" else ""
    groups = ", ".join((month, *(sql for _name, _kind, sql in sums.groups)))
    added = [f"SUM(r.sign * ({sql}))" if is_net else f"{sign}SUM({sql})" for _name, sql in sums.sums]
    numbers = ", ".join(f"{each}{whole}" for each in added)
    differs = f"HAVING {' OR '.join(f'{each} <> 0' for each in added)} " if is_net else ""
    by = ", ".join(str(number + 1) for number in range(len(sums.groups) + 1))
    more = ", ".join(f"{name} = {sums.name}.{name} + excluded.{name}" for name, _sql in sums.sums)
    return (
        f"INSERT INTO {sums.name} ({sums.columns}) SELECT {groups}, {numbers} FROM {rows} WHERE true "
        f"GROUP BY {by} {differs}ORDER BY {by} ON CONFLICT ({sums.keys}) DO UPDATE SET {more}"
    )


def _sqlite(sums: MonthSums, editor: BaseDatabaseSchemaEditor) -> None:
    def row(which: str) -> str:
        columns = dict.fromkeys((sums.at, *sums.watched))
        return f"(SELECT {', '.join(f'{which}.{each} AS {each}' for each in columns)}) r"

    gone = _added(sums, row("OLD"), sign="-", vendor="sqlite")
    come = _added(sums, row("NEW"), vendor="sqlite")
    differs = " OR ".join(f"OLD.{each} IS NOT NEW.{each}" for each in sums.watched)
    for act, when, does in (
        ("in", f"INSERT ON {sums.table}", (come,)),
        ("out", f"DELETE ON {sums.table}", (gone,)),
        ("changed", f"UPDATE OF {', '.join(sums.watched)} ON {sums.table} WHEN {differs}", (gone, come)),
    ):
        editor.execute(f"CREATE TRIGGER {sums.name}_{act} AFTER {when} BEGIN {'; '.join(does)}; END")


def _postgres(sums: MonthSums, editor: BaseDatabaseSchemaEditor) -> None:
    # A statement at a time, however many rows it writes.
    gone = _added(sums, "gone r", sign="-", vendor="postgresql")
    come = _added(sums, "come r", vendor="postgresql")
    names = ", ".join(dict.fromkeys((sums.at, *sums.watched)))
    both = f"(SELECT 1 AS sign, {names} FROM come UNION ALL SELECT -1, {names} FROM gone) r"
    differs = _added(sums, both, vendor="postgresql", is_net=True)
    for act, when, named, does in (
        ("in", "INSERT", "REFERENCING NEW TABLE AS come", (come,)),
        ("out", "DELETE", "REFERENCING OLD TABLE AS gone", (gone,)),
        ("changed", "UPDATE", "REFERENCING OLD TABLE AS gone NEW TABLE AS come", (differs,)),
        ("cleared", "TRUNCATE", "", (f"DELETE FROM {sums.name}",)),
    ):
        name = f"{sums.name}_{act}"
        editor.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {'; '.join(does)}; RETURN NULL; END $$"
        )
        editor.execute(
            f"CREATE TRIGGER {name} AFTER {when} ON {sums.table} {named} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        )
