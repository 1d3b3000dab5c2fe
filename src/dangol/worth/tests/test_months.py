"""The sums by month are those of the entries and orders, whatever was written and whatever stretch is asked for."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dangol.business.models import Place
from dangol.goodwill.amounts import Estimate
from dangol.goodwill.commands.entries import About, Source, book_entry, name_cause, reverse_entry
from dangol.goodwill.models import Cause, CostClass, Entry, Kind
from dangol.kernel.month_sums import pieces_of
from dangol.orders.models import Order
from dangol.orders.months import SALES, sold_in_months
from dangol.worth.entries import Where
from dangol.worth.periods import Period
from dangol.worth.queries import _cells_of_rows, _sales, _sold_in_rows, ledger_of
from dangol.worth.statement import added_up
from tests.parts.cast import NOON

ZONES = ("Asia/Seoul", "UTC", "Pacific/Kiritimati", "America/Los_Angeles", "Asia/Kathmandu")
START = datetime(2026, 7, 30, tzinfo=UTC)
HOURS = 24 * 95  # until the beginning of November
WHEN = st.integers(0, HOURS) | st.sampled_from([33, 48, 57, 62, 777, 792])  # also right at the ends of months
DAYS = st.dates(date(2026, 7, 25), date(2026, 11, 8))


@given(st.datetimes(datetime(2020, 1, 1), datetime(2026, 1, 1)), st.integers(1, 60_000))
def test_the_pieces_are_the_whole_stretch(begin, hours):
    begin = begin.replace(tzinfo=UTC)
    end = begin + timedelta(hours=hours)
    pieces = pieces_of(begin, end)
    length = sum((sign * (until - since) for sign, since, until in pieces.edges), timedelta())
    if pieces.first_month:
        first, last = (
            datetime.fromisoformat(f"{m}-01T00:00+00:00") for m in (pieces.first_month, pieces.last_month)
        )
        length += last - first
        assert all(until - since <= timedelta(days=16) for _sign, since, until in pieces.edges)
    assert length == end - begin


@st.composite
def histories(draw):
    """Entries and orders, and what happens to them afterwards."""
    entries = draw(
        st.lists(
            st.tuples(
                WHEN, st.integers(-500, 500) | st.none(), st.sampled_from(["redo", "refund"]),
                st.sampled_from([0, 1, 2]), st.sampled_from(["", "reversed", "named"]), st.booleans(),
            ),
            max_size=8,
        )
    )  # fmt: skip
    orders = draw(
        st.lists(
            st.tuples(
                WHEN, st.integers(0, 500) | st.none(), st.booleans(),
                st.sampled_from(["", "moved", "cancelled", "repriced", "gone", "abroad"]),
            ),
            max_size=6,
        )
    )  # fmt: skip
    return entries, orders, draw(DAYS), draw(DAYS), draw(st.sampled_from(ZONES)), draw(st.booleans())


def write(entries, orders, run, causes, place, sell):
    for number, (hour, cost, kind, cause, after, is_there) in enumerate(entries):
        entry = book_entry(
            actor=None, source=Source("file", f"{run}-{number}"), cost_class=CostClass.EXTERNAL_FAILURE,
            kind=Kind(kind),
            cost=Estimate(1, 2, 3) if cost is None else cost, method="m" if cost is None else "",
            happened_at=START + timedelta(hours=hour), at=NOON,
            about=About(cause=causes[cause], place=place if is_there else None),
        )  # fmt: skip
        if after == "reversed":
            reverse_entry(actor=None, entry=entry, at=NOON)
        if after == "named" and cause == 0:
            name_cause(actor=None, entry=entry, cause=causes[1], at=NOON)
    for hour, amount, is_there, after in orders:
        order = sell(amount, at=START + timedelta(hours=hour), place=place if is_there else None)
        changes = {
            "moved": {"ordered_at": order.ordered_at + timedelta(days=31), "place": place},
            "cancelled": {"cancelled_at": NOON},
            "repriced": {"own_amount": 77},
            "abroad": {"own_currency": "USD"},
        }.get(after)
        if changes:
            Order.objects.filter(pk=order.pk).update(**changes)
        if after == "gone":
            order.delete()


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=histories())
def test_the_sums_by_month_are_those_of_the_rows(history, moon_burger, sell):
    entries, orders, first, last, zone, is_there = history
    place, _ = Place.objects.get_or_create(name="Hongdae")
    causes = [None, *(Cause.objects.get_or_create(name=name)[0] for name in ("Late", "Cold"))]
    run = Entry.objects.count()
    write(entries, orders, run, causes, place, sell)
    period = Period(min(first, last), max(first, last), ZoneInfo(zone))
    where = Where(place.pk if is_there else None)
    found = ledger_of(period, where, currency="KRW")

    def order(cells):
        return sorted(cells, key=repr)

    assert order(found.cells) == order(added_up(_cells_of_rows(((1, period.begin, period.end),), where)))
    assert found.sales == _sales(_sold_in_rows(((1, period.begin, period.end),), where), "KRW")


@pytest.mark.django_db
def test_sums_are_taken_anew_by_the_migration_that_begins_them(moon_burger, sell, enter):
    from dangol.goodwill.months import LEDGER, groups_of_months
    from dangol.kernel.month_sums import keep_sums

    enter("redo", 5, at=NOON)
    sell(7, at=NOON)
    before = [*groups_of_months("2026-11", "2026-12"), sold_in_months("2026-11", "2026-12")]
    assert len(before) == 2
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM goodwill_month")
        cursor.execute("DELETE FROM orders_month")
        editor = SimpleNamespace(connection=connection, execute=cursor.execute)
        keep_sums(LEDGER, editor)
        keep_sums(SALES, editor)
    assert [*groups_of_months("2026-11", "2026-12"), sold_in_months("2026-11", "2026-12")] == before


@pytest.mark.only_postgres
@pytest.mark.django_db(transaction=True)
def test_who_changes_nothing_of_the_sums_keeps_nobody_from_adding_to_them(moon_burger, sell):
    order = sell(7, at=NOON)

    def sell_another() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
        sell(8, at=NOON)
        connection.close()

    with transaction.atomic(), ThreadPoolExecutor(1) as pool:
        Order.objects.filter(pk=order.pk).update(contact_name="Sora")
        pool.submit(sell_another).result()
        Order.objects.filter(pk=order.pk).update(own_amount=5)
    (sold,) = sold_in_months("2026-11", "2026-12")["2026-11"]
    assert (sold.amount, sold.orders) == (13, 2)
