"""Who somebody is by an address, and by which words people are found."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db.models import Prefetch

from dangol.customers.commands.meeting import Address, keep_identities, known_identities
from dangol.customers.kinds import EMAIL, PHONE
from dangol.customers.models import Customer, Identity
from dangol.customers.rules import full_name, normal_phone
from dangol.kernel.rows import update_rows
from dangol.search import index


def recognise_customers(
    *,
    kind: str,
    parties: Iterable[tuple[str, str | None]],
    at: datetime,
    source: str = Identity.Source.MESSAGE,
) -> Mapping[str, Identity]:
    """The same for addresses of one kind, by normal address."""
    met = recognise_parties({kind: parties}, at=at, source=source)
    return {address: identity for (_kind, address), identity in met.items()}


def recognise_parties(
    parties: Mapping[str, Iterable[tuple[str, str | None]]],
    *,
    at: datetime,
    source: str = Identity.Source.MESSAGE,
) -> Mapping[Address, Identity]:
    """The identity for each (address, name) of these kinds, by kind and normal address, with its customer.

    Who is met for the first time is made; a name fills a missing one and never replaces another. In the
    caller's transaction, with the same number of queries however many they are. `source` says where new
    addresses are from. Who is met by two at once is one customer: see `keep_identities`.
    """
    wanted: dict[Address, tuple[str, str]] = {}
    for kind, each in parties.items():
        for address, name in each:
            key = kind, normal_address(address, kind)
            shown, known_name = wanted.get(key, (address, ""))
            wanted[key] = (shown, known_name or _clean_name(name))
    return _meet(wanted, at, source)


def _meet(wanted: Mapping[Address, tuple[str, str]], at: datetime, source: str) -> dict[Address, Identity]:
    found = known_identities(wanted)
    changed = _name_the_nameless(found, wanted)
    new = [key for key in wanted if key not in found]
    customers = Customer.objects.bulk_create(Customer(name=wanted[key][1], created_at=at) for key in new)
    made = {
        key: Identity(
            kind=key[0],
            address=key[1],
            shown=wanted[key][0][:320],
            customer=customer,
            source=source,
            created_at=at,
        )
        for key, customer in zip(new, customers, strict=True)
    }
    late = {(each.kind, each.address): each for each in keep_identities(list(made.values()))}
    if late:
        Customer.objects.filter(pk__in=[each.customer_id for each in late.values()]).delete()
    found |= {key: identity for key, identity in made.items() if key not in late}
    index.put(
        "customer",
        [
            (identity.customer_id, search_words(identity.customer, [identity]))
            for key, identity in made.items()
            if key not in late
        ],
    )
    _index_again(changed)
    return found | _meet({key: wanted[key] for key in late}, at, source) if late else found


def index_customer(customer: Customer) -> None:
    """Put the person's names, company and addresses into the search index."""
    index.put("customer", [(customer.pk, search_words(customer, customer.identities.order_by("id")))])


def _index_again(customers: list[Customer]) -> None:
    if not customers:
        return
    identities: dict[int, list[Identity]] = {}
    for identity in Identity.objects.filter(customer__in=customers).order_by("id"):
        identities.setdefault(identity.customer_id, []).append(identity)
    index.put("customer", [(each.pk, search_words(each, identities.get(each.pk, ()))) for each in customers])


def index_all_customers() -> None:
    """Put everybody into the search index, as after a restore. In a transaction of its own."""
    everybody = Customer.objects.order_by("pk").prefetch_related(
        Prefetch("identities", Identity.objects.order_by("pk"))
    )
    index.put(
        "customer",
        (
            (customer.pk, search_words(customer, customer.identities.all()))
            for customer in everybody.iterator(chunk_size=500)
        ),
    )


def search_words(customer: Customer, identities: Iterable[Identity]) -> str:
    """By what the person is found: names, company, addresses, numbers as they are written and as their digits."""
    full = full_name(customer.family_name, customer.given_name, customer.name_order)
    words = [customer.name, full, customer.company]
    for identity in identities:
        words.append(identity.address)
        if identity.kind == PHONE:
            words.append(identity.shown)
    return " ".join(dict.fromkeys(filter(None, words)))


def normal_address(address: str, kind: str = EMAIL) -> str:
    """The form under which an address is the same identity: trimmed, lower case; of a phone number the digits."""
    if kind == PHONE:
        return normal_phone(address) or address.strip()[:320]
    return address.strip().lower()[:320]


def _name_the_nameless(
    found: Mapping[Address, Identity], wanted: Mapping[Address, tuple[str, str]]
) -> list[Customer]:
    changed: dict[int, Customer] = {}
    for key, identity in found.items():
        name = wanted[key][1]
        if name and not identity.customer.name:
            identity.customer.name = name
            changed[identity.customer_id] = identity.customer
    named = [changed[pk] for pk in sorted(changed)]  # in the order in which others lock them
    update_rows(named, ["name"])
    return named


def _clean_name(name: str | None) -> str:
    return " ".join((name or "").split())[:200]
