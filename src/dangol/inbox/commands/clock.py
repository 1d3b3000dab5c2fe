"""Due times follow the opening hours: recomputed when they change, for waits that are still open."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.db import transaction

from dangol.business.hours import Calendar
from dangol.business.queries import calendar_at
from dangol.inbox import promise
from dangol.inbox.models import Conversation, Wait
from dangol.inbox.promised import Promised, promised_seconds, promised_to

BATCH: Final = 500


def recompute_due_times(*, at: datetime, customers: Collection[int] | None = None) -> int:
    """Give every open wait the due time that the hours and promises of now lead to; returns how many changed.

    With `customers`, the waits of these rows alone. Answered waits keep what was true for them.
    """
    waiting = Wait.objects.filter(answered_at=None, dropped_at=None)
    if customers is not None:
        waiting = waiting.filter(conversation__customer__in=customers)
    changed = 0
    reached = 0
    calendar = calendar_at(at)
    while True:
        with transaction.atomic():
            ids = waiting.filter(pk__gt=reached).order_by("pk")[:BATCH]
            # Conversations first, as every other command does: otherwise two wait for each other.
            places = Conversation.objects.filter(waits__in=list(ids.values_list("pk", flat=True)))
            list(places.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))
            waits = list(
                waiting.select_related("channel", "conversation")
                .filter(pk__gt=reached)
                .order_by("pk")[:BATCH]
            )
            if not waits:
                return changed
            reached = waits[-1].pk
            theirs = promised_to({wait.conversation.customer_id for wait in waits})
            moved = [
                wait
                for wait in waits
                if _recompute(wait, calendar, theirs.get(wait.conversation.customer_id))
            ]
            Wait.objects.bulk_update(moved, ["promised_seconds", "due_at"])
            places_moved = [
                wait.conversation for wait in moved if wait.conversation.state == Conversation.State.WAITING
            ]
            for wait in moved:
                wait.conversation.due_at = wait.due_at
            Conversation.objects.bulk_update(places_moved, ["due_at"])
            changed += len(moved)


def _recompute(wait: Wait, calendar: Calendar, theirs: Promised | None) -> bool:
    promised = promised_seconds(wait.channel, is_first=wait.kind == Wait.Kind.FIRST, theirs=theirs)
    due_at = promise.due_at(calendar, wait.started_at, promised)
    if (promised, due_at) == (wait.promised_seconds, wait.due_at):
        return False
    wait.promised_seconds, wait.due_at = promised, due_at
    return True
