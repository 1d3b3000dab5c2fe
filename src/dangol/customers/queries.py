from collections.abc import Iterable, Sequence
from typing import Final

from django.db import connection
from django.db.models import Q
from django.db.models.expressions import RawSQL

from dangol.customers.errors import NobodyCalledThat, SeveralCalledThat
from dangol.customers.models import Consent, Customer, Identity, Introduction
from dangol.kernel.errors import Gone
from dangol.kernel.prepared import Prepared

MOST_INTRODUCTIONS: Final = 200  # that a page reads of one person
_CUSTOMER: Final = Prepared(lambda pk: Customer.objects.filter(pk=pk))
_BECAME: Final = Prepared(
    lambda ids, known: (
        Customer.objects.filter(merged_into__in=ids).exclude(pk__in=known).order_by("id").values_list("pk")
    )
)
_IDENTITIES: Final = Prepared(
    lambda ids: Identity.objects.filter(customer__in=ids).order_by("-is_verified", "id")
)
# The first of each last, so that it is the one that is kept.
_ADDRESSES: Final = Prepared(
    lambda ids: Identity.objects.filter(customer__in=ids).order_by("-id").values_list("customer", "address")
)
_INTRODUCTIONS: Final = Prepared(
    lambda ids: (
        Introduction.objects.filter(Q(customer__in=ids) | Q(by__in=ids))
        .select_related("customer", "by")
        .order_by("-at", "-id")[:MOST_INTRODUCTIONS]
    )
)

_PEOPLE: Final = """
WITH RECURSIVE people(id, living) AS (
    SELECT id, id FROM customers_customer WHERE id IN ({marks})
    UNION SELECT gone.id, people.living FROM customers_customer gone JOIN people ON gone.merged_into_id = people.id
) SELECT id, living FROM people"""

# Each step is asked for by itself: of a join SQLite would look through all customers first (a Bloom filter), as soon as
# it has counted how many there are.
_WAY: Final = """
WITH RECURSIVE way(id) AS (
    SELECT id FROM customers_customer WHERE id IN ({marks})
    UNION SELECT (SELECT gone.merged_into_id FROM customers_customer gone WHERE gone.id = way.id)
    FROM way WHERE way.id IS NOT NULL
) SELECT id FROM way WHERE id IS NOT NULL"""


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


def rows_of_people(ids: Iterable[int]) -> dict[int, int]:
    """(row: living row) of all rows that are one of these people, whose living rows these are; one query."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    marks = ", ".join(["%s"] * len(wanted))
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE.format(marks=marks), wanted)
        return dict(cursor.fetchall())


def identities_of(ids: Iterable[int]) -> list[Identity]:
    """The addresses of the person whose rows these are, the verified ones first."""
    return _IDENTITIES(ids=tuple(ids))


def names_of(customers: Iterable[Customer]) -> dict[int, str]:
    """The name of each, or the first address where there is none, by id; one query at most."""
    names = {customer.pk: customer.name for customer in customers}
    nameless = [pk for pk, name in names.items() if not name]
    if nameless:
        names |= dict(_ADDRESSES(ids=tuple(nameless)))
    return {pk: name or f"#{pk}" for pk, name in names.items()}


def lock_person(customer_id: int) -> Customer:
    """The living row of the person, locked until the transaction ends. Refused (Gone) when there is none."""
    person = living_customer(customer_id)
    while True:
        row = Customer.objects.select_for_update().get(pk=person.pk)
        if row.merged_into_id is None:
            return row
        # It was merged while we waited for it.
        person = living_customer(row.merged_into_id)
        if person.pk == row.pk:
            return row


def newest_consent(ids: Sequence[int], channel: str, purpose: str) -> Consent | None:
    """What the person whose rows these are said last, for one kind of channel and one purpose."""
    rows = Consent.objects.filter(customer__in=ids, channel=channel, purpose=purpose)
    return rows.order_by("-at", "-id").first()


def refused_by(ids: Sequence[int], channel: str, purpose: str) -> set[int]:
    """Which of the rows have a no as the newest that was said with them."""
    rows = Consent.objects.filter(customer__in=ids, channel=channel, purpose=purpose)
    newest = dict(rows.order_by("at", "id").values_list("customer_id", "is_given"))
    return {pk for pk, is_given in newest.items() if not is_given}


def customer_called(words: str) -> Customer:
    """The customer of whom somebody wrote the address, the whole name, or the number as in "#12".

    Refused: NobodyCalledThat, SeveralCalledThat.
    """
    said = words.strip()
    number = said.removeprefix("#")
    if said.startswith("#") and number.isascii() and number.isdigit() and len(number) < 19:
        rows = _CUSTOMER(pk=int(number))
        people = [living_customer(row.pk) for row in rows]
    else:
        addresses = Identity.objects.filter(address__in={said, said.lower()}).values_list(
            "customer", flat=True
        )
        named = (
            Customer.objects.filter(name__iexact=said, merged_into=None) if said else Customer.objects.none()
        )
        found = list(addresses[:2]) or list(named.values_list("pk", flat=True)[:2])
        people = [living_customer(pk) for pk in found]
    living = {person.pk: person for person in people if not person.erased_at}
    if not living:
        raise NobodyCalledThat
    if len(living) > 1:
        raise SeveralCalledThat
    return next(iter(living.values()))


def introductions_of(ids: Sequence[int]) -> tuple[Customer | None, tuple[Customer, ...]]:
    """Who brought the person whose rows these are, and whom they brought, the newest first; one query."""
    rows: list[Introduction] = _INTRODUCTIONS(ids=tuple(ids))
    brought_by = next((row.by for row in rows if row.customer_id in ids), None)
    return brought_by, tuple(row.customer for row in rows if row.customer_id not in ids)


def may_write(customer: Customer, channel: str, purpose: str) -> bool:
    """Whether the person may be written to on this kind of channel for this purpose without having asked.

    Only who said yes, and has not said no since, however often their rows were merged; nobody who was erased. Whoever
    sends such mail asks right before it leaves.
    """
    person = living_customer(customer.pk)
    if person.erased_at is not None:
        return False
    newest = newest_consent(ids_of_person(person), channel, purpose)
    return newest is not None and newest.is_given


def living_of(ids: Iterable[int]) -> dict[int, Customer]:
    """The living row of each that there is, by id; one query, however often they were merged."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    rows = {row.pk: row for row in Customer.objects.filter(pk__in=whom_they_became(wanted))}
    return {pk: _end_of_way(rows, pk) for pk in wanted if pk in rows}


def whom_they_became(ids: Sequence[int]) -> RawSQL:
    """These rows and all that they became by merging, the living ones among them, as a part of another query."""
    return RawSQL(_WAY.format(marks=", ".join(["%s"] * len(ids))), ids)  # noqa: S611  (only ids go in)


def _end_of_way(rows: dict[int, Customer], pk: int) -> Customer:
    row, seen = rows[pk], {pk}
    while row.merged_into_id is not None and row.merged_into_id not in seen and row.merged_into_id in rows:
        row = rows[row.merged_into_id]
        seen.add(row.pk)
    return row
