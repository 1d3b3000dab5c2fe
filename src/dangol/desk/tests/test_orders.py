"""Orders on their own pages, on the customer's, and beside a conversation."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from dangol.business.models import Business
from dangol.customers.models import Customer
from dangol.orders.commands import source_named, take_orders
from dangol.orders.models import Order
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
