"""How SQLite goes about the statements of a piece of work: what is slow with millions of rows shows with three."""

import re
from collections.abc import Callable
from typing import Any

from django.db import connection

# Segments are a handful, as an owner has made them.
GROWS = re.compile(
    r"^(?!customers_segment$)(inbox|customers|search)_|^kernel_event$|^channels_(raw|delivery|deliveryrecipient)$"
)
_SCAN = re.compile(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?")


def tables_read_whole(work: Callable[[], Any]) -> set[str]:
    """The tables that grow with the years and that `work` reads from end to end.

    A walk over an index of few of the rows is no such reading, nor is one that stops at a limit in the order of an
    index.
    """
    found = set()
    for statement, plan in _plans(work):
        for step in plan:
            scan = _SCAN.match(step)
            if scan is None:
                continue
            # An alias is looked up; what is not named in the statement is a subquery.
            table = _table(statement, scan[1])
            if GROWS.match(table) and not _is_partial(scan[2]) and not _stops_early(statement, plan):
                found.add(table)
    return found


def _plans(work: Callable[[], Any]) -> list[tuple[str, list[str]]]:
    asked: list[tuple[str, Any]] = []

    def note(execute: Any, statement: str, parameters: Any, many: bool, context: Any) -> Any:
        if not many and statement.lstrip().startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            asked.append((statement, parameters))
        return execute(statement, parameters, many, context)

    with connection.execute_wrapper(note):
        work()
    plans = []
    with connection.cursor() as cursor:
        for statement, parameters in asked:
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.append((statement, [step for *_, step in cursor.fetchall()]))
    return plans


def _table(statement: str, name: str) -> str:
    alias = re.search(rf'"?(\w+)"? (?:AS )?"?{name}"?\b', statement)
    return alias[1] if alias and alias[1].startswith(("inbox_", "customers_", "channels_")) else name


def _is_partial(index: str | None) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE name = %s", [index])
        row = cursor.fetchone()
    return bool(row and row[0] and " WHERE " in row[0])


def _stops_early(statement: str, plan: list[str]) -> bool:
    return "LIMIT" in statement and not any("TEMP B-TREE" in step for step in plan)


def steps_of(work: Callable[[], Any]) -> list[str]:
    """The steps of all statements of `work`."""
    return [step for _, plan in _plans(work) for step in plan]


def plan_of(rows: Any) -> list[str]:
    """The steps of one query."""
    statement, parameters = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return [step for *_, step in cursor.fetchall()]
