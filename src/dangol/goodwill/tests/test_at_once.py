"""One refund, entered by staff and reported by the shop at the same moment, is money that was given back once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models import Sum

from dangol.goodwill.commands.entries import About
from dangol.goodwill.commands.giving import Remedy, give_goodwill
from dangol.goodwill.commands.refunds import book_refund
from dangol.goodwill.models import Entry, Kind, Wish
from dangol.orders.commands import source_named, take_orders
from dangol.orders.models import Order, Refund
from dangol.orders.tests.shop import order, refund
from tests.parts.cast import NOON

TIMES = 6


@pytest.mark.only_postgres
@pytest.mark.django_db(transaction=True)
def test_a_refund_that_is_entered_and_reported_at_once_is_booked_once(shop, minji):
    source = source_named("Till", at=NOON)
    for number in range(TIMES):
        take_orders(actor=None, source=source, orders=[order(str(number))], at=NOON)
        row = Order.objects.get(key=str(number))
        start = Barrier(2)

        def enter(row=row, start=start):
            start.wait()
            remedy = Remedy(Kind.REFUND, row.amount)
            give_goodwill(actor=minji, remedy=remedy, about=About(order=row), key=uuid4(), at=NOON)
            connection.close()

        def report(number=number, row=row, start=start):
            start.wait()
            came = refund(f"R{number}", row.amount, order_key=str(number))
            take_orders(actor=None, source=source, refunds=[came], at=NOON)
            book_refund(refund_id=Refund.objects.get(key=f"R{number}").pk, at=NOON)
            connection.close()

        with ThreadPoolExecutor(2) as pool:
            for each in [pool.submit(enter), pool.submit(report)]:
                each.result()
        book_refund(
            refund_id=Refund.objects.get(key=f"R{number}").pk, at=NOON
        )  # it is handed on at least once
        booked = Entry.objects.filter(order=row).aggregate(total=Sum("booked"))["total"]
        assert booked == row.amount, number
        assert Wish.objects.get(order=row).refund == Refund.objects.get(key=f"R{number}")
