"""Every change to people and their addresses."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db.models import Prefetch

from dangol.customers.models import Customer, Identity
from dangol.search import index


def recognise_customers(
    *, kind: str, parties: Iterable[tuple[str, str | None]], at: datetime
) -> Mapping[str, Identity]:
    """The identity for each (address, name), by normal address, with its customer.

    Who is met for the first time is made; a name fills a missing one and never replaces another. In the
    caller's transaction, with the same number of queries however many they are.
    """
    wanted: dict[str, tuple[str, str]] = {}
    for address, name in parties:
        normal = normal_address(address)
        shown, known_name = wanted.get(normal, (address, ""))
        wanted[normal] = (shown, known_name or _clean_name(name))
    found = {
        identity.address: identity
        for identity in Identity.objects.select_related("customer").filter(kind=kind, address__in=wanted)
    }
    changed = _name_the_nameless(found, wanted)
    new = [normal for normal in wanted if normal not in found]
    customers = Customer.objects.bulk_create(
        Customer(name=wanted[normal][1], created_at=at) for normal in new
    )
    made = Identity.objects.bulk_create(
        Identity(kind=kind, address=normal, shown=wanted[normal][0][:320], customer=customer, created_at=at)
        for normal, customer in zip(new, customers, strict=True)
    )
    found.update({identity.address: identity for identity in made})
    index.put(
        "customer",
        [(identity.customer_id, f"{identity.customer.name} {identity.address}") for identity in made],
    )
    for customer in changed:
        index_customer(customer)
    return found


def index_customer(customer: Customer) -> None:
    """Put the person's name and addresses into the search index."""
    words = [customer.name, *customer.identities.values_list("address", flat=True)]
    index.put("customer", [(customer.pk, " ".join(filter(None, words)))])


def index_all_customers() -> None:
    """Put everybody into the search index, as after a restore. In a transaction of its own."""
    everybody = Customer.objects.order_by("pk").prefetch_related(
        Prefetch("identities", Identity.objects.order_by("pk"))
    )
    index.put(
        "customer",
        (
            (
                customer.pk,
                " ".join(filter(None, [customer.name, *(one.address for one in customer.identities.all())])),
            )
            for customer in everybody.iterator(chunk_size=500)
        ),
    )


def normal_address(address: str) -> str:
    """The form under which an address is the same identity: trimmed, lower case."""
    return address.strip().lower()[:320]


def _name_the_nameless(
    found: Mapping[str, Identity], wanted: Mapping[str, tuple[str, str]]
) -> list[Customer]:
    changed = []
    for normal, identity in found.items():
        name = wanted[normal][1]
        if name and not identity.customer.name:
            identity.customer.name = name
            identity.customer.save(update_fields=["name"])
            changed.append(identity.customer)
    return changed


def _clean_name(name: str | None) -> str:
    return " ".join((name or "").split())[:200]
