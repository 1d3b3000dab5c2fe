"""What becomes of what was asked for or given: a yes, a no, not needed any more, a mistake."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from dangol.business.queries import current_business
from dangol.goodwill.commands.entries import reverse_entry
from dangol.goodwill.commands.granting import STATE, check_refund, grant, settle_wish, told_of, turn_down
from dangol.goodwill.errors import (
    AboveYourLimit,
    AlreadyDecided,
    MoreThanWished,
    NothingGiven,
    NotYourWish,
    OtherMoney,
    RefundPaid,
    TooLateToTakeBack,
    YourOwnWish,
)
from dangol.goodwill.events import GoodwillTakenBack, WishWithdrawn
from dangol.goodwill.limits import GIVING, room_to_decide
from dangol.goodwill.models import Kind, Wish
from dangol.kernel.db import lock_for_transaction
from dangol.kernel.events import emit
from dangol.staff.models import Role, Staff
from dangol.staff.rights import demand, may

MISTAKE: Final = timedelta(minutes=10)
"""So long whoever gave something may take it back alone: a slip is seen at once, and later the room that it leaves
would be given a second time."""


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
            check_refund(open_wish.order, given, business.currency)
        if room_to_decide(actor, open_wish, business=business, at=at).over(given):
            raise AboveYourLimit
        grant(open_wish, given, actor=actor, at=at)
        return open_wish


def refuse_wish(*, actor: Staff, wish: Wish, at: datetime) -> Wish:
    """Say no to what somebody asked for. Refused (AlreadyDecided) where it was decided."""
    demand(actor, "approve_giving")
    with transaction.atomic():
        lock_for_transaction(GIVING)
        return turn_down(_open(wish), actor, at)


def withdraw_wish(*, actor: Staff, wish: Wish, at: datetime) -> Wish:
    """Take back what was asked for and not decided. For who asked, and who may decide (NotYourWish)."""
    demand(actor, "answer")
    _demand_own(actor, wish)
    with transaction.atomic():
        lock_for_transaction(GIVING)
        open_wish = _open(wish)
        settle_wish(open_wish, STATE.WITHDRAWN, actor, at)
        emit(WishWithdrawn(**told_of(open_wish, at, actor)))
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
        settle_wish(given, STATE.WITHDRAWN, actor, at)
        emit(GoodwillTakenBack(**told_of(given, at, actor), amount=was))
        return given


def is_fresh(wish: Wish, at: datetime) -> bool:
    """Whether it was given so shortly before that whoever gave it may still say that it was a slip."""
    return wish.decided_at is not None and at - wish.decided_at <= MISTAKE


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
