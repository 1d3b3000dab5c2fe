"""Giving: within one's limit at once, above it when somebody who may says yes (`deciding`)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from dangol.business.queries import current_business
from dangol.customers.models import Customer
from dangol.goodwill.commands.entries import About
from dangol.goodwill.commands.granting import STATE, check_refund, grant, told_of, turn_down
from dangol.goodwill.errors import CauseRetired, NothingGiven
from dangol.goodwill.events import WishAsked
from dangol.goodwill.limits import GIVING, room_for
from dangol.goodwill.models import Kind, Wish
from dangol.kernel.db import lock_for_transaction
from dangol.kernel.events import emit
from dangol.staff.models import Staff
from dangol.staff.rights import demand


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
            check_refund(about.order, remedy.amount, business.currency)
        over = room_for(actor, about.customer, order=about.order, business=business, at=at).over(
            remedy.amount
        )
        wish = _wish(actor, remedy, about, key=key, own_currency=business.currency, at=at)
        wish.over, wish.state = over, STATE.ASKED
        wish.save(force_insert=True)
        if over:
            emit(WishAsked(**told_of(wish, at, actor), amount=wish.proposed))
        else:
            grant(wish, wish.proposed, actor=actor, at=at)
        return wish


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
        return turn_down(wish, actor, at)


def _check(remedy: Remedy, about: About) -> None:
    if remedy.amount <= 0:
        raise NothingGiven
    if about.cause is not None and about.cause.retired_at is not None:
        raise CauseRetired


def _wish(actor: Staff, remedy: Remedy, about: About, *, key: UUID, own_currency: str, at: datetime) -> Wish:
    return Wish(
        customer=_whose(about),
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


def _whose(about: About) -> Customer | None:
    """What is for an order is of the row that bought it, wherever it was talked about: so it stays with its order
    when two rows that were made one are two again."""
    customer, order = about.customer, about.order
    if order is None or order.customer_id is None or (customer and customer.pk == order.customer_id):
        return customer
    return order.customer
