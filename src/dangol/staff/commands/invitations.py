"""Seats kept for people who come: inviting, sending once more, withdrawing, accepting."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext

from dangol.business.queries import current_business
from dangol.kernel.audit import record_act
from dangol.staff.commands.people import make_account
from dangol.staff.errors import AddressTaken, AddressWaits, InvitationGone, OwnersInvite
from dangol.staff.models import Invitation, Role, Staff
from dangol.staff.queries import invitation_of
from dangol.staff.rights import demand
from dangol.staff.rules import may_invite_as
from dangol.staff.tokens import digest, new_token

VALID_FOR: Final = timedelta(days=7)


@dataclass(frozen=True)
class Invited:
    """An invitation with its link, which is known only now. `is_mailed` is False where no mailbox can send yet."""

    invitation: Invitation
    link: str = field(repr=False)
    is_mailed: bool = True


@transaction.atomic
def invite_staff(
    *,
    actor: Staff,
    email: str,
    role: str,
    language: str,
    link_to: Callable[[str], str],
    at: datetime,
) -> Invited:
    """Keep a seat and mail its link, which opens for seven days. An open invitation to the address is replaced.

    `link_to` makes the address of the page from the token. Managers invite agents, owners everybody.
    """
    _demand_right_to_give(actor, role)
    address = email.strip().lower()
    known = Staff.objects.filter(email__iexact=address).first()
    if known is not None:
        raise AddressTaken if known.is_active else AddressWaits
    Invitation.objects.filter(email=address, accepted_at=None).delete()
    token = new_token()
    invitation = Invitation.objects.create(
        email=address,
        role=Role(role),
        language=language,
        token_digest=digest(token),
        invited_by=actor,
        invited_at=at,
        expires_at=at + VALID_FOR,
    )
    _record(actor, at, "invite_staff", invitation, {}, {"role": invitation.role})
    return _mailed(invitation, link_to(token))


@transaction.atomic
def renew_invitation(
    *, actor: Staff, invitation: Invitation, link_to: Callable[[str], str], at: datetime
) -> Invited:
    """Send a new link for the same seat, again for seven days; the old link is dead."""
    _demand_right_to_give(actor, invitation.role)
    row = _locked(invitation)
    token = new_token()
    row.token_digest, row.invited_by, row.invited_at = digest(token), actor, at
    row.expires_at = at + VALID_FOR
    row.save(update_fields=["token_digest", "invited_by", "invited_at", "expires_at"])
    _record(actor, at, "renew_invitation", row, {}, {"role": row.role})
    return _mailed(row, link_to(token))


@transaction.atomic
def revoke_invitation(*, actor: Staff, invitation: Invitation, at: datetime) -> None:
    """Withdraw the seat: its link opens nothing any more."""
    _demand_right_to_give(actor, invitation.role)
    row = _locked(invitation)
    _record(actor, at, "revoke_invitation", row, {"role": row.role}, {})
    row.delete()


@transaction.atomic
def accept_invitation(*, actor: None, token: str, name: str, password: str, at: datetime) -> Staff:
    """Take the seat and get the account. Refused (InvitationGone) for a link that opens nothing.

    The link is the right to it: nobody is signed in yet. Two clicks wait for each other and one finds it taken.
    """
    found = invitation_of(token, at=at)
    row = (
        Invitation.objects.select_for_update().filter(pk=found.pk, accepted_at=None).first()
        if found
        else None
    )
    if row is None or not may_invite_as(row.invited_by, row.role):
        raise InvitationGone  # also when whoever gave it may not give it any more
    person = make_account(
        actor=actor,
        name=name,
        email=row.email,
        password=password,
        role=row.role,
        language=row.language,
        at=at,
    )
    row.accepted_at, row.accepted_by = at, person
    row.save(update_fields=["accepted_at", "accepted_by"])
    return person


def _demand_right_to_give(actor: Staff, role: str) -> None:
    demand(actor, "invite_staff")
    if not may_invite_as(actor, role):
        raise OwnersInvite


def _locked(invitation: Invitation) -> Invitation:
    row = Invitation.objects.select_for_update().filter(pk=invitation.pk, accepted_at=None).first()
    if row is None:
        raise InvitationGone
    return row


def _mailed(invitation: Invitation, link: str) -> Invited:
    business = current_business()
    with translation.override(invitation.language):
        values = {
            "business": business.name or "Dangol",
            "inviter": invitation.invited_by.name,
            "role": invitation.get_role_display(),
            "link": link,
        }
        subject = gettext("%(inviter)s invites you to the desk of %(business)s") % values
        text = render_to_string("staff/mail/invitation.txt", values)
    count = send_mail(subject, text, None, [invitation.email])
    return Invited(invitation, link, is_mailed=bool(count))


def _record(
    actor: Staff, at: datetime, act: str, row: Invitation, before: dict[str, str], after: dict[str, str]
) -> None:
    # The address is left out: an audit outlives the person's wish to be forgotten.
    record_act(
        actor_id=actor.pk,
        at=at,
        act=act,
        thing="Invitation",
        thing_id=row.pk,
        before=before,
        after=after,
    )
