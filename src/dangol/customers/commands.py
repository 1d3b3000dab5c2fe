"""Every change to people and their addresses."""

from datetime import datetime

from django.db import transaction

from dangol.customers.models import Customer, Identity
from dangol.search import index


def recognise_customer(*, kind: str, address: str, name: str | None, at: datetime) -> Identity:
    """The identity with this address and, through it, its customer; both are made at the first meeting.

    A name fills a missing one and never replaces another. The caller's transaction is used.
    """
    normal = normal_address(address)
    found = Identity.objects.select_related("customer").filter(kind=kind, address=normal).first()
    if found is None:
        with transaction.atomic():
            customer = Customer.objects.create(name=_clean_name(name), created_at=at)
            found, made = Identity.objects.get_or_create(
                kind=kind,
                address=normal,
                defaults={"shown": address[:320], "customer": customer, "created_at": at},
            )
            if not made:
                # Somebody else met the same person in the same instant.
                customer.delete()
                return Identity.objects.select_related("customer").get(pk=found.pk)
            found.customer = customer
        index_customer(found.customer)
    elif not found.customer.name and _clean_name(name):
        found.customer.name = _clean_name(name)
        found.customer.save(update_fields=["name"])
        index_customer(found.customer)
    return found


def index_customer(customer: Customer) -> None:
    """Put the person's name and addresses into the search index."""
    words = [customer.name, *customer.identities.values_list("address", flat=True)]
    index.put("customer", [(customer.pk, " ".join(filter(None, words)))])


def normal_address(address: str) -> str:
    """The form under which an address is the same identity: trimmed, lower case."""
    return address.strip().lower()[:320]


def _clean_name(name: str | None) -> str:
    return " ".join((name or "").split())[:200]
