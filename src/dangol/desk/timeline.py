"""A customer's timeline: what happened, newest first, in the words of the app that it happened in."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils.translation import pgettext, pgettext_lazy

from dangol.customers import timeline as customers_timeline
from dangol.goodwill import timeline as goodwill_timeline
from dangol.inbox import timeline as inbox_timeline
from dangol.kernel.models import Event
from dangol.kernel.places import Place
from dangol.kernel.prepared import Prepared
from dangol.kernel.timeline import Happened, TimelineLine
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
        rows = _told(ids, KINDS.get(kind, TOLD)).filter(earlier, happened_at__lte=place.at)
        found = [Happened._make(row) for row in rows[: limit + 1]]
    else:
        found = _newest(ids, limit + 1, kind if kind in KINDS else "")
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
    return tuple(_lines(_newest(tuple(customer_ids), limit), subjects))


def _newest(customer_ids: tuple[int, ...], most: int, kind: str = "") -> list[Happened]:
    return [Happened._make(row) for row in _prepared(most, kind)(customer_ids=customer_ids)]


@cache
def _prepared(most: int, kind: str) -> Prepared:
    told = KINDS.get(kind, TOLD)
    return Prepared(lambda customer_ids: _told(customer_ids, told)[:most])


def _told(customer_ids: Collection[int], names: Collection[str]) -> "QuerySet[Event, tuple[Any, ...]]":
    rows = Event.objects.filter(customer_id__in=customer_ids, name__in=names)
    return rows.order_by("-happened_at", "-id").values_list("id", *Happened._fields[1:])


def _lines(events: Sequence[Happened], subjects: Mapping[int, str] | None = None) -> Iterable[TimelineLine]:
    lines: dict[int, TimelineLine] = {}
    for source in SOURCES:
        lines |= source.timeline_lines(events, subjects)
    return (lines[event.pk] for event in events if event.pk in lines)


def _actors(events: Sequence[Happened]) -> dict[int, str]:
    ids = {event.actor_id for event in events if event.actor_id is not None}
    return dict(_NAMES(ids=tuple(sorted(ids)))) if ids else {}


_NAMES: Final = Prepared(lambda ids: Staff.objects.filter(pk__in=ids).values_list("id", "name"))
