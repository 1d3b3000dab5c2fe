"""What sources say of their orders: twice, late, in disorder."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dangol.business.models import Business, ExchangeRate, Place
from dangol.customers.commands.erasing import empty_person
from dangol.customers.models import NUMBER, Customer, Identity
from dangol.kernel.errors import NotAllowed
from dangol.kernel.models import Event
from dangol.orders.commands import source_named, take_orders
from dangol.orders.erasing import take_person_out
from dangol.orders.models import Order, OrderLine, Refund, RefundLine
from dangol.orders.queries import order_sheet, spent_by
from dangol.orders.tests.shop import BURGER, MONDAY, order, refund

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def shop():
    Business.objects.create(currency="KRW", time_zone="Asia/Seoul")
    return source_named("Shop", at=MONDAY)


def take(source, *trades, silent=False):
    return take_orders(
        actor=None,
        source=source,
        orders=[each for each in trades if hasattr(each, "ordered_at")],
        refunds=[each for each in trades if hasattr(each, "refunded_at")],
        silent=silent,
        at=MONDAY,
    )


def test_an_order_has_its_lines_its_customer_and_its_event(shop):
    taken = take(shop, order(customer_number="17850", contact_name="Sora Kim"))
    row = Order.objects.get()
    assert (taken.new_orders, row.amount, row.own_amount, row.rate_trillionths) == (1, 24_000, 24_000, None)
    line = row.lines.get()
    assert (line.sku, line.quantity_thousandths, line.amount) == ("B1", 2000, 24_000)
    identity = Identity.objects.get(kind=NUMBER)
    assert (identity.address, identity.is_verified, identity.customer_id) == (
        "Shop/17850".lower(),
        False,
        row.customer_id,
    )
    assert row.customer.name == "Sora Kim"
    event = Event.objects.get(name="OrderPlaced")
    assert (event.customer_id, event.data, event.happened_at) == (
        row.customer_id,
        {"order_id": row.pk},
        MONDAY,
    )


def test_the_same_again_changes_nothing(shop):
    both = [order(customer_number="1"), refund(order_key="1001")]
    take(shop, *both)
    before = (Order.objects.get().uid, Event.objects.count(), OrderLine.objects.get().pk)
    assert take(shop, *both).known == 2
    assert (Order.objects.get().uid, Event.objects.count(), OrderLine.objects.get().pk) == before


def test_an_older_version_never_overwrites_a_newer_one(shop):
    take(shop, order(amount=30_000, revised_at=MONDAY + HOUR))
    taken = take(shop, order(amount=24_000, revised_at=MONDAY))
    assert (taken.known, Order.objects.get().amount) == (1, 30_000)
    assert take(shop, order(amount=20_000)).known == 1, "what does not say when is not newer"
    assert take(shop, order(amount=36_000, revised_at=MONDAY + 2 * HOUR)).changed_orders == 1
    assert Order.objects.get().amount == 36_000


def test_what_is_told_again_makes_older_what_comes_late_in_between(shop):
    for hours, amount in ((0, 24_000), (4, 24_000), (2, 12_000)):
        take(shop, order(amount=amount, revised_at=MONDAY + hours * HOUR))
        take(shop, refund(amount=amount, order_key="1001", revised_at=MONDAY + hours * HOUR))
    for row in (Order.objects.get(), Refund.objects.get()):
        assert (row.amount, row.revised_at) == (24_000, MONDAY + 4 * HOUR)
    assert not Event.objects.filter(name__endswith="Changed").exists()


@pytest.mark.parametrize("who", [{"customer_number": "7"}, {}])
def test_what_is_told_of_an_erased_persons_order_brings_nothing_of_them_back(shop, who):
    told = order(contact_name="Sora", contact_email="sora@example.com", contact_phone="010 1234 5678", **who)
    take(shop, told)
    sora = Customer.objects.get()
    empty_person(ids=[sora.pk], at=MONDAY)
    take_person_out(customers=[sora.pk], traces=["sora@example.com"], until=MONDAY)
    sent = replace(told, fulfilled_at=MONDAY + HOUR)
    assert [take(shop, sent).changed_orders for _ in range(2)] == [1, 0]
    row = Order.objects.get()
    assert (row.fulfilled_at, row.customer) == (MONDAY + HOUR, sora)
    assert (row.contact_name, row.contact_email, row.contact_phone) == ("", "", "")
    assert (Customer.objects.count(), Identity.objects.count()) == (1, 0)
    take(shop, replace(told, key="1002", ordered_at=MONDAY + HOUR))
    assert Order.objects.get(key="1002").customer.name == "Sora", "who buys again is somebody again"


def test_no_file_of_old_orders_names_again_who_was_erased(shop):
    told = order(contact_name="Sora", contact_email="sora@example.com", contact_phone="010 1234 5678")
    take(shop, told)
    sora = Customer.objects.get()
    empty_person(ids=[sora.pk], at=MONDAY)
    take_person_out(customers=[sora.pk], traces=["sora@example.com"], until=MONDAY)
    old = [replace(told, key=f"{n}", customer_number="" if n < 3 else f"{n}") for n in range(2, 5)]
    take(shop, order("living", customer_number="4"))
    taken = take(
        shop,
        *old,
        refund("R2", order_key="2", reason="Sora was not at home"),
        refund("R9", order_key="9", contact_email="SORA@example.com", reason="Sora called"),
        refund("R4", order_key="1001", customer_number="77", contact_name="Sora", refunded_at=MONDAY + HOUR),
    )
    assert (taken.new_orders, taken.new_refunds) == (3, 3), "they count, without a name"
    whose = dict(Order.objects.exclude(key="1001").values_list("key", "customer"))
    assert {whose[key] for key in ("2", "3")} == {sora.pk}, "a number that nobody knows is theirs as well"
    assert whose["4"] == whose["living"] != sora.pk, "and one that is known is whose it is"
    for row in Order.objects.all():
        assert (row.contact_name, row.contact_email, row.contact_phone) == ("", "", "")
    assert set(Refund.objects.values_list("customer", "reason")) == {(sora.pk, "")}
    assert Customer.objects.exclude(pk=sora.pk).count() == 1


def test_a_changed_refund_does_not_bring_back_its_reason_when_its_customer_was_erased(shop):
    take(shop, order(customer_number="7"), refund(order_key="1001", reason="Sora was ill"))
    sora = Customer.objects.get()
    empty_person(ids=[sora.pk], at=MONDAY)
    take_person_out(customers=[sora.pk], traces=[], until=MONDAY)
    take(shop, refund(amount=9_000, order_key="1001", reason="Sora was ill", refunded_at=MONDAY + HOUR))
    assert (Refund.objects.get().amount, Refund.objects.get().reason) == (9_000, "")


def test_a_changed_order_has_the_new_lines_alone_and_is_placed_once(shop):
    take(shop, order())
    take(shop, order(amount=12_000, lines=(replace(BURGER, quantity_thousandths=1000),)))
    assert [line.amount for line in OrderLine.objects.all()] == [12_000]
    assert Event.objects.filter(name="OrderPlaced").count() == 1


def test_a_refund_that_comes_before_its_order_is_joined_to_it(shop):
    take(shop, refund(order_key="1001", lines=(BURGER,)))
    assert (Refund.objects.get().order, RefundLine.objects.count()) == (None, 1)
    take(shop, order(customer_number="7"))
    row = Refund.objects.get()
    assert (row.order, row.customer) == (Order.objects.get(), Order.objects.get().customer)


def told_of_refunds() -> list[str]:
    rows = Event.objects.filter(name__startswith="Refund").order_by("pk")
    return [f"{row.name} {row.silent}" for row in rows]


def test_a_refund_is_told_of_again_when_what_it_amounts_to_or_whose_it_is_changes(shop):
    take(shop, refund(order_key="1001"))
    take(shop, refund(order_key="1001", reason="Cold"))
    assert told_of_refunds() == ["RefundRecorded False"]
    take(shop, refund(order_key="1001", amount=5_000))
    assert told_of_refunds()[1:] == ["RefundChanged False"]
    take(shop, order(customer_number="7"), silent=True)
    assert told_of_refunds()[2:] == ["RefundChanged True"]
    take(shop, order(customer_number="7", contact_name="Sora"))
    assert len(told_of_refunds()) == 3, "the name on the order is nothing to the refund"
    for _ in range(2):
        take(shop, order(customer_number="7", cancelled_at=MONDAY + HOUR))
    assert told_of_refunds()[3:] == ["RefundChanged False"]
    row = Refund.objects.get()
    assert Event.objects.filter(name="RefundChanged").last().data == {
        "refund_id": row.pk,
        "order_id": row.order_id,
    }


def test_a_cancelled_order_says_so_once(shop):
    take(shop, order())
    for _ in range(2):
        take(shop, order(cancelled_at=MONDAY + HOUR))
    event = Event.objects.get(name="OrderCancelled")
    assert event.happened_at == MONDAY + HOUR


def test_history_is_silent(shop):
    take(shop, order(), refund(), silent=True)
    assert set(Event.objects.values_list("name", "silent")) == {
        ("OrderPlaced", True),
        ("RefundRecorded", True),
    }


def test_two_sources_may_have_the_same_numbers(shop):
    take(shop, order(customer_number="1"))
    take(source_named("Market", at=MONDAY), order(customer_number="1"))
    assert Order.objects.count() == 2
    assert Customer.objects.count() == 2, "the market's first customer is not the shop's"


def test_without_a_number_the_address_is_the_same_identity_as_that_of_who_writes_from_it(shop):
    sora = Customer.objects.create(name="Sora", created_at=MONDAY)
    Identity.objects.create(kind="email", address="sora@example.com", customer=sora, created_at=MONDAY)
    take(shop, order(contact_email="Sora@Example.com"))
    assert Order.objects.get().customer == sora


def test_with_a_number_the_address_is_only_a_likeness(shop):
    sora = Customer.objects.create(name="Sora", created_at=MONDAY)
    Identity.objects.create(kind="email", address="sora@example.com", customer=sora, created_at=MONDAY)
    take(shop, order(contact_email="sora@example.com", customer_number="9"))
    row = Order.objects.get()
    assert (row.customer == sora, row.contact_email) == (False, "sora@example.com")


def test_foreign_money_keeps_the_rate_of_its_day_and_waits_for_one_where_there_is_none(shop):
    ExchangeRate.objects.create(
        currency="USD",
        own_currency="KRW",
        rate_trillionths=1400 * 10**12,
        effective_from=MONDAY.date(),
        recorded_at=MONDAY,
    )
    take(shop, order("1", 1_000, currency="USD"), order("2", 1_000, currency="GBP"))
    rows = {row.key: (row.own_amount, row.rate_trillionths) for row in Order.objects.all()}
    assert rows == {"1": (14_000, 1400 * 10**12), "2": (None, None)}


def test_who_made_it_is_a_person_of_the_staff_where_the_name_is_one(shop, hana):
    take(shop, order(made_by_name=hana.name, packed_by_name="The night shift", place=" Gangnam  "))
    row = Order.objects.get()
    assert (row.made_by, row.made_by_name) == (hana, "")
    assert (row.packed_by, row.packed_by_name) == (None, "The night shift")
    assert row.place == Place.objects.get(name="Gangnam")


def test_an_agent_brings_no_orders_in(shop, hana):
    with pytest.raises(NotAllowed):
        take_orders(actor=hana, source=shop, orders=[order()], at=MONDAY)


def test_a_hundred_orders_take_as_many_queries_as_one(shop, django_assert_max_num_queries):
    take(shop, order("warm", customer_number="warm"))
    many = [
        trade
        for number in range(100)
        for trade in (
            order(str(number), customer_number=str(number)),
            refund(f"R{number}", order_key=str(number)),
        )
    ]
    with django_assert_max_num_queries(40):
        take(shop, *many)
    assert Order.objects.count() == 101


VERSIONS = [
    *(order(amount=amount, revised_at=MONDAY + hours * HOUR) for hours, amount in enumerate((1, 2, 3))),
    refund(order_key="1001", revised_at=MONDAY),
    refund(order_key="1001", revised_at=MONDAY + HOUR, amount=5),
]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.permutations(VERSIONS), again=st.lists(st.sampled_from(VERSIONS), max_size=4))
def test_whatever_the_order_and_however_often_the_end_is_the_same(shop, said, again):
    Refund.objects.all().delete()
    Order.objects.all().delete()
    for trade in [*said, *again]:
        take(shop, trade)
    assert [(row.amount, row.order.amount) for row in Refund.objects.all()] == [(5, 3)]


def rate(won, since=MONDAY):
    return ExchangeRate.objects.create(
        currency="USD",
        own_currency="KRW",
        rate_trillionths=won * 10**12,
        effective_from=since.date(),
        recorded_at=MONDAY,
    )


def test_an_order_that_gets_its_customer_later_takes_its_events_and_refunds_along(shop):
    take(shop, order(), refund(order_key="1001"), silent=True)
    take(shop, order(customer_number="7"))
    sora = Order.objects.get().customer_id
    assert set(Event.objects.values_list("name", "customer_id")) == {
        ("OrderPlaced", sora),
        ("OrderChanged", sora),
        ("RefundRecorded", sora),
        ("RefundChanged", sora),
    }
    take(shop, order(customer_number="8"))
    assert Event.objects.filter(name="OrderChanged").last().data["from_customer_id"] == sora
    other = Order.objects.get().customer_id
    assert other != sora
    assert set(Event.objects.values_list("customer_id", flat=True)) == {other}
    assert Refund.objects.get().customer_id == other


def test_the_events_of_others_stay_where_they_are(shop):
    take(shop, order("1"), order("2"))
    take(shop, order("1", customer_number="7"))
    assert Event.objects.filter(customer_id=None).count() == 1


def test_what_waited_for_a_rate_has_it_when_it_comes_again(shop):
    take(shop, order(amount=1_000, currency="USD"))
    rate(1400)
    assert take(shop, order(amount=1_000, currency="USD")).known == 1
    assert Order.objects.get().own_amount == 14_000


def test_a_change_keeps_the_rate_of_then_unless_the_money_or_the_day_changed(shop):
    rate(1400)
    take(shop, order(amount=1_000, currency="USD"))
    rate(1300)
    take(shop, order(amount=1_000, currency="USD", country="US"))
    row = Order.objects.get()
    assert (row.country, row.own_amount, row.rate_trillionths) == ("US", 14_000, 1400 * 10**12)
    take(shop, order(amount=2_000, currency="USD", country="US"))
    assert Order.objects.get().own_amount == 26_000


def test_what_does_not_say_how_new_it_is_moves_no_order_to_another_day(shop):
    take(shop, order())
    late = MONDAY + timedelta(days=31)
    taken = take(shop, order(amount=1, ordered_at=late), refund(order_key="1001"))
    assert (taken.other_day, taken.changed_orders, taken.new_refunds) == (("1001",), 0, 0)
    assert Order.objects.get().amount == 24_000
    assert take(shop, order(amount=1, ordered_at=late, revised_at=late)).changed_orders == 1


def test_a_cancelled_order_and_what_was_given_back_of_it_are_in_no_sum(shop):
    take(shop, order(customer_number="7"), order("2", customer_number="7", cancelled_at=MONDAY))
    take(
        shop,
        refund(order_key="2"),
        refund("R2", 5_000, order_key="1001"),
        refund("R3", 300, customer_number="7"),
    )
    spent = spent_by([Order.objects.first().customer_id])
    assert (spent.spent, spent.refunded) == (((24_000, "KRW"),), ((5_300, "KRW"),))


def test_what_was_given_back_in_another_currency_is_not_added(shop):
    take(shop, order(), refund(order_key="1001"), refund("R2", 500, order_key="1001", currency="USD"))
    assert order_sheet(Order.objects.get().pk).refunded == 12_000


def test_an_address_from_an_order_says_so_and_is_not_only_written_down(shop):
    take(shop, order("1", customer_number="17850"), order("2", contact_email="sora@example.com"))
    assert {(row.kind, row.source, row.may_be_removed) for row in Identity.objects.all()} == {
        (NUMBER, "order", False),
        ("email", "order", False),
    }
