"""What is known of a person: every change of it by hand."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from dangol.business.rules import is_zone
from dangol.customers import rules
from dangol.customers.commands.identities import attach_identity
from dangol.customers.commands.recognition import index_customer
from dangol.customers.errors import Erased, NameMissing, NotABirthday, NothingWritten, UnknownZone
from dangol.customers.events import (
    CustomerAdded,
    CustomerNoteAdded,
    CustomerNoteRemoved,
    ProfileChanged,
    TagsChanged,
)
from dangol.customers.models import Customer, CustomerNote, Tag
from dangol.customers.queries import ids_of_person, lock_person
from dangol.kernel.events import emit
from dangol.staff.models import Staff
from dangol.staff.rights import demand

FIELDS: Final = (
    "name",
    "family_name",
    "given_name",
    "name_order",
    "honorific",
    "language",
    "time_zone",
    "preferred_channel",
    "birth_year",
    "birth_month",
    "birth_day",
    "company",
    "address",
    "country",
)
"""What a profile is made of. An event names those that were changed."""

MOST_TAGS: Final = 30


@transaction.atomic
def add_customer(
    *, actor: Staff | None, addresses: Iterable[tuple[str, str]] = (), at: datetime, **profile: Any
) -> Customer:
    """Write a customer down by hand, with (kind, address) of each address; a name or an address is needed.

    Refused (AddressKnown) when an address is somebody's already.
    """
    demand(actor, "answer")
    customer = Customer(created_at=at)
    _fill(customer, profile, at)
    wanted = [(kind, address) for kind, address in addresses if address.strip()]
    if not (customer.name or wanted):
        raise NameMissing
    customer.save()
    actor_id = actor.pk if actor else None
    emit(CustomerAdded(happened_at=at, actor_id=actor_id, customer_id=customer.pk))
    for kind, address in wanted:
        attach_identity(customer, kind=kind, address=address, at=at)
    index_customer(customer)
    return customer


@transaction.atomic
def change_profile(*, actor: Staff | None, customer: Customer, at: datetime, **profile: Any) -> Customer:
    """Change what is known of the person; fields that are not named stay. What was there already is no change.

    Refused: NotABirthday, UnknownZone, Erased.
    """
    demand(actor, "answer")
    person = lock_person(customer.pk)
    if person.erased_at:
        raise Erased
    changed = _fill(person, profile, at)
    if changed:
        person.save(update_fields=changed)
        index_customer(person)
        actor_id = actor.pk if actor else None
        emit(ProfileChanged(happened_at=at, actor_id=actor_id, customer_id=person.pk, changed=changed))
    return person


@transaction.atomic
def add_customer_note(*, actor: Staff | None, customer: Customer, text: str, at: datetime) -> CustomerNote:
    """Write down what the team should know of the person."""
    demand(actor, "answer")
    if not text.strip():
        raise NothingWritten
    person = lock_person(customer.pk)
    if person.erased_at:
        raise Erased
    note = CustomerNote.objects.create(customer=person, text=text.strip(), by=actor, at=at)
    actor_id = actor.pk if actor else None
    emit(CustomerNoteAdded(happened_at=at, actor_id=actor_id, customer_id=person.pk, note_id=note.pk))
    return note


@transaction.atomic
def remove_customer_note(*, actor: Staff | None, note: CustomerNote, at: datetime) -> CustomerNote:
    """Take a note away; `put_note_back` writes down again what is returned."""
    demand(actor, "answer")
    pk = note.pk
    note.delete()
    actor_id = actor.pk if actor else None
    emit(CustomerNoteRemoved(happened_at=at, actor_id=actor_id, customer_id=note.customer_id, note_id=pk))
    return note


@transaction.atomic
def put_note_back(*, actor: Staff | None, note: CustomerNote, at: datetime) -> CustomerNote:
    """Write a note down again that was taken away, with who wrote it and when. Again changes nothing."""
    demand(actor, "answer")
    person = lock_person(note.customer_id)
    if person.erased_at:
        raise Erased
    back, is_new = CustomerNote.objects.get_or_create(
        customer_id=note.customer_id, text=note.text, by_id=note.by_id, at=note.at
    )
    if is_new:
        actor_id = actor.pk if actor else None
        emit(CustomerNoteAdded(happened_at=at, actor_id=actor_id, customer_id=person.pk, note_id=back.pk))
    return back


@transaction.atomic
def set_tags(*, actor: Staff | None, customer: Customer, names: Iterable[str], at: datetime) -> list[str]:
    """Let exactly these words be on the person, MOST_TAGS at most; new words are made. Returns them."""
    demand(actor, "answer")
    person = lock_person(customer.pk)
    if person.erased_at:
        raise Erased
    ids = ids_of_person(person)
    wanted = _tags_named(names)
    before = dict(Tag.objects.filter(customers__in=ids).values_list("pk", "name"))
    added = [pk for pk in wanted if pk not in before]
    removed = [pk for pk in before if pk not in wanted]
    on_people = Tag.customers.through.objects
    on_people.filter(customer__in=ids, tag__in=removed).delete()
    on_people.bulk_create([Tag.customers.through(tag_id=pk, customer_id=person.pk) for pk in added])
    if added or removed:
        actor_id = actor.pk if actor else None
        emit(
            TagsChanged(
                happened_at=at, actor_id=actor_id, customer_id=person.pk, added=added, removed=sorted(removed)
            )
        )
    return sorted(wanted.values())


def _tags_named(names: Iterable[str]) -> dict[int, str]:
    clean = dict.fromkeys(" ".join(name.split())[:40] for name in names)
    wanted = [name for name in clean if name][:MOST_TAGS]
    Tag.objects.bulk_create([Tag(name=name) for name in wanted], ignore_conflicts=True)
    return dict(Tag.objects.filter(name__in=wanted).order_by("pk").values_list("pk", "name"))


def _fill(customer: Customer, profile: dict[str, Any], at: datetime) -> list[str]:
    """Put the fields in and say which differ. `name` is what all pages show: it follows from the others if empty."""
    before = {field: getattr(customer, field) for field in FIELDS}
    for field, value in profile.items():
        if field not in FIELDS:
            raise TypeError(f"a profile has no {field}")
        setattr(customer, field, value.strip() if isinstance(value, str) else value)
    customer.name = rules.shown_name(
        customer.name, customer.family_name, customer.given_name, customer.name_order
    )[:200]
    today = timezone.localdate(at)
    if not rules.is_birthday(customer.birth_year, customer.birth_month, customer.birth_day, today=today):
        raise NotABirthday
    if customer.time_zone and not is_zone(customer.time_zone):
        raise UnknownZone
    return [field for field in FIELDS if getattr(customer, field) != before[field]]
