"""A number is split off while the shop tells of an order that it brings: the order goes where the number goes."""

import pytest

from dangol.customers.models import Customer, Identity
from dangol.inbox.commands.splitting import split_identity
from dangol.orders.commands import source_named, take_orders
from dangol.orders.models import Order
from dangol.orders.tests.shop import MONDAY, order
from dangol.orders.tests.test_at_once import while_another_has_not_committed

pytestmark = [pytest.mark.only_postgres, pytest.mark.django_db(transaction=True)]


def test_an_order_that_is_just_being_written_goes_with_the_number_that_brings_it(minji):
    till = source_named("Till", at=MONDAY)

    def tells_of(key: str) -> None:
        take_orders(actor=None, source=till, orders=[order(key, customer_number="7")], at=MONDAY)

    tells_of("1")
    number = Identity.objects.get()
    Identity.objects.create(
        customer=number.customer, kind="email", address="sora@example.com", created_at=MONDAY
    )

    while_another_has_not_committed(
        lambda: tells_of("2"), lambda: split_identity(actor=minji, identity=number, at=MONDAY)
    )

    assert Customer.objects.count() == 2
    assert set(Order.objects.values_list("customer", flat=True)) == {
        Identity.objects.get(pk=number.pk).customer_id
    }
