"""One customer: who it is, what was talked about, and everything so far."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from dangol.customers.models import Customer
from dangol.customers.queries import identities_of, ids_of_person, living_customer, names_of
from dangol.desk.pages import IdentityView
from dangol.desk.timeline import TimelinePage, timeline_page
from dangol.inbox.measures import median
from dangol.inbox.models import Conversation, Wait
from dangol.kernel.places import Place
from dangol.kernel.prepared import Prepared
from dangol.staff.rights import needs

LINES: Final = 30
TALKS: Final = 8
ANSWERS: Final = 200  # the newest, of which the middle is told


@dataclass(frozen=True)
class TalkView:
    """A matter of the customer."""

    url: str
    subject: str
    state: str
    state_words: str
    at: datetime
    assignee: str


@dataclass(frozen=True)
class PersonPage:
    """The customer. `half_answered_within` is in seconds of opening time, None while nobody has answered."""

    id: int
    name: str
    language: str
    since: datetime
    wrote_last_at: datetime | None
    identities: tuple[IdentityView, ...]
    talk_count: int
    waiting: TalkView | None
    waiting_count: int
    waiting_since: datetime | None
    half_answered_within: float | None
    talks: tuple[TalkView, ...]
    next_talks: str
    timeline: TimelinePage


@require_safe
@needs("answer")
def customer(request: HttpRequest, customer_id: int) -> HttpResponse:
    """The person's page; a row that became another person leads there."""
    person = living_customer(customer_id)
    if person.pk != customer_id:
        return redirect("customer", person.pk)
    after, talks_after = request.GET.get("after", ""), request.GET.get("talks", "")
    here = reverse("customer", args=[person.pk])
    if getattr(request, "htmx", False) and request.htmx.target == "more":  # type: ignore[attr-defined]
        lines = timeline_page(ids_of_person(person), limit=LINES, after=after)
        return render(request, "desk/customer.html#lines", {"timeline": lines, "here": here})
    page = person_page(person, after=after, talks_after=talks_after)
    context = {
        "page": page,
        "timeline": page.timeline,
        "here": here,
        "is_beginning": not after,
        "first_talks_url": here if talks_after else "",
        "next_talks_url": f"{here}?talks={page.next_talks}" if page.next_talks else "",
    }
    return render(request, "desk/customer.html", context)


def person_page(person: Customer, *, after: str = "", talks_after: str = "") -> PersonPage:
    """All about the person, whichever of the merged rows it is written under; a fixed number of queries."""
    ids = ids_of_person(person)
    mine = _of(ids)
    waits = mine.filter(state=Conversation.State.WAITING)
    waiting: Conversation | None = next(iter(_LONGEST_WAIT(ids=tuple(ids))), None)
    newest = _NEWEST(ids=tuple(ids))
    count, first = len(newest), min((created_at for *_, created_at in newest), default=None)
    if count == ANSWERS:
        count, first = mine.count(), mine.order_by("id").values_list("created_at", flat=True).first()
    # Of their last conversations: to order the answers of thousands takes longer than all the rest of the page.
    answered = Wait.objects.filter(conversation__in=[pk for pk, *_ in newest], answered_at__isnull=False)
    seconds = answered.order_by("-started_at").values_list("opening_seconds", flat=True)[:ANSWERS]
    talks, next_talks = _talks(ids, talks_after)
    return PersonPage(
        id=person.pk,
        name=names_of([person])[person.pk],
        language=str(dict(settings.LANGUAGES).get(person.language, "")),
        since=min(filter(None, (person.created_at, first))),
        wrote_last_at=newest[0][1] if newest else None,
        identities=tuple(
            IdentityView(row.kind, row.shown or row.address, row.is_verified) for row in identities_of(ids)
        ),
        talk_count=count,
        waiting=_talk(waiting) if waiting else None,
        waiting_count=waits.count() if waiting else 0,
        waiting_since=waiting.waiting_since if waiting else None,
        half_answered_within=median(value for value in seconds if value is not None),
        talks=talks,
        next_talks=next_talks,
        timeline=timeline_page(ids, limit=LINES, after=after),
    )


def _of(ids: Collection[int]) -> QuerySet[Conversation]:
    return Conversation.objects.filter(customer__in=ids, merged_into=None)


_LONGEST_WAIT: Final = Prepared(
    lambda ids: (
        _of(ids)
        .filter(state=Conversation.State.WAITING)
        .select_related("assignee")
        .order_by("waiting_since", "id")[:1]
    )
)
_NEWEST: Final = Prepared(
    lambda ids: (
        _of(ids)
        .order_by("-last_message_at", "-id")
        .values_list("id", "last_message_at", "created_at")[:ANSWERS]
    )
)
_FIRST_TALKS: Final = Prepared(
    lambda ids: _of(ids).select_related("assignee").order_by("-last_message_at", "-id")[: TALKS + 1]
)


def _talks(ids: list[int], after: str) -> tuple[tuple[TalkView, ...], str]:
    place = Place.read(after)
    if place:
        earlier = Q(last_message_at__lt=place.at) | Q(last_message_at=place.at, id__lt=place.id)
        rows = _of(ids).select_related("assignee").filter(earlier, last_message_at__lte=place.at)
        found = list(rows.order_by("-last_message_at", "-id")[: TALKS + 1])
    else:
        found = _FIRST_TALKS(ids=tuple(ids))
    last = found[TALKS - 1] if len(found) > TALKS else None
    return tuple(map(_talk, found[:TALKS])), str(Place(last.last_message_at, last.pk)) if last else ""


def _talk(row: Conversation) -> TalkView:
    return TalkView(
        url=reverse("conversation", args=[row.pk]),
        subject=row.subject or row.preview,
        state=row.state,
        state_words=str(Conversation.State(row.state).label),
        at=row.last_message_at,
        assignee=row.assignee.name if row.assignee else "",
    )
