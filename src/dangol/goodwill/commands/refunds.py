"""Refunds that the shop's system reports book themselves, and wait for somebody to say why."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef
from django.db.models.functions import Cast

from dangol.goodwill.commands.entries import booked_event
from dangol.goodwill.models import CostClass, Entry, Kind, Wish
from dangol.kernel.db import lock_for_transaction
from dangol.kernel.events import emit
from dangol.kernel.rows import insert_rows
from dangol.orders.models import Refund

REFUND = "refund"
"""The source of entries that came with the orders."""


def book_refunds(*, at: datetime, limit: int = 500, refund_id: int | None = None) -> int:
    """Book refunds that the ledger has not: at most `limit`, or the one named; returns how many were looked at.

    Called again until it returns 0 it has booked all; again is the same as once. One that was given by hand before
    (the same order and amount) is that gift, reported by the shop's system, and is not booked a second time. One whose
    worth in our own money is unknown waits for its rate.
    """
    with transaction.atomic():
        lock_for_transaction("goodwill.refunds")
        rows = Refund.objects.annotate(key_as_text=Cast("pk", CharField())).filter(own_amount__gt=0)
        if refund_id is not None:
            rows = rows.filter(pk=refund_id)
        booked = Entry.objects.filter(source_kind=REFUND, source_key=OuterRef("key_as_text"))
        given = Wish.objects.filter(refund=OuterRef("pk"))
        found = list(
            rows.filter(~Exists(booked), ~Exists(given)).select_related("order").order_by("pk")[:limit]
        )
        by_hand = _given_by_hand(found)
        entries = [_entry(refund, at) for refund in found if refund.pk not in by_hand]
        insert_rows(entries)
        emit(*(booked_event(entry, actor_id=None, silent=refund_id is None) for entry in entries))
        return len(found)


def _given_by_hand(refunds: Collection[Refund]) -> set[int]:
    """The refunds that somebody gave here before; each gift is one of them at most."""
    orders = {refund.order_id for refund in refunds} - {None}
    gifts = list(
        Wish.objects.filter(
            order__in=orders,
            kind=Kind.REFUND,
            refund=None,
            state__in=[Wish.State.GIVEN, Wish.State.PARTLY],
        ).order_by("pk")
    )
    found = set()
    for refund in refunds:
        same = (gift for gift in gifts if (gift.order_id, gift.given) == (refund.order_id, refund.own_amount))
        if gift := next(same, None):
            gifts.remove(gift)
            gift.refund = refund
            gift.save(update_fields=["refund"])
            found.add(refund.pk)
    return found


def _entry(refund: Refund, at: datetime) -> Entry:
    place_id = refund.place_id or (refund.order.place_id if refund.order else None)
    return Entry(
        cost_class=CostClass.EXTERNAL_FAILURE,
        kind=Kind.REFUND,
        own_currency=refund.own_currency,
        booked=refund.own_amount,
        currency=refund.currency,
        amount=refund.amount,
        rate_trillionths=refund.rate_trillionths,
        customer_id=refund.customer_id or (refund.order.customer_id if refund.order else None),
        order_id=refund.order_id,
        place_id=place_id,
        happened_at=refund.refunded_at,
        booked_at=at,
        source_kind=REFUND,
        source_key=str(refund.pk),
    )
