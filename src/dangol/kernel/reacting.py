"""When this happened, do that: consumers of events, each with a cursor of its own.

An event is handed to a reaction at least once; what it does and the cursor commit together, so that a crash in
between does it again or not at all. A cursor only moves from where its reader found it: two processes that both
believe to have the lease do nothing twice. What fails is set aside with its reason and tried again later; the others
go on.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from dangol.kernel import clock, events
from dangol.kernel.events import Cursor, Happened
from dangol.kernel.leases import give_back_lease, take_lease
from dangol.kernel.models import Event, Follower, Setback
from dangol.kernel.processes import this_process
from dangol.kernel.troubles import DATABASE_AWAY

log = logging.getLogger(__name__)

BATCH: Final = 100
# Events that are looked at by their names alone, to see which reactions they concern.
WINDOW: Final = 500
LEASE: Final = "reactions"
LEASE_SECONDS: Final = 60
# How far all of these have come, as this process saw it last: it saves asking for each.
_reached: dict[tuple["Reaction", ...], Cursor] = {}
RETRY_MINUTES: Final = (1, 5, 15, 60, 240, 720)  # then it waits for a person


@dataclass(frozen=True)
class Reaction:
    """`do` is called with the event of type `on`; it must be idempotent. Silent events never reach it."""

    name: str
    on: type[Happened]
    do: Callable[[Any], object]


def react(reactions: tuple[Reaction, ...]) -> int:
    """One turn of all reactions; returns how many events were handed on."""
    at = clock.now()
    end = events.latest()
    if _reached.get(reactions) == end and not Setback.objects.filter(next_at__lte=at).exists():
        return 0
    if not take_lease(LEASE, holder=this_process(), seconds=LEASE_SECONDS, at=at):
        return 0
    done = _go_on(reactions, end) + _retry(reactions, at)
    if not done:
        _reached[reactions] = end
    return done


def stop_reacting() -> None:
    """Let another process go on at once."""
    give_back_lease(LEASE, holder=this_process())


def retry_now(setback: Setback) -> None:
    """Have a failed event tried at the next turn."""
    Setback.objects.filter(pk=setback.pk).update(next_at=clock.now())


def _go_on(reactions: Sequence[Reaction], end: Cursor) -> int:
    """Hand on what has happened up to the end. Whom none of it concerns is moved there, all together: else a mail that
    comes in would cost three queries for each reaction that has nothing to do with it."""
    places = _places(reactions, end)
    behind = [reaction for reaction in reactions if places[reaction.name] < end]
    if not behind:
        return 0
    first = min(places[reaction.name] for reaction in behind)
    names = events.names_since(first, limit=WINDOW, until=end)
    concerned = behind
    if len(names) < WINDOW:  # there is nothing further on, up to the end
        concerned = [reaction for reaction in behind if reaction.on.__name__ in names]
        _move_together({r.name: places[r.name] for r in behind if r not in concerned}, end)
    return sum(_follow(reaction, places[reaction.name], end) for reaction in concerned)


def _places(reactions: Sequence[Reaction], end: Cursor) -> dict[str, Cursor]:
    """How far each has read. One that is new begins at the end: it does not react to what was before."""
    names = [reaction.name for reaction in reactions]
    followers = {follower.name: follower for follower in Follower.objects.filter(name__in=names)}
    for name in names:
        if name not in followers:
            followers[name], _ = Follower.objects.get_or_create(
                name=name, defaults={"transaction": end.transaction, "event_id": end.event_id}
            )
    return {name: Cursor(follower.transaction, follower.event_id) for name, follower in followers.items()}


def _move_together(places: Mapping[str, Cursor], end: Cursor) -> None:
    """Move those to the end that are still where they were; who is not has been moved by another process."""
    for place in set(places.values()):
        there = [name for name, each in places.items() if each == place]
        where = Follower.objects.filter(
            name__in=there, transaction=place.transaction, event_id=place.event_id
        )
        where.update(transaction=end.transaction, event_id=end.event_id)


def _follow(reaction: Reaction, cursor: Cursor, end: Cursor) -> int:
    rows = events.since(cursor, limit=BATCH, names=[reaction.on.__name__], until=end)
    try:
        for row in rows:
            _hand_over(reaction, row, cursor)
            cursor = Cursor.after(row)
        if len(rows) < BATCH and cursor < end:
            _move(reaction, cursor, end)
    except MovedByAnother:
        log.warning("reaction=%s another process has gone on with it", reaction.name)
    return len(rows)


class MovedByAnother(Exception):
    """Another process took the lease over and has read on: what was begun here is rolled back."""


def _hand_over(reaction: Reaction, row: Event, cursor: Cursor) -> None:
    try:
        happened = None if row.silent else events.load(row)
        with transaction.atomic():
            _move(reaction, cursor, Cursor.after(row))
            if happened is not None:
                reaction.do(happened)
    except (*DATABASE_AWAY, MovedByAnother):
        raise  # the database may be away; nothing was committed, and the next turn begins here again
    except Exception as failure:
        log.exception("reaction=%s event=%s failed=%s", reaction.name, row.pk, type(failure).__name__)
        at = clock.now()
        with transaction.atomic():
            _move(reaction, cursor, Cursor.after(row))
            Setback.objects.get_or_create(
                follower=reaction.name,
                event=row,
                defaults={
                    "reason": type(failure).__name__,
                    "first_at": at,
                    "next_at": at + timedelta(minutes=RETRY_MINUTES[0]),
                },
            )


def _move(reaction: Reaction, before: Cursor, after: Cursor) -> None:
    # First in its transaction: whoever else is at this event waits here, and then finds it done.
    where = Follower.objects.filter(
        name=reaction.name, transaction=before.transaction, event_id=before.event_id
    )
    if not where.update(transaction=after.transaction, event_id=after.event_id):
        raise MovedByAnother


def _retry(reactions: Sequence[Reaction], at: datetime) -> int:
    known = {reaction.name: reaction for reaction in reactions}
    due = Setback.objects.filter(next_at__lte=at, follower__in=known).select_related("event")[:BATCH]
    for setback in due:
        try:
            happened = events.load(setback.event)
            with transaction.atomic():
                gone, _ = Setback.objects.filter(pk=setback.pk).delete()
                if gone and happened is not None:  # else another process has just done it
                    known[setback.follower].do(happened)
        except DATABASE_AWAY:
            raise
        except Exception as failure:
            log.exception("reaction=%s event=%s failed again", setback.follower, setback.event_id)
            wait = RETRY_MINUTES[setback.tries] if setback.tries < len(RETRY_MINUTES) else None
            Setback.objects.filter(pk=setback.pk).update(
                tries=setback.tries + 1,
                reason=type(failure).__name__,
                next_at=at + timedelta(minutes=wait) if wait else None,
            )
    return len(due)
