"""Somebody says why it came to entries while others do the same, and refunds book themselves."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection

from dangol.goodwill.commands.causes import add_cause, change_cause
from dangol.goodwill.commands.entries import name_causes
from dangol.goodwill.commands.refunds import book_all_refunds
from dangol.goodwill.errors import CauseGoesInCircles
from dangol.goodwill.models import Entry
from dangol.kernel.db import read_rows
from dangol.orders.commands import source_named, take_orders
from dangol.orders.tests.shop import MONDAY, refund
from tests.parts.cast import NOON

MONTHS = [MONDAY - timedelta(days=31 * n) for n in range(3)]
MANY = 12


@pytest.mark.only_postgres
@pytest.mark.django_db(transaction=True)
def test_causes_are_named_twice_at_once_while_refunds_that_have_changed_are_booked_anew(shop, minji, packing):
    source = source_named("Till", at=NOON)
    backs = [
        refund(f"{n}.{number}", 100, refunded_at=at) for n, at in enumerate(MONTHS) for number in range(MANY)
    ]
    nameless = []
    for name in ("first", "second", "other"):
        known = set(Entry.objects.values_list("pk", flat=True))
        told = [replace(each, key=f"{name} {each.key}") for each in backs]
        take_orders(actor=None, source=source, refunds=told, silent=True, at=NOON)
        _book()
        nameless.append([pk for pk in Entry.objects.values_list("pk", flat=True) if pk not in known])
    for ids, amount in zip(nameless, (200, 300), strict=False):
        take_orders(
            actor=None,
            source=source,
            refunds=[replace(each, key=f"other {each.key}", amount=amount) for each in backs],
            silent=True,
            at=NOON,
        )

        def name(ids=ids):
            of_each_month = [ids[n::MANY] for n in range(MANY)]
            return sum(
                name_causes(actor=minji, entry_ids=some, cause=packing, at=NOON) for some in of_each_month
            )

        done = _at_once(name, _book, name)
        assert (done[0] + done[2], done[1]) == (len(ids), 2 * len(backs))
    assert read_rows("SELECT SUM(booked) FROM goodwill_month") == [((100 + 100 + 300) * len(backs),)]


def _at_once(*acts):
    """What each of these returns, all begun at the same moment."""
    start = Barrier(len(acts))

    def do(act):
        start.wait()
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [each.result() for each in [pool.submit(do, act) for act in acts]]


def _book() -> int:
    return sum(book_all_refunds(at=NOON))


@pytest.mark.only_postgres
@pytest.mark.django_db(transaction=True)
def test_two_who_move_two_causes_below_each_other_at_once_make_no_circle(shop, minji):
    causes = [add_cause(actor=minji, name=name, parent=None, at=NOON) for name in ("Kitchen", "Packing")]

    def move(number: int) -> int:
        cause, parent = causes[number], causes[1 - number]
        try:
            change_cause(
                actor=minji, cause=cause, name=cause.name, parent=parent, words="", remedy="", at=NOON
            )
        except CauseGoesInCircles:
            return 1
        return 0

    assert sum(_at_once(lambda: move(0), lambda: move(1))) == 1
