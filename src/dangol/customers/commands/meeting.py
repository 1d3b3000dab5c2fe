"""Who has an address: found, or written by whoever meets it first. Here alone new addresses of many are written."""

from collections.abc import Iterable, Mapping, Sequence

from dangol.customers.models import Identity

Address = tuple[str, str]
"""A kind, and the address in its normal form."""


def known_identities(addresses: Iterable[Address]) -> dict[Address, Identity]:
    """Those of these addresses that are known, with their customers; a query a kind."""
    return {
        (row.kind, row.address): row
        for kind, normals in _by_kind(addresses).items()
        for row in Identity.objects.select_related("customer").filter(kind=kind, address__in=normals)
    }


def keep_identities(new: Sequence[Identity]) -> list[Identity]:
    """Write new addresses, whose customers are written, in the caller's transaction; returns those that were not.

    Somebody else, such as the mail's intake beside an import, may have met one at the same instant: then theirs stays,
    and is there to be read when this returns, for who comes second waits here until the first has committed.

    All are written in one order, and by one statement; so two who bring the same addresses do not wait for each other
    for ever. For the same reason whoever calls this has locked before all rows of customers that it will write.
    """
    if not new:
        return []
    ordered = sorted(new, key=lambda each: (each.kind, each.address))
    Identity.objects.bulk_create(ordered, ignore_conflicts=True)
    kept: dict[Address, tuple[int, int]] = {}
    for kind, normals in _by_kind((each.kind, each.address) for each in ordered).items():
        rows = Identity.objects.filter(kind=kind, address__in=normals)
        for pk, address, customer_id in rows.values_list("pk", "address", "customer_id"):
            kept[kind, address] = pk, customer_id
    late: list[Identity] = []
    for each in ordered:
        pk, customer_id = kept.get((each.kind, each.address), (0, 0))
        if customer_id == each.customer_id:
            each.pk = pk
        else:
            late.append(each)
    return late


def _by_kind(addresses: Iterable[Address]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for kind, normal in addresses:
        found.setdefault(kind, []).append(normal)
    return found
