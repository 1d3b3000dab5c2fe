"""All that is known of a person goes; the empty rows stay, so that what others know by their numbers still counts."""

from collections.abc import Sequence
from datetime import datetime

from dangol.customers.models import (
    Consent,
    Customer,
    CustomerNote,
    Identity,
    Introduction,
    Membership,
    Merge,
    Tag,
    Unlike,
)
from dangol.search import index


def empty_person(*, ids: Sequence[int], at: datetime) -> None:
    """Empty the rows of the person, in the caller's transaction: names, addresses, notes, consents, tags, merges.

    A merge cannot be undone afterwards, since what it kept of before is gone as well. A word that was on nobody else
    is no word any more: it may have been the person's name.
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
    Tag.objects.filter(pk__in=theirs, customers=None).delete()
    index.remove("customer", ids)
