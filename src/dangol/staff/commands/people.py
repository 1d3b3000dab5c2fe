"""Who works here: every write of an account."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import password_validation
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import transaction

from dangol.business.models import Business
from dangol.business.rules import is_zone
from dangol.kernel.audit import record_act
from dangol.kernel.errors import Refused
from dangol.kernel.events import emit
from dangol.staff.errors import AddressTaken, LastOwner, NameMissing, OwnerExists, PasswordTooWeak
from dangol.staff.events import StaffDeactivated, StaffJoined, StaffReactivated, StaffRoleChanged
from dangol.staff.models import Role, Staff
from dangol.staff.rights import demand

PROFILE = ("name", "language", "time_zone", "signature", "wants_alarms")


@transaction.atomic
def create_owner(
    *, actor: Staff | None, name: str, email: str, password: str, language: str, at: datetime
) -> Staff:
    """The first account of an installation. Refused (OwnerExists) as soon as anybody has one.

    Two who try at the same moment wait for each other at the business's row, so that only one becomes it.
    """
    Business.objects.select_for_update().get_or_create(pk=Business.ONLY)
    if Staff.objects.exists():
        raise OwnerExists
    return add_staff(
        actor=actor, name=name, email=email, password=password, role=Role.OWNER, language=language, at=at
    )


@transaction.atomic
def add_staff(
    *,
    actor: Staff | None,
    name: str,
    email: str,
    password: str,
    role: str,
    language: str = "",
    time_zone: str = "",
    at: datetime,
) -> Staff:
    """Give somebody an account at once, without an invitation. For the machine, and behind it the first visit."""
    demand(actor, "change_roles")
    return make_account(
        actor=actor,
        name=name,
        email=email,
        password=password,
        role=role,
        language=language,
        time_zone=time_zone,
        at=at,
    )


def make_account(
    *,
    actor: Staff | None,
    name: str,
    email: str,
    password: str,
    role: str,
    language: str,
    time_zone: str = "",
    at: datetime,
) -> Staff:
    """Write the account and say so, in the caller's transaction. Who may do so is the caller's question."""
    person = Staff(
        email=email.strip().lower(),
        name=_name(name),
        role=Role(role),
        language=language,
        time_zone=time_zone,
    )
    if Staff.objects.filter(email__iexact=person.email).exists():
        raise AddressTaken
    set_checked_password(person, password)
    person.save(force_insert=True)
    _record(actor or person, at, "add_staff", person, {}, {"role": person.role, "name": person.name})
    emit(StaffJoined(happened_at=at, actor_id=(actor or person).pk, staff_id=person.pk))
    return person


@transaction.atomic
def change_role(*, actor: Staff | None, person: Staff, role: str, at: datetime) -> Staff:
    """Give somebody another role. The last owner keeps theirs (LastOwner)."""
    demand(actor, "change_roles")
    row = _locked(person)
    before = row.role
    if before == Role(role):
        return row
    _leave_an_owner(row)
    row.role = Role(role)
    row.save(update_fields=["role"])
    _record(actor, at, "change_role", row, {"role": before}, {"role": row.role})
    emit(StaffRoleChanged(happened_at=at, actor_id=_id(actor), staff_id=row.pk))
    return row


@transaction.atomic
def deactivate_staff(*, actor: Staff | None, person: Staff, at: datetime) -> Staff:
    """End somebody's access at once, on every device. What they wrote stays; the last owner stays as well."""
    demand(actor, "change_roles")
    row = _locked(person)
    if not row.is_active:
        return row
    _leave_an_owner(row)
    row.is_active = False
    row.save(update_fields=["is_active"])
    end_sessions(row, at=at)
    _record(actor, at, "deactivate_staff", row, {"is_active": True}, {"is_active": False})
    emit(StaffDeactivated(happened_at=at, actor_id=_id(actor), staff_id=row.pk))
    return row


@transaction.atomic
def reactivate_staff(*, actor: Staff | None, person: Staff, at: datetime) -> Staff:
    """Let somebody sign in again, in the role they had."""
    demand(actor, "change_roles")
    row = _locked(person)
    if row.is_active:
        return row
    row.is_active = True
    row.save(update_fields=["is_active"])
    _record(actor, at, "reactivate_staff", row, {"is_active": False}, {"is_active": True})
    emit(StaffReactivated(happened_at=at, actor_id=_id(actor), staff_id=row.pk))
    return row


@transaction.atomic
def change_profile(
    *,
    actor: Staff,
    name: str,
    language: str,
    time_zone: str,
    signature: str,
    wants_alarms: bool | None = None,
    at: datetime,
) -> Staff:
    """What people say about themselves: nobody does it for another. Empty language and zone are the business's.

    Whether they get alarms by mail stays as it is where they were not asked.
    """
    if (language and language not in dict(settings.LANGUAGES)) or (time_zone and not is_zone(time_zone)):
        raise Refused  # every page of theirs would fail
    row = _locked(actor)
    before = {field: getattr(row, field) for field in PROFILE}
    row.name, row.language, row.time_zone = _name(name), language, time_zone
    row.signature = signature.strip()
    row.wants_alarms = row.wants_alarms if wants_alarms is None else wants_alarms
    row.save(update_fields=PROFILE)
    after = {field: getattr(row, field) for field in PROFILE}
    if before != after:
        _record(actor, at, "change_profile", row, before, after)
    return row


def end_sessions(person: Staff, *, at: datetime) -> int:
    """Sign the person out everywhere; how many sessions that were.

    An inactive account is turned away anyway; without this its old sessions would come back to life with it.
    """
    ended = 0
    for session in Session.objects.filter(expire_date__gt=at).iterator():
        if session.get_decoded().get("_auth_user_id") == str(person.pk):
            session.delete()
            ended += 1
    return ended


def set_checked_password(person: Staff, password: str) -> None:
    """Put the password on the unsaved row, or refuse it in words (PasswordTooWeak)."""
    try:
        password_validation.validate_password(password, person)
    except ValidationError as weak:
        raise PasswordTooWeak(" ".join(weak.messages)) from weak
    person.set_password(password)


def _locked(person: Staff) -> Staff:
    # All owners are locked with the person: two who demote each other must not both succeed.
    list(Staff.objects.select_for_update().filter(role=Role.OWNER).order_by("pk"))
    return Staff.objects.select_for_update().get(pk=person.pk)


def _leave_an_owner(person: Staff) -> None:
    if person.role != Role.OWNER or not person.is_active:
        return
    if not Staff.objects.filter(role=Role.OWNER, is_active=True).exclude(pk=person.pk).exists():
        raise LastOwner


def _name(name: str) -> str:
    if not name.strip():
        raise NameMissing
    return name.strip()[:80]


def _record(
    actor: Staff | None,
    at: datetime,
    act: str,
    person: Staff,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    record_act(
        actor_id=_id(actor), at=at, act=act, thing="Staff", thing_id=person.pk, before=before, after=after
    )


def _id(actor: Staff | None) -> int | None:
    return None if actor is None else actor.pk
