"""Everybody: with whom we talked last first, then those with whom we never did, the newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Exists, Max, OuterRef, Q
from django.db.models.expressions import RawSQL
from django.urls import reverse

from dangol.customers.models import Customer, Identity
from dangol.customers.queries import living_of, names_of, rows_of_people
from dangol.inbox.finding import conversation_counts
from dangol.inbox.models import Conversation
from dangol.kernel.places import Place, read_id

PAGE: Final = 40
_SILENT: Final = "n"  # a place among those with whom we never talked: "n" or "n123"
_TALKED_BEFORE: Final = """
WITH RECURSIVE became(id) AS (
    SELECT gone.merged_into_id FROM customers_customer gone WHERE gone.merged_into_id IS NOT NULL AND EXISTS (
        SELECT 1 FROM inbox_conversation talk WHERE talk.customer_id = gone.id AND talk.merged_into_id IS NULL)
    UNION SELECT (SELECT further.merged_into_id FROM customers_customer further WHERE further.id = became.id)
    FROM became WHERE became.id IS NOT NULL
) SELECT id FROM became WHERE id IS NOT NULL"""
"""The rows that a row with conversations became."""


@dataclass(frozen=True)
class CustomerLine:
    """A customer of the list. `talked_at` is None where there was no conversation yet."""

    id: int
    url: str
    name: str
    address: str
    company: str
    conversation_count: int
    talked_at: datetime | None


@dataclass(frozen=True)
class CustomerPage:
    """A page of the list; `next` is the place behind it, "" at the end."""

    lines: tuple[CustomerLine, ...]
    next: str


def customer_page(*, after: str = "", size: int = PAGE) -> CustomerPage:
    """The customers behind the place: at most `size` and one more of each kind; a fixed number of queries."""
    if after.startswith(_SILENT):
        rows, following = _silent(after, size)
        return CustomerPage(lines_of([(row, None) for row in rows]), following)
    talked, following = _talked(after, size)
    rows = []
    if not following and len(talked) < size:
        rows, following = _silent(_SILENT, size - len(talked))
    elif not following:
        following = _SILENT
    return CustomerPage(lines_of([*talked, *((row, None) for row in rows)]), following)


def _talked(after: str, size: int) -> tuple[list[tuple[Customer, datetime | None]], str]:
    newer = Conversation.objects.filter(customer=OuterRef("customer"), merged_into=None).filter(
        Q(last_message_at__gt=OuterRef("last_message_at"))
        | Q(last_message_at=OuterRef("last_message_at"), id__gt=OuterRef("id"))
    )
    talks = Conversation.objects.filter(~Exists(newer), merged_into=None)
    place = Place.read(after)
    if place:
        earlier = Q(last_message_at__lt=place.at) | Q(last_message_at=place.at, id__lt=place.id)
        talks = talks.filter(earlier, last_message_at__lte=place.at)
    found = list(
        talks.order_by("-last_message_at", "-id").values_list("id", "last_message_at", "customer_id")[
            : size + 1
        ]
    )
    page, last = found[:size], found[size - 1] if len(found) > size else None
    people = living_of([customer_id for *_, customer_id in page])
    newest = _newest_of_merged(people)
    lines: dict[int, tuple[Customer, datetime | None]] = {}
    for _id, at, customer_id in page:
        person = people[customer_id]
        # Of one who was merged only the newest of all their talks counts; it may be on an earlier page.
        if newest.get(person.pk, at) <= at:
            lines.setdefault(person.pk, (person, at))
    return list(lines.values()), str(Place(last[1], last[0])) if last else ""


def _newest_of_merged(people: dict[int, Customer]) -> dict[int, datetime]:
    """When each person who is made of several rows talked last, by the living row's id."""
    living = {row.pk for row in people.values()}
    whose = rows_of_people(living)
    several = {person for row, person in whose.items() if row != person}
    newest: dict[int, datetime] = {}
    theirs = [row for row, person in whose.items() if person in several]
    rows = Conversation.objects.filter(customer__in=theirs, merged_into=None)
    for customer_id, at in rows.order_by().values_list("customer_id").annotate(Max("last_message_at")):
        person = whose[customer_id]
        newest[person] = max(at, newest.get(person, at))
    return newest


def _silent(after: str, size: int) -> tuple[list[Customer], str]:
    talks = Conversation.objects.filter(customer=OuterRef("pk"), merged_into=None)
    merged_talks = Q(pk__in=RawSQL(_TALKED_BEFORE, []))  # noqa: S611  (nothing goes in)
    rows = Customer.objects.filter(~Exists(talks), ~merged_talks, merged_into=None, erased_at=None)
    before = read_id(after.removeprefix(_SILENT))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: size + 1])
    return found[:size], f"{_SILENT}{found[size - 1].pk}" if len(found) > size else ""


def lines_of(found: Sequence[tuple[Customer, datetime | None]]) -> tuple[CustomerLine, ...]:
    """The lines of these people, each with when they talked last; a fixed number of queries."""
    ids = [row.pk for row, _at in found]
    whose = rows_of_people(ids)
    names = names_of(row for row, _at in found)
    addresses: dict[int, str] = {}
    for identity in Identity.objects.filter(customer__in=whose).order_by("-is_verified", "id"):
        addresses.setdefault(whose[identity.customer_id], identity.shown or identity.address)
    counts = conversation_counts(whose)
    return tuple(
        CustomerLine(
            id=row.pk,
            url=reverse("customer", args=[row.pk]),
            name=names[row.pk],
            address="" if addresses.get(row.pk) == names[row.pk] else addresses.get(row.pk, ""),
            company=row.company,
            conversation_count=counts.get(row.pk, 0),
            talked_at=at,
        )
        for row, at in found
    )
