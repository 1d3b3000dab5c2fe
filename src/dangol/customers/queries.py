from collections.abc import Iterable
from typing import Final

from dangol.customers.models import Customer, Identity
from dangol.kernel.errors import Gone
from dangol.kernel.prepared import Prepared

_CUSTOMER: Final = Prepared(lambda pk: Customer.objects.filter(pk=pk))
_BECAME: Final = Prepared(
    lambda ids, known: (
        Customer.objects.filter(merged_into__in=ids).exclude(pk__in=known).order_by("id").values_list("pk")
    )
)
_IDENTITIES: Final = Prepared(
    lambda ids: Identity.objects.filter(customer__in=ids).order_by("-is_verified", "id")
)


def living_customer(customer_id: int) -> Customer:
    """The person: the row itself, or the one that it became by merging. Refused (Gone) when there is none."""
    row: Customer | None = next(iter(_CUSTOMER(pk=customer_id)), None)
    if row is None:
        raise Gone
    seen = {row.pk}
    while row.merged_into_id is not None and row.merged_into_id not in seen:
        row = Customer.objects.get(pk=row.merged_into_id)
        seen.add(row.pk)
    return row


def ids_of_person(customer: Customer) -> list[int]:
    """The ids of all rows that are this person, the living one first."""
    ids = [customer.pk]
    found = ids
    while found:
        found = [pk for (pk,) in _BECAME(ids=tuple(found), known=tuple(ids))]
        ids = ids + found
    return ids


def identities_of(ids: Iterable[int]) -> list[Identity]:
    """The addresses of the person whose rows these are, the verified ones first."""
    return _IDENTITIES(ids=tuple(ids))


def names_of(customers: Iterable[Customer]) -> dict[int, str]:
    """The name of each, or the first address where there is none, by id; one query at most."""
    names = {customer.pk: customer.name for customer in customers}
    nameless = [pk for pk, name in names.items() if not name]
    if nameless:
        addresses = Identity.objects.filter(customer__in=nameless).order_by("-id")
        names |= dict(addresses.values_list("customer", "address"))
    return {pk: name or f"#{pk}" for pk, name in names.items()}
