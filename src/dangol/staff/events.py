from dataclasses import dataclass

from dangol.kernel.events import Happened


@dataclass(frozen=True, kw_only=True)
class StaffJoined(Happened):
    """Somebody works here from now on and may sign in."""

    staff_id: int


@dataclass(frozen=True, kw_only=True)
class StaffRoleChanged(Happened):
    """Somebody has another role; the audit has which."""

    staff_id: int


@dataclass(frozen=True, kw_only=True)
class StaffDeactivated(Happened):
    """Somebody may no longer sign in; what they did stays theirs."""

    staff_id: int


@dataclass(frozen=True, kw_only=True)
class StaffReactivated(Happened):
    """Somebody who was away may sign in again."""

    staff_id: int
