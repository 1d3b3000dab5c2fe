"""Waiting for as long as anything moves, until all has come to its end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

from tests.parts.killing import Plan, Report

DUE_SOON: Final = 5  # times `settling`: what is tried again so soon is waited for


def until(
    is_done: Callable[[], bool], plan: Plan, report: Report, what: str, *, due_soon: int = DUE_SOON
) -> bool:
    """Wait for it as long as anything moves or is due soon; else say so in the report and return False."""
    from django.db import close_old_connections

    from dangol.kernel.troubles import DATABASE_AWAY

    deadline = time.monotonic() + plan.settling
    moved: tuple[object, ...] = ()
    looked_at = 0.0  # seldom: it asks much, while others want to get on
    while True:
        try:
            if is_done():
                return True
            if time.monotonic() - looked_at >= plan.settling / 4:
                looked_at, before, moved = time.monotonic(), moved, _moved_so_far(plan)
                if moved != before or _is_due_within(due_soon * plan.settling):
                    deadline = time.monotonic() + plan.settling  # a busy machine takes its time
        except DATABASE_AWAY:
            pass
        if time.monotonic() > deadline:
            report.wrong.append(f"unfinished: {what} did not go on for {plan.settling:.0f} s")
            return False
        close_old_connections()
        time.sleep(0.2)


def _moved_so_far(plan: Plan) -> tuple[object, ...]:
    """Something that is another one as soon as anything was fetched, taken in, tried, handed over or reacted to."""
    from django.db.models import Count, Max, Sum

    from dangol.channels.models import Delivery, Mailbox, Raw
    from dangol.kernel.models import Event, Follower, Setback

    sink = Path(plan.folder) / "sink.jsonl"
    return (
        sink.stat().st_size if sink.exists() else 0,
        sorted(Raw.objects.values_list("state").annotate(Count("pk"), Sum("tries"))),
        sorted(Delivery.objects.values_list("state").annotate(Count("pk"), Sum("tries"))),
        sorted(Mailbox.objects.values_list("pk", "last_uid")),
        sorted(Follower.objects.values_list("name", "event_id")),
        sorted(Setback.objects.values_list("pk", "tries")),
        Event.objects.aggregate(Max("pk"))["pk__max"],
    )


def _is_due_within(seconds: float) -> bool:
    """Whether a time has been set at which something is tried again, not too far away."""
    from dangol.channels.models import Delivery
    from dangol.kernel import clock
    from dangol.kernel.models import Setback

    soon = (now := clock.now(), now + timedelta(seconds=seconds))
    return (
        Delivery.objects.filter(Delivery.IS_OPEN, due_at__range=soon).exists()
        or Setback.objects.filter(next_at__range=soon).exists()
    )


def note_beginnings() -> None:
    """Each reaction notes where it begins; later ones would not react to what was before."""
    from dangol.kernel.reacting import react, stop_reacting
    from dangol.reactions import REACTIONS

    react(REACTIONS)
    stop_reacting()


def is_quiet(*, but: int = 0) -> bool:
    """Whether every event was reacted to and every delivery has come to its end, `but` so many that are put off."""
    from dangol.channels.models import Delivery
    from dangol.kernel import events
    from dangol.kernel.models import Follower, Setback
    from dangol.reactions import REACTIONS

    end = events.latest()
    followers = Follower.objects.filter(name__in=[each.name for each in REACTIONS])
    reached = [(row.transaction, row.event_id) for row in followers]
    under_way = Counter(
        Delivery.objects.filter(state__in=["queued", "sending", "retry"]).values_list("state", flat=True)
    )
    return (
        len(reached) == len(REACTIONS)
        and all(place >= end for place in reached)
        and not Setback.objects.exists()
        and under_way == ({"retry": but} if but else {})
    )
