"""Shops report: signed, and kept before anything else is done; what cannot be read is shown, and tried again."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from dangol.api.models import Report, Shop
from dangol.api.shops import taking_in
from dangol.api.shops.commands import connect_shop, disconnect_shop, retry_reports
from dangol.api.shops.taking_in import KEPT, forget_reports, take_in_reports
from dangol.api.tests.reports import SHOPIFY_ORDER, changed, report, work
from dangol.customers.models import Customer
from dangol.desk.alarms.checks import look
from dangol.desk.alarms.rules import Kind
from dangol.desk.alarms.words import say
from dangol.kernel import clock
from dangol.kernel.events import load
from dangol.kernel.models import Event
from dangol.kernel.secrets import unlock_secret
from dangol.orders.models import Order
from dangol.reactions import REACTIONS
from tests.parts.cast import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("desk")]


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


def test_what_could_not_be_read_is_stuck_work_and_an_alarm_until_it_is_read(shopify, client, minji, dongsuk):
    report(shopify, "orders/create", changed(SHOPIFY_ORDER, currency="XXX"))
    work()
    (trouble,) = [each for each in look(at=clock.now()) if each.kind is Kind.REPORTS]
    (said,) = say([trouble])
    assert (said.title, said.area) == ("1 report of a shop could not be read", "Shops")
    client.force_login(dongsuk)
    page = client.get("/stuck/").content.decode()
    assert "A report was in a currency that we do not know." in page
    assert "shops/" not in page, "only an owner changes connections"
    client.force_login(minji)
    url = f"/settings/connections/shops/{shopify.shop.pk}/retry/"
    assert url in client.get("/stuck/").content.decode()
    assert client.post(url, {"from": "stuck"}).headers["Location"] == "/stuck/"
    assert Report.objects.get().state == "queued"
    page = client.get("/stuck/").content.decode()
    assert ("Nothing is stuck" in page, Kind.REPORTS in [each.kind for each in look(at=clock.now())]) == (
        True,
        False,
    )
