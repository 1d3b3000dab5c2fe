"""Due times follow opening hours and promises: recomputed when these change, for waits that are still open."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Q

from dangol.business.hours import Calendar
from dangol.business.queries import calendar_at
from dangol.inbox import promise
from dangol.inbox.models import Conversation, Wait
from dangol.inbox.promised import Promised, promised_seconds, promised_to

BATCH: Final = 500


@dataclass(frozen=True)
class Recomputed:
    """How many waits of a piece have another due time now, and the last that it looked at; None: there are no more."""

    changed: int
    reached: int | None


def recompute_due_times(*, at: datetime, customers: Collection[int]) -> None:
    """Give each open wait of these rows of customers the due time that the hours and promises of now lead to.

    Answered waits keep what was true for them.
    """
    reached: int | None = 0
    while reached is not None:
        reached = recompute_some(behind=reached, at=at, customers=customers).reached


@transaction.atomic
def recompute_some(*, behind: int, at: datetime, customers: Collection[int] | None = None) -> Recomputed:
    """The same for the first `BATCH` open waits behind the one with this id, whosever they are."""
    waiting = Wait.objects.filter(answered_at=None, dropped_at=None).order_by("pk")
    theirs_alone = Q() if customers is None else Q(conversation__customer__in=customers)
    ids = list(waiting.filter(theirs_alone, pk__gt=behind).values_list("pk", flat=True)[:BATCH])
    if not ids:
        return Recomputed(0, None)
    # Conversations first, as every other command does: otherwise two wait for each other.
    places = Conversation.objects.filter(waits__in=ids)
    list(places.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))
    # Those that were answered meanwhile are no longer among them.
    waits = list(waiting.select_related("channel", "conversation").filter(pk__in=ids))
    calendar = calendar_at(at)
    theirs = promised_to({wait.conversation.customer_id for wait in waits})
    moved = [wait for wait in waits if _recompute(wait, calendar, theirs.get(wait.conversation.customer_id))]
    Wait.objects.bulk_update(moved, ["promised_seconds", "due_at"])
    for wait in moved:
        wait.conversation.due_at = wait.due_at
    Conversation.objects.bulk_update(
        [wait.conversation for wait in moved if wait.conversation.state == Conversation.State.WAITING],
        ["due_at"],
    )
    return Recomputed(len(moved), ids[-1] if len(ids) == BATCH else None)


def _recompute(wait: Wait, calendar: Calendar, theirs: Promised | None) -> bool:
    promised = promised_seconds(wait.channel, is_first=wait.kind == Wait.Kind.FIRST, theirs=theirs)
    due_at = promise.due_at(calendar, wait.started_at, promised)
    if (promised, due_at) == (wait.promised_seconds, wait.due_at):
        return False
    wait.promised_seconds, wait.due_at = promised, due_at
    return True
