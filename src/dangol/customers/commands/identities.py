"""A person's addresses: written down, taken away, proved, handed to somebody else."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from dangol.business.queries import current_business
from dangol.customers.commands.merging import join_rows
from dangol.customers.commands.recognition import index_customer, normal_address
from dangol.customers.errors import AddressInUse, AddressKnown, AddressUnclear, Erased, LastAddress
from dangol.customers.events import IdentityAdded, IdentityRemoved, IdentitySplit, IdentityVerified
from dangol.customers.kinds import EMAIL, KINDS, PHONE
from dangol.customers.models import Customer, Identity
from dangol.customers.queries import ids_of_person, living_customer, lock_person
from dangol.customers.rules import normal_phone, phone_with_zero
from dangol.kernel.events import emit
from dangol.staff.models import Staff
from dangol.staff.rights import demand


@transaction.atomic
def add_identity(
    *, actor: Staff | None, customer: Customer, kind: str, address: str, at: datetime
) -> Identity:
    """Write an address down for the person. Typing proves nothing: it is not verified.

    Refused (AddressKnown) when it is somebody else's; what is the person's already is returned as it is.
    """
    demand(actor, "answer")
    person = lock_person(customer.pk)
    if person.erased_at:
        raise Erased
    identity, is_new = attach_identity(person, kind=kind, address=address, at=at)
    if is_new:
        index_customer(person)
        actor_id = actor.pk if actor else None
        emit(IdentityAdded(happened_at=at, actor_id=actor_id, customer_id=person.pk, identity_id=identity.pk))
    return identity


def attach_identity(person: Customer, *, kind: str, address: str, at: datetime) -> tuple[Identity, bool]:
    """The identity, and whether it is new; in the caller's transaction. A telephone number that lacks its first 0 gets
    it. Refused: AddressUnclear, AddressKnown."""
    _check(kind, address)
    if kind == PHONE:
        address = phone_with_zero(address, current_business().country) or address
    normal = normal_address(address, kind)
    identity, is_new = Identity.objects.get_or_create(
        kind=kind,
        address=normal,
        defaults={
            "shown": " ".join(address.split())[:320],
            "customer": person,
            "source": Identity.Source.HAND,
            "created_at": at,
        },
    )
    if not is_new:
        owner = living_customer(identity.customer_id)
        if owner.pk != person.pk:
            raise AddressKnown(owner.pk)
    return identity, is_new


@transaction.atomic
def remove_identity(*, actor: Staff | None, identity: Identity, at: datetime) -> None:
    """Take away an address that was only written down. Refused (AddressInUse) for one that was used or proved."""
    demand(actor, "answer")
    identity = Identity.objects.select_for_update().select_related("customer").get(pk=identity.pk)
    if not identity.may_be_removed:
        raise AddressInUse
    pk, customer = identity.pk, identity.customer
    identity.delete()
    index_customer(customer)
    actor_id = actor.pk if actor else None
    emit(IdentityRemoved(happened_at=at, actor_id=actor_id, customer_id=customer.pk, identity_id=pk))


@transaction.atomic
def verify_identity(*, customer: Customer, kind: str, address: str, at: datetime) -> Identity:
    """The address was proved to be this person's: its owner followed a signed link, or the platform vouches for it.

    Only here do identities join by themselves. If the address is another customer's until now, and all that this one
    has is proved (this address included), the two become one; otherwise the address alone is marked as proved where
    it is, and people decide.
    """
    person = lock_person(customer.pk)
    identity, is_new = Identity.objects.select_for_update().get_or_create(
        kind=kind,
        address=normal_address(address, kind),
        defaults={
            "shown": address[:320],
            "customer": person,
            "source": Identity.Source.PLATFORM,
            "created_at": at,
        },
    )
    if not identity.is_verified:
        identity.is_verified = True
        identity.save(update_fields=["is_verified"])
        emit(IdentityVerified(happened_at=at, customer_id=person.pk, identity_id=identity.pk))
    if is_new:
        index_customer(person)
    other = living_customer(identity.customer_id)
    if other.pk != person.pk and _all_proved(person) and _all_proved(other):
        join_rows(actor=None, kept=person, gone=lock_person(other.pk), take=(), at=at)
    return identity


def split_off(*, actor: Staff | None, identity: Identity, name: str, at: datetime) -> Customer:
    """Make the address a customer of its own and return who that is; its conversations are the inbox's to bring.

    In the caller's transaction. Refused (LastAddress) where it is the person's only one.
    """
    demand(actor, "answer")
    identity = Identity.objects.select_for_update().get(pk=identity.pk)
    before = lock_person(identity.customer_id)
    if Identity.objects.filter(customer__in=ids_of_person(before)).count() < 2:
        raise LastAddress
    row = Customer.objects.get(pk=identity.customer_id)
    customer = Customer.objects.create(name=name[:200], created_at=at)
    identity.customer = customer
    identity.save(update_fields=["customer"])
    index_customer(row)
    index_customer(customer)
    actor_id = actor.pk if actor else None
    emit(
        IdentitySplit(
            happened_at=at,
            actor_id=actor_id,
            customer_id=before.pk,
            identity_id=identity.pk,
            new_customer_id=customer.pk,
        )
    )
    return customer


def _all_proved(person: Customer) -> bool:
    rows = Identity.objects.filter(customer__in=ids_of_person(person))
    return rows.exists() and not rows.filter(is_verified=False).exists()


def _check(kind: str, address: str) -> None:
    if kind not in KINDS or not address.strip() or len(address) > 320:
        raise AddressUnclear
    if kind == EMAIL:
        try:
            validate_email(address.strip())
        except ValidationError:
            raise AddressUnclear from None
    if kind == PHONE and not normal_phone(address):
        raise AddressUnclear
