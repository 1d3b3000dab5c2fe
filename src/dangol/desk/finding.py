"""Search: people, subjects and text, newest first. It works as one types, and without JavaScript."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from dangol.business.queries import current_business
from dangol.customers.models import Customer, Identity
from dangol.customers.queries import living_of, rows_of_people
from dangol.customers.rules import normal_phone, phone_with_zero
from dangol.inbox.finding import HitPage, conversation_counts, find_conversations
from dangol.kernel.places import read_id
from dangol.search import index
from dangol.search.index import Found
from dangol.search.snippets import Piece, marked
from dangol.staff.rights import needs

MOST_PEOPLE: Final = 8
LONGEST: Final = 300
_NUMBER: Final = re.compile(r"[+(\d][\d\s().\-]+")


@dataclass(frozen=True)
class PersonHit:
    """A customer whose name or address matches."""

    id: int
    url: str
    face: str
    name: tuple[Piece, ...]
    address: tuple[Piece, ...]
    conversation_count: int


@require_safe
@needs("answer")
def search(request: HttpRequest) -> HttpResponse:
    """What matches the words, a page at a time; people on the first page only."""
    query = request.GET.get("q", "").strip()[:LONGEST]
    after = request.GET.get("after", "")
    before = read_id(after)
    page = find_conversations(query, before=before) if query else HitPage((), None)
    here = reverse("search")
    context = {
        "query": query,
        "people": find_people(query) if query and before is None else (),
        "page": page,
        "is_first": before is None,
        "first_url": f"{here}?{urlencode({'q': query})}" if before is not None else "",
        "next_url": f"{here}?{urlencode({'q': query, 'after': page.next})}" if page.next else "",
    }
    template = "desk/search.html#found" if getattr(request, "htmx", False) else "desk/search.html"
    return render(request, template, context)


def find_people(query: str) -> tuple[PersonHit, ...]:
    """The newest customers whose name or address matches, each once."""
    return people_of(find_customers(query, limit=MOST_PEOPLE).ids, query)


def find_customers(query: str, *, limit: int, before: int | None = None) -> Found:
    """The rows of customers that match, as `find_in_time` has them; where none does and the query is a telephone
    number, those that have this number however it is written."""
    found = index.find_in_time("customer", query, limit=limit, before=before)
    number = "" if found.ids or not found.is_whole else _number_in(query)
    if not number or (before is not None and index.find_in_time("customer", query, limit=1).ids):
        return found
    return index.find_in_time("customer", number, limit=limit, before=before)


def people_of(ids: Sequence[int], query: str) -> tuple[PersonHit, ...]:
    """The people whose rows these are, each once, with what matches marked; a fixed number of queries."""
    if not ids:
        return ()
    people = living_of(ids)
    found = list({people[pk].pk: people[pk] for pk in ids if pk in people}.values())
    addresses: dict[int, list[str]] = {}
    whose = rows_of_people(row.pk for row in found)
    for identity in Identity.objects.filter(customer__in=whose).order_by("id"):
        addresses.setdefault(whose[identity.customer_id], []).append(identity.shown or identity.address)
    counts = conversation_counts(whose)
    sought = query, _number_in(query)
    return tuple(_person(row, addresses.get(row.pk, []), counts.get(row.pk, 0), *sought) for row in found)


def _person(row: Customer, addresses: list[str], count: int, query: str, number: str) -> PersonHit:
    name = row.name or (addresses[0] if addresses else f"#{row.pk}")
    shown = [marked(address, query) for address in addresses]
    # Of several addresses the one that matched is shown.
    best = next((pieces for pieces in shown if any(piece.is_match for piece in pieces)), None)
    if best is None and number:
        best = next((marked(each, each) for each in addresses if normal_phone(each).startswith(number)), None)
    return PersonHit(
        id=row.pk,
        url=reverse("customer", args=[row.pk]),
        face=name,
        name=tuple(marked(name, query)),
        address=tuple(best or (shown or [[]])[0]) if row.name else (),
        conversation_count=count,
    )


def _number_in(query: str) -> str:
    """The telephone number that the query is, in its normal form; "" where it is something else."""
    if not _NUMBER.fullmatch(query):
        return ""
    return normal_phone(phone_with_zero(query, current_business().country) or query)
