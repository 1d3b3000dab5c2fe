"""Two who meet the same new address at the same instant meet one customer, and neither of them fails."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.db import connection, transaction

from dangol.customers.commands import recognise_customers
from dangol.customers.commands.taking import take_customers
from dangol.customers.file_people import IncomingPerson
from dangol.customers.models import Customer, Identity
from dangol.orders.commands import source_named, take_orders
from dangol.orders.erasing import take_person_out
from dangol.orders.models import Order
from dangol.orders.tests.shop import MONDAY, order

pytestmark = [pytest.mark.only_postgres, pytest.mark.django_db(transaction=True)]
NEW = "new@example.com"


def while_another_has_not_committed(first: Callable[[], object], second: Callable[[], object]) -> None:
    """Do both: the second begins when the first has written, and the first commits when the second waits for it."""
    written, is_waiting = Event(), Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                first()
                written.set()
                assert is_waiting.wait(20)
        finally:
            connection.close()

    def follow() -> None:
        try:
            second()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        holding = pool.submit(hold)
        assert written.wait(20)
        following = pool.submit(follow)
        with connection.cursor() as cursor:
            while not following.done():
                cursor.execute(
                    "SELECT count(*) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
                )
                if cursor.fetchone()[0]:
                    break
                time.sleep(0.01)
        is_waiting.set()
        holding.result()
        following.result()


@transaction.atomic
def a_mail() -> None:
    recognise_customers(kind="email", parties=[("old@example.com", None), (NEW, "New")], at=MONDAY)


@transaction.atomic
def a_file() -> None:
    people = [
        IncomingPerson((("email", NEW, NEW), ("phone", "01012345678", "010-1234-5678")), {"company": "Moon"}),
        IncomingPerson((("email", "other@example.com", "other@example.com"),), {"name": "Other"}),
    ]
    take_customers(actor=None, people=people, source="people.csv", at=MONDAY)


def orders_of(name: str) -> Callable[[], object]:
    source = source_named(name, at=MONDAY)
    come = [order(f"{name} 1", contact_email=NEW, contact_name=name), order(f"{name} 2", customer_number="7")]
    return lambda: take_orders(actor=None, source=source, orders=come, at=MONDAY)


def test_a_file_of_customers_and_a_mail_bring_the_same_new_address():
    while_another_has_not_committed(a_mail, a_file)
    new = Identity.objects.get(address=NEW).customer
    assert (new.name, new.company) == ("New", "Moon")
    assert set(new.identities.values_list("kind", flat=True)) == {"email", "phone"}
    assert Customer.objects.count() == 3, "the old one, the new one, and the other one of the file"


def test_a_mail_comes_while_a_file_with_its_sender_is_written():
    while_another_has_not_committed(a_file, a_mail)
    new = Identity.objects.get(address=NEW).customer
    assert (new.name, new.company) == ("New", "Moon")
    assert Customer.objects.count() == 3


def test_two_shops_tell_of_the_same_new_address():
    while_another_has_not_committed(orders_of("Till"), orders_of("Web"))
    assert Order.objects.count() == 4
    buyers = Order.objects.filter(contact_email=NEW).values_list("customer", flat=True)
    assert set(buyers) == {Identity.objects.get(address=NEW).customer_id}
    assert Customer.objects.count() == 3, "one with the address, and one by the number of each shop"


@transaction.atomic
def is_taken_out() -> bool:
    return take_person_out(customers=[], traces=[NEW], until=MONDAY)


def test_an_order_that_is_just_being_written_names_nobody_who_was_erased_meanwhile():
    answers = []
    while_another_has_not_committed(orders_of("Till"), lambda: answers.append(is_taken_out()))
    assert answers == [False], "it is not waited for: a file of orders may be written for long"
    assert Order.objects.filter(contact_email=NEW).count() == 1
    assert is_taken_out()
    bought = Order.objects.get(key="Till 1")
    assert (bought.contact_name, bought.contact_email) == ("", "")
