from collections.abc import Iterable

from dangol.customers.models import Customer, Identity
from dangol.kernel.errors import Gone


def living_customer(customer_id: int) -> Customer:
    """The person: the row itself, or the one that it became by merging. Refused (Gone) when there is none."""
    row = Customer.objects.filter(pk=customer_id).first()
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
        rows = Customer.objects.filter(merged_into__in=found).exclude(pk__in=ids)
        found = list(rows.order_by("id").values_list("pk", flat=True))
        ids = ids + found
    return ids


def names_of(customers: Iterable[Customer]) -> dict[int, str]:
    """The name of each, or the first address where there is none, by id; one query at most."""
    names = {customer.pk: customer.name for customer in customers}
    nameless = [pk for pk, name in names.items() if not name]
    if nameless:
        addresses = Identity.objects.filter(customer__in=nameless).order_by("-id")
        names |= dict(addresses.values_list("customer", "address"))
    return {pk: name or f"#{pk}" for pk, name in names.items()}
