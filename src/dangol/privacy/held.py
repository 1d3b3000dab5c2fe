"""What there is of a person: counted before it is erased."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Sum

from dangol.customers.models import Customer, CustomerNote, Identity
from dangol.customers.queries import ids_of_person
from dangol.goodwill.models import Entry
from dangol.inbox.models import Attachment, Conversation, Message
from dangol.orders.models import Order
from dangol.privacy.models import Erasure


@dataclass(frozen=True)
class Held:
    """How much goes (addresses, conversations, messages, files, notes) and how much stays without the person.

    `booked` is in minor units of the currency beside it, one for each currency.
    """

    addresses: int
    conversations: int
    messages: int
    files: int
    notes: int
    orders: int
    entries: int
    booked: tuple[tuple[int, str], ...]


def held_of(person: Customer) -> Held:
    """Counted now; a fixed number of queries."""
    ids = ids_of_person(person)
    talks = Conversation.objects.filter(customer__in=ids)
    entries = Entry.objects.filter(customer__in=ids)
    booked = entries.exclude(booked=None).order_by().values_list("own_currency").annotate(Sum("booked"))
    return Held(
        addresses=Identity.objects.filter(customer__in=ids).count(),
        conversations=talks.filter(merged_into=None).count(),
        messages=Message.objects.filter(conversation__in=talks).count(),
        files=Attachment.objects.filter(message__conversation__in=talks).count(),
        notes=CustomerNote.objects.filter(customer__in=ids).count(),
        orders=Order.objects.filter(customer__in=ids).count(),
        entries=entries.count(),
        booked=tuple((amount, currency) for currency, amount in booked),
    )


@dataclass(frozen=True)
class ErasureView:
    """How an erasure goes, for the page that was the person's."""

    at: datetime
    by: str
    is_finished: bool


def erasure_of(person: Customer) -> ErasureView | None:
    """The person's erasure; None where there was none. One query."""
    row = Erasure.objects.select_related("asked_by").filter(customer=person).first()
    if row is None:
        return None
    return ErasureView(row.asked_at, row.asked_by.name if row.asked_by else "", row.finished_at is not None)
