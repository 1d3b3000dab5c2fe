"""Due times follow the opening hours: recomputed when they change, for waits that are still open."""

from datetime import datetime
from typing import Final

from django.db import transaction

from dangol.business.hours import Calendar
from dangol.business.queries import calendar_at
from dangol.inbox import promise
from dangol.inbox.models import Conversation, Wait

BATCH: Final = 500


def recompute_due_times(*, at: datetime) -> int:
    """Give every open wait the due time that the hours and promises of now lead to; returns how many changed.

    Answered waits keep what was true for them.
    """
    changed = 0
    reached = 0
    calendar = calendar_at(at)
    while True:
        with transaction.atomic():
            ids = Wait.objects.filter(answered_at=None, dropped_at=None, pk__gt=reached).order_by("pk")[
                :BATCH
            ]
            # Conversations first, as every other command does: otherwise two wait for each other.
            places = Conversation.objects.filter(waits__in=list(ids.values_list("pk", flat=True)))
            list(places.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))
            waits = list(
                Wait.objects.select_related("channel", "conversation")
                .filter(answered_at=None, dropped_at=None, pk__gt=reached)
                .order_by("pk")[:BATCH]
            )
            if not waits:
                return changed
            reached = waits[-1].pk
            moved = [wait for wait in waits if _recompute(wait, calendar)]
            Wait.objects.bulk_update(moved, ["promised_seconds", "due_at"])
            waiting = [
                wait.conversation for wait in moved if wait.conversation.state == Conversation.State.WAITING
            ]
            for wait in moved:
                wait.conversation.due_at = wait.due_at
            Conversation.objects.bulk_update(waiting, ["due_at"])
            changed += len(moved)


def _recompute(wait: Wait, calendar: Calendar) -> bool:
    promised = (
        wait.channel.promised_first_seconds
        if wait.kind == Wait.Kind.FIRST
        else wait.channel.promised_next_seconds
    )
    due_at = promise.due_at(calendar, wait.started_at, promised)
    if (promised, due_at) == (wait.promised_seconds, wait.due_at):
        return False
    wait.promised_seconds, wait.due_at = promised, due_at
    return True
