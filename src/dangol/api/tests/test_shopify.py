"""Shopify reports: twice, late, in disorder."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from dangol.api.models import Report, Shop
from dangol.api.tests.reports import SHOPIFY_ORDER, SHOPIFY_REFUND, changed, report, work
from dangol.customers.models import Customer, Identity
from dangol.goodwill.models import Entry
from dangol.kernel.models import Event
from dangol.orders.models import Order, Refund
from tests.parts.cast import NOON

pytestmark = pytest.mark.django_db


def test_an_order_of_shopify_comes_in_and_its_report_is_forgotten(shopify):
    assert report(shopify, "orders/create", SHOPIFY_ORDER) == 200
    assert not Order.objects.exists(), "acknowledged before anything else is done"
    work()
    row = Order.objects.get()
    assert (row.number, row.amount, row.currency, row.shipping) == ("#1001", 2780, "USD", 300)
    assert (row.customer.name, row.country, row.lines.get().unit_price_e4) == ("Sora Kim", "KR", 124_000)
    assert Identity.objects.get().address == "shopify/207119551"
    kept = Report.objects.get()
    assert (kept.state, bytes(kept.body)) == ("done", b"")


def test_a_known_address_does_not_make_a_customer_of_the_shop_that_person(shopify):
    sora = Customer.objects.create(name="Sora", created_at=NOON)
    Identity.objects.create(kind="email", address="sora@example.com", customer=sora, created_at=NOON)
    report(shopify, "orders/create", SHOPIFY_ORDER)
    work()
    assert Order.objects.get().customer != sora


def test_what_comes_twice_or_late_is_there_once_and_as_it_is_now(shopify):
    newer = changed(SHOPIFY_ORDER, updated_at="2026-11-18T09:00:00-05:00", total_price="30.00")
    for delivery, thing in (("a", newer), ("b", SHOPIFY_ORDER), ("a", newer), ("c", newer)):
        assert report(shopify, "orders/updated", thing, delivery=delivery) == 200
        work()
    assert Order.objects.get().amount == 3000
    assert (Report.objects.count(), Event.objects.filter(name="OrderPlaced").count()) == (3, 1)


SAID = [
    ("orders/create", SHOPIFY_ORDER),
    ("refunds/create", SHOPIFY_REFUND),
    (
        "orders/updated",
        changed(SHOPIFY_ORDER, updated_at="2026-11-17T09:00:02-05:00", refunds=[SHOPIFY_REFUND]),
    ),
]


@pytest.mark.parametrize("turns", list(permutations(range(3))))
def test_a_refund_finds_its_order_and_books_itself_once_whatever_comes_first(turns, shopify):
    for turn in (*turns, turns[0]):
        report(shopify, *SAID[turn], delivery=str(turn))
        work()
    refund = Refund.objects.get()
    assert (refund.order.key, refund.amount, refund.lines.get().amount) == ("450789469", 1240, 1240)
    assert refund.customer == refund.order.customer
    standing = [entry.booked for entry in Entry.objects.all()]
    assert sum(standing) == 1240


def test_a_refund_that_was_paid_in_another_currency_is_counted_in_that_of_the_shop(shopify):
    paid = {"id": 1, "kind": "refund", "status": "success", "amount": "21560", "currency": "KRW"}
    shipping = {"amount_set": {"shop_money": {"amount": "-3.00", "currency_code": "USD"}}}
    told = changed(SHOPIFY_REFUND, transactions=[paid], order_adjustments=[shipping])
    report(shopify, "refunds/create", told)
    report(shopify, "refunds/create", changed(SHOPIFY_REFUND, id=2, transactions=[]))
    work()
    assert [(row.amount, row.currency) for row in Refund.objects.all()] == [(1540, "USD")]


def test_cancelled_orders_are_cancelled_and_tests_are_no_orders(shopify):
    report(shopify, "orders/create", SHOPIFY_ORDER)
    at = "2026-11-16T10:00:00-05:00"
    report(shopify, "orders/cancelled", changed(SHOPIFY_ORDER, cancelled_at=at, updated_at=at))
    report(shopify, "orders/create", changed(SHOPIFY_ORDER, id=3, test=True))
    assert (
        report(shopify, "orders/create", changed(SHOPIFY_ORDER, id=4), more={"X-Shopify-Test": "true"}) == 200
    )
    work()
    assert Order.objects.get().cancelled_at is not None
    assert Event.objects.filter(name="OrderCancelled").count() == 1
    assert Shop.objects.get().pinged_at


@pytest.mark.parametrize("turns", list(permutations(range(2))))
def test_a_refund_whose_payment_failed_is_in_the_ledger_no_more(turns, shopify):
    def paid(status: str) -> dict[str, Any]:
        return changed(SHOPIFY_REFUND, transactions=[{**SHOPIFY_REFUND["transactions"][0], "status": status}])

    failed = changed(SHOPIFY_ORDER, updated_at="2026-11-18T09:00:00-05:00", refunds=[paid("failure")])
    told = [("refunds/create", paid("pending")), ("orders/updated", failed)]
    for turn in turns:
        report(shopify, *told[turn])
        work()
    assert Refund.objects.get().amount == 0
    assert sum(entry.booked for entry in Entry.objects.all()) == 0
