from dangol.staff.models import Role, Staff
from dangol.staff.rights import may


def may_invite_as(person: Staff, role: str) -> bool:
    """Whether the person may give this role: whoever invites gives agents' seats, owners every seat."""
    return may(person, "invite_staff") and (Role(role) == Role.AGENT or may(person, "change_roles"))
