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
BATCH = 20_000


def main() -> None:
    """Fill, ask, print."""
    options = _options()
    with _database(postgres=options.postgres):
        from django.db import connection

        started = time.perf_counter()
        _fill(options.entries, options.orders)
        print(
            f"\n{options.entries:,} entries and {options.orders:,} orders on {connection.vendor}, "
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
    from django.db import connection, transaction

    from dangol.business.models import Place
    from dangol.customers.models import Customer, Membership, Segment
    from dangol.goodwill.models import Cause, Entry
    from dangol.kernel.rows import insert_rows
    from dangol.orders.models import Order, Source

    at = datetime(2026, 11, 1, tzinfo=UTC)
    first = at - timedelta(days=DAYS)
    with transaction.atomic():
        Place.objects.bulk_create(Place(name=f"Place {n}") for n in range(PLACES))
        Cause.objects.bulk_create(Cause(name=f"Cause {n}") for n in range(CAUSES))
        Customer.objects.bulk_create(
            (Customer(name=f"C{n}", created_at=first) for n in range(CUSTOMERS)), 5_000
        )
        source = Source.objects.create(name="Till", kind="file", created_at=first)
        segment = Segment.objects.create(name="Regulars", created_at=first)
        people = list(Customer.objects.values_list("pk", flat=True))
        Membership.objects.bulk_create(
            Membership(segment=segment, customer_id=pk, since=first) for pk in people[:MEMBERS]
        )
        places, causes = (list(model.objects.values_list("pk", flat=True)) for model in (Place, Cause))

    kinds = ("redo", "refund", "free_item", "discount", "sample", "gift", "shipping", "staff_time")

    def entry(n: int) -> Entry:
        when = first + timedelta(days=DAYS) * n / entries
        row = Entry(
            kind=kinds[n * 7 % 8], cost_class="goodwill" if n % 8 in {4, 5} else "external_failure",
            cause_id=causes[n * n % CAUSES] if n % 9 else None, own_currency="KRW", currency="KRW",
            customer_id=people[n * 31 % CUSTOMERS], place_id=places[n % PLACES], happened_at=when, booked_at=when,
            source_kind="file", source_key=str(n),
        )  # fmt: skip
        if n % 20:
            row.booked = row.amount = 1000 + n % 20_000
        else:
            row.estimated_low, row.estimated, row.estimated_high, row.method = 500, 1500, 4000, "reply_time"
        return row

    def order(n: int) -> Order:
        when = first + timedelta(days=DAYS) * n / orders
        amount = 8000 + n % 60_000
        return Order(
            source=source, key=str(n), number=str(n), currency="KRW", amount=amount, own_currency="KRW",
            own_amount=amount, customer_id=people[n * 17 % CUSTOMERS], place_id=places[n % PLACES],
            ordered_at=when, recorded_at=when,
        )  # fmt: skip

    for make, number in ((entry, entries), (order, orders)):
        for begin in range(0, number, BATCH):
            with transaction.atomic():
                insert_rows([make(n) for n in range(begin, min(begin + BATCH, number))], with_ids=False)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


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
