"""Who brought whom."""

from datetime import datetime
from typing import Final

from django.db import transaction

from dangol.customers.errors import BroughtInACircle, Erased
from dangol.customers.events import IntroductionChanged
from dangol.customers.models import Customer, Introduction
from dangol.customers.queries import ids_of_person, living_customer, lock_person
from dangol.kernel.events import emit
from dangol.staff.models import Staff
from dangol.staff.rights import demand

MOST_STEPS: Final = 1000  # of a chain of people who brought each other


@transaction.atomic
def say_who_brought(*, actor: Staff | None, customer: Customer, by: Customer | None, at: datetime) -> None:
    """Keep that `by` brought the customer, in place of what was said before; None: nobody did, or nobody knows.

    Refused: Erased, BroughtInACircle (it is the person themselves, or somebody whom they brought).
    """
    demand(actor, "answer")
    wanted = {living_customer(each.pk).pk for each in (customer, by) if each is not None}
    people = {pk: lock_person(pk) for pk in sorted(wanted)}
    person = people[living_customer(customer.pk).pk]
    bringer = people[living_customer(by.pk).pk] if by is not None else None
    if any(each.erased_at for each in people.values()):
        raise Erased
    if bringer is not None and _leads_to(bringer, person):
        raise BroughtInACircle
    ids = ids_of_person(person)
    before = Introduction.objects.filter(customer__in=ids).order_by("-at", "-id").first()
    known = living_customer(before.by_id).pk if before else None
    if known == (bringer.pk if bringer else None):
        return
    Introduction.objects.filter(customer__in=ids).delete()
    if bringer is not None:
        Introduction.objects.create(customer=person, by=bringer, at=at, said_by=actor)
    emit(
        IntroductionChanged(
            happened_at=at,
            actor_id=actor.pk if actor else None,
            customer_id=person.pk,
            by_id=bringer.pk if bringer else None,
        )
    )


def _leads_to(start: Customer, end: Customer) -> bool:
    """Whether whoever brought `start`, and so on, is `end`."""
    person = start
    for _step in range(MOST_STEPS):
        if person.pk == end.pk:
            return True
        rows = Introduction.objects.filter(customer__in=ids_of_person(person)).order_by("-at", "-id")
        said = rows.first()
        if said is None:
            return False
        person = living_customer(said.by_id)
    return True
