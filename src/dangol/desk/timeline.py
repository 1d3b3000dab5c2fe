"""A customer's timeline: what happened, newest first, in the words of the app that it happened in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from django.db.models import Q
from django.utils.translation import pgettext, pgettext_lazy

from dangol.customers import timeline as customers_timeline
from dangol.goodwill import timeline as goodwill_timeline
from dangol.inbox import timeline as inbox_timeline
from dangol.kernel.models import Event
from dangol.kernel.places import Place
from dangol.kernel.prepared import Prepared
from dangol.kernel.timeline import TimelineLine
from dangol.orders import timeline as orders_timeline
from dangol.staff.models import Staff

# Each offers WORDS, the names of the events that it tells of, GROUP, under which they can be had alone, and
# timeline_lines.
SOURCES: Final = (inbox_timeline, customers_timeline, orders_timeline, goodwill_timeline)
TOLD: Final = frozenset(name for source in SOURCES for name in source.WORDS)
GROUPS: Final = {
    "talk": pgettext_lazy("kind of what happened", "talk"),
    "orders": pgettext_lazy("kind of what happened", "orders"),
    "service": pgettext_lazy("kind of what happened", "service"),
}
KINDS: Final = {
    group: frozenset(name for source in SOURCES if group == source.GROUP for name in source.WORDS)
    for group in GROUPS
}
"""The names of the events of each kind. What is of no kind here (GROUP is "") stands among all."""


@dataclass(frozen=True)
class TimelinePage:
    """A page of it. `actors` are the names of those who did it; `next` is the place behind it, "" at the end."""

    lines: tuple[TimelineLine, ...]
    actors: dict[int, str]
    next: str


@dataclass(frozen=True)
class KindView:
    """A kind to have alone; `key` is "" for all."""

    key: str
    words: str
    is_current: bool


def kinds(current: str) -> tuple[KindView, ...]:
    """All, and each kind of which something is told."""
    told = [(key, str(words)) for key, words in GROUPS.items() if KINDS[key]]
    return tuple(
        KindView(key, words, key == current)
        for key, words in (("", pgettext("kind of what happened", "all")), *told)
    )


def timeline_page(
    customer_ids: Iterable[int], *, limit: int, after: str = "", kind: str = ""
) -> TimelinePage:
    """What happened with the person behind the place `after`: a query for the events, one a source for the words.

    `kind` is one of GROUPS; of anything else, all is shown.
    """
    ids, place = tuple(customer_ids), Place.read(after)
    if place:
        earlier = Q(happened_at__lt=place.at) | Q(happened_at=place.at, id__lt=place.id)
        rows = Event.objects.filter(
            earlier, customer_id__in=ids, name__in=KINDS.get(kind, TOLD), happened_at__lte=place.at
        )
        found = list(rows.order_by("-happened_at", "-id")[: limit + 1])
    else:
        found = _newest(limit + 1, kind if kind in KINDS else "")(customer_ids=ids)
    events, last = found[:limit], found[limit - 1] if len(found) > limit else None
    return TimelinePage(
        tuple(_lines(events)),
        _actors(events),
        str(Place(last.happened_at, last.pk)) if last else "",
    )


def newest_lines(
    customer_ids: Iterable[int], *, limit: int, subjects: Mapping[int, str]
) -> tuple[TimelineLine, ...]:
    """The last lines alone. `subjects` are those of conversations that the page has read already."""
    return tuple(_lines(_newest(limit)(customer_ids=tuple(customer_ids)), subjects))


@cache
def _newest(most: int, kind: str = "") -> Prepared:
    told = KINDS.get(kind, TOLD)
    return Prepared(
        lambda customer_ids: (
            Event.objects.filter(customer_id__in=customer_ids, name__in=told).order_by("-happened_at", "-id")
        )[:most]
    )


def _lines(events: Sequence[Event], subjects: Mapping[int, str] | None = None) -> Iterable[TimelineLine]:
    lines: dict[int, TimelineLine] = {}
    for source in SOURCES:
        lines |= source.timeline_lines(events, subjects)
    return (lines[event.pk] for event in events if event.pk in lines)


def _actors(events: Sequence[Event]) -> dict[int, str]:
    ids = {event.actor_id for event in events if event.actor_id is not None}
    return dict(_NAMES(ids=tuple(sorted(ids)))) if ids else {}


_NAMES: Final = Prepared(lambda ids: Staff.objects.filter(pk__in=ids).values_list("id", "name"))
