"""Shopify and WooCommerce report: signed, twice, late, in disorder; in payloads of their documented form."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import json
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from django.test import Client

from dangol.api.models import Report, Shop
from dangol.api.shops import taking_in
from dangol.api.shops.commands import Connected, connect_shop, disconnect_shop, retry_reports
from dangol.api.shops.taking_in import KEPT, forget_reports, take_in_reports
from dangol.business.models import Business
from dangol.customers.models import Customer, Identity
from dangol.goodwill.commands.refunds import book_all_refunds
from dangol.goodwill.models import Entry
from dangol.kernel import clock
from dangol.kernel.events import load
from dangol.kernel.models import Event
from dangol.kernel.secrets import unlock_secret
from dangol.orders.models import Order, Refund
from dangol.reactions import REACTIONS
from dangol.staff.models import Role, Staff
from tests.parts.cast import NOON

pytestmark = pytest.mark.django_db

MONEY = {
    "shop_money": {"amount": "3.00", "currency_code": "USD"},
    "presentment_money": {"amount": "4200", "currency_code": "KRW"},
}
SHOPIFY_REFUND = {
    "id": 509562969,
    "order_id": 450789469,
    "created_at": "2026-11-17T09:00:00-05:00",
    "processed_at": "2026-11-17T09:00:00-05:00",
    "note": "cold",
    "refund_line_items": [
        {
            "id": 104689539,
            "quantity": 1,
            "line_item": {
                "id": 703073504,
                "sku": "B1",
                "name": "Moon burger",
                "price": "12.40",
                "quantity": 2,
            },
            "subtotal": 12.40,
            "subtotal_set": {
                "shop_money": {"amount": "12.40", "currency_code": "USD"},
                "presentment_money": {"amount": "17360", "currency_code": "KRW"},
            },
            "total_tax_set": {"shop_money": {"amount": "0.00", "currency_code": "USD"}},
        }
    ],
    "transactions": [
        {"id": 179259969, "kind": "refund", "status": "success", "amount": "12.40", "currency": "USD"}
    ],
    "order_adjustments": [],
}
SHOPIFY_ORDER = {
    "id": 450789469,
    "name": "#1001",
    "order_number": 1001,
    "email": "sora@example.com",
    "created_at": "2026-11-16T09:00:00-05:00",
    "processed_at": "2026-11-16T09:00:00-05:00",
    "updated_at": "2026-11-16T09:00:01-05:00",
    "cancelled_at": None,
    "currency": "USD",
    "presentment_currency": "KRW",
    "total_price": "27.80",
    "total_tax": "0.00",
    "total_discounts": "0.00",
    "total_shipping_price_set": MONEY,
    "test": False,
    "fulfillment_status": None,
    "fulfillments": [],
    "refunds": [],
    "customer": {"id": 207119551, "first_name": "Sora", "last_name": "Kim", "email": "sora@example.com"},
    "billing_address": {"first_name": "Sora", "last_name": "Kim", "country_code": "KR", "phone": None},
    "line_items": [
        {
            "id": 703073504,
            "sku": "B1",
            "name": "Moon burger",
            "quantity": 2,
            "price": "12.40",
            "discount_allocations": [],
        }
    ],
}
WOO_ORDER = {
    "id": 727,
    "number": "727",
    "status": "processing",
    "currency": "KRW",
    "date_created_gmt": "2026-11-16T03:00:00",
    "date_modified_gmt": "2026-11-16T03:00:05",
    "date_completed_gmt": None,
    "discount_total": "0",
    "shipping_total": "3000",
    "total": "27000",
    "total_tax": "0",
    "customer_id": 26,
    "billing": {"first_name": "지훈", "last_name": "박", "email": "jihoon@example.kr", "phone": "", "country": "KR"},
    "line_items": [
        {"id": 315, "name": "Moon burger", "sku": "B1", "quantity": 2, "price": 12000.000000000002, "total": "24000"}
    ],
    "refunds": [],
}  # fmt: skip


@pytest.fixture(autouse=True)
def _desk() -> None:
    Staff.objects.create(email="owner@moonburger.test", name="Owner", role=Role.OWNER)
    Business.objects.create(currency="USD", time_zone="Asia/Seoul")


@pytest.fixture
def shopify() -> Connected:
    return connect_shop(actor=None, kind="shopify", name="", secret="hush", at=NOON)


@pytest.fixture
def woo() -> Connected:
    Business.objects.update(currency="KRW")
    return connect_shop(actor=None, kind="woocommerce", name="", secret="", at=NOON)


def changed(thing: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {**copy.deepcopy(thing), **values}


def report(
    to: Connected, topic: str, thing: Any, *, delivery: str = "", secret: str = "", more: Any = None
) -> int:
    """What the shop's system sends, and what it is answered."""
    body = json.dumps(thing).encode()
    signed = base64.b64encode(
        hmac.new((secret or to.secret).encode(), body, hashlib.sha256).digest()
    ).decode()
    names = {
        "shopify": ("X-Shopify-Hmac-Sha256", "X-Shopify-Topic", "X-Shopify-Webhook-Id"),
        "woocommerce": ("X-WC-Webhook-Signature", "X-WC-Webhook-Topic", "X-WC-Webhook-Delivery-ID"),
    }[to.shop.kind]
    headers = {**dict(zip(names, (signed, topic, delivery or topic), strict=True)), **(more or {})}
    client = Client(enforce_csrf_checks=True)
    url = f"/hooks/{to.shop.token}/"
    return client.post(url, body, content_type="application/json", headers=headers).status_code


def work() -> None:
    while take_in_reports(at=clock.now()):
        pass
    for _changes in book_all_refunds(at=clock.now()):  # as the reaction does, refund by refund
        pass


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


def test_nothing_is_signed_with_a_secret_that_cannot_be_read(shopify):
    Shop.objects.update(locked_secret="locked with another key")
    shopify.shop.refresh_from_db()
    body = json.dumps(SHOPIFY_ORDER).encode()
    empty = base64.b64encode(hmac.new(b"", body, hashlib.sha256).digest()).decode()
    headers = {"X-Shopify-Hmac-Sha256": empty, "X-Shopify-Topic": "orders/create"}
    url = f"/hooks/{shopify.shop.token}/"
    assert Client().post(url, body, content_type="application/json", headers=headers).status_code == 401
    assert not Report.objects.exists()


def test_an_address_that_cannot_be_is_not_looked_up():
    assert Client().post("/hooks/a%00b/").status_code == 404


def test_a_shop_that_is_connected_anew_begins_anew(shopify, minji):
    report(shopify, "orders/create", SHOPIFY_ORDER, secret="guessed")
    disconnect_shop(actor=minji, shop_id=shopify.shop.pk, at=NOON)
    connect_shop(actor=minji, kind="shopify", name="", secret="hush", at=NOON)
    shop = Shop.objects.get()
    assert (shop.refused_at, shop.received_at, shop.pinged_at) == (None, None, None)


def test_what_is_not_signed_with_the_secret_is_kept_nowhere(shopify, minji):
    assert report(shopify, "orders/create", SHOPIFY_ORDER, secret="guessed") == 401
    assert Shop.objects.get().refused_at
    assert not Report.objects.exists()
    disconnect_shop(actor=minji, shop_id=shopify.shop.pk, at=NOON)
    assert report(shopify, "orders/create", SHOPIFY_ORDER) == 404
    assert "hush" not in str(list(Shop.objects.values()))


def test_an_order_of_woocommerce_has_its_money_in_won_and_its_customer_by_number(woo):
    client = Client(enforce_csrf_checks=True)
    assert client.post(f"/hooks/{woo.shop.token}/", {"webhook_id": "7"}).status_code == 401
    ping = client.post(
        f"/hooks/{woo.shop.token}/", b"webhook_id=7", content_type="application/x-www-form-urlencoded"
    )
    assert (ping.status_code, Shop.objects.get().pinged_at is not None) == (200, True)
    report(woo, "order.created", WOO_ORDER)
    report(woo, "order.created", changed(WOO_ORDER, id=8, number="8", status="pending"))
    report(woo, "order.created", changed(WOO_ORDER, id=9, number="9", customer_id=0))  # in the same second
    work()
    one, guest = Order.objects.order_by("id")
    line = one.lines.get()
    assert (one.amount, one.currency, line.amount, line.unit_price_e4) == (27_000, "KRW", 24_000, 120_000_000)
    assert {identity.address for identity in Identity.objects.all()} == {
        "woocommerce/26",
        "jihoon@example.kr",
    }
    assert guest.customer != one.customer


BACK = {"id": 726, "reason": "cold", "total": "-10000"}
TALES = [
    changed(WOO_ORDER, refunds=[]),
    changed(WOO_ORDER, date_modified_gmt="2026-11-17T03:00:00", refunds=[BACK]),
    changed(WOO_ORDER, date_modified_gmt="2026-11-18T03:00:00", status="completed", refunds=[BACK]),
]


@pytest.mark.parametrize("turns", list(permutations(range(3))))
def test_refunds_of_woocommerce_come_with_their_orders_whatever_comes_first(turns, woo):
    for turn in turns:
        report(woo, "order.updated", TALES[turn], delivery=str(turn))
        work()
    refund = Refund.objects.get()
    first = min(row.received_at for row in Report.objects.all() if row.pk in _of(turns, {1, 2}))
    assert (refund.amount, refund.order.key, refund.refunded_at) == (10_000, "727", first)
    assert sum(entry.booked for entry in Entry.objects.all()) == 10_000
    # Taken back in the shop: it is told of no more.
    report(woo, "order.updated", changed(WOO_ORDER, date_modified_gmt="2026-11-19T03:00:00"))
    report(woo, "order.updated", changed(TALES[1], total="1"))  # late
    work()
    assert (Refund.objects.get().amount, sum(entry.booked for entry in Entry.objects.all())) == (0, 0)


def _of(turns: tuple[int, ...], wanted: set[int]) -> set[int]:
    ids = list(Report.objects.order_by("id").values_list("pk", flat=True))
    return {pk for pk, turn in zip(ids, turns, strict=False) if turn in wanted}


@pytest.mark.parametrize("first", ["order.created", "order.deleted"])
def test_a_deleted_order_is_cancelled_in_whatever_order_that_is_told(first, woo):
    told = {"order.created": WOO_ORDER, "order.deleted": {"id": 727}}
    for topic in sorted(told, key=lambda topic: topic != first):
        report(woo, topic, told[topic])
        work()
    assert Order.objects.get().cancelled_at is not None
    report(woo, "order.restored", changed(WOO_ORDER, date_modified_gmt="2099-01-01T00:00:00"))
    work()
    assert Order.objects.get().cancelled_at is None


def test_what_was_told_before_a_deletion_and_comes_later_does_not_bring_the_order_back(woo):
    report(woo, "order.deleted", {"id": 727})
    for at in ("2026-11-16T03:00:05", "2026-11-17T03:00:00"):
        work()
        report(woo, "order.updated", changed(WOO_ORDER, date_modified_gmt=at, status="completed"))
    work()
    assert Order.objects.get().cancelled_at is not None


def test_what_cannot_be_read_is_set_aside_and_stops_nothing_behind_it(shopify, minji):
    report(shopify, "orders/create", changed(SHOPIFY_ORDER, id=1, currency="XXX"))
    report(shopify, "orders/create", ["no order"])
    report(shopify, "orders/create", changed(SHOPIFY_ORDER, id=3, name="a\0\ud800b"))
    work()
    assert list(Report.objects.order_by("id").values_list("state", "reason")) == [
        ("failed", "currency_unknown"),
        ("failed", "unreadable"),
        ("done", ""),
    ]
    assert Order.objects.get().number == "a?b"
    assert retry_reports(actor=minji, shop_id=shopify.shop.pk, at=clock.now()) == 2
    work()
    assert Report.objects.filter(state="failed").count() == 2
    assert forget_reports(at=clock.now() + KEPT + timedelta(days=1)) == 3


def test_what_could_not_be_read_goes_when_somebody_is_erased(shopify, minji):
    from dangol.privacy.commands import erase_customer

    report(shopify, "orders/create", changed(SHOPIFY_ORDER, currency="XXX"))
    work()
    sora = Customer.objects.create(name="Sora", created_at=NOON)
    erase_customer(actor=minji, customer=sora, name="Sora", at=clock.now())
    event = load(Event.objects.get(name="CustomerErased"))
    for reaction in REACTIONS:
        if isinstance(event, reaction.on):
            reaction.do(event)
    assert not Report.objects.exists()


def test_a_kill_between_the_order_and_its_report_leaves_neither_half(shopify, monkeypatch):
    class Killed(BaseException):
        pass

    def taken_and_killed(**what: Any) -> None:
        real(**what)
        raise Killed

    real = taking_in.take_orders
    report(shopify, "orders/create", SHOPIFY_ORDER)
    monkeypatch.setattr(taking_in, "take_orders", taken_and_killed)
    with pytest.raises(Killed):
        take_in_reports(at=clock.now())
    assert (Order.objects.count(), Report.objects.get().state) == (0, "queued")
    monkeypatch.setattr(taking_in, "take_orders", real)
    work()
    assert (Order.objects.count(), Report.objects.get().state) == (1, "done")


def test_the_page_gives_address_and_secret_and_says_how_it_is(client, minji):
    client.force_login(minji)
    assert client.post("/settings/connections/shops/", {"kind": "shopify"}).status_code == 422
    client.post("/settings/connections/shops/", {"kind": "woocommerce"})
    shop = Shop.objects.get()
    page = client.get("/settings/connections/").content.decode()
    secret = unlock_secret(shop.locked_secret) or "none"
    assert all(words in page for words in (f"/hooks/{shop.token}/", "Nothing has come yet.", secret))
    Report.objects.create(
        shop=shop, key="1", topic="order.created", body=b"", received_at=NOON, next_at=NOON, state="failed",
        reason="time_missing",
    )  # fmt: skip
    page = client.get("/settings/connections/").content.decode()
    assert (secret in page, "A report had no time." in page) == (False, True)
    client.post(f"/settings/connections/shops/{shop.pk}/retry/")
    assert Report.objects.get().state == "queued"
    client.post(f"/settings/connections/shops/{shop.pk}/disconnection/")
    assert f"/hooks/{shop.token}/" not in client.get("/settings/connections/").content.decode()
