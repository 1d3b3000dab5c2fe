"""What is suggested to make good what a customer writes of. Nothing in it is made up: the cause is one that their words
speak of, the remedy what the business says of that cause, the amount what the order at hand says. Where one of them is
missing nothing is suggested, and nothing is given before somebody of the staff says so.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from django.db.models import Q

from dangol.business.queries import current_business
from dangol.business.rates import converted
from dangol.customers.models import Customer
from dangol.goodwill.causes import CauseChoice, cause_choices, proposed_cause
from dangol.goodwill.commands.causes import begin_causes
from dangol.goodwill.limits import Room, room_for
from dangol.goodwill.models import Kind, Wish
from dangol.goodwill.proposing import complained_of, number_named
from dangol.kernel.prepared import Prepared
from dangol.orders.models import Order, OrderLine
from dangol.staff.models import Staff

RECENT: Final = timedelta(days=30)
"""So long before the complaint an order can be what it is about, where it is not named by its number."""
LOOKED: Final = 200  # of their orders, for the one that is named
MOST_LINES: Final = 100
_KEYS: Final = UUID("6f0f8c7e-4a0e-4d43-9b5e-0d5d9c1f2b77")
_ORDERS: Final = Prepared(
    lambda ids: (
        Order.objects.filter(customer__in=ids)
        .order_by("-ordered_at", "-id")
        .values_list("id", "number", "ordered_at", "cancelled_at")[:LOOKED]
    )
)


@dataclass(frozen=True)
class Complaint:
    """What a customer wrote in a conversation, the newest first and when, and the rows that are this customer."""

    subject: str
    messages: tuple[tuple[str, datetime], ...]
    conversation_id: int
    customer: Customer
    customer_ids: tuple[int, ...]

    @property
    def said(self) -> str:
        """All of it, each by itself: none goes on with what the other began."""
        return "\n\n".join([self.subject, *(text for text, _at in self.messages)])


@dataclass(frozen=True)
class Suggestion:
    """What could be given, in minor units of the business's own currency. `lines` are those of the order that the words
    name, () for all of it; `room` is what may be given without asking.

    The key is the same for everybody who looks, until something of it changes: pressed by two it is given once.
    """

    key: UUID
    kind: Kind
    amount: int
    cause: CauseChoice
    order: Order
    lines: tuple[str, ...]
    room: Room

    @property
    def is_asked(self) -> bool:
        """Whether somebody who may has to say yes first."""
        return bool(self.room.over(self.amount))


def suggestion_for(complaint: Complaint, *, staff: Staff, at: datetime) -> Suggestion | None:
    """What is suggested for it; None where nothing can be said, or where something was given, asked for or refused
    already, in this conversation or for that order. A fixed number of queries, one where the words speak of no cause.
    """
    cause = _cause_in(complaint.said)
    order = _order_at_hand(complaint, cause) if cause else None
    tries = _tries(complaint, order) if order else None
    business = current_business()
    if cause is None or order is None or tries is None or order.own_currency != business.currency:
        return None
    kind = Kind(cause.remedy)
    amount, lines = _worth(kind, order, complaint.said, cause)
    if amount <= 0:
        return None
    what = f"{complaint.conversation_id}.{order.pk}.{kind}.{amount}.{cause.id}.{tries}.{'/'.join(lines)}"
    room = room_for(staff, complaint.customer, order=order, business=business, at=at)
    return Suggestion(uuid5(_KEYS, what), kind, amount, cause, order, lines, room)


def own_worth(order: Order, theirs: int) -> int:
    """What an amount in the money of the order is in the business's own, by the rate that the order keeps."""
    if order.currency == order.own_currency or order.rate_trillionths is None:
        return theirs
    return converted(
        theirs,
        currency=order.currency,
        own_currency=order.own_currency,
        rate_trillionths=order.rate_trillionths,
    )


def _cause_in(said: str) -> CauseChoice | None:
    """Of the causes for which the business says what makes them good, the one that the words speak of."""
    known = cause_choices()
    if not known:
        begin_causes()  # a new shop has none before somebody looks
        known = cause_choices()
    choices = tuple(choice for choice in known if choice.remedy)
    found = proposed_cause(said, choices)
    return next((choice for choice in choices if choice.id == found), None)


def _order_at_hand(complaint: Complaint, cause: CauseChoice) -> Order | None:
    """The one whose number the words name, and none where that is cancelled; else their newest of the time before it
    was complained of. What they bought after that is not what they wrote of."""
    last_at = complaint.messages[0][1]
    theirs = [row for row in _ORDERS(ids=complaint.customer_ids) if row[2] <= last_at]
    meant = number_named(complaint.said, [number for _pk, number, *_ in theirs])
    if meant is not None:
        pk, _number, _at, cancelled_at = theirs[meant]
        return None if cancelled_at else _counted(pk)
    complained_at = _complained_at(complaint, cause)
    newest = next((row for row in theirs if row[2] <= complained_at and not row[3]), None)
    return _counted(newest[0]) if newest and complained_at - newest[2] <= RECENT else None


def _complained_at(complaint: Complaint, cause: CauseChoice) -> datetime:
    """When the newest message came whose words speak of the cause; the first one, where only the subject does."""
    speaking = (at for text, at in complaint.messages if proposed_cause(text, (cause,)))
    return next(speaking, complaint.messages[-1][1])


def _counted(order_id: int) -> Order | None:
    return Order.objects.select_related("place").filter(pk=order_id, own_amount__gt=0).first()


def _tries(complaint: Complaint, order: Order) -> int | None:
    """How often something was given and taken back; None where something stands, or was paid back by the shop.

    What names no order counts wherever it was given since: in a conversation that was joined to this one, by chat.
    """
    since = complaint.messages[-1][1]
    nameless = Q(customer__in=complaint.customer_ids, order=None, asked_at__gte=since)
    about = Q(conversation_id=complaint.conversation_id) | Q(order=order) | nameless
    states = list(Wish.objects.filter(about).values_list("state", flat=True))
    if set(states) - {Wish.State.WITHDRAWN} or order.refunds.filter(amount__gt=0).exists():
        return None
    return len(states)


def _worth(kind: Kind, order: Order, said: str, cause: CauseChoice) -> tuple[int, tuple[str, ...]]:
    """What it comes to in our own money, and the names of the lines that it is for, () for all of them; nothing where
    the words praise something and do not tell what else was spoilt."""
    paid = order.own_amount or 0
    if kind == Kind.SHIPPING:
        return min(paid, own_worth(order, order.shipping or 0)), ()
    lines = list(order.lines.order_by("pk")[:MOST_LINES])
    names = {line.pk: line.name for line in lines if line.name}
    meant = complained_of(said, cause.words, names)
    if meant is None:
        return 0, ()
    if meant and len(meant) < len(lines):
        chosen = [line for line in lines if line.pk in meant]
        return min(paid, own_worth(order, _sum(chosen))), tuple(line.name for line in chosen)
    is_whole_counted = kind == Kind.REFUND or not lines or len(lines) == MOST_LINES
    return (paid if is_whole_counted else min(paid, own_worth(order, _sum(lines)))), ()


def _sum(lines: Iterable[OrderLine]) -> int:
    return sum(line.amount for line in lines)
