from datetime import datetime

from django.db.models import QuerySet

from dangol.kernel.errors import Gone
from dangol.staff.models import Invitation, Staff
from dangol.staff.rules import may_invite_as
from dangol.staff.tokens import digest


def has_staff() -> bool:
    """Whether anybody has an account yet. As long as nobody does, the first visitor sets the desk up and owns it."""
    return Staff.objects.exists()


def all_staff() -> QuerySet[Staff]:
    """Everybody who works or worked here: those who may sign in first, each by name."""
    return Staff.objects.order_by("-is_active", "name", "pk")


def active_staff() -> QuerySet[Staff]:
    """Everybody who may sign in."""
    return Staff.objects.filter(is_active=True).order_by("pk")


def active_count() -> int:
    """How many people may sign in."""
    return Staff.objects.filter(is_active=True).count()


def staff_member(pk: int) -> Staff:
    """The person; Gone when there is none."""
    found = Staff.objects.filter(pk=pk).first()
    if found is None:
        raise Gone
    return found


def open_invitations() -> QuerySet[Invitation]:
    """Seats that are kept and not taken, the newest first; some may have run out."""
    return Invitation.objects.filter(accepted_at=None).select_related("invited_by").order_by("-invited_at")


def open_invitation(pk: int) -> Invitation:
    """The invitation that is not taken yet; Gone when there is none."""
    found = open_invitations().filter(pk=pk).first()
    if found is None:
        raise Gone
    return found


def invitation_of(token: str, *, at: datetime) -> Invitation | None:
    """The invitation that this token opens now: not taken, withdrawn or run out, and its sender may still give it."""
    found = open_invitations().filter(token_digest=digest(token), expires_at__gt=at).first()
    return found if found and may_invite_as(found.invited_by, found.role) else None
