"""Whether two customers may be one person: signs and their weights. It only ever suggests; people decide."""

from dataclasses import dataclass
from typing import Final, Literal

Sign = Literal[
    "phone", "order_email", "name_and_birthday", "name", "local_part", "address", "company", "other_birthday"
]

WEIGHTS: Final[dict[Sign, int]] = {
    "phone": 60,
    "order_email": 60,
    "name_and_birthday": 70,
    "name": 35,
    "address": 25,
    "local_part": 20,
    "company": 10,
    "other_birthday": -60,
}
"""How much each sign says. Set by judgement, so that one that many people share is not enough alone (a company, the
first half of an address), and one that few share is."""

ENOUGH: Final = 30
SHORTEST_LOCAL_PART: Final = 5
_SHARED: Final = frozenset(
    {"admin", "contact", "hello", "info", "office", "order", "orders", "sales", "support"}
)


@dataclass(frozen=True)
class Facts:
    """What is known of a person; names, numbers and texts are in their normal form (`customers.rules`)."""

    names: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    order_emails: frozenset[str] = frozenset()
    birthday: tuple[int, int] | None = None
    birth_year: int | None = None
    address: str = ""
    company: str = ""


@dataclass(frozen=True)
class Likeness:
    """The signs, the weightiest first, and what they weigh together."""

    weight: int
    signs: tuple[Sign, ...]

    @property
    def is_enough(self) -> bool:
        """Whether it is worth to be asked about."""
        return self.weight >= ENOUGH


def likeness(one: Facts, other: Facts) -> Likeness:
    """What speaks for one person and what against; the same whichever comes first."""
    signs: set[Sign] = set()
    if one.phones & other.phones:
        signs.add("phone")
    if one.order_emails & (other.emails | other.order_emails) or other.order_emails & one.emails:
        signs.add("order_email")
    has_name = bool(one.names & other.names)
    if has_name and one.birthday and one.birthday == other.birthday:
        signs.add("name_and_birthday")
    elif has_name:
        signs.add("name")
    if local_parts(one.emails) & local_parts(other.emails):
        signs.add("local_part")
    if one.address and one.address == other.address:
        signs.add("address")
    if one.company and one.company == other.company:
        signs.add("company")
    if _differ(one.birthday, other.birthday) or _differ(one.birth_year, other.birth_year):
        signs.add("other_birthday")
        signs.discard("name_and_birthday")
        if has_name:
            signs.add("name")
    ordered = tuple(sorted(signs, key=lambda sign: (-WEIGHTS[sign], sign)))
    return Likeness(sum(WEIGHTS[sign] for sign in ordered), ordered)


def local_parts(emails: frozenset[str]) -> frozenset[str]:
    """What stands before the @, where it is somebody's own word and long enough to say something."""
    parts = (email.partition("@")[0].partition("+")[0] for email in emails)
    return frozenset(part for part in parts if len(part) >= SHORTEST_LOCAL_PART and part not in _SHARED)


def _differ(one: object, other: object) -> bool:
    return one is not None and other is not None and one != other
