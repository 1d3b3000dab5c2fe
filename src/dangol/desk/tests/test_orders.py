"""Orders on their own pages, on the customer's, and beside a conversation."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from dangol.business.models import Business
from dangol.customers.models import Customer
from dangol.goodwill.commands.new_rates import use_new_rates
from dangol.kernel import clock
from dangol.orders.commands import source_named, take_orders
from dangol.orders.import_jobs import Imports
from dangol.orders.models import FileImport, Order
from dangol.orders.queries import PAGE
from dangol.orders.tests.shop import BURGER, MONDAY, order, refund
from tests.parts.cast import SORA, mail

pytestmark = pytest.mark.django_db


@pytest.fixture
def get(client, hana):
    client.force_login(hana)

    def see(name, *arguments, **query):
        response = client.get(reverse(name, args=arguments), query)
        assert response.status_code == 200
        return response.content.decode()

    return see


@pytest.fixture
def take(db):
    Business.objects.update_or_create(
        pk=Business.ONLY,
        defaults={"currency": "KRW", "time_zone": "Asia/Seoul", "set_up_at": MONDAY, "set_up_step": ""},
    )

    def take(*orders, refunds=()):
        source = source_named("Till", at=MONDAY)
        return take_orders(actor=None, source=source, orders=orders, refunds=refunds, at=MONDAY)

    return take


SHE = {"contact_email": "sora@example.com", "contact_name": "Sora Kim"}


def test_the_list_is_newest_first_and_goes_on(get, take):
    take(*(order(str(n), ordered_at=MONDAY + timedelta(minutes=n)) for n in range(PAGE + 1)))
    first = get("orders")
    assert first.index(f">{PAGE}<") < first.index(">1<")
    assert ">0<" not in first
    assert 'rel="next"' in first


def test_an_order_is_found_by_its_number(get, take):
    take(order("A-1"), order("A-2"), order("#1001"))
    found = get("orders", number="a-1")
    assert ("A-1" in found, "A-2" in found) == (True, False)
    assert "#1001" in get("orders", number="1001")
    assert "No order has this number" in get("orders", number="7")


def test_what_a_customer_spent_opens_their_orders(get, take):
    take(order("A-1", **SHE), order("A-2", **SHE), order("B-1", contact_email="james@example.org"))
    sora = Customer.objects.get(identities__address="sora@example.com")
    assert f'href="{reverse("orders")}?customer={sora.pk}"' in get("customer", sora.pk)
    hers = get("orders", customer=sora.pk)
    assert [number in hers for number in ("A-1", "A-2", "B-1")] == [True, True, False]
    assert "Sora Kim" in hers
    assert "No order has this number" in get("orders", customer=sora.pk, number="B-1")
    nobody = Customer.objects.create(created_at=MONDAY)
    assert "No orders of this customer" in get("orders", customer=nobody.pk)
    assert "B-1" in get("orders", customer="x")


def test_without_orders_the_page_says_what_to_do(get, take):
    assert "Import your orders" in get("orders")


def test_an_order_shows_its_lines_its_refunds_and_who_made_it(get, take, tom):
    take(
        order(**SHE, made_by_name=tom.name, packed_by_name="Night shift", place="Gangnam", currency="USD"),
        refunds=[refund(order_key="1001", currency="USD", amount=500, reason="It was cold")],
    )
    page = get("order", Order.objects.get().pk)
    for words in (
        BURGER.name,
        "12,000",
        "$240.00",
        "$5.00",
        "It was cold",
        tom.name,
        "Night shift",
        "Gangnam",
    ):
        assert words in page
    assert "No rate of USD is known" in page


def test_the_customer_shows_orders_what_was_spent_and_when(get, take):
    take(order(**SHE), order("1002", **SHE), refunds=[refund(order_key="1001")])
    page = get("customer", Customer.objects.get().pk)
    assert "48,000" in page
    assert "in 2 orders, ₩12,000 given back" in page
    assert page.count("Ordered") == 2
    assert "Money given back" in page
    assert reverse("order", args=[Order.objects.get(number="1002").pk]) in page


def test_the_conversation_has_the_last_orders_beside_it(get, take, receive):
    talk = receive(mail(SORA)).conversation
    take(order(**SHE))
    assert Order.objects.get().customer_id == talk.customer_id
    assert reverse("order", args=[Order.objects.get().pk]) in get("conversation", talk.pk)


def test_the_lists_ask_as_often_for_many_orders_as_for_one(get, take, django_assert_max_num_queries):
    take(*(order(str(n), contact_email=f"{n}@example.com") for n in range(40)))
    with django_assert_max_num_queries(9):
        get("orders")
    row = Order.objects.first()
    with django_assert_max_num_queries(11):
        get("order", row.pk)


def test_a_manager_imports_a_file_on_the_page(client, dongsuk, take):
    client.force_login(dongsuk)
    assert client.get(reverse("orders_import")).status_code == 200
    rows = "\n".join(["주문번호,주문일시,상품명,수량,판매가", "77,2026-01-05 10:00,달버거,2,12000"])
    upload = SimpleUploadedFile("주문.csv", rows.encode("cp949"))
    sent = client.post(reverse("orders_import"), {"file": upload})
    page = client.get(sent.url).content.decode()
    assert ("77" in page, "₩24,000" in page, 'value="KRW" selected' in page) == (True, True, True)
    job = FileImport.objects.get()
    chosen = {
        "currency": "KRW",
        "zone": "Asia/Seoul",
        "column_number": "0",
        "column_ordered_at": "1",
        "column_item": "2",
        "column_quantity": "3",
        "column_unit_price": "4",
    }
    refused = client.post(sent.url, {**chosen, "column_number": "", "do": "start"})
    assert (refused.status_code, b"No column was found for: Order number" in refused.content) == (422, True)
    assert client.post(sent.url, {**chosen, "do": "start"}).status_code == 303
    assert b"<progress" in client.get(sent.url).content
    imports = Imports()
    while imports.turn():
        pass
    job.refresh_from_db()
    assert (job.state, Order.objects.get().amount) == ("done", 24_000)
    assert b"New orders and refunds" in client.get(sent.url).content


def test_a_file_that_is_no_table_is_refused_on_the_page(client, dongsuk, take):
    client.force_login(dongsuk)
    upload = SimpleUploadedFile("cat.png", b"\x89PNG\r\n\0\0")
    page = client.post(reverse("orders_import"), {"file": upload})
    assert (page.status_code, b"no table that can be read" in page.content) == (422, True)


def test_a_new_rate_converts_what_waited_for_it_and_nothing_else(client, minji, take):
    early = MONDAY - timedelta(days=30)
    take(order("1", 1_000, currency="USD"), order("2", 1_000, currency="USD", ordered_at=early))
    client.force_login(minji)
    said = {"currency": "USD", "rate": "1390.25", "since": str(MONDAY.date())}
    assert client.post(reverse("rates_settings"), said).status_code == 303
    assert not Order.objects.filter(own_amount__isnull=False).exists(), "nobody waits for it"
    assert "is being counted" in client.get(reverse("rates_settings")).content.decode()
    while use_new_rates(at=MONDAY):
        pass
    assert "is being counted" not in client.get(reverse("rates_settings")).content.decode()
    assert dict(Order.objects.values_list("key", "own_amount")) == {"1": 13_902, "2": None}
    assert "1 USD = 1,390.25 KRW" in client.get(reverse("rates_settings")).content.decode()
    assert client.post(reverse("rates_settings"), {**said, "currency": "KRW"}).status_code == 422


MONTHLY = {"subscription_from": date(2026, 11, 1), "subscription_until": date(2026, 11, 30)}


def test_what_runs_is_on_the_customers_page_and_in_a_list_of_its_own(get, take, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: MONDAY)
    before = {"subscription_from": date(2026, 10, 1), "subscription_until": date(2026, 10, 31)}
    take(order("A-1", 9_900, **SHE, **before), order("A-2", 12_000, **SHE, **MONTHLY), order("A-3", **SHE))
    take(order("A-4", **SHE, **MONTHLY, cancelled_at=MONDAY))
    page = get("customer", Customer.objects.get().pk)
    assert "Running subscriptions" in page
    assert "since 2026-10-01" in page
    assert "paid until 2026-11-30" in page
    assert "next period from 2026-12-01" in page
    listed = get("orders", subscription="running")
    assert [number in listed for number in ("A-1", "A-2", "A-3", "A-4")] == [False, True, False, False]
    assert "subscription from 2026-11-01 until 2026-11-30" in listed
    monkeypatch.setattr(clock, "now", lambda: MONDAY + timedelta(days=60))
    assert "No subscription runs today" in get("orders", subscription="running")


def test_without_subscriptions_nothing_is_said_of_them(get, take):
    take(order(**SHE))
    assert "ubscription" not in get("orders") + get("customer", Customer.objects.get().pk)


def test_an_amount_that_could_be_two_is_asked_for_on_the_page(client, dongsuk, take):
    client.force_login(dongsuk)
    rows = ["Order,Date,Item,Quantity,Price,Amount", *["1,2026-01-05,Burger,1,5000,4000"] * 2]
    upload = SimpleUploadedFile("orders.csv", "\n".join(rows).encode())
    url = client.post(reverse("orders_import"), {"file": upload}).url
    page = client.get(url).content.decode()
    assert "Choose which it is." in page
    assert "The same amount in all rows of an order is" in page
    columns = ("number", "ordered_at", "item", "quantity", "unit_price", "total")
    chosen = {f"column_{name}": str(place) for place, name in enumerate(columns)}
    chosen |= {"currency": "KRW", "zone": "Asia/Seoul", "total_is": "line"}
    page = client.post(url, {**chosen, "do": "look"}).content.decode()
    assert ("Choose which it is." in page, "₩8,000" in page) == (False, True)
    client.post(url, {**chosen, "do": "start"})
    imports = Imports()
    while imports.turn():
        pass
    assert Order.objects.get().amount == 8_000
