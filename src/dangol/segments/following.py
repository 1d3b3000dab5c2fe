"""The loop that keeps memberships true: it follows what happens, and walks along everybody once a night.

An event says whose; those are counted again. What depends on the day alone, and what was written without an event, is
found by the walk. Between the two promises are renewed, where a playbook has changed them. All of it goes on where a
process was killed: how far it came commits with what it did.
"""

import time
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db import transaction

from dangol.business.queries import current_business
from dangol.customers.models import Segment
from dangol.kernel import events
from dangol.kernel.events import Cursor
from dangol.kernel.leases import take_lease
from dangol.kernel.models import Event, Follower
from dangol.kernel.processes import this_process
from dangol.segments.counting import Stretch, count_people, count_stretch, following_rows, local_day
from dangol.segments.introduced import brought_or_bringing
from dangol.segments.models import Walk
from dangol.segments.renewing import is_renewal_asked, renew_further

NAME: Final = "segments"
LEASE_SECONDS: Final = 60
AT_ONCE: Final = 500  # events
WALKED_AT_ONCE: Final = 2000  # customers
REST_SECONDS: Final = 0.1
"""Between two pieces of what is long: SQLite has one writer at a time, and lets nobody know that it is free."""
# What an event calls the other customers that it concerns.
_OTHERS: Final = ("gone_id", "new_customer_id", "other_id", "from_customer_id", "by_id")
# Those by which others were brought by somebody else than before.
_BY_WHOM: Final = frozenset(
    {"IntroductionChanged", "CustomersMerged", "MergeUndone", "IdentitySplit", "CustomerErased"}
)


def keep_counted(*, at: datetime) -> int:
    """One turn: what happened since the last one, and a piece of what promises are to be renewed; else a piece of the
    night's walk. Returns how much was looked at."""
    follower = Follower.objects.filter(name=NAME).first()
    cursor = Cursor(follower.transaction, follower.event_id) if follower else None
    rows = events.since(cursor, limit=AT_ONCE) if cursor is not None else []
    walk = Walk.objects.filter(pk=Walk.ONLY).first()
    is_to_walk = walk is None or walk.day is None or walk.day < local_day(at, current_business())
    is_to_renew = is_renewal_asked()
    if cursor is not None and not (rows or is_to_walk or is_to_renew):
        return 0
    if not take_lease(NAME, holder=this_process(), seconds=LEASE_SECONDS, at=at):
        return 0
    if cursor is None:
        end = events.latest()
        Follower.objects.get_or_create(
            name=NAME, defaults={"transaction": end.transaction, "event_id": end.event_id}
        )
        return 1
    looked = _follow(cursor, rows, at) if rows else 0
    is_more = is_to_renew and renew_further(at=at)
    if not looked and not is_to_renew:
        looked = _walk_on(at)
        is_more = looked == WALKED_AT_ONCE
    if is_more:
        time.sleep(REST_SECONDS)
    return max(looked, 1)


def count_everybody(*, at: datetime) -> int:
    """Walk along all customers now; returns how many rows they were. For a demo, a test and a figure of the bench."""
    looked = 0
    Walk.objects.filter(pk=Walk.ONLY).update(day=None, begun_on=None, reached=0)
    while count := _walk_on(at):
        looked += count
        if Walk.objects.filter(pk=Walk.ONLY, day__isnull=False).exists():
            break
    return looked


@transaction.atomic
def _follow(cursor: Cursor, rows: list[Event], at: datetime) -> int:
    # First in its transaction: another process that also believes to have the lease waits here, and finds it done.
    after = Cursor.after(rows[-1])
    where = Follower.objects.filter(name=NAME, transaction=cursor.transaction, event_id=cursor.event_id)
    if where.update(transaction=after.transaction, event_id=after.event_id):
        count_people(_concerned(rows), at=at)
    return len(rows)


def _concerned(rows: Iterable[Event]) -> set[int]:
    found: set[int] = set()
    moved: set[int] = set()
    for row in rows:
        named = (row.customer_id, *(row.data.get(key) for key in _OTHERS))
        numbers = {pk for pk in named if isinstance(pk, int)}
        found |= numbers
        if row.name in _BY_WHOM:
            moved |= numbers
    return found | brought_or_bringing(moved) if moved else found


@transaction.atomic
def _walk_on(at: datetime) -> int:
    Walk.objects.get_or_create(pk=Walk.ONLY)
    walk = Walk.objects.select_for_update().get(pk=Walk.ONLY)
    if not walk.reached:
        walk.begun_on = local_day(at, current_business())
    people = following_rows(walk.reached, WALKED_AT_ONCE)
    if people:
        count_stretch(Stretch(walk.reached, people[-1]), at=at)
    if len(people) == WALKED_AT_ONCE:
        walk.reached = people[-1]
    else:
        # One over midnight was for the day before: the next begins at once.
        walk.reached, walk.day = 0, walk.begun_on
        Segment.objects.update(counted_at=at)
    walk.save()
    return max(len(people), 1)
