"""What becomes of a wish, whoever says so: it is granted, or turned down. Called under the lock of all giving."""

from datetime import datetime
from typing import Any, Final

from dangol.goodwill.commands.entries import About, Given, Source, book_entry
from dangol.goodwill.commands.refunds import book_refund, refund_of, standing_entry, unlinked_refunds
from dangol.goodwill.errors import OrderCancelledBefore, OtherMoney, TooMuchForOrder
from dangol.goodwill.events import GoodwillGiven, WishRefused
from dangol.goodwill.limits import WISH
from dangol.goodwill.models import Kind, Wish
from dangol.goodwill.rules import class_of
from dangol.kernel.events import emit
from dangol.orders.models import Order
from dangol.staff.models import Staff

STATE: Final = Wish.State


def grant(wish: Wish, amount: int, *, actor: Staff, at: datetime) -> None:
    """Give that much: the entry is booked, and a refund that was reported before is the same one."""
    kind = Kind(wish.kind)
    reported = None
    if kind == Kind.REFUND and wish.order:
        reported = refund_of(unlinked_refunds(wish.order), amount, wish.own_currency)
    before = standing_entry(reported) if reported else None
    cause = wish.cause or (before.cause if before else None)
    wish.entry = book_entry(
        actor=actor,
        source=Source(WISH, str(wish.key)),
        cost_class=class_of(kind, has_cause=wish.cause_id is not None),
        kind=kind,
        cost=amount,
        given=_given(wish, amount),
        about=About(cause, wish.customer, wish.order, wish.conversation_id, wish.staff),
        happened_at=reported.refunded_at if reported else at,
        at=at,
    )
    wish.given, wish.refund = amount, reported
    settle_wish(wish, STATE.GIVEN if amount >= wish.wished else STATE.PARTLY, actor, at)
    if reported:
        # It was paid before it was entered here: what was booked for it by itself gives way to what says why.
        book_refund(refund_id=reported.pk, at=at)
    emit(GoodwillGiven(**told_of(wish, at, actor), entry_id=wish.entry.pk, amount=amount))


def turn_down(wish: Wish, actor: Staff, at: datetime) -> Wish:
    """Say no to it."""
    settle_wish(wish, STATE.REFUSED, actor, at)
    emit(WishRefused(**told_of(wish, at, actor), amount=wish.proposed))
    return wish


def settle_wish(wish: Wish, state: Wish.State, actor: Staff, at: datetime) -> None:
    """Write down what became of it, and who said so."""
    wish.state, wish.decided_by, wish.decided_at = state, actor, at
    wish.save(update_fields=["state", "decided_by", "decided_at", "given", "entry", "refund"])


def told_of(wish: Wish, at: datetime, actor: Staff) -> dict[str, Any]:
    """What each event about a wish says of it."""
    return {
        "happened_at": at,
        "actor_id": actor.pk,
        "customer_id": wish.customer_id,
        "wish_id": wish.pk,
        "conversation_id": wish.conversation_id,
    }


def check_refund(order: Order, amount: int, own_currency: str) -> None:
    """Refunds are together at most what was paid, where that is known in our own money. One that was reported and is
    entered here now is one refund."""
    if order.cancelled_at is not None:
        raise OrderCancelledBefore
    if order.own_amount is None:
        return
    if order.own_currency != own_currency:
        raise OtherMoney
    earlier = Wish.objects.filter(order=order, kind=Kind.REFUND, state__in=[STATE.GIVEN, STATE.PARTLY])
    before = sum(earlier.values_list("given", flat=True))
    # Read once: one that is reported between two looks would be the same refund for neither.
    reported = unlinked_refunds(order)
    same = refund_of(reported, amount, own_currency)
    before += sum(each.own_amount or 0 for each in reported if each != same)
    if amount + before > order.own_amount:
        raise TooMuchForOrder


def _given(wish: Wish, amount: int) -> Given | None:
    """A whole order in other money is given back in that money, by the rate that the order keeps."""
    order = wish.order
    if (
        order
        and wish.kind == Kind.REFUND
        and order.own_amount == amount
        and order.own_currency == wish.own_currency
    ):
        return Given(order.amount, order.currency, order.rate_trillionths)
    return None
