"""Giving: within one's limit at once, above it when somebody who may says yes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from dangol.business.queries import current_business
from dangol.goodwill.commands.entries import About, Given, Source, book_entry, reverse_entry
from dangol.goodwill.commands.refunds import book_refund, refund_of, standing_entry, unlinked_refunds
from dangol.goodwill.errors import (
    AboveYourLimit,
    AlreadyDecided,
    CauseRetired,
    MoreThanWished,
    NothingGiven,
    NotYourWish,
    OrderCancelledBefore,
    OtherMoney,
    RefundPaid,
    TooLateToTakeBack,
    TooMuchForOrder,
    YourOwnWish,
)
from dangol.goodwill.events import GoodwillGiven, GoodwillTakenBack, WishAsked, WishRefused, WishWithdrawn
from dangol.goodwill.limits import GIVING, WISH, room_for, room_to_decide
from dangol.goodwill.models import Kind, Wish
from dangol.goodwill.rules import class_of
from dangol.kernel.db import lock_for_transaction
from dangol.kernel.events import emit
from dangol.orders.models import Order
from dangol.staff.models import Role, Staff
from dangol.staff.rights import demand, may

STATE = Wish.State
MISTAKE: Final = timedelta(minutes=10)
"""So long whoever gave something may take it back alone: a slip is seen at once, and later the room that it leaves
would be given a second time."""


@dataclass(frozen=True)
class Remedy:
    """What somebody wants to give, in minor units of the business's own currency. `wished` is what the customer
    asked for, where that was more; `what` says it in words: "a new burger"."""

    kind: Kind
    amount: int
    wished: int | None = None
    what: str = ""


def give_goodwill(*, actor: Staff, remedy: Remedy, about: About, key: UUID, at: datetime) -> Wish:
    """Give it, where it is within the actor's limit and the budget; else ask for it (the wish is `asked`).

    `key` is made with the form: sent twice it is given once. One giving happens at a time, so that two at once cannot
    exceed a limit together. Refused for no amount (NothingGiven), for a refund of more than the order cost
    (TooMuchForOrder), of a cancelled order (OrderCancelledBefore) or of one that was counted in other money
    (OtherMoney), and for a cause that is no longer offered (CauseRetired).
    """
    demand(actor, "answer")
    _check(remedy, about)
    with transaction.atomic():
        lock_for_transaction(GIVING)
        known = Wish.objects.filter(key=key).first()
        if known is not None:
            return known
        business = current_business()
        if remedy.kind == Kind.REFUND and about.order:
            _check_refund(about.order, remedy.amount, business.currency)
        over = room_for(actor, about.customer, order=about.order, business=business, at=at).over(
            remedy.amount
        )
        wish = _wish(actor, remedy, about, key=key, own_currency=business.currency, at=at)
        wish.over, wish.state = over, STATE.ASKED
        wish.save(force_insert=True)
        if over:
            emit(WishAsked(**_told(wish, at, actor), amount=wish.proposed))
        else:
            _give(wish, wish.proposed, actor=actor, at=at)
        return wish


def approve_wish(*, actor: Staff, wish: Wish, at: datetime, amount: int | None = None) -> Wish:
    """Say yes to what somebody asked for, or to a smaller `amount` of it: it is given then.

    Refused where it was decided already (AlreadyDecided), to more than was asked for (MoreThanWished), above the
    actor's own limit or, for who does not own the business, above the budget (AboveYourLimit), to oneself unless one
    owns the business (YourOwnWish), and where the business counts in other money by now (OtherMoney).
    """
    demand(actor, "approve_giving")
    with transaction.atomic():
        lock_for_transaction(GIVING)
        open_wish = _open(wish)
        given = open_wish.proposed if amount is None else amount
        if given <= 0:
            raise NothingGiven
        if given > open_wish.proposed:
            raise MoreThanWished
        if actor.pk == open_wish.staff_id and actor.role != Role.OWNER:
            raise YourOwnWish
        business = current_business()
        if open_wish.own_currency != business.currency:
            raise OtherMoney
        if open_wish.kind == Kind.REFUND and open_wish.order:
            _check_refund(open_wish.order, given, business.currency)
        if room_to_decide(actor, open_wish, business=business, at=at).over(given):
            raise AboveYourLimit
        _give(open_wish, given, actor=actor, at=at)
        return open_wish


def refuse_wish(*, actor: Staff, wish: Wish, at: datetime) -> Wish:
    """Say no to what somebody asked for. Refused (AlreadyDecided) where it was decided."""
    demand(actor, "approve_giving")
    with transaction.atomic():
        lock_for_transaction(GIVING)
        return _refuse(_open(wish), actor, at)


def decline_wish(*, actor: Staff, remedy: Remedy, about: About, key: UUID, at: datetime) -> Wish:
    """Write down that a customer wished for something and we said no: so that it can be seen what came of that."""
    demand(actor, "answer")
    _check(remedy, about)
    with transaction.atomic():
        lock_for_transaction(GIVING)
        known = Wish.objects.filter(key=key).first()
        if known is not None:
            return known
        wish = _wish(actor, remedy, about, key=key, own_currency=current_business().currency, at=at)
        wish.state = STATE.ASKED
        wish.save(force_insert=True)
        return _refuse(wish, actor, at)


def withdraw_wish(*, actor: Staff, wish: Wish, at: datetime) -> Wish:
    """Take back what was asked for and not decided. For who asked, and who may decide (NotYourWish)."""
    demand(actor, "answer")
    _demand_own(actor, wish)
    with transaction.atomic():
        lock_for_transaction(GIVING)
        open_wish = _open(wish)
        _decide(open_wish, STATE.WITHDRAWN, actor, at)
        emit(WishWithdrawn(**_told(open_wish, at, actor)))
        return open_wish


def take_back_goodwill(*, actor: Staff, wish: Wish, at: datetime) -> Wish:
    """Undo a gift: its entry is taken back by another. For who may decide and, while it is fresh, for who gave it
    (NotYourWish, TooLateToTakeBack).

    Refused for what was not given, or taken back before (AlreadyDecided), and for a refund that the shop's system
    reported as well (RefundPaid): the money is gone, and only that system knows when it comes back.
    """
    demand(actor, "answer")
    _demand_own(actor, wish)
    with transaction.atomic():
        lock_for_transaction(GIVING)
        given = Wish.objects.select_for_update().get(pk=wish.pk)
        if given.state not in {STATE.GIVEN, STATE.PARTLY} or given.entry_id is None:
            raise AlreadyDecided
        if not may(actor, "approve_giving") and not is_fresh(given, at):
            raise TooLateToTakeBack
        if given.refund_id is not None:
            raise RefundPaid
        assert given.entry
        reverse_entry(actor=actor, entry=given.entry, at=at)
        was = given.given
        given.given = 0
        _decide(given, STATE.WITHDRAWN, actor, at)
        emit(GoodwillTakenBack(**_told(given, at, actor), amount=was))
        return given


def is_fresh(wish: Wish, at: datetime) -> bool:
    """Whether it was given so shortly before that whoever gave it may still say that it was a slip."""
    return wish.decided_at is not None and at - wish.decided_at <= MISTAKE


def _check(remedy: Remedy, about: About) -> None:
    if remedy.amount <= 0:
        raise NothingGiven
    if about.cause is not None and about.cause.retired_at is not None:
        raise CauseRetired


def _check_refund(order: Order, amount: int, own_currency: str) -> None:
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


def _wish(actor: Staff, remedy: Remedy, about: About, *, key: UUID, own_currency: str, at: datetime) -> Wish:
    return Wish(
        customer=about.customer,
        conversation_id=about.conversation_id,
        order=about.order,
        kind=remedy.kind,
        cause=about.cause,
        own_currency=own_currency,
        wished=max(remedy.wished or 0, remedy.amount),
        proposed=remedy.amount,
        what=remedy.what[:200],
        key=key,
        staff=actor,
        asked_at=at,
    )


def _open(wish: Wish) -> Wish:
    found = (
        Wish.objects.select_for_update(of=("self",))
        .select_related("customer", "order", "cause", "staff")
        .get(pk=wish.pk)
    )
    if found.state != STATE.ASKED:
        raise AlreadyDecided
    return found


def _demand_own(actor: Staff, wish: Wish) -> None:
    if actor.pk not in {wish.staff_id, wish.decided_by_id} and not may(actor, "approve_giving"):
        raise NotYourWish


def _give(wish: Wish, amount: int, *, actor: Staff, at: datetime) -> None:
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
    _decide(wish, STATE.GIVEN if amount >= wish.wished else STATE.PARTLY, actor, at)
    if reported:
        # It was paid before it was entered here: what was booked for it by itself gives way to what says why.
        book_refund(refund_id=reported.pk, at=at)
    emit(GoodwillGiven(**_told(wish, at, actor), entry_id=wish.entry.pk, amount=amount))


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


def _refuse(wish: Wish, actor: Staff, at: datetime) -> Wish:
    _decide(wish, STATE.REFUSED, actor, at)
    emit(WishRefused(**_told(wish, at, actor), amount=wish.proposed))
    return wish


def _decide(wish: Wish, state: Wish.State, actor: Staff, at: datetime) -> None:
    wish.state, wish.decided_by, wish.decided_at = state, actor, at
    wish.save(update_fields=["state", "decided_by", "decided_at", "given", "entry", "refund"])


def _told(wish: Wish, at: datetime, actor: Staff) -> dict[str, Any]:
    return {
        "happened_at": at,
        "actor_id": actor.pk,
        "customer_id": wish.customer_id,
        "wish_id": wish.pk,
        "conversation_id": wish.conversation_id,
    }
