# ruff: noqa: S608 (what is put together are constants and numbers, everything else is a parameter)
"""What people add up to: their figures from everything that is known, by one statement, however many they are."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from django.db import connection

from dangol.business.models import Business
from dangol.goodwill.models import Kind
from dangol.segments.introduced import Introduced, introduced
from dangol.segments.models import Figures
from dangol.segments.rules import YEAR

UNASKED: Final = (Kind.GIFT, Kind.SAMPLE, Kind.POINTS)
"""What is given without anybody having wished for it: no complaint."""

# People come first in each step. SQLite takes them for a million: what it could ask of a row by itself it would ask of
# all rows first (a Bloom filter), so that this is asked by CASE, after whose the row is.
_PEOPLE: Final = """
WITH people(id, living) AS (VALUES {people}),
introduced(living, brought_by, brought_count) AS (VALUES {introduced}),
complained(living, at) AS (
    SELECT people.living, it.asked_at FROM people CROSS JOIN goodwill_wish it WHERE it.customer_id = people.id
        AND CASE WHEN people.id > 0 THEN it.state <> 'withdrawn' AND it.kind NOT IN ({unasked}) END
    UNION ALL SELECT people.living, it.happened_at FROM people CROSS JOIN goodwill_entry it
    WHERE it.customer_id = people.id AND CASE WHEN people.id > 0 THEN it.cost_class = 'external_failure'
        AND it.source_kind <> 'wish' AND it.reverses_id IS NULL
        AND NOT EXISTS (SELECT 1 FROM goodwill_entry undone WHERE undone.reverses_id = it.id) END
), said(living, purpose, is_given, newest) AS (
    SELECT people.living, it.purpose, it.is_given, ROW_NUMBER() OVER (
        PARTITION BY people.living, it.channel, it.purpose ORDER BY it.at DESC, it.id DESC)
    FROM people CROSS JOIN customers_consent it WHERE it.customer_id = people.id
)"""
# What each step finds of a person, and where. What was given back is as the ledger has it: by hand or reported by the
# shop, each once, and what was taken back is out.
_STEPS: Final[tuple[tuple[dict[str, str], str], ...]] = (
    (
        {
            "orders": "COUNT(*)",
            "orders_in_year": "COUNT(CASE WHEN it.ordered_at >= %(since)s THEN 1 END)",
            "first_order_at": "MIN(it.ordered_at)",
            "last_order_at": "MAX(it.ordered_at)",
            "paid": "SUM(CASE WHEN it.own_currency = %(currency)s THEN it.own_amount END)",
            "paid_in_year": "SUM(CASE WHEN it.own_currency = %(currency)s AND it.ordered_at >= %(since)s "
            "THEN it.own_amount END)",
        },
        """people CROSS JOIN orders_order it WHERE it.customer_id = people.id
        AND CASE WHEN people.id > 0 THEN it.cancelled_at IS NULL END""",
    ),
    (
        {
            "back": "SUM(it.booked)",
            "back_in_year": "SUM(CASE WHEN it.happened_at >= %(since)s THEN it.booked END)",
        },
        """people CROSS JOIN goodwill_entry it LEFT JOIN orders_order placed ON placed.id = it.order_id
        WHERE it.customer_id = people.id AND placed.cancelled_at IS NULL
        AND CASE WHEN people.id > 0 THEN it.kind = 'refund' AND it.own_currency = %(currency)s END""",
    ),
    (
        {"conversations": "COUNT(*)", "last_message_at": "MAX(it.last_message_at)"},
        """people CROSS JOIN inbox_conversation it WHERE it.customer_id = people.id
        AND CASE WHEN people.id > 0 THEN it.merged_into_id IS NULL END""",
    ),
    (
        {"complaints": "COUNT(*)", "complaints_in_year": "COUNT(CASE WHEN at >= %(since)s THEN 1 END)"},
        "complained",
    ),
    (
        {"tags": "{words}"},
        """(SELECT DISTINCT people.living, CAST(it.tag_id AS text) AS word FROM people
            CROSS JOIN customers_tag_customers it WHERE it.customer_id = people.id ORDER BY 1, 2) AS found""",
    ),
    (
        {"places": "{words}"},
        """(SELECT DISTINCT people.living, CAST(it.place_id AS text) AS word
            FROM people CROSS JOIN orders_order it WHERE it.customer_id = people.id
            AND CASE WHEN people.id > 0 THEN it.cancelled_at IS NULL AND it.place_id IS NOT NULL END
            ORDER BY 1, 2) AS found""",
    ),
    (
        {"consents": "{words}"},
        "(SELECT DISTINCT living, purpose AS word FROM said WHERE newest = 1 AND is_given ORDER BY 1, 2) AS found",
    ),
    ({"brought_by": "MAX(brought_by)", "brought_count": "MAX(brought_count)"}, "introduced"),
)
_FOUND: Final = tuple(name for finds, _where in _STEPS for name in finds)
# Each column of the figures, and what is written into it.
_COLUMNS: Final = {
    "customer_id": "person.id",
    "birth_year": "person.birth_year",
    "language": "person.language",
    "country": "person.country",
    "has_company": "TRIM(person.company) <> ''",
    "since": "CASE WHEN first_order_at < person.created_at THEN first_order_at ELSE person.created_at END",
    "order_count": "COALESCE(orders, 0)",
    "orders_in_year": "COALESCE(orders_in_year, 0)",
    "spent": "COALESCE(paid, 0) - COALESCE(back, 0)",
    "spent_in_year": "COALESCE(paid_in_year, 0) - COALESCE(back_in_year, 0)",
    "last_order_at": "last_order_at",
    "last_seen_at": "CASE WHEN last_message_at IS NULL OR last_order_at > last_message_at "
    "THEN last_order_at ELSE last_message_at END",
    "conversation_count": "COALESCE(conversations, 0)",
    "complaint_count": "COALESCE(complaints, 0)",
    "complaints_in_year": "COALESCE(complaints_in_year, 0)",
    "tags": "COALESCE(tags, '')",
    "places": "COALESCE(places, '')",
    "consents": "COALESCE(consents, '')",
    "brought_by": "brought_by",
    "brought_count": "COALESCE(brought_count, 0)",
}
_WORDS: Final = {
    "sqlite": "'|' || GROUP_CONCAT(word, '|') || '|'",
    "postgresql": """'|' || STRING_AGG(word, '|' ORDER BY word COLLATE "C") || '|'""",
}
_DIFFERS: Final = {"sqlite": "IS NOT", "postgresql": "IS DISTINCT FROM"}
_INSTANT: Final = {"sqlite": "text", "postgresql": "timestamp with time zone"}


def write_figures(whose: Mapping[int, int], *, business: Business, today: date) -> None:
    """Write what these living people add up to, of all rows that are theirs ({row: living row}), where it differs
    from what is kept. One statement, and up to four for who brought whom.

    A cancelled order, and what was given back of it, counts nowhere. Sums are of what is known in the business's own
    currency. A complaint is a wish that was not withdrawn, or a failure that a customer met and that was booked
    without one; what was given unasked is none.
    """
    if not whose:
        return
    people = _PEOPLE.format(
        people=_values(sorted(whose.items())),
        introduced=_introduced(introduced(whose)),
        unasked=", ".join(f"'{kind.value}'" for kind in UNASKED),
    )
    since = connection.ops.adapt_datetimefield_value(year_began(today, business.zone))
    with connection.cursor() as cursor:
        cursor.execute(
            people + _statement(connection.vendor), {"since": since, "currency": business.currency}
        )


def year_began(today: date, zone: ZoneInfo) -> datetime:
    """From when on something is of the last 365 days."""
    return datetime.combine(today - timedelta(days=YEAR), time.min, zone)


@cache
def _statement(vendor: str) -> str:
    """What follows the people. Each step is a row for whom it finds; they become one by adding up once more, since of
    joins SQLite would look through all that a step has found, for each person."""
    nothing = ", ".join(f"CAST(NULL AS {_kind(name, vendor)})" for name in _FOUND)
    steps = [f"SELECT living, {nothing} FROM people WHERE id = living"]
    for finds, where in _STEPS:
        columns = ", ".join(finds.get(name, "NULL") for name in _FOUND).format(words=_WORDS[vendor])
        steps.append(f"SELECT living, {columns} FROM {where} GROUP BY living")
    summed = ", ".join(f"MAX({name}) AS {name}" for name in _FOUND)
    figures = Figures._meta.db_table
    kept, new = (", ".join(f"{table}.{name}" for name in _COLUMNS) for table in (figures, "excluded"))
    return (
        f", steps(living, {', '.join(_FOUND)}) AS ({' UNION ALL '.join(steps)}), "
        f"summed AS (SELECT living, {summed} FROM steps GROUP BY living) "
        f"INSERT INTO {figures} ({', '.join(_COLUMNS)}) SELECT {', '.join(_COLUMNS.values())} "
        "FROM summed CROSS JOIN customers_customer person WHERE person.id = summed.living "
        f"ON CONFLICT (customer_id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _COLUMNS)} "
        f"WHERE ({kept}) {_DIFFERS[vendor]} ({new})"
    )


def _kind(name: str, vendor: str) -> str:
    if name in {"tags", "places", "consents"}:
        return "text"
    return _INSTANT[vendor] if name.endswith("_at") else "bigint"


def _introduced(found: Mapping[int, Introduced]) -> str:
    # Of nobody's, the row is nobody's: VALUES wants one at least, with numbers where the others have them.
    return _values([(0, 0, 0), *((pk, it.by, it.count) for pk, it in sorted(found.items()))])


def _values(rows: Iterable[Sequence[int | None]]) -> str:
    """The numbers as they stand in a statement: no database takes thousands of parameters."""
    return ", ".join(
        f"({', '.join('NULL' if each is None else str(int(each)) for each in row)})" for row in rows
    )
