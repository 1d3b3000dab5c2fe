"""How long the page of a customer takes who has thousands of events.

    python bench/timeline.py
    python bench/timeline.py --events 10000 --requests 100
    python bench/timeline.py --postgres    (a private server, or the one that DATABASE_URL names)

One customer has all of the events: orders, refunds, notes that were added and entries that were booked, evenly over two
years; a hundred others have some. Asked are the page from its beginning, and its later parts as endless scrolling asks
for them. The time is that of the whole request without the network; the first ten are not counted.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from ledger import _database

WARM_UP = 10
AT = datetime(2026, 11, 1, tzinfo=UTC)
SPAN = timedelta(days=730)


def main() -> None:
    """Fill, ask, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--postgres", action="store_true")
    options = parser.parse_args()
    with _database(postgres=options.postgres):
        from django.db import connection
        from django.test import Client

        customer_id, owner = _fill(options.events)
        client = Client(headers={"host": "localhost"})
        client.force_login(owner)
        print(f"one customer with {options.events:,} events on {connection.vendor}\n")
        print(f"  {'milliseconds':<34}{'p50':>8}{'p95':>8}{'cpu p50':>9}")
        here = f"/customers/{customer_id}/"
        middle = f"?after={(AT - SPAN / 2 - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)}.1"
        for name, url, headers in (
            ("the page", here, {}),
            ("a later part of it", here + middle, {"HX-Request": "true"}),
            ("orders alone", here + "?kind=orders", {}),
        ):
            _print(name, client, url, headers, options.requests)


def _print(name: str, client: Any, url: str, headers: dict[str, str], requests: int) -> None:
    walls, cpus = [], []
    for number in range(requests + WARM_UP):
        wall, cpu = time.perf_counter(), time.process_time()
        response = client.get(url, headers=headers)
        if response.status_code != 200:
            raise SystemExit(f"{url}: {response.status_code}")
        if number >= WARM_UP:
            walls.append(1000 * (time.perf_counter() - wall))
            cpus.append(1000 * (time.process_time() - cpu))
    late = statistics.quantiles(walls, n=20)[18]
    print(
        f"  {name:<34}{statistics.median(walls):>8.1f}{late:>8.1f}{statistics.median(cpus):>9.1f}", flush=True
    )


def _fill(events: int) -> tuple[int, Any]:
    from django.db import connection, transaction

    from dangol.business.models import Business
    from dangol.customers.models import Customer
    from dangol.goodwill.commands.entries import booked_event
    from dangol.goodwill.models import Entry
    from dangol.kernel.events import emit
    from dangol.orders.commands import source_named, take_orders
    from dangol.orders.incoming import IncomingOrder
    from dangol.staff.models import Role, Staff

    Business.objects.create(
        pk=1, name="Bench", currency="KRW", time_zone="Asia/Seoul", set_up_step="", set_up_at=AT - SPAN
    )
    owner = Staff.objects.create_user("o@bench.test", "a long enough word", name="O", role=Role.OWNER)
    source = source_named("Till", at=AT)
    orders = events // 2
    for start in range(0, orders, 500):
        some = range(start, min(start + 500, orders))
        take_orders(
            actor=None,
            source=source,
            silent=True,
            at=AT,
            orders=[
                IncomingOrder(
                    key=str(number),
                    number=str(number),
                    currency="KRW",
                    amount=9_000 + number,
                    ordered_at=AT - SPAN * number / orders,
                    customer_number="1" if number % 100 else str(number),
                )
                for number in some
            ],
        )
    customer = Customer.objects.get(identities__address__endswith="1", identities__kind="number")
    with transaction.atomic():
        for number in range(events - orders):
            at = AT - SPAN * number / (events - orders)
            entry = Entry.objects.create(
                cost_class="goodwill", kind="gift", booked=100, own_currency="KRW", currency="KRW", customer=customer,
                happened_at=at, booked_at=at, source_kind="file", source_key=str(number),
            )  # fmt: skip
            emit(booked_event(entry, actor_id=owner.pk, silent=True))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    return customer.pk, owner


if __name__ == "__main__":
    main()
