"""What was put back from a backup of before holds people who were erased since: they are erased again."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from dangol.customers.models import Customer
from dangol.customers.queries import ids_of_person, living_of, names_of
from dangol.privacy.commands import erase_customer

_AT_ONCE: Final = 500


@dataclass(frozen=True)
class ErasedAgain:
    """How many people were erased again, and how many were left, since in the backup they were one with somebody who
    was not erased."""

    people: int = 0
    left: int = 0

    def said(self) -> Iterator[str]:
        """What a terminal is told of it."""
        if self.people:
            yield f"Customers who had been erased since, and are erased again: {self.people}"
        if self.left:
            yield f"Customers who were one with somebody else then; erase them again yourself: {self.left}"


def uids_of_erased(customers: Collection[int] | None = None) -> set[UUID]:
    """By what the empty rows of those who were erased are known in every backup, if it has them; of these or of all."""
    rows = Customer.objects.filter(erased_at__isnull=False)
    return set((rows if customers is None else rows.filter(pk__in=customers)).values_list("uid", flat=True))


def erase_again(uids: Collection[UUID], *, at: datetime) -> ErasedAgain:
    """Erase those whose rows these are and who are there again. Whoever is not there is nobody's concern."""
    people: dict[int, Customer] = {}
    listed = list(uids)
    for start in range(0, len(listed), _AT_ONCE):
        rows = Customer.objects.filter(uid__in=listed[start : start + _AT_ONCE], erased_at=None)
        people |= {each.pk: each for each in living_of(rows.values_list("pk", flat=True)).values()}
    erased = 0
    known = set(uids)
    for person in people.values():
        theirs = Customer.objects.filter(pk__in=ids_of_person(person)).values_list("uid", flat=True)
        if known.issuperset(theirs):
            erase_customer(actor=None, customer=person, name=names_of([person])[person.pk], at=at)
            erased += 1
    return ErasedAgain(erased, len(people) - erased)
