"""One customer: who it is, what was talked about, and everything so far."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import starmap
from typing import Final

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dangol.customers.kinds import KINDS as KINDS_OF_ADDRESS
from dangol.customers.models import Customer
from dangol.customers.profile import (
    ConsentView,
    NoteView,
    Words,
    consents_of,
    notes_of,
    tags_of,
    words_of,
)
from dangol.customers.queries import identities_of, ids_of_person, introductions_of, living_customer, names_of
from dangol.desk.owed import owed_to
from dangol.desk.pages import IdentityView, WishView
from dangol.desk.playbooks import segments_beside
from dangol.desk.queries import identity_view
from dangol.desk.timeline import KINDS, TimelinePage, kinds, timeline_page
from dangol.goodwill.queries import given_back_by_hand
from dangol.inbox.measures import median
from dangol.inbox.models import Conversation, Wait
from dangol.kernel import clock
from dangol.kernel.addresses import address
from dangol.kernel.places import Place
from dangol.kernel.prepared import Prepared
from dangol.orders.queries import OrderRow, money_words, orders_of, spent_by
from dangol.orders.subscriptions import Subscription, subscriptions_of
from dangol.staff.rights import actor, may, needs

LINES: Final = 30
ORDERS: Final = 8
TALKS: Final = 8
BROUGHT: Final = 8
ANSWERS: Final = 200  # the newest, of which the middle is told


@dataclass(frozen=True)
class TalkView:
    """A matter of the customer."""

    url: str
    subject: str
    state: str
    state_words: str
    at: datetime


@dataclass(frozen=True)
class Figure:
    """A figure of the summary: what it is, how much, and what to know with it; `url` opens what is behind it."""

    label: str
    value: str
    beside: str = ""
    url: str = ""


def _spent(ids: Sequence[int]) -> Figure | None:
    spent, language = spent_by(ids), (get_language() or "en")[:2]
    if not spent.orders and not spent.refunded:
        return None
    refunded: Counter[str] = Counter()
    for amount, currency in (*spent.refunded, *given_back_by_hand(ids)):
        refunded[currency] += amount
    in_orders = ngettext("in %(n)s order", "in %(n)s orders", spent.orders) % {"n": spent.orders}
    back = money_words(((amount, currency) for currency, amount in sorted(refunded.items())), language)
    return Figure(
        label=_("Spent"),
        value=money_words(spent.spent, language) or "0",
        beside=", ".join([in_orders, *([_("%(money)s given back") % {"money": back}] if back else [])]),
        url=f"{reverse('orders')}?customer={ids[0]}" if spent.orders else "",
    )


# Each app that has a figure adds a function here: rows of the person in, a figure out, None where there is none.
FIGURES: Final[tuple[Callable[[Sequence[int]], Figure | None], ...]] = (_spent,)


@dataclass(frozen=True)
class Known:
    """Another customer, by whom this one was brought, or whom they brought."""

    name: str
    url: str


@dataclass(frozen=True)
class PersonPage:
    """The customer. `half_answered_within` is in seconds of opening time, None while nobody has answered."""

    id: int
    ids: tuple[int, ...]
    name: str
    words: Words
    figures: tuple[Figure, ...]
    orders: tuple[OrderRow, ...]
    subscriptions: tuple[tuple[str, Subscription], ...]
    notes: tuple[NoteView, ...]
    tags: tuple[str, ...]
    brought_by: Known | None
    brought: tuple[Known, ...]
    more_brought: int
    consents: tuple[ConsentView, ...]
    since: datetime
    wrote_last_at: datetime | None
    identities: tuple[IdentityView, ...]
    talk_count: int
    waiting_count: int
    waiting_url: str  # the conversation that waits the longest, "" where none does
    waiting_since: datetime | None
    half_answered_within: float | None
    talks: tuple[TalkView, ...]
    next_talks: str
    timeline: TimelinePage
    owed: tuple[WishView, ...]
    is_erased: bool = False


@require_safe
@needs("answer")
def customer(request: HttpRequest, customer_id: int) -> HttpResponse:
    """The person's page; a row that became another person leads there."""
    person = living_customer(customer_id)
    if person.pk != customer_id:
        return redirect("customer", person.pk)
    after, talks_after = request.GET.get("after", ""), request.GET.get("talks", "")
    kind = request.GET.get("kind", "") if request.GET.get("kind") in KINDS else ""
    here = address("customer", person.pk)
    # Without a place behind it: "?after=" follows.
    story = f"{here}?kind={kind}&" if kind else f"{here}?"
    if getattr(request, "htmx", False) and request.htmx.target == "more":  # type: ignore[attr-defined]
        lines = timeline_page(ids_of_person(person), limit=LINES, after=after, kind=kind)
        return render(request, "desk/customer.html#lines", {"timeline": lines, "story": story})
    page = person_page(person, after=after, talks_after=talks_after, kind=kind)
    context = {
        "page": page,
        **segments_beside(page.ids, actor(request)),
        "timeline": page.timeline,
        "here": here,
        "story": story,
        "kinds": kinds(kind),
        "address_kinds": tuple(KINDS_OF_ADDRESS.items()),
        "may_export": may(actor(request), "export_person"),
        "is_beginning": not after,
        "first_url": story.rstrip("?&"),
        "first_talks_url": here if talks_after else "",
        "next_talks_url": f"{here}?talks={page.next_talks}" if page.next_talks else "",
    }
    return render(request, "desk/customer.html", context)


def person_page(person: Customer, *, after: str = "", talks_after: str = "", kind: str = "") -> PersonPage:
    """All about the person, whichever of the merged rows it is written under; a fixed number of queries."""
    ids = ids_of_person(person)
    waiting = _WAITING(ids=tuple(ids))
    newest = _NEWEST(ids=tuple(ids))
    count, first = len(newest), min((created_at for *_, created_at in newest), default=None)
    if count == ANSWERS:
        mine = _of(ids)
        count, first = mine.count(), mine.order_by("id").values_list("created_at", flat=True).first()
    seconds = [value for (value,) in _ANSWERED(ids=tuple(ids))]
    talks, next_talks = _talks(ids, talks_after)
    bringer, brought = introductions_of(ids)
    orders = orders_of(ids, limit=ORDERS)
    return PersonPage(
        id=person.pk,
        ids=tuple(ids),
        name=names_of([person])[person.pk],
        words=words_of(person, today=timezone.localdate()),
        orders=orders,
        subscriptions=_subscriptions(ids, orders),
        figures=tuple(figure for read in FIGURES if (figure := read(ids))),
        notes=notes_of(ids),
        tags=tags_of(ids),
        brought_by=_known([bringer])[0] if bringer else None,
        brought=_known(brought[:BROUGHT]),
        more_brought=len(brought[BROUGHT:]),
        consents=consents_of(ids),
        since=min(filter(None, (person.created_at, first))),
        wrote_last_at=newest[0][1] if newest else None,
        identities=tuple(map(identity_view, identities_of(ids))),
        talk_count=count,
        waiting_count=len(waiting) if len(waiting) < ANSWERS else _waiting_of(ids).count(),
        waiting_url=address("conversation", waiting[0][0]) if waiting else "",
        waiting_since=waiting[0][1] if waiting else None,
        half_answered_within=median(value for value in seconds if value is not None),
        talks=talks,
        next_talks=next_talks,
        timeline=timeline_page(ids, limit=LINES, after=after, kind=kind),
        owed=owed_to(ids),
        is_erased=person.erased_at is not None,
    )


def _subscriptions(ids: Sequence[int], orders: Sequence[OrderRow]) -> tuple[tuple[str, Subscription], ...]:
    if not any(row.is_of_subscriber for row in orders):
        return ()
    return subscriptions_of(ids, today=timezone.localdate(clock.now()))


def _known(people: Sequence[Customer]) -> tuple[Known, ...]:
    names = names_of(people)
    return tuple(Known(names[each.pk], address("customer", each.pk)) for each in people)


def _of(ids: Collection[int]) -> QuerySet[Conversation]:
    return Conversation.objects.filter(customer__in=ids, merged_into=None)


def _waiting_of(ids: Collection[int]) -> QuerySet[Conversation]:
    return _of(ids).filter(state=Conversation.State.WAITING)


# Those that wait the longest first: all that is asked stands in an index.
_WAITING: Final = Prepared(
    lambda ids: _waiting_of(ids).order_by("waiting_since", "id").values_list("id", "waiting_since")[:ANSWERS]
)
_NEWEST: Final = Prepared(
    lambda ids: (
        _of(ids)
        .order_by("-last_message_at", "-id")
        .values_list("id", "last_message_at", "created_at")[:ANSWERS]
    )
)
# Of their last conversations: to order the answers of thousands takes longer than all the rest of the page.
_ANSWERED: Final = Prepared(
    lambda ids: (
        Wait.objects.filter(
            conversation__in=_of(ids).order_by("-last_message_at", "-id").values("id")[:ANSWERS],
            answered_at__isnull=False,
        )
        .order_by("-started_at")
        .values_list("opening_seconds")[:ANSWERS]
    )
)
_FIRST_TALKS: Final = Prepared(lambda ids: _lines_of(_of(ids)))


def _talks(ids: list[int], after: str) -> tuple[tuple[TalkView, ...], str]:
    place = Place.read(after)
    if place:
        earlier = Q(last_message_at__lt=place.at) | Q(last_message_at=place.at, id__lt=place.id)
        found = list(_lines_of(_of(ids).filter(earlier, last_message_at__lte=place.at)))
    else:
        found = _FIRST_TALKS(ids=tuple(ids))
    following = ""
    if len(found) > TALKS:
        pk, _subject, _preview, _state, at = found[TALKS - 1]
        following = str(Place(at, pk))
    return tuple(starmap(_talk, found[:TALKS])), following


def _lines_of(rows: QuerySet[Conversation]) -> QuerySet[Conversation, tuple[int, str, str, str, datetime]]:
    shown = rows.values_list("id", "subject", "preview", "state", "last_message_at")
    return shown.order_by("-last_message_at", "-id")[: TALKS + 1]


def _talk(pk: int, subject: str, preview: str, state: str, at: datetime) -> TalkView:
    return TalkView(
        url=address("conversation", pk),
        subject=subject or preview,
        state=state,
        state_words=str(Conversation.State(state).label),
        at=at,
    )
