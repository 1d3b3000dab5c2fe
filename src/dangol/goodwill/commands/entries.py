"""The lines of the ledger: written once, taken back by another line, never changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Q

from dangol.business.models import Place
from dangol.business.queries import current_business
from dangol.customers.models import Customer
from dangol.goodwill.amounts import Estimate
from dangol.goodwill.errors import AlreadyReversed, CauseKnown, CauseRetired
from dangol.goodwill.events import CauseNamed, EntryBooked, EntryReversed
from dangol.goodwill.limits import GIVING
from dangol.goodwill.models import Cause, CostClass, Entry, Kind
from dangol.kernel.db import lock_for_transaction
from dangol.kernel.events import emit
from dangol.orders.models import Order
from dangol.staff.models import Staff
from dangol.staff.rights import demand

REVERSAL: Final = "reversal"


@dataclass(frozen=True)
class Source:
    """What an entry came from: a kind ("wish", "refund", "reply", …) and its key there. It is booked once."""

    kind: str
    key: str


@dataclass(frozen=True)
class Given:
    """What was really given, in minor units of its own currency, and the rate it was converted by (None: none)."""

    amount: int
    currency: str
    rate_trillionths: int | None = None


@dataclass(frozen=True)
class About:
    """What an entry is about; all of it may be unknown."""

    cause: Cause | None = None
    customer: Customer | None = None
    order: Order | None = None
    conversation_id: int | None = None
    staff: Staff | None = None
    place: Place | None = None


def book_entry(
    *,
    actor: Staff | None,
    source: Source,
    cost_class: CostClass,
    kind: Kind,
    cost: int | Estimate,
    happened_at: datetime,
    at: datetime,
    about: About = About(),
    given: Given | None = None,
    method: str = "",
    silent: bool = False,
) -> Entry:
    """Write a line: `cost` in minor units of the business's own currency, as money or as an estimate by a `method`.

    Returns the line that its source has, new or old: a source is booked once however often it is delivered. An
    estimate needs its method, and its bounds in order (ValueError).
    """
    demand(actor, "answer")
    if isinstance(cost, Estimate) and not (method and cost.low <= cost.middle <= cost.high):
        raise ValueError("an estimate has a method, and its middle lies between its bounds")
    with transaction.atomic():
        own_currency = current_business().currency
        entry, is_new = Entry.objects.get_or_create(
            source_kind=source.kind,
            source_key=source.key,
            defaults={
                "cost_class": cost_class,
                "kind": kind,
                "cause": about.cause,
                "own_currency": own_currency,
                "currency": given.currency if given else own_currency,
                "amount": given.amount if given else cost if isinstance(cost, int) else None,
                "rate_trillionths": given.rate_trillionths if given else None,
                "customer": about.customer,
                "order": about.order,
                "conversation_id": about.conversation_id,
                "staff": about.staff,
                "place": about.place or (about.order.place if about.order else None),
                "happened_at": happened_at,
                "booked_at": at,
                **_columns_of(cost, method),
            },
        )
        if is_new:
            emit(booked_event(entry, actor_id=actor.pk if actor else None, silent=silent))
        return entry


def reverse_entry(*, actor: Staff | None, entry: Entry, at: datetime, silent: bool = False) -> Entry:
    """Take an entry back by another with the same amounts and the other sign, which counts when that one happened.

    Refused (AlreadyReversed) for one that was taken back, and for what takes another back.
    """
    demand(actor, "answer")
    with transaction.atomic():
        kept = Entry.objects.select_for_update().get(pk=entry.pk)
        if kept.reverses_id is not None or Entry.objects.filter(reverses=kept).exists():
            raise AlreadyReversed
        reversal = reversal_of(kept, at=at)
        reversal.save(force_insert=True)
        emit(reversed_event(reversal, actor_id=actor.pk if actor else None, at=at, silent=silent))
        return reversal


def name_cause(*, actor: Staff | None, entry: Entry, cause: Cause, at: datetime) -> Entry:
    """Say why it came to an entry that has no cause yet; what takes it back has the same one then.

    The same cause again changes nothing. Refused where it has another (CauseKnown), and for a cause that is no
    longer offered (CauseRetired).
    """
    demand(actor, "answer")
    if cause.retired_at is not None:
        raise CauseRetired
    with transaction.atomic():
        kept = Entry.objects.select_for_update().get(pk=entry.reverses_id or entry.pk)
        if kept.cause_id == cause.pk:
            return kept
        if kept.cause_id is not None:
            raise CauseKnown
        Entry.objects.filter(pk=kept.pk).update(cause=cause)
        Entry.objects.filter(reverses=kept).update(cause=cause)
        kept.cause = cause
        emit(
            CauseNamed(
                happened_at=at,
                actor_id=actor.pk if actor else None,
                customer_id=kept.customer_id,
                entry_id=kept.pk,
                cause_id=cause.pk,
            )
        )
        return kept


def name_causes(*, actor: Staff | None, entry_ids: Iterable[int], cause: Cause, at: datetime) -> int:
    """Say why it came to several entries at once; returns to how many, those that have this cause already left out.

    One that got another cause meanwhile keeps it. Refused for a cause that is no longer offered (CauseRetired).
    """
    demand(actor, "answer")
    if cause.retired_at is not None:
        raise CauseRetired
    with transaction.atomic():
        # Two who tick the same entries, and refunds that book themselves, would wait for each other for ever: by the
        # entries, and by the sums of their months.
        lock_for_transaction(GIVING)
        nameless = Entry.objects.filter(pk__in=list(entry_ids), cause=None, reverses=None)
        kept = list(nameless.order_by("pk").select_for_update().values_list("pk", "customer"))
        ids = [pk for pk, _customer in kept]
        Entry.objects.filter(cause=None).filter(Q(pk__in=ids) | Q(reverses__in=ids)).update(cause=cause)
        emit(
            *(
                CauseNamed(
                    happened_at=at,
                    actor_id=actor.pk if actor else None,
                    customer_id=customer,
                    entry_id=pk,
                    cause_id=cause.pk,
                )
                for pk, customer in kept
            )
        )
        return len(kept)


def reversal_of(entry: Entry, *, at: datetime) -> Entry:
    """The line, not written yet, that takes this one back: the same amounts with the other sign, at the same time."""
    return Entry(
        reverses=entry,
        source_kind=REVERSAL,
        source_key=str(entry.uid),
        booked_at=at,
        **{name: _other_sign(getattr(entry, name)) for name in _AMOUNTS},
        **{name: getattr(entry, name) for name in _AS_IT_WAS},
    )


def written_again(entry: Entry, *, customer: Customer, at: datetime) -> Entry:
    """The line, not written yet, that stands for one that is taken back: the same, of another customer."""
    kept = {name: getattr(entry, name) for name in (*_AMOUNTS, *_AS_IT_WAS) if name != "customer_id"}
    return Entry(
        customer=customer,
        source_kind=entry.source_kind,
        source_key=next_key(entry.source_key),
        booked_at=at,
        **kept,
    )


def next_key(key: str) -> str:
    """Under which the same source is booked the next time, after what was booked under this one was taken back: behind
    "12" comes "12.2", and then "12.3"."""
    source, _, times = key.rpartition(".")
    return f"{source}.{int(times) + 1}" if source and times.isdecimal() else f"{key}.2"


def reversed_event(
    reversal: Entry, *, actor_id: int | None, at: datetime, silent: bool = False
) -> EntryReversed:
    """What is told of an entry that was taken back."""
    return EntryReversed(
        happened_at=at,
        actor_id=actor_id,
        customer_id=reversal.customer_id,
        silent=silent,
        entry_id=reversal.reverses_id or 0,
        reversal_id=reversal.pk,
        conversation_id=reversal.conversation_id,
    )


def booked_event(entry: Entry, *, actor_id: int | None, silent: bool = False) -> EntryBooked:
    """What is told of a new entry."""
    return EntryBooked(
        happened_at=entry.booked_at,
        actor_id=actor_id,
        customer_id=entry.customer_id,
        silent=silent,
        entry_id=entry.pk,
        conversation_id=entry.conversation_id,
        order_id=entry.order_id,
        cost=entry.booked,
        estimate=entry.estimated,
    )


_AMOUNTS: Final = ("booked", "estimated_low", "estimated", "estimated_high", "amount")
_AS_IT_WAS: Final = (
    "cost_class",
    "kind",
    "cause_id",
    "own_currency",
    "method",
    "currency",
    "rate_trillionths",
    "customer_id",
    "order_id",
    "conversation_id",
    "staff_id",
    "place_id",
    "happened_at",
)


def _columns_of(cost: int | Estimate, method: str) -> dict[str, int | str | None]:
    if isinstance(cost, Estimate):
        return {
            "booked": None,
            "estimated_low": cost.low,
            "estimated": cost.middle,
            "estimated_high": cost.high,
            "method": method,
        }
    return {"booked": cost}


def _other_sign(amount: int | None) -> int | None:
    return None if amount is None else -amount
