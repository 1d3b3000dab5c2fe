"""Refunds that the shop's system reports book themselves, and wait for somebody to say why."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from dangol.business.rates import converted
from dangol.goodwill.commands.entries import booked_event, next_key, reverse_entry
from dangol.goodwill.limits import GIVING
from dangol.goodwill.models import CostClass, Entry, Kind, Wish
from dangol.kernel.db import lock_for_transaction
from dangol.kernel.events import emit
from dangol.kernel.rows import insert_rows
from dangol.orders.models import Order, Refund

REFUND: Final = "refund"
"""The source of entries that came with the orders. Its key is the refund's id; `id.2` and so on for what was booked
anew, because the refund had changed."""
MANY: Final = 500


@dataclass(frozen=True)
class Looked:
    """How far the refunds were looked through, and how many entries were written or taken back."""

    last_id: int
    changes: int


def book_refund(*, refund_id: int, at: datetime) -> int:
    """Bring the ledger to what is known of one refund now; returns how many entries were written or taken back."""
    with transaction.atomic():
        lock_for_transaction(GIVING)
        rows = list(Refund.objects.select_related("order").filter(pk=refund_id))
        return _settle(rows, at, silent=False)


def book_refunds_of(*, refund_ids: Collection[int], at: datetime) -> int:
    """The same for these refunds, a fixed number of queries for each MANY of them."""
    done = 0
    with transaction.atomic():
        lock_for_transaction(GIVING)
        wanted = sorted(refund_ids)
        for start in range(0, len(wanted), MANY):
            some = Refund.objects.select_related("order").filter(pk__in=wanted[start : start + MANY])
            done += _settle(list(some.order_by("pk")), at, silent=False)
    return done


def book_refunds(*, at: datetime, after: int = 0, limit: int = MANY) -> Looked | None:
    """The same for the next `limit` refunds whose id is above `after`; None where there are no more.

    Whatever came in between and in which order, it ends with the same, and again is the same as once: each refund is
    in the ledger with its present amount, its customer and its order. One that was given by hand before (the same
    order, amount and currency; of other money by the rate of the order, for its own day may have another) is that gift,
    reported by the shop's system: only what it is more or less than the gift is booked. One of a cancelled order is not
    booked, for there was no sale; nor one whose worth in our own money is unknown: it waits for its rate.
    """
    with transaction.atomic():
        lock_for_transaction(GIVING)
        rows = list(Refund.objects.select_related("order").filter(pk__gt=after).order_by("pk")[:limit])
        return Looked(rows[-1].pk, _settle(rows, at, silent=True)) if rows else None


def book_all_refunds(*, at: datetime) -> Iterator[int]:
    """Look through all refunds, a piece at a time; says of each how many entries were written or taken back."""
    after = 0
    while looked := book_refunds(at=at, after=after):
        after = looked.last_id
        yield looked.changes


def unlinked_refunds(order: Order) -> list[Refund]:
    """The refunds of that order which were reported and given by nobody here, by their id."""
    linked = Wish.objects.filter(refund__order=order).values_list("refund", flat=True)
    return list(order.refunds.select_related("order").exclude(pk__in=list(linked)).order_by("pk"))


def refund_of(refunds: Iterable[Refund], amount: int, own_currency: str) -> Refund | None:
    """The first of these refunds that is worth that amount."""
    return next((refund for refund in refunds if _is_worth(refund, amount, own_currency)), None)


def standing_entry(refund: Refund) -> Entry | None:
    """What the refund itself is in the ledger now."""
    found, gone = _last_entries([refund])
    return None if refund.pk in gone else found.get(refund.pk)


def _settle(refunds: Sequence[Refund], at: datetime, *, silent: bool) -> int:
    gifts = _gifts(refunds)
    last, gone = _last_entries(refunds)
    new, done = [], 0
    for refund in refunds:
        before = last.get(refund.pk)
        entry = _entry(refund, gifts.get(refund.pk), at)
        if before is not None and refund.pk not in gone:
            if entry is not None and _content(entry) == _content(before):
                continue
            reverse_entry(actor=None, entry=before, at=at, silent=silent)
            done += 1
        if entry is not None:
            if before is not None:
                entry.source_key = next_key(before.source_key)
                entry.cause_id = before.cause_id
            new.append(entry)
    insert_rows(new)
    emit(*(booked_event(entry, actor_id=None, silent=silent) for entry in new))
    return done + len(new)


def _gifts(refunds: Sequence[Refund]) -> Mapping[int, Wish]:
    """What somebody gave here, by the refund that it became; each gift is one refund at most."""
    found = {wish.refund_id: wish for wish in Wish.objects.filter(refund__in=[each.pk for each in refunds])}
    orders = {refund.order_id for refund in refunds if refund.pk not in found} - {None}
    gifts = list(
        Wish.objects.filter(
            order__in=orders,
            kind=Kind.REFUND,
            refund=None,
            state__in=[Wish.State.GIVEN, Wish.State.PARTLY],
        ).order_by("pk")
    )
    for refund in refunds if gifts else ():
        mine = (gift for gift in gifts if gift.order_id == refund.order_id)
        same = (gift for gift in mine if _is_worth(refund, gift.given, gift.own_currency))
        if refund.pk not in found and (gift := next(same, None)):
            gifts.remove(gift)
            gift.refund = refund
            gift.save(update_fields=["refund"])
            found[refund.pk] = gift
    return {pk: wish for pk, wish in found.items() if pk is not None}


def _is_worth(refund: Refund, amount: int, own_currency: str) -> bool:
    """Whether the refund is that much, by the rate of its day or by that of its order, by which people give."""
    if refund.own_currency != own_currency:
        return False
    order = refund.order
    if amount == refund.own_amount or order is None or order.rate_trillionths is None:
        return amount == refund.own_amount
    return (order.currency, order.own_currency) == (refund.currency, own_currency) and amount == converted(
        refund.amount,
        currency=refund.currency,
        own_currency=own_currency,
        rate_trillionths=order.rate_trillionths,
    )


def _last_entries(refunds: Sequence[Refund]) -> tuple[dict[int, Entry], set[int]]:
    """The newest entry of each refund, by its id, and which of these refunds have theirs taken back.

    Two queries, and two more for each time that the one changed which changed most."""
    found: dict[int, Entry] = {}
    gone: set[int] = set()
    keys = {str(refund.pk): refund.pk for refund in refunds}
    while keys:
        rows = Entry.objects.filter(source_kind=REFUND, source_key__in=list(keys))
        entries = {row.pk: (keys[row.source_key], row) for row in rows}
        found |= dict(entries.values())
        gone -= {refund_id for refund_id, _ in entries.values()}
        taken_back = Entry.objects.filter(reverses__in=list(entries)).values_list("reverses", flat=True)
        again = [entries[pk] for pk in taken_back if pk is not None] if entries else []
        gone |= {refund_id for refund_id, _ in again}
        keys = {next_key(row.source_key): refund_id for refund_id, row in again}
    return found, gone


def _content(entry: Entry) -> tuple[object, ...]:
    return (
        *(entry.own_currency, entry.booked, entry.currency, entry.amount, entry.rate_trillionths),
        *(entry.customer_id, entry.order_id, entry.place_id, entry.happened_at),
    )


def _entry(refund: Refund, gift: Wish | None, at: datetime) -> Entry | None:
    """What is to be booked of it; None for nothing."""
    order = refund.order
    if refund.own_amount is None or (order is not None and order.cancelled_at is not None):
        return None
    if gift is not None and gift.own_currency != refund.own_currency:
        return None
    booked = refund.own_amount - (gift.given if gift else 0)
    if not booked:
        return None
    return Entry(
        cost_class=CostClass.EXTERNAL_FAILURE,
        kind=Kind.REFUND,
        own_currency=refund.own_currency,
        booked=booked,
        currency=refund.own_currency if gift else refund.currency,
        amount=booked if gift else refund.amount,
        rate_trillionths=None if gift else refund.rate_trillionths,
        customer_id=refund.customer_id or (order.customer_id if order else None),
        order_id=refund.order_id,
        place_id=refund.place_id or (order.place_id if order else None),
        happened_at=refund.refunded_at,
        booked_at=at,
        source_kind=REFUND,
        source_key=str(refund.pk),
    )
