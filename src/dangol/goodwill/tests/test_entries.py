from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from dangol.goodwill.amounts import Estimate
from dangol.goodwill.commands.entries import (
    About,
    Given,
    Source,
    book_entry,
    name_cause,
    reverse_entry,
)
from dangol.goodwill.errors import AlreadyReversed, CauseKnown, CauseRetired
from dangol.goodwill.models import Cause, CostClass, Entry, Kind
from dangol.goodwill.months import groups_of_months
from dangol.goodwill.unchanging import TABLE, clearing
from dangol.kernel.models import Event
from tests.parts.cast import NOON

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(days=2)


@pytest.fixture(autouse=True)
def _a_shop(shop):
    """Every entry is of a business."""


def redo(key="1", cost=9_800, **about) -> Entry:
    return book_entry(
        actor=None, source=Source("wish", key), cost_class=CostClass.EXTERNAL_FAILURE, kind=Kind.REDO,
        cost=cost, method="minutes" if isinstance(cost, Estimate) else "", happened_at=NOON, at=LATER,
        about=About(**about),
    )  # fmt: skip


def test_an_entry_says_what_it_was_about_and_is_told_of(sora, hana, packing):
    entry = redo(customer=sora, staff=hana, cause=packing, conversation_id=7)
    assert (entry.booked, entry.own_currency, entry.amount, entry.currency) == (9_800, "KRW", 9_800, "KRW")
    assert (entry.customer, entry.staff, entry.cause, entry.conversation_id) == (sora, hana, packing, 7)
    assert (entry.happened_at, entry.booked_at) == (NOON, LATER)
    told = Event.objects.get()
    assert (told.name, told.customer_id) == ("EntryBooked", sora.pk)
    assert told.data == {
        "entry_id": entry.pk,
        "conversation_id": 7,
        "order_id": None,
        "cost": 9_800,
        "estimate": None,
    }


def test_a_source_is_booked_once_however_often_it_is_delivered():
    assert redo("a") == redo("a", cost=1)
    assert redo("b") != redo("a")
    assert [entry.booked for entry in Entry.objects.order_by("pk")] == [9_800, 9_800]
    assert Event.objects.count() == 2


def test_foreign_money_keeps_what_was_given_and_the_rate():
    entry = book_entry(
        actor=None, source=Source("refund", "1"), cost_class=CostClass.EXTERNAL_FAILURE, kind=Kind.REFUND,
        cost=15_849, given=Given(1_140, "USD", 1_390_250_000_000_000), happened_at=NOON, at=NOON,
    )  # fmt: skip
    assert (entry.booked, entry.own_currency) == (15_849, "KRW")
    assert (entry.amount, entry.currency, entry.rate_trillionths) == (1_140, "USD", 1_390_250_000_000_000)


def test_an_estimate_has_three_figures_and_a_method_and_books_nothing():
    entry = redo(cost=Estimate(800, 1_500, 3_000))
    assert (entry.estimated_low, entry.estimated, entry.estimated_high) == (800, 1_500, 3_000)
    assert (entry.method, entry.booked, entry.amount) == ("minutes", None, None)
    with pytest.raises(ValueError, match="bounds"):
        redo("2", cost=Estimate(5, 4, 6))


@pytest.mark.parametrize("cost", [9_800, Estimate(800, 1_500, 3_000)])
def test_a_reversal_takes_back_every_amount_and_counts_when_the_entry_did(cost, sora, packing):
    entry = redo(cost=cost, customer=sora, cause=packing)
    back = reverse_entry(actor=None, entry=entry, at=LATER)
    assert back.happened_at == entry.happened_at
    assert back.booked_at == LATER
    assert (back.kind, back.cost_class, back.cause, back.customer) == (
        entry.kind, entry.cost_class, packing, sora,
    )  # fmt: skip
    for column in ("booked", "estimated_low", "estimated", "estimated_high", "amount"):
        was = getattr(entry, column)
        assert getattr(back, column) == (None if was is None else -was)
    assert Event.objects.get(name="EntryReversed").data == {
        "entry_id": entry.pk,
        "reversal_id": back.pk,
        "conversation_id": None,
    }


def test_an_entry_is_taken_back_once_and_a_reversal_never():
    entry = redo()
    back = reverse_entry(actor=None, entry=entry, at=LATER)
    for again in (entry, back):
        with pytest.raises(AlreadyReversed):
            reverse_entry(actor=None, entry=again, at=LATER)
    assert Entry.objects.count() == 2


def test_a_cause_is_named_once_and_whatever_takes_the_entry_back_has_it_too(packing):
    phone = Cause.objects.create(name="The phone")
    entry = redo()
    back = reverse_entry(actor=None, entry=entry, at=LATER)
    name_cause(actor=None, entry=back, cause=packing, at=LATER)
    name_cause(actor=None, entry=entry, cause=packing, at=LATER)
    assert set(Entry.objects.values_list("cause", flat=True)) == {packing.pk}
    assert Event.objects.get(name="CauseNamed").data == {"entry_id": entry.pk, "cause_id": packing.pk}
    with pytest.raises(CauseKnown):
        name_cause(actor=None, entry=entry, cause=phone, at=LATER)


def test_a_cause_that_is_no_longer_used_is_not_named():
    entry = redo()
    old = Cause.objects.create(name="The old oven", retired_at=NOON)
    with pytest.raises(CauseRetired):
        name_cause(actor=None, entry=entry, cause=old, at=LATER)


def refused(change) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        change()


@pytest.mark.parametrize(
    "column", [field.column for field in Entry._meta.concrete_fields if field.column != "cause_id"]
)
def test_the_database_refuses_another_value_in_every_column(column, sora, hana):
    from django.db import connection

    values = {
        "kind": "gift", "cost_class": "goodwill", "own_currency": "USD", "currency": "USD", "method": "none",
        "source_kind": "else", "source_key": "else", "uid": "0" * 32, "id": 99, "happened_at": LATER,
        "booked_at": NOON, "customer_id": sora.pk, "staff_id": hana.pk,
    }  # fmt: skip
    entry = redo()
    with connection.cursor() as cursor:
        refused(
            lambda: cursor.execute(
                f"UPDATE {TABLE} SET {column} = %s WHERE id = %s",
                [connection.ops.adapt_unknown_value(values.get(column, 1)), entry.pk],
            )
        )


def test_the_database_refuses_another_cause_and_none_after_one(packing):
    phone = Cause.objects.create(name="The phone")
    entry = redo(cause=packing)
    rows = Entry.objects.filter(pk=entry.pk)
    refused(lambda: rows.update(cause=phone))
    refused(lambda: rows.update(cause=None))
    unnamed = Entry.objects.filter(pk=redo("2").pk)
    refused(lambda: unnamed.update(cause=phone, booked=1))
    assert unnamed.update(cause=phone) == 1


def test_the_database_refuses_to_delete(packing):
    entry = redo(cause=packing)
    refused(lambda: Entry.objects.filter(pk=entry.pk).delete())
    refused(lambda: Entry.objects.all()._raw_delete("default"))
    assert Entry.objects.count() == 1


@pytest.mark.only_sqlite
def test_the_database_refuses_to_replace(packing):
    from django.db import connection

    entry = redo(cause=packing)
    columns = [field.column for field in Entry._meta.concrete_fields]
    with connection.cursor() as cursor:
        for own in ("id", "uid", "source_key"):
            others = {"id": "999", "uid": "'another'", "source_key": "'else'"} | {own: own}
            values = ", ".join({**others, "booked": "1"}.get(column, column) for column in columns)
            refused(
                lambda values=values: cursor.execute(
                    f"INSERT OR REPLACE INTO {TABLE} ({', '.join(columns)}) SELECT {values} FROM {TABLE}"
                )
            )
    assert Entry.objects.get().booked == entry.booked


@pytest.mark.only_postgres
def test_the_database_refuses_to_be_emptied_at_once(packing):
    from django.db import connection

    redo(cause=packing)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what is still to be checked would refuse it as well
        refused(lambda: cursor.execute(f"TRUNCATE {TABLE} CASCADE"))
    assert Entry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_all_is_emptied_by_who_says_that_it_is_meant(packing):
    from django.core.management import call_command
    from django.db import connection

    redo(cause=packing)
    with clearing(connection):
        call_command("flush", interactive=False, verbosity=0)
    assert not Entry.objects.exists()
    assert not list(groups_of_months("2026-01", "2027-01"))


def test_the_database_wants_an_amount_or_a_whole_estimate():
    entry = redo()
    values = {
        field.attname: getattr(entry, field.attname)
        for field in Entry._meta.concrete_fields
        if field.attname not in {"id", "uid", "source_key"}
    }
    for wrong in (
        {"booked": None},
        {"booked": 5, "estimated_low": 1, "estimated": 2, "estimated_high": 3},
        {"booked": None, "estimated": 2},
        {"booked": None, "estimated_low": 3, "estimated": 2, "estimated_high": 4},
        {"booked": None, "estimated_low": -1, "estimated": -2, "estimated_high": -3},
    ):
        refused(lambda wrong=wrong: Entry.objects.create(**{**values, "source_key": "else", **wrong}))


@pytest.mark.django_db(transaction=True)
def test_another_tests_entries_are_gone():
    """What stands in the way of deleting must not stand in the way of the tests' own clearing up: twice the same."""
    assert not Entry.objects.exists()
    redo()


@pytest.mark.django_db(transaction=True)
def test_another_tests_entries_are_gone_again():
    assert not Entry.objects.exists()
    redo()
