"""Two sources at the same moment, on a database that lets two write."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.db.models import Sum

from dangol.business.models import Business
from dangol.orders.commands import source_named, take_orders
from dangol.orders.models import Order, Source
from dangol.orders.months import sold_in_months
from dangol.orders.tests.shop import MONDAY, order

MONTHS = [MONDAY - timedelta(days=31 * n) for n in range(3)]
MANY, TIMES = 20, 3


def tell(source: Source, amount: int, *, backwards: bool) -> None:
    """A source says what its orders of some months come to: one from the first of them on, another from the last."""
    months = MONTHS[::-1] if backwards else MONTHS
    told = [
        order(f"{n}.{number}", amount, ordered_at=at) for n, at in enumerate(months) for number in range(MANY)
    ]
    take_orders(actor=None, source=source, orders=told, at=MONDAY)


@pytest.mark.only_postgres
@pytest.mark.django_db(transaction=True)
def test_two_sources_that_change_orders_of_the_same_months_do_not_wait_for_each_other_for_ever():
    Business.objects.create(currency="KRW", time_zone="Asia/Seoul")
    sources = [source_named(name, at=MONDAY) for name in ("Shop", "Market")]
    for source, backwards in zip(sources, (False, True), strict=True):
        tell(source, 1, backwards=backwards)
    for amount in range(2, 2 + TIMES):
        start = Barrier(2)

        def change(source: Source, backwards: bool, start: Barrier = start, amount: int = amount) -> None:
            start.wait()
            try:
                tell(source, amount, backwards=backwards)
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            for each in [pool.submit(change, sources[0], False), pool.submit(change, sources[1], True)]:
                each.result()
        total = Order.objects.aggregate(total=Sum("amount"))["total"]
        by_month = [each for some in sold_in_months("2026-01", "2027-01").values() for each in some]
        assert (total, sum(each.amount for each in by_month)) == (2 * len(MONTHS) * MANY * amount,) * 2
