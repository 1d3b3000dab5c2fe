# ruff: noqa: S608 (the names of tables and columns come from the models, everything else is a parameter)
"""Many rows written at once, in a third of the time that Django's bulk_create and save take for them."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from django.db import Error, connection, connections, models
from django.db.backends.utils import CursorWrapper

Column = tuple[str, str, tuple[type, ...], "models.Field[Any, Any]"]


def insert_rows(rows: Sequence[models.Model], *, with_ids: bool = True) -> None:
    """Insert new rows of one model within the caller's transaction; `with_ids`, they have their ids afterwards.

    For models whose key is a number that the database counts, and whose values are all in the objects: nothing is
    filled in by the database or by `pre_save`. Foreign keys may be objects that got their id after they were assigned.
    """
    if not rows:
        return
    model = type(rows[0])
    columns = [each for each in _columns(model) if with_ids or not each[-1].primary_key]
    _link(model, rows)
    with connection.cursor() as cursor:
        if with_ids:
            for row, number in zip(rows, _new_ids(cursor, model, len(rows)), strict=True):
                row.pk = number
        table, names = _quoted(model._meta.db_table), ", ".join(_quoted(column) for _, column, *_ in columns)
        if connection.vendor == "postgresql":
            _copy(cursor, f"{table} ({names})", _values(rows, columns), model._meta.db_table)
        else:
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", _values(rows, columns))
    if with_ids:
        for row in rows:
            row._state.adding, row._state.db = False, connection.alias


def insert_values(
    model: type[models.Model], names: Sequence[str], values: Iterable[Sequence[str | int | bool | None]]
) -> None:
    """Insert new rows of the model, each given as the plain values of these attributes, in the caller's transaction.

    For hundreds of thousands at a time: making a model's object takes longer than writing its row. Every column but
    the key is named, and the database counts the key.
    """
    by_name = {name: column for name, column, *_ in _columns(model)}
    table, columns = _quoted(model._meta.db_table), ", ".join(_quoted(by_name[name]) for name in names)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            _copy(cursor, f"{table} ({columns})", values, model._meta.db_table)
        else:
            marks = ", ".join(["%s"] * len(names))
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(values))


def update_rows(rows: Sequence[models.Model], fields: Iterable[str]) -> None:
    """Write these fields of the rows, each as `save(update_fields=…)` would, in the caller's transaction."""
    if not rows:
        return
    model, wanted = type(rows[0]), set(fields)
    columns = [column for column in _columns(model) if column[-1].name in wanted]
    changes = ", ".join(f"{_quoted(column)} = %s" for _, column, *_ in columns)
    statement = f"UPDATE {_quoted(model._meta.db_table)} SET {changes} WHERE {_quoted(_key(model))} = %s"
    values = [[*new, row.pk] for row, new in zip(rows, _values(rows, columns), strict=True)]
    with connection.cursor() as cursor:
        cursor.executemany(statement, values)


def _copy(cursor: CursorWrapper, place: str, rows: Iterable[Sequence[Any]], table: str) -> None:
    try:
        with connection.wrap_database_errors, cursor.copy(f"COPY {place} FROM STDIN") as copy:
            for values in rows:
                copy.write_row(values)
    except Error as failure:
        # It quotes the value that was refused, which is what a customer wrote.
        state = getattr(failure.__cause__, "sqlstate", None) or "none"
        refused = type(failure)(f"COPY into {table} refused: sqlstate {state}")
    else:
        return
    raise refused  # out here: it has no memory of the other


def _new_ids(cursor: CursorWrapper, model: type[models.Model], count: int) -> Sequence[int]:
    table = model._meta.db_table
    if connection.vendor == "postgresql":
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [_quoted(table), _key(model), count],
        )
        return [number for (number,) in cursor.fetchall()]
    # Nobody else writes before this transaction ends (BEGIN IMMEDIATE). A row with a given id moves the counter on.
    cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
    last = cursor.fetchone()
    first = (last[0] if last else 0) + 1
    return range(first, first + count)


def _link(model: type[models.Model], rows: Sequence[models.Model]) -> None:
    for field in model._meta.concrete_fields:
        if isinstance(field, models.ForeignKey):
            for row in rows:
                if row.__dict__[field.attname] is None and field.is_cached(row):
                    # By the object: the number alone would forget it, and whoever asks for it would read it again.
                    setattr(row, field.name, field.get_cached_value(row))


def _values(rows: Sequence[models.Model], columns: Sequence[Column]) -> list[list[Any]]:
    database = connections[connection.alias]  # itself: what stands for it is asked some hundred times a row
    return [
        [
            value if type(value := held[name]) in plain else _prepared(field, value, database)
            for name, _, plain, field in columns
        ]
        for held in (row.__dict__ for row in rows)
    ]


def _prepared(field: "models.Field[Any, Any]", value: Any, database: Any) -> Any:
    prepared = field.get_db_prep_save(value, database)
    # A choice is a text that says it is one: no database driver needs to find out.
    return str.__str__(prepared) if isinstance(prepared, str) else prepared


@cache
def _columns(model: type[models.Model]) -> list[Column]:
    """(attribute, column, types that are handed on as they are, field) of each field."""
    return [
        (field.attname, field.column or "", _plain_types(field), field)
        for field in model._meta.concrete_fields
    ]


def _plain_types(field: "models.Field[Any, Any]") -> tuple[type, ...]:
    # Django would look at them for some microseconds each.
    if isinstance(field, models.CharField | models.TextField):
        return (str, type(None))
    if isinstance(field, models.IntegerField | models.ForeignKey):
        return (int, type(None))
    return (bool,) if isinstance(field, models.BooleanField) else ()


def _key(model: type[models.Model]) -> str:
    key = model._meta.pk
    assert key
    return str(key.column)


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
