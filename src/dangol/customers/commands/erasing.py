"""All that is known of a person goes; the empty rows stay, so that what others know by their numbers still counts."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from dangol.customers.erased import remember_erased
from dangol.customers.models import (
    Consent,
    Customer,
    CustomerNote,
    Identity,
    Introduction,
    Membership,
    Merge,
    Segment,
    Tag,
    Unlike,
)
from dangol.search import index


def empty_person(*, ids: Sequence[int], at: datetime, not_theirs: Collection[str] = ()) -> None:
    """Empty the rows of the person, in the caller's transaction: names, addresses, notes, consents, tags, merges.

    That they were erased is remembered by what their addresses are held against, but for those that are `not_theirs`.

    A merge cannot be undone afterwards, since what it kept of before is gone as well. A word that was on nobody else
    is no word any more, since it may have been the person's name; but for one that a segment's rule asks for.
    """
    Customer.objects.filter(pk__in=ids).update(
        name="",
        family_name="",
        given_name="",
        name_order="",
        honorific="",
        language="",
        time_zone="",
        preferred_channel="",
        birth_year=None,
        birth_month=None,
        birth_day=None,
        company="",
        address="",
        country="",
        erased_at=at,
    )
    remember_erased(customers=ids, but_of=not_theirs, at=at)
    for model in (Identity, Consent, CustomerNote, Membership):
        model._base_manager.filter(customer__in=ids).delete()
    for field in ("kept", "gone"):
        Merge.objects.filter(**{f"{field}__in": ids}).delete()
    for field in ("customer", "by"):
        Introduction.objects.filter(**{f"{field}__in": ids}).delete()
    for field in ("one", "other"):
        Unlike.objects.filter(**{f"{field}__in": ids}).delete()
    theirs = list(Tag.objects.filter(customers__in=ids).values_list("pk", flat=True))
    Tag.customers.through.objects.filter(customer__in=ids).delete()
    Tag.objects.filter(pk__in=theirs, customers=None).exclude(pk__in=_asked_for()).delete()
    index.remove("customer", ids)


def _asked_for() -> set[int]:
    """The words that rules of segments name, by their numbers."""
    found: set[int] = set()
    parts: list[Any] = list(Segment.objects.values_list("rule", flat=True))
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            if part.get("fact") == "tag":
                found |= {int(each) for each in part.get("in", ()) if str(each).isdecimal()}
            parts += part.values()
        elif isinstance(part, list):
            parts += part
    return found
