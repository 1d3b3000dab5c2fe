"""Who may be the same person as a customer: a few look-ups by index for this one customer, never a look at all."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db.models import Q
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dangol.customers import rules
from dangol.customers.kinds import EMAIL, PHONE
from dangol.customers.likeness import Facts, Sign, likeness, local_parts
from dangol.customers.models import Customer, Identity, Unlike
from dangol.customers.queries import ids_of_person, living_of, names_of
from dangol.orders.models import Order
from dangol.search import index

EACH: Final = 20  # candidates that one sign brings
ORDERS: Final = 20
MOST: Final = 5

SIGN_WORDS: Final[dict[Sign, str | Promise]] = {
    "phone": _("the same phone number"),
    "order_email": _("the e-mail address of an order"),
    "name_and_birthday": _("the same name and birthday"),
    "name": _("the same name"),
    "local_part": _("the same word before the @"),
    "address": _("the same address"),
    "company": _("the same company"),
    "other_birthday": _("but another birthday"),
}


@dataclass(frozen=True)
class Suggestion:
    """Somebody who may be the same person, with the reasons; `url` puts the two side by side."""

    id: int
    name: str
    address: str
    reasons: tuple[str, ...]
    weight: int
    url: str


def suggestions(person: Customer) -> tuple[Suggestion, ...]:
    """Those who are most like the person, MOST at most. Who was said to be somebody else is left out."""
    ids = ids_of_person(person)
    mine = _facts(ids)
    told_apart = _told_apart(ids)
    found = living_of(_candidates(mine, ids) - set(ids))
    others = {row.pk: row for row in found.values() if row.pk not in ids and not row.erased_at}
    rows_of: dict[int, list[int]] = {}
    for pk, row in found.items():
        rows_of.setdefault(row.pk, [row.pk]).append(pk)
    facts = _facts_of({pk: set(rows_of[pk]) for pk in others})
    alike = {pk: likeness(mine, facts[pk]) for pk in others if not told_apart & set(rows_of[pk])}
    best = sorted(
        (pk for pk, each in alike.items() if each.is_enough), key=lambda pk: (-alike[pk].weight, pk)
    )
    names = names_of(others[pk] for pk in best[:MOST])
    return tuple(
        Suggestion(
            id=pk,
            name=names[pk],
            address=min(facts[pk].emails, default=min(facts[pk].phones, default="")),
            reasons=tuple(str(SIGN_WORDS[sign]) for sign in alike[pk].signs),
            weight=alike[pk].weight,
            url=reverse("customer_merging", args=[person.pk, pk]),
        )
        for pk in best[:MOST]
    )


def _candidates(mine: Facts, ids: list[int]) -> set[int]:
    """Customers who bear one of the signs: some look-ups in the text index, two in the orders."""
    words = [*sorted(mine.names)[:2], *sorted(mine.phones)[:2], *sorted(local_parts(mine.emails))[:2]]
    found = {pk for each in words for pk in index.find_in_time("customer", each, limit=EACH).ids}
    if mine.order_emails:
        known = Identity.objects.filter(kind=EMAIL, address__in=mine.order_emails).exclude(customer__in=ids)
        found.update(known.values_list("customer_id", flat=True)[:EACH])
    emails = mine.emails | mine.order_emails
    if emails:
        orders = Order.objects.filter(contact_email__in=emails, customer__isnull=False).exclude(
            customer__in=ids
        )
        found.update(pk for pk in orders.values_list("customer_id", flat=True)[:EACH] if pk is not None)
    return found


def _facts(ids: list[int]) -> Facts:
    return _facts_of({0: set(ids)})[0]


def _facts_of(people: dict[int, set[int]]) -> dict[int, Facts]:
    """What is known of each person, whose rows are given: three queries, however many they are."""
    rows_wanted = {pk for ids in people.values() for pk in ids}
    rows = {row.pk: row for row in Customer.objects.filter(pk__in=rows_wanted)}
    identities: dict[int, list[Identity]] = {}
    for identity in Identity.objects.filter(customer__in=rows_wanted, kind__in=(EMAIL, PHONE)):
        identities.setdefault(identity.customer_id, []).append(identity)
    contacts: dict[int, list[tuple[str, str]]] = {}
    orders = Order.objects.filter(customer__in=rows_wanted).filter(
        ~Q(contact_email="") | ~Q(contact_phone="")
    )
    newest = orders.order_by("-ordered_at", "-id").values_list(
        "customer_id", "contact_email", "contact_phone"
    )
    for customer_id, email, phone in newest[: ORDERS * len(people)]:
        if customer_id is not None:
            contacts.setdefault(customer_id, []).append((email, phone))
    return {
        person: _known(
            [rows[pk] for pk in ids if pk in rows],
            [each for pk in ids for each in identities.get(pk, ())],
            [each for pk in ids for each in contacts.get(pk, ())],
        )
        for person, ids in people.items()
    }


def _known(
    rows: Iterable[Customer], identities: Iterable[Identity], contacts: Iterable[tuple[str, str]]
) -> Facts:
    rows, identities, contacts = list(rows), list(identities), list(contacts)
    names = {
        rules.normal_name(name)
        for row in rows
        for name in (row.name, rules.full_name(row.family_name, row.given_name, row.name_order))
    }
    phones = {each.address for each in identities if each.kind == PHONE}
    phones |= {rules.normal_phone(phone) for _email, phone in contacts}
    living = next((row for row in rows if row.merged_into_id is None), None)
    month, day = (living.birth_month, living.birth_day) if living else (None, None)
    return Facts(
        names=frozenset(names - {""}),
        phones=frozenset(phones - {""}),
        emails=frozenset(each.address for each in identities if each.kind == EMAIL),
        order_emails=frozenset(email.strip().lower() for email, _phone in contacts) - {""},
        birthday=(month, day) if month is not None and day is not None else None,
        birth_year=living.birth_year if living else None,
        address=rules.normal_name(living.address) if living else "",
        company=rules.normal_name(living.company) if living else "",
    )


def _told_apart(ids: list[int]) -> set[int]:
    pairs = Unlike.objects.filter(Q(one__in=ids) | Q(other__in=ids)).values_list("one_id", "other_id")
    return {pk for pair in pairs for pk in pair} - set(ids)
