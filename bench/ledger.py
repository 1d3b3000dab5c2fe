"""How long a statement takes over a large ledger.

    python bench/ledger.py
    python bench/ledger.py --entries 1000000 --orders 1000000
    python bench/ledger.py --postgres    (a private server, or the one that DATABASE_URL names)

Entries and orders lie evenly over three years: 95 of 100 entries are booked, the others estimated; eight kinds, forty
causes, five places, 20,000 customers of whom 2,000 are in a segment. The time is that of `worth.queries.ask`: all that
the page and the command read and add up, both periods, without writing HTML. The first of the rounds is not counted.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parent))

from desks import postgres_server

ROOT = Path(__file__).resolve().parent.parent
ZONE = ZoneInfo("Asia/Seoul")
LAST = date(2026, 10, 31)
DAYS = 3 * 365
CUSTOMERS, MEMBERS, CAUSES, PLACES = 20_000, 2_000, 40, 5


def main() -> None:
    """Fill, ask, print."""
    options = _options()
    with _database(postgres=options.postgres):
        from django.db import connection

        started = time.perf_counter()
        _fill(options.entries, options.orders)
        print(
            f"{options.entries:,} entries and {options.orders:,} orders on {connection.vendor}, "
            f"filled in {time.perf_counter() - started:.0f} s\n"
        )
        print(f"  {'milliseconds':<34}{'half':>8}{'most':>8}{'cpu':>8}")
        _print_asked(options.rounds)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--postgres", action="store_true")
    return parser.parse_args()


def _print_asked(rounds: int) -> None:
    from dangol.business.models import Place
    from dangol.customers.models import Segment
    from dangol.worth.entries import Where
    from dangol.worth.periods import Period
    from dangol.worth.queries import ask

    month = Period(LAST.replace(day=1), LAST, ZONE)
    place, segment = (
        Where(place_id=Place.objects.earliest("id").pk),
        Where(segment_id=Segment.objects.get().pk),
    )
    asked = (
        ("a month", month, Where()),
        ("a month of one place", month, place),
        ("a month of one segment", month, segment),
        ("a quarter", Period(date(2026, 7, 1), date(2026, 9, 30), ZONE), Where()),
        ("a year", Period(date(2025, 1, 1), date(2025, 12, 31), ZONE), Where()),
        ("all of it", Period(LAST - timedelta(days=DAYS), LAST, ZONE), Where()),
    )
    for name, period, where in asked:
        walls, cpus = [], []
        for _round in range(rounds + 1):
            wall, cpu = time.perf_counter(), time.process_time()
            ask(period, where, currency="KRW")
            walls.append(1000 * (time.perf_counter() - wall))
            cpus.append(1000 * (time.process_time() - cpu))
        print(f"  {name:<34}{median(walls[1:]):>8.0f}{max(walls[1:]):>8.0f}{median(cpus[1:]):>8.0f}")


def _fill(entries: int, orders: int) -> None:
    """The database counts the rows out by itself: made one by one they would take ten times as long."""
    from django.db import connection, transaction

    from dangol.business.models import Place
    from dangol.customers.models import Customer, Membership, Segment
    from dangol.goodwill.models import Cause
    from dangol.orders.models import Source

    at = datetime(2026, 11, 1, tzinfo=UTC)
    first = at - timedelta(days=DAYS)
    with transaction.atomic():
        Place.objects.bulk_create(Place(pk=n, name=f"Place {n}") for n in range(1, PLACES + 1))
        Cause.objects.bulk_create(Cause(pk=n, name=f"Cause {n}") for n in range(1, CAUSES + 1))
        Customer.objects.bulk_create(
            (Customer(pk=n, name=f"C{n}", created_at=first) for n in range(1, CUSTOMERS + 1)), 5_000
        )
        Source.objects.create(pk=1, name="Till", kind="file", created_at=first)
        segment = Segment.objects.create(name="Regulars", created_at=first)
        Membership.objects.bulk_create(
            Membership(segment=segment, customer_id=n, since=first) for n in range(1, MEMBERS + 1)
        )
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:  # for filling alone; what is measured has a new connection
            cursor.execute("PRAGMA cache_size = -400000")
            cursor.execute("PRAGMA synchronous = OFF")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_counted(ENTRIES, entries, first))
        cursor.execute(_counted(ORDERS, orders, first))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    connection.close()


def _counted(statement: str, number: int, first: datetime) -> str:
    """The statement for the numbers from 0 on, in the words of the database; its instants lie evenly."""
    from django.db import connection

    start = f"{first:%Y-%m-%d %H:%M:%S}"
    if connection.vendor == "postgresql":
        words = {
            "numbers": f"generate_series(0, {number - 1}) AS numbers(n)",
            "uid": "lpad(to_hex(n), 32, '0')::uuid",
            "at": f"timestamptz '{start}+00' + n * interval '{DAYS * 86_400 / number:.6f} seconds'",
        }
    else:
        words = {
            "numbers": f"(WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < {number - 1})"
            " SELECT n FROM c) AS numbers",
            "uid": "printf('%032x', n)",
            "at": f"datetime('{start}', '+' || CAST(n * {DAYS * 86_400 / number:.6f} AS INTEGER) || ' seconds')",
        }
    return statement.format(**words, causes=CAUSES, places=PLACES, customers=CUSTOMERS)


ENTRIES = """
INSERT INTO goodwill_entry (uid, cost_class, kind, cause_id, own_currency, booked, estimated_low, estimated,
    estimated_high, method, currency, amount, customer_id, place_id, happened_at, booked_at, source_kind, source_key)
SELECT {uid}, CASE WHEN n % 8 IN (4, 5) THEN 'goodwill' ELSE 'external_failure' END,
    CASE n * 7 % 8 WHEN 0 THEN 'redo' WHEN 1 THEN 'refund' WHEN 2 THEN 'free_item' WHEN 3 THEN 'discount'
        WHEN 4 THEN 'sample' WHEN 5 THEN 'gift' WHEN 6 THEN 'shipping' ELSE 'staff_time' END,
    CASE WHEN n % 9 > 0 THEN 1 + n * 11 % {causes} END, 'KRW', CASE WHEN n % 20 > 0 THEN 1000 + n % 20000 END,
    CASE WHEN n % 20 = 0 THEN 500 END, CASE WHEN n % 20 = 0 THEN 1500 END, CASE WHEN n % 20 = 0 THEN 4000 END,
    CASE WHEN n % 20 = 0 THEN 'reply_minutes' ELSE '' END, 'KRW', NULL, 1 + n % {customers}, 1 + n % {places},
    {at}, {at}, 'file', CAST(n AS varchar(20))
FROM {numbers}"""
ORDERS = """
INSERT INTO orders_order (uid, source_id, key, number, fingerprint, customer_id, place_id, currency, amount,
    own_currency, own_amount, recorded_at, ordered_at, made_by_name, packed_by_name, contact_name, contact_email,
    contact_phone, country)
SELECT {uid}, 1, CAST(n AS varchar(20)), CAST(n AS varchar(20)), '', 1 + n % {customers}, 1 + n % {places}, 'KRW',
    8000 + n % 60000, 'KRW', 8000 + n % 60000, {at}, {at}, '', '', '', '', '', ''
FROM {numbers}"""


@contextlib.contextmanager
def _database(*, postgres: bool) -> Iterator[None]:
    sys.path[:0] = [str(ROOT / "src"), str(ROOT)]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dangol.settings")
    with contextlib.ExitStack() as stack:
        os.environ["DANGOL_DATA"] = stack.enter_context(tempfile.TemporaryDirectory(prefix="dangol-bench-"))
        if postgres and not os.environ.get("DATABASE_URL"):
            os.environ["DATABASE_URL"] = stack.enter_context(postgres_server(None))
        import django
        from django.core.management import call_command
        from django.db import connection

        django.setup()
        stack.callback(connection.close)
        call_command("migrate", verbosity=0)
        yield


if __name__ == "__main__":
    main()
