"""The figures of the comparison, added up by hand."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection

from dangol.customers.commands.merging import merge_customers
from dangol.customers.models import Customer
from dangol.goodwill.commands.entries import About
from dangol.goodwill.commands.giving import Remedy, give_goodwill
from dangol.goodwill.commands.refunds import book_all_refunds
from dangol.goodwill.models import Entry, Kind
from dangol.inbox.models import Wait
from dangol.orders.models import Order
from dangol.segments import comparing
from dangol.segments.commands import make_segment, put_on_list
from dangol.segments.comparing import compare_segments
from dangol.segments.following import count_everybody
from dangol.segments.rules import Number
from dangol.segments.tests.people import a_shop, order, refund, sell, settle
from dangol.worth.entries import Where, of_where
from tests.parts.cast import JAMES, NOON, SORA, mail
from tests.parts.plans import steps_of

pytestmark = pytest.mark.django_db


def test_who_came_back_counts_only_those_whose_days_are_over(minji):
    """A came back after 10 days, B after 60 under another name, C twice on one day, D ordered first last week."""
    shop = a_shop()
    sell(
        order("A", "a1", days=400), order("A", "a2", days=390),
        order("B", "b1", days=200), order("B2", "b2", days=140),
        order("C", "c1", days=100), order("C", "c2", days=100),
        order("D", "d1", days=7), order("D", "d2", days=2),
        order("E", "e1", days=500), order("E", "e2", days=499, cancelled_at=NOON),
    )  # fmt: skip
    by_number = {row.address.rsplit("/")[-1]: row.customer for row in _identities()}
    merge_customers(actor=minji, kept=by_number["b"], gone=by_number["b2"], take=[], at=NOON)
    settle()
    everyone = make_segment(actor=minji, name="List", rule=None, at=NOON)
    put_on_list(actor=minji, segment=everyone, customers=[row.pk for row in Customer.objects.all()], at=NOON)

    make_segment(actor=minji, name="Rule", rule=Number("tenure", "at_least", 0), at=NOON)

    columns = compare_segments(business=shop, at=NOON).columns

    assert [column.segment and column.segment.name for column in columns] == ["List", "Rule", None]
    for each in columns:
        assert each.customers == 5
        assert [(it.days, it.back.count, it.back.total) for it in each.came] == [
            (30, 1, 4),
            (90, 2, 4),
            (365, 1, 2),
        ]
    assert 0 < columns[0].came[0].back.low < 0.25 < columns[0].came[0].back.high < 1


def test_money_complaints_and_waiting_are_those_of_the_segment_in_the_year(minji, receive):
    shop = a_shop()
    sell(
        order("A", "1", 20_000, days=10), order("A", "2", 99_000, days=500), order("B", "3", 7_000, days=1),
        refunds=[refund("A", "R", 5_000, order_key="1")],
    )  # fmt: skip
    list(book_all_refunds(at=NOON))
    receive(mail(SORA))
    receive(mail(JAMES, "Hours?"))
    settle()
    buyer = Customer.objects.order_by("pk").first()
    first, second = Wait.objects.order_by("pk")
    for wait, seconds, is_kept in ((first, 600, True), (second, 7200, False)):
        Wait.objects.filter(pk=wait.pk).update(
            answered_at=NOON + timedelta(seconds=seconds), opening_seconds=seconds, is_kept=is_kept
        )
    vip = make_segment(actor=minji, name="VIP", rule=None, at=NOON)
    put_on_list(actor=minji, segment=vip, customers=[buyer.pk, first.conversation.customer_id], at=NOON)

    column, everybody = compare_segments(business=shop, at=NOON).columns

    assert (column.customers, column.spent, column.cost, column.complaints) == (2, 15_000, 0, 1)
    assert (column.answered, column.median_seconds, column.kept.count, column.kept.total) == (1, 600, 1, 1)
    assert (everybody.customers, everybody.spent, everybody.left) == (4, 22_000, 22_000)
    assert (everybody.answered, everybody.median_seconds, everybody.kept.count) == (2, 3900, 1)


def test_what_was_given_back_by_hand_is_taken_off_once_also_when_the_shop_reports_it(minji):
    shop = a_shop()
    sell(order("A", "1", 20_000, days=10))
    bought = Order.objects.get()
    give_goodwill(
        actor=minji, remedy=Remedy(Kind.REFUND, 5_000), about=About(customer=bought.customer, order=bought),
        key=uuid4(), at=NOON,
    )  # fmt: skip
    settle()
    (everybody,) = compare_segments(business=shop, at=NOON).columns
    assert (everybody.spent, everybody.cost, everybody.left) == (15_000, 0, 15_000)

    sell(refunds=[refund("A", "R", 5_000, order_key="1")])
    list(book_all_refunds(at=NOON))
    count_everybody(at=NOON)

    (everybody,) = compare_segments(business=shop, at=NOON).columns
    assert (everybody.spent, everybody.cost, everybody.left) == (15_000, 0, 15_000)


def test_what_is_too_large_to_be_compared_is_named_instead(minji, monkeypatch):
    shop = a_shop()
    sell(order("A", "1"), order("B", "2"))
    settle()
    for name, least in (("Bought", 1), ("Twice", 2)):
        make_segment(actor=minji, name=name, rule=Number("orders", "at_least", least), at=NOON)
    monkeypatch.setattr(comparing, "MOST_COMPARED", 1)

    compared = compare_segments(business=shop, at=NOON)

    assert [column.segment and column.segment.name for column in compared.columns] == ["Twice"]
    assert compared.too_large == ("Bought",)


def test_where_all_together_are_too_many_the_upper_ones_are_compared(minji, monkeypatch):
    shop = a_shop()
    sell(order("A", "1"), order("B", "2"))
    settle()
    for name in ("Upper", "Lower"):
        make_segment(actor=minji, name=name, rule=Number("orders", "at_least", 1), at=NOON)
    monkeypatch.setattr(comparing, "MOST_TOGETHER", 3)

    compared = compare_segments(business=shop, at=NOON)

    assert [column.segment and column.segment.name for column in compared.columns] == ["Upper"]
    assert compared.left == ("Lower",)


@pytest.mark.only_sqlite
def test_whom_somebody_became_is_not_looked_for_among_all_customers(minji):
    """Once SQLite has counted a million of them it would put all into a Bloom filter, to ask for a few."""
    shop = a_shop()
    segment = make_segment(actor=minji, name="VIP", rule=None, at=NOON)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute("DELETE FROM sqlite_stat1 WHERE tbl = 'customers_customer'")
        cursor.execute("INSERT INTO sqlite_stat1 VALUES ('customers_customer', NULL, '1000000')")
        cursor.execute("ANALYZE sqlite_schema")

    def work() -> None:
        compare_segments(business=shop, at=NOON)
        Entry.objects.filter(of_where(Where(segment_id=segment.pk))).count()

    assert not [step for step in steps_of(work) if "BLOOM" in step]


def test_a_segment_without_anybody_has_no_figures(minji):
    shop = a_shop()
    make_segment(actor=minji, name="Nobody", rule=None, at=NOON)
    settle()

    column, _all = compare_segments(business=shop, at=NOON).columns

    assert column.each(column.spent) is None
    assert column.kept is None
    assert [it.back for it in column.came] == [None, None, None]


def _identities():
    from dangol.customers.models import Identity

    return Identity.objects.select_related("customer")
