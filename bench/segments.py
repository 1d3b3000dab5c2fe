"""How long it takes to count a segment over many customers, and to count one of them again after a change.

    python bench/segments.py
    python bench/segments.py --customers 1000000 --rounds 5
    python bench/segments.py --postgres    (a private server, or the one that DATABASE_URL names)

Each customer has an order, one of five a tag, three of four a year of birth. What is counted is what the form of a
segment counts while somebody types. After a change the worker's loop reads the event and counts that customer for five
segments. A changed rule is counted for everybody, and those who come and go are written. The night's walk looks at
everybody; a piece of it is measured. Pages are what they read, without writing HTML.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median
from typing import Any, Final

from ledger import _database as database

AT: Final = datetime(2026, 11, 1, 3, tzinfo=UTC)
WALKED: Final = 2_000


def main() -> None:
    """Fill, count, print."""
    options = _options()
    with database(postgres=options.postgres):
        from django.db import connection

        started = time.perf_counter()
        _fill(options.customers)
        print(
            f"{options.customers:,} customers on {connection.vendor}, "
            f"filled in {time.perf_counter() - started:.0f} s\n"
        )
        print(f"  {'milliseconds':<48}{'half':>8}{'most':>8}{'cpu':>8}")
        _print_counts(options.rounds)
        _print_changes(options.rounds, options.customers)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--postgres", action="store_true")
    return parser.parse_args()


def _rules() -> dict[str, Any]:
    from dangol.segments.rules import All, AnyOf, Not, Number, OneOf

    return {
        "three orders or more": Number("orders", "at_least", 3),
        "a generation": OneOf("generation", ("z",)),
        "spent in the last 365 days": Number("spent", "at_least", 50_000, in_year=True),
        "no order for 90 days": Number("last_order", "at_least", 90),
        "one of two tags": OneOf("tag", ("3", "5")),
        "all of it, nested": All(
            (
                Number("orders", "at_least", 2),
                AnyOf(
                    (OneOf("language", ("ko",)), OneOf("tag", ("3",)), Number("spent", "at_least", 90_000))
                ),
                Not(
                    AnyOf((OneOf("generation", ("silent", "boomer")), Number("last_order", "at_least", 300)))
                ),
            )
        ),
    }


def _print_counts(rounds: int) -> None:
    from dangol.business.queries import current_business
    from dangol.segments.queries import found_by

    business = current_business()
    for name, rule in _rules().items():
        found = found_by(rule, business=business, at=AT).count

        def count(rule: Any = rule) -> object:
            return found_by(rule, business=business, at=AT)

        _print(f"count and first 20: {name} ({found:,})", count, rounds)


def _print_changes(rounds: int, customers: int) -> None:
    from django.db import transaction

    from dangol.customers.events import ProfileChanged
    from dangol.customers.models import Customer
    from dangol.kernel.events import emit
    from dangol.segments.commands import Playbook, change_segment, make_segment
    from dangol.segments.counting import Stretch, count_stretch
    from dangol.segments.following import keep_counted
    from dangol.segments.models import Walk
    from dangol.segments.rules import Number

    made = [
        make_segment(actor=None, name=name, rule=rule, at=AT) for name, rule in list(_rules().items())[:4]
    ]
    rare = make_segment(actor=None, name="rare", rule=Number("spent", "at_least", 97_000), at=AT)
    Walk.objects.update_or_create(pk=Walk.ONLY, defaults={"day": AT.date()})
    keep_counted(at=AT)
    print(f"\n  members: {', '.join(f'{each.memberships.count():,}' for each in (*made, rare))}\n")
    who = iter(range(customers // 2, customers))

    def change() -> object:
        pk = next(who)
        with transaction.atomic():
            Customer.objects.filter(pk=pk).update(birth_year=2000)
            emit(ProfileChanged(happened_at=AT, customer_id=pk, changed=["birth_year"]))
        return keep_counted(at=AT)

    _print("one customer changes, counted for 5 segments", change, rounds)
    bounds = iter(range(97_000, 90_000, -500))

    def other_rule() -> object:
        rule = Number("spent", "at_least", next(bounds))
        return change_segment(actor=None, segment=rare, name="rare", rule=rule, playbook=Playbook(), at=AT)

    _print("a rule changes, everybody counted", other_rule, rounds)
    stretches = iter(Stretch(after, after + WALKED) for after in range(0, customers, WALKED))
    _print(f"the night's walk, {WALKED:,} customers", lambda: count_stretch(next(stretches), at=AT), 5)
    _print_pages(made[0], rounds)


def _print_pages(segment: Any, rounds: int) -> None:
    from dangol.business.queries import current_business
    from dangol.segments.comparing import compare_segments
    from dangol.segments.queries import all_segments, first_members, member_count

    business = current_business()
    _print("all segments, with their counts", all_segments, rounds)
    _print("one segment: its count", lambda: member_count(segment), rounds)
    _print("one segment: its first 20", lambda: first_members(segment), rounds)
    _print("segments compared", lambda: compare_segments(business=business, at=AT), rounds)


def _print(name: str, work: Callable[[], object], rounds: int) -> None:
    walls, cpus = [], []
    for _round in range(rounds + 1):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(1000 * (time.perf_counter() - wall))
        cpus.append(1000 * (time.process_time() - cpu))
    print(f"  {name:<48}{median(walls[1:]):>8.0f}{max(walls[1:]):>8.0f}{median(cpus[1:]):>8.0f}", flush=True)


def _fill(customers: int) -> None:
    """The database counts the rows out by itself."""
    from django.db import connection, transaction

    from dangol.business.models import Business
    from dangol.customers.models import Tag
    from dangol.orders.models import Source

    Business.objects.create(name="Bench", currency="KRW", time_zone="Asia/Seoul", set_up_at=AT)
    Source.objects.create(pk=1, name="Till", kind="file", created_at=AT)
    Tag.objects.bulk_create(Tag(pk=n, name=f"tag {n}") for n in range(1, 10))
    words = _words(customers)
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:  # for filling alone; what is measured has a new connection
            cursor.execute("PRAGMA synchronous = OFF")
            cursor.execute("PRAGMA cache_size = -200000")
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in (CUSTOMERS, ORDERS, TAGS, FIGURES):
            cursor.execute(statement.format(**words))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    connection.close()


def _words(customers: int) -> dict[str, str]:
    from django.db import connection

    if connection.vendor == "postgresql":
        return {
            "numbers": f"generate_series(1, {customers}) AS numbers(n)",
            "uid": "lpad(to_hex(n), 32, '0')::uuid",
            "at": "timestamptz '2026-11-01 00:00:00+00' - (n % 900) * interval '1 day'",
            "no": "false",
            "yes": "true",
        }
    return {
        "numbers": f"(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {customers})"
        " SELECT n FROM c) AS numbers",
        "uid": "printf('%032x', n)",
        "at": "datetime('2026-11-01 00:00:00', '-' || (n % 900) || ' days')",
        "no": "0",
        "yes": "1",
    }


CUSTOMERS = """
INSERT INTO customers_customer (uid, name, family_name, given_name, name_order, honorific, language, time_zone,
    preferred_channel, birth_year, company, address, country, created_at)
SELECT {uid}, 'Customer ' || n, '', '', '', '', CASE WHEN n % 3 = 0 THEN 'en' ELSE 'ko' END, '', '',
    CASE WHEN n % 4 > 0 THEN 1930 + n % 85 END, CASE WHEN n % 10 = 0 THEN 'Office' ELSE '' END, '', 'KR', {at}
FROM {numbers}"""
ORDERS = """
INSERT INTO orders_order (uid, source_id, key, number, fingerprint, customer_id, currency, amount,
    own_currency, own_amount, recorded_at, ordered_at, made_by_name, packed_by_name, contact_name, contact_email,
    contact_phone, country)
SELECT {uid}, 1, CAST(n AS varchar(20)), CAST(n AS varchar(20)), '', n, 'KRW', n % 100000, 'KRW', n % 100000, {at},
    {at}, '', '', '', '', '', ''
FROM {numbers}"""
TAGS = """
INSERT INTO customers_tag_customers (tag_id, customer_id) SELECT 1 + n % 9, n FROM {numbers} WHERE n % 5 = 0"""
FIGURES = """
INSERT INTO segments_figures (customer_id, birth_year, language, country, has_company, since, order_count,
    orders_in_year, spent, spent_in_year, last_order_at, last_seen_at, conversation_count, complaint_count,
    complaints_in_year, tags, places, consents, brought_count)
SELECT n, CASE WHEN n % 4 > 0 THEN 1930 + n % 85 END, CASE WHEN n % 3 = 0 THEN 'en' ELSE 'ko' END, 'KR',
    CASE WHEN n % 10 = 0 THEN {yes} ELSE {no} END, {at}, n % 5, n % 5, n % 100000, n % 100000, {at}, {at}, 0, 0, 0,
    CASE WHEN n % 5 = 0 THEN '|' || (1 + n % 9) || '|' ELSE '' END, '', '', 0
FROM {numbers}"""


if __name__ == "__main__":
    main()
