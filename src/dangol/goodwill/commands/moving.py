"""What was given and booked becomes another customer's, where its order or its conversation does."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from django.db.models import Q

from dangol.customers.models import Customer
from dangol.goodwill.commands.entries import booked_event, reversal_of, reversed_event, written_again
from dangol.goodwill.models import Entry, Wish
from dangol.kernel.events import emit, hand_over
from dangol.kernel.rows import insert_rows, update_rows
from dangol.staff.models import Staff


def move_goodwill(
    *,
    actor: Staff | None,
    from_customers: Collection[int],
    to_customer: Customer,
    orders: Collection[int],
    conversations: Collection[int],
    at: datetime,
) -> int:
    """Let what is about these orders, or about these conversations and no order, be the other customer's.

    What names an order is its buyer's, wherever it was talked about. A line of the ledger never changes: each that
    stands is taken back under the one and written again under the other, and both count when it happened, so that the
    sums of every day stay. Wishes and their story follow. Again changes nothing. Returns how many lines were written
    again. In the caller's transaction, which has the lock of giving (GIVING).
    """
    going = Q(order__in=orders) | Q(order=None, conversation_id__in=conversations)
    theirs = Q(customer__in=from_customers)
    standing = Entry.objects.filter(going, theirs, reverses=None, reversal=None)
    moved = _write_again(actor, list(standing.order_by("pk")), to_customer, at)
    wishes = list(Wish.objects.filter(going, theirs))
    for wish in wishes:
        wish.customer_id = to_customer.pk
        wish.entry_id = moved.get(wish.entry_id or 0, wish.entry_id)
    update_rows(wishes, ["customer", "entry"])
    hand_over(
        from_customers=from_customers,
        to_customer=to_customer.pk,
        key="wish_id",
        values=[wish.pk for wish in wishes],
    )
    _keep_story(Wish.objects.filter(theirs, conversation_id__in=conversations), to_customer)
    return len(moved)


def _write_again(
    actor: Staff | None, standing: Sequence[Entry], customer: Customer, at: datetime
) -> Mapping[int, int]:
    """The line that each is now, by the line that it was."""
    taken_back = [reversal_of(entry, at=at) for entry in standing]
    again = [written_again(entry, customer=customer, at=at) for entry in standing]
    insert_rows(taken_back)
    insert_rows(again)
    actor_id = actor.pk if actor else None
    emit(
        *(reversed_event(row, actor_id=actor_id, at=at) for row in taken_back),
        *(booked_event(row, actor_id=actor_id) for row in again),
    )
    return {before.pk: after.pk for before, after in zip(standing, again, strict=True)}


def _keep_story(staying: Iterable[Wish], to_customer: Customer) -> None:
    """The conversation took along what was told of wishes for orders that stay: it goes back to whose they are."""
    whose: dict[int, list[int]] = {}
    for wish in staying:
        whose.setdefault(wish.customer_id or 0, []).append(wish.pk)
    for customer_id, wishes in whose.items():
        hand_over(from_customers={to_customer.pk}, to_customer=customer_id, key="wish_id", values=wishes)
