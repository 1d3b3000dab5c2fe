"""One person or two: who is like a customer, the two side by side, what a merge was, and its undoing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dangol.customers.commands.merging import TRAITS, merge_customers, tell_apart, undo_merge
from dangol.customers.models import Customer, Merge
from dangol.customers.profile import Words, notes_of, tags_of, words_of
from dangol.customers.queries import identities_of, ids_of_person, living_customer, names_of
from dangol.customers.rules import MERGE_DAYS, full_name
from dangol.desk.finding import LONGEST, find_people
from dangol.desk.likeness import suggestions
from dangol.desk.pages import IdentityView
from dangol.desk.queries import identity_view
from dangol.inbox.finding import conversation_counts
from dangol.kernel import clock
from dangol.kernel.errors import Gone
from dangol.kernel.redirects import see_other
from dangol.staff.rights import actor, needs

# What each trait is called, and how it reads; those that are the same in both need no choice.
TRAIT_WORDS: Final[dict[str, tuple[str | Promise, Callable[[Customer, Words], str]]]] = {
    "name": (gettext_lazy("How they wish to be called"), lambda row, words: row.name),
    "full_name": (
        gettext_lazy("Family and given name"),
        lambda row, words: full_name(row.family_name, row.given_name, row.name_order),
    ),
    "honorific": (gettext_lazy("Honorific"), lambda row, words: row.honorific),
    "language": (gettext_lazy("Language"), lambda row, words: words.language),
    "time_zone": (gettext_lazy("Time zone"), lambda row, words: row.time_zone),
    "preferred_channel": (gettext_lazy("Prefers"), lambda row, words: words.prefers),
    "birthday": (gettext_lazy("Birthday"), lambda row, words: words.birthday),
    "birth_year": (gettext_lazy("Year of birth"), lambda row, words: words.birth_year),
    "company": (gettext_lazy("Company"), lambda row, words: row.company),
    "address": (gettext_lazy("Postal address"), lambda row, words: row.address),
    "country": (gettext_lazy("Country"), lambda row, words: row.country),
}


@dataclass(frozen=True)
class SideView:
    """One of the two."""

    id: int
    url: str
    name: str
    identities: tuple[IdentityView, ...]
    tags: tuple[str, ...]
    note_count: int
    conversation_count: int


@dataclass(frozen=True)
class ChoiceView:
    """A trait in which the two differ; `takes` says that the other's is chosen until somebody chooses."""

    key: str
    label: str
    mine: str
    other: str
    takes: bool


@require_safe
@needs("answer")
def likeness(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Who may be the same person, and a search for anybody else. With htmx the suggestions alone, for the page."""
    person = living_customer(customer_id)
    if person.pk != customer_id:
        return redirect("customer_likeness", person.pk)
    query = request.GET.get("q", "").strip()[:LONGEST]
    found = find_people(query) if query else ()
    here = reverse("customer", args=[person.pk])
    context = {
        "person": person,
        "name": names_of([person])[person.pk],
        "suggestions": suggestions(person) if not query else (),
        "query": query,
        "found": [
            (hit, reverse("customer_merging", args=[person.pk, hit.id])) for hit in found if hit.url != here
        ],
    }
    part = "#suggested" if getattr(request, "htmx", False) else ""
    return render(request, f"desk/likeness.html{part}", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("answer")
def merging(request: HttpRequest, customer_id: int, other_id: int) -> HttpResponse:
    """The two side by side; POST makes them one."""
    person, other = living_customer(customer_id), living_customer(other_id)
    if person.pk == other.pk:
        return redirect("customer", person.pk)
    if request.method == "POST":
        take = [trait for trait in TRAITS if request.POST.get(trait) == "other"]
        merge = merge_customers(actor=actor(request), kept=person, gone=other, take=take, at=clock.now())
        messages.success(request, _("They are one customer now."))
        return see_other("merge", merge.pk)
    context = {
        "person": _side(person),
        "other": _side(other),
        "choices": _choices(person, other),
        "days": MERGE_DAYS,
    }
    return render(request, "desk/merging.html", context)


@require_POST
@needs("answer")
def difference(request: HttpRequest, customer_id: int, other_id: int) -> HttpResponse:
    """They are two people."""
    person, other = living_customer(customer_id), living_customer(other_id)
    tell_apart(actor=actor(request), one=person, other=other, at=clock.now())
    messages.success(request, _("They stay two, and are no longer suggested as one."))
    return see_other("customer", person.pk)


@require_safe
@needs("answer")
def merge(request: HttpRequest, merge_id: int) -> HttpResponse:
    """What was made one, by whom, and until when that can be undone."""
    row = Merge.objects.select_related("kept", "gone", "by", "undone_by").filter(pk=merge_id).first()
    if row is None:
        raise Gone
    names = names_of([row.kept, row.gone])
    until = row.at + timedelta(days=MERGE_DAYS)
    context = {
        "merge": row,
        "kept_name": names[row.kept_id],
        "gone_name": names[row.gone_id],
        "until": until,
        "can_be_undone": row.undone_at is None and clock.now() <= until,
    }
    return render(request, "desk/merge.html", context)


@require_POST
@needs("answer")
def merge_undo(request: HttpRequest, merge_id: int) -> HttpResponse:
    """Make the two again what they were."""
    row = Merge.objects.filter(pk=merge_id).first()
    if row is None:
        raise Gone
    undo_merge(actor=actor(request), merge=row, at=clock.now())
    messages.success(request, _("They are two customers again."))
    return see_other("customer", row.gone_id)


def _side(person: Customer) -> SideView:
    ids = ids_of_person(person)
    return SideView(
        id=person.pk,
        url=reverse("customer", args=[person.pk]),
        name=names_of([person])[person.pk],
        identities=tuple(map(identity_view, identities_of(ids))),
        tags=tags_of(ids),
        note_count=len(notes_of(ids)),
        conversation_count=sum(conversation_counts(dict.fromkeys(ids, ids[0])).values()),
    )


def _choices(person: Customer, other: Customer) -> list[ChoiceView]:
    today = timezone.localdate()
    mine, others = words_of(person, today=today), words_of(other, today=today)
    read = (
        (key, str(label), words(person, mine), words(other, others))
        for key, (label, words) in TRAIT_WORDS.items()
    )
    # Where only the other has something, that is kept unless somebody says otherwise.
    return [ChoiceView(key, label, one, two, takes=not one) for key, label, one, two in read if one != two]
