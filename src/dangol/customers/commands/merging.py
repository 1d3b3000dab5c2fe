"""Two rows that are one person, and two again."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from dangol.customers.commands.recognition import index_customer
from dangol.customers.errors import Erased, MergeGone, MergeTooOld, OnePersonAlready
from dangol.customers.events import CustomersMerged, CustomersToldApart, MergeUndone
from dangol.customers.models import Customer, Merge, Unlike
from dangol.customers.queries import living_customer, lock_person
from dangol.customers.rules import MERGE_DAYS
from dangol.kernel.events import emit
from dangol.staff.models import Staff
from dangol.staff.rights import demand

TRAITS: Final[dict[str, tuple[str, ...]]] = {
    "name": ("name",),
    "full_name": ("family_name", "given_name", "name_order"),
    "honorific": ("honorific",),
    "language": ("language",),
    "time_zone": ("time_zone",),
    "preferred_channel": ("preferred_channel",),
    "birthday": ("birth_month", "birth_day"),
    "birth_year": ("birth_year",),
    "company": ("company",),
    "address": ("address",),
    "country": ("country",),
}
"""What is chosen as one when two become one, and the fields of each."""


@transaction.atomic
def merge_customers(
    *, actor: Staff, kept: Customer, gone: Customer, take: Collection[str], at: datetime
) -> Merge:
    """Make two customers one: `kept` stays, and of `gone` it takes the traits that are named in `take` (TRAITS).

    Nothing is moved: the other row points to the kept one, so that every link goes on working and all can be undone.
    Refused (OnePersonAlready) when they are one.
    """
    demand(actor, "answer")
    one, other = living_customer(kept.pk), living_customer(gone.pk)
    # In one order, so that two who merge the same pair do not wait for each other for ever.
    rows = {pk: lock_person(pk) for pk in sorted({one.pk, other.pk})}
    return join_rows(actor=actor, kept=rows[one.pk], gone=rows[other.pk], take=take, at=at)


def join_rows(
    *, actor: Staff | None, kept: Customer, gone: Customer, take: Collection[str], at: datetime
) -> Merge:
    """The same for two living rows that are locked, in the caller's transaction."""
    if kept.pk == gone.pk:
        raise OnePersonAlready
    if kept.erased_at or gone.erased_at:
        raise Erased
    fields = [field for trait, fields in TRAITS.items() if trait in take for field in fields]
    changed = {
        field: [was, becomes]
        for field in fields
        if (was := getattr(kept, field)) != (becomes := getattr(gone, field))
    }
    for field, (_was, becomes) in changed.items():
        setattr(kept, field, becomes)
    gone.merged_into = kept
    gone.save(update_fields=["merged_into"])
    if changed:
        kept.save(update_fields=list(changed))
    merge = Merge.objects.create(kept=kept, gone=gone, kept_before=changed, at=at, by=actor)
    index_customer(kept)
    emit(
        CustomersMerged(
            happened_at=at,
            actor_id=actor.pk if actor else None,
            customer_id=kept.pk,
            merge_id=merge.pk,
            gone_id=gone.pk,
        )
    )
    return merge


@transaction.atomic
def undo_merge(*, actor: Staff, merge: Merge, at: datetime) -> Merge:
    """Make the two again what they were, whatever else was merged before and after.

    What was written by hand since then stays, and what was added since then stays with the row that it was added to.
    Refused: MergeGone (it was undone), MergeTooOld (after MERGE_DAYS).
    """
    demand(actor, "answer")
    merge = Merge.objects.select_for_update().get(pk=merge.pk)
    if merge.undone_at is not None:
        raise MergeGone
    if at - merge.at > timedelta(days=MERGE_DAYS):
        raise MergeTooOld
    rows = Customer.objects.select_for_update().filter(pk__in=[merge.kept_id, merge.gone_id]).order_by("pk")
    by_id = {row.pk: row for row in rows}
    kept, gone = by_id[merge.kept_id], by_id[merge.gone_id]
    gone.merged_into = None
    gone.save(update_fields=["merged_into"])
    _put_back(kept, merge)
    merge.undone_at, merge.undone_by = at, actor
    merge.save(update_fields=["undone_at", "undone_by"])
    for row in (kept, gone):
        index_customer(row)
    emit(
        MergeUndone(
            happened_at=at,
            actor_id=actor.pk,
            customer_id=kept.pk,
            merge_id=merge.pk,
            gone_id=gone.pk,
        )
    )
    return merge


@transaction.atomic
def tell_apart(*, actor: Staff, one: Customer, other: Customer, at: datetime) -> Unlike:
    """They are two people: no longer suggest that they are one. Said again, it stays as it was said first."""
    demand(actor, "answer")
    first, second = sorted((living_customer(one.pk).pk, living_customer(other.pk).pk))
    if first == second:
        raise OnePersonAlready
    unlike, is_new = Unlike.objects.get_or_create(
        one_id=first, other_id=second, defaults={"at": at, "by": actor}
    )
    if is_new:
        emit(CustomersToldApart(happened_at=at, actor_id=actor.pk, customer_id=first, other_id=second))
    return unlike


def _put_back(kept: Customer, merge: Merge) -> None:
    """Take this merge's link out of the chain of values of each field.

    The value before it goes to who took over the value after it: the next merge that changed the field, or else the
    row itself. If that has another value, somebody changed it by hand in between, and theirs counts.
    """
    later = list(
        Merge.objects.select_for_update().filter(kept=kept, undone_at=None, pk__gt=merge.pk).order_by("pk")
    )
    put_back: dict[str, Any] = {}
    touched: dict[int, Merge] = {}
    for field, (was, became) in merge.kept_before.items():
        following = _first_with(later, field)
        if following is not None:
            if following.kept_before[field][0] == became:
                following.kept_before[field][0] = was
                touched[following.pk] = following
        elif getattr(kept, field) == became:
            put_back[field] = was
    for each in touched.values():
        each.save(update_fields=["kept_before"])
    if put_back:
        for field, value in put_back.items():
            setattr(kept, field, value)
        kept.save(update_fields=list(put_back))


def _first_with(merges: Iterable[Merge], field: str) -> Merge | None:
    return next((merge for merge in merges if field in merge.kept_before), None)
