"""WooCommerce reports: refunds without a day, deletions without a time, in any order."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations

import pytest
from django.db.models import F
from django.test import Client

from dangol.api.models import Report, Shop
from dangol.api.shops.deletions import TOGETHER, Told, gone_since
from dangol.api.tests.reports import WOO_ORDER, changed, report, work
from dangol.customers.models import Identity
from dangol.goodwill.models import Entry
from dangol.kernel import clock
from dangol.kernel.models import Event
from dangol.orders.models import Order, Refund
from tests.parts.cast import NOON

pytestmark = pytest.mark.django_db


def test_an_order_of_woocommerce_has_its_money_in_won_and_its_customer_by_number(woo):
    client = Client(enforce_csrf_checks=True)
    assert client.post(f"/hooks/{woo.shop.token}/", {"webhook_id": "7"}).status_code == 401
    ping = client.post(
        f"/hooks/{woo.shop.token}/", b"webhook_id=7", content_type="application/x-www-form-urlencoded"
    )
    assert (ping.status_code, Shop.objects.get().pinged_at is not None) == (200, True)
    report(woo, "order.created", WOO_ORDER)
    report(woo, "order.created", changed(WOO_ORDER, id=8, number="8", status="pending"))
    report(woo, "order.created", changed(WOO_ORDER, id=9, number="9", customer_id=0))  # in the same second
    work()
    one, guest = Order.objects.order_by("id")
    line = one.lines.get()
    assert (one.amount, one.currency, line.amount, line.unit_price_e4) == (27_000, "KRW", 24_000, 120_000_000)
    assert {identity.address for identity in Identity.objects.all()} == {
        "woocommerce/26",
        "jihoon@example.kr",
    }
    assert guest.customer != one.customer


BACK = {"id": 726, "reason": "cold", "total": "-10000"}
TALES = [
    changed(WOO_ORDER, refunds=[]),
    changed(WOO_ORDER, date_modified_gmt="2026-11-17T03:00:00", refunds=[BACK]),
    changed(WOO_ORDER, date_modified_gmt="2026-11-18T03:00:00", status="completed", refunds=[BACK]),
]


@pytest.mark.parametrize("turns", list(permutations(range(3))))
def test_refunds_of_woocommerce_come_with_their_orders_whatever_comes_first(turns, woo):
    for turn in turns:
        report(woo, "order.updated", TALES[turn], delivery=str(turn))
        work()
    refund = Refund.objects.get()
    first = min(row.received_at for row in Report.objects.all() if row.pk in _of(turns, {1, 2}))
    assert (refund.amount, refund.order.key, refund.refunded_at) == (10_000, "727", first)
    assert sum(entry.booked for entry in Entry.objects.all()) == 10_000
    # Taken back in the shop: it is told of no more.
    report(woo, "order.updated", changed(WOO_ORDER, date_modified_gmt="2026-11-19T03:00:00"))
    report(woo, "order.updated", changed(TALES[1], total="1"))  # late
    work()
    assert (Refund.objects.get().amount, sum(entry.booked for entry in Entry.objects.all())) == (0, 0)


def _of(turns: tuple[int, ...], wanted: set[int]) -> set[int]:
    ids = list(Report.objects.order_by("id").values_list("pk", flat=True))
    return {pk for pk, turn in zip(ids, turns, strict=False) if turn in wanted}


@pytest.mark.parametrize("first", ["order.created", "order.deleted"])
def test_a_deleted_order_is_cancelled_in_whatever_order_that_is_told(first, woo):
    told = {"order.created": WOO_ORDER, "order.deleted": {"id": 727}}
    for topic in sorted(told, key=lambda topic: topic != first):
        report(woo, topic, told[topic])
        work()
    assert Order.objects.get().cancelled_at is not None
    report(woo, "order.restored", changed(WOO_ORDER, date_modified_gmt="2099-01-01T00:00:00"))
    work()
    assert Order.objects.get().cancelled_at is None


def test_what_was_told_before_a_deletion_and_comes_later_does_not_bring_the_order_back(woo):
    report(woo, "order.deleted", {"id": 727})
    for at in ("2026-11-16T03:00:05", "2026-11-17T03:00:00"):
        work()
        report(woo, "order.updated", changed(WOO_ORDER, date_modified_gmt=at, status="completed"))
    work()
    assert Order.objects.get().cancelled_at is not None


DELETED = {"id": 727}
RESTORED = changed(WOO_ORDER, date_modified_gmt="2026-11-18T03:00:00")


@pytest.mark.parametrize("turns", list(permutations(["order.deleted", "order.restored"])))
def test_an_order_that_was_deleted_and_restored_stands_whichever_arrives_first(turns, woo):
    report(woo, "order.created", changed(WOO_ORDER, refunds=[BACK]))
    work()
    for topic in turns:
        report(woo, topic, DELETED if topic == "order.deleted" else changed(RESTORED, refunds=[BACK]))
        work()
    assert Order.objects.get().cancelled_at is None
    assert sum(entry.booked for entry in Entry.objects.all()) == 10_000
    Report.objects.update(received_at=F("received_at") - 2 * TOGETHER)
    report(woo, "order.deleted", DELETED, delivery="again")
    work()
    assert Order.objects.get().cancelled_at is not None, "that is another deletion"
    assert sum(entry.booked for entry in Entry.objects.all()) == 0


def test_a_deletion_that_is_taken_in_late_cancels_nothing_that_was_restored_since(woo):
    report(woo, "order.created", WOO_ORDER)
    report(woo, "order.deleted", DELETED)
    Report.objects.filter(topic="order.deleted").update(next_at=clock.now() + timedelta(hours=1))
    report(woo, "order.restored", RESTORED)
    work()
    Report.objects.update(next_at=F("received_at"))
    work()
    assert Order.objects.get().cancelled_at is None
    assert not Event.objects.filter(name="OrderCancelled").exists()


def test_what_is_told_between_a_deletion_and_its_restoration_is_kept_and_does_not_undo_either(woo):
    newer = changed(WOO_ORDER, date_modified_gmt="2026-11-19T03:00:00", total="30000")
    report(woo, "order.created", WOO_ORDER)
    report(woo, "order.deleted", DELETED)
    report(woo, "order.updated", newer)
    work()
    row = Order.objects.get()
    assert (row.amount, row.cancelled_at is None) == (30_000, False)
    report(woo, "order.restored", RESTORED)  # older than what was told meanwhile
    work()
    row = Order.objects.get()
    assert (row.amount, row.cancelled_at) == (30_000, None)


def test_a_restored_order_that_the_shop_has_called_off_stays_so(woo):
    report(woo, "order.created", WOO_ORDER)
    report(woo, "order.deleted", DELETED)
    report(woo, "order.restored", changed(RESTORED, status="cancelled"))
    work()
    assert Order.objects.get().cancelled_at is not None


def _told(acts: str) -> list[Told]:
    """D and R, ten minutes apart; a dash is an hour more."""
    at, found = NOON, []
    for act in acts:
        at += timedelta(minutes=10) if act in "DR" else TOGETHER
        if act in "DR":
            found.append(Told(at, act == "D"))
    return found


@pytest.mark.parametrize("acts", ["", "DR", "RD", "DRDR", "RDDR", "RDRD", "DRRD"])
def test_whatever_was_restored_as_often_as_deleted_is_there(acts):
    assert gone_since(_told(acts)) is None


@pytest.mark.parametrize(("acts", "since"), [("D", 0), ("DD", 0), ("DRD", 2), ("R-D", 1), ("RDD", 2)])
def test_what_was_deleted_last_is_gone_since_then(acts, since):
    told = _told(acts)
    gone: datetime | None = gone_since(told)
    assert gone == told[since].at


@pytest.mark.only_sqlite  # a small table of PostgreSQL is read as a whole, whatever its indexes
def test_deletions_are_found_by_their_index(woo):
    plan = Report.objects.filter(shop=woo.shop, order_key="727").order_by("received_at").explain()
    assert "report_of_order" in plan
