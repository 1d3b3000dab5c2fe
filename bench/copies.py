"""Rows made of rows by the database itself: the same history once more, later, with other people."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from bulk import Sheet
from django.db import connection
from django.db.models import DateTimeField, Field

# Whose ids are counted on, by the column that names them.
_IDS = {
    "conversation_id": "inbox_conversation",
    "customer_id": "customers_customer",
    "identity_id": "customers_identity",
    "message_id": "inbox_message",
    "last_message_id": "inbox_message",
    "answer_id": "inbox_message",
    "raw_id": "channels_raw",
    "delivery_id": "channels_delivery",
}


def copy_rows(sheets: Sequence[Sheet], number: int, *, shift: timedelta) -> None:
    """Write the first copy of the sheets' rows once more: the `number`th time, so much later each time."""
    counts = {sheet.model._meta.db_table: sheet.written for sheet in sheets}
    offsets = {table: number * count for table, count in counts.items()}
    with connection.cursor() as cursor:
        for sheet in sheets:
            table = sheet.model._meta.db_table
            fields = sheet.model._meta.concrete_fields
            names = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
            values = ", ".join(_value(field, table, offsets, number, number * shift) for field in fields)
            cursor.execute(
                f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} WHERE id <= {counts[table]} ORDER BY id"
            )
            sheet.next_id += counts[table]


def give_one_customer(step: int) -> None:
    """Make every so-manieth conversation one customer's."""
    number = "json_extract(data, '$.conversation_id')"
    if connection.vendor == "postgresql":
        number = "(data->>'conversation_id')::bigint"
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE inbox_conversation SET customer_id = 1 WHERE id % {step} = 0")
        cursor.execute(f"UPDATE kernel_event SET customer_id = 1 WHERE {number} % {step} = 0")


def _value(
    field: "Field[Any, Any]", table: str, offsets: dict[str, int], number: int, shift: timedelta
) -> str:
    name = connection.ops.quote_name(str(field.column))
    is_postgres = connection.vendor == "postgresql"
    if field.column == "id":
        return f"{name} + {offsets[table]}"
    if isinstance(field, DateTimeField):
        seconds = int(shift.total_seconds())
        if is_postgres:
            return f"{name} + interval '{seconds} seconds'"
        return f"strftime('%Y-%m-%d %H:%M:%f', {name}, '+{seconds} seconds')"
    if field.column == "uid":
        return "gen_random_uuid()" if is_postgres else "lower(hex(randomblob(16)))"
    if field.column in {"digest", "dedupe_key", "key"}:
        return f"'k{number:03x}' || substr({name}, 5)"  # no key begins so
    if table == "customers_identity" and field.column in {"address", "shown"}:
        return f"'{number}.' || {name}"
    if (table, field.column) in {("inbox_message", "message_id"), ("channels_delivery", "message_id")}:
        return f"replace({name}, '<', '<{number}.')"
    if (table, field.column) == ("kernel_event", "data"):
        return _data(name, offsets)
    if field.column in _IDS:
        return f"{name} + {offsets[_IDS[str(field.column)]]}"
    return name


def _data(name: str, offsets: dict[str, int]) -> str:
    talk, message = offsets["inbox_conversation"], offsets["inbox_message"]
    if connection.vendor == "postgresql":
        return (
            f"{name} || jsonb_strip_nulls(jsonb_build_object("
            f"'conversation_id', ({name}->>'conversation_id')::bigint + {talk},"
            f" 'message_id', ({name}->>'message_id')::bigint + {message}))"
        )
    return (
        f"json_replace({name}, '$.conversation_id', json_extract({name}, '$.conversation_id') + {talk},"
        f" '$.message_id', json_extract({name}, '$.message_id') + {message})"
    )
