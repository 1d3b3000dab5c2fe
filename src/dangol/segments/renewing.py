"""Due times follow playbooks and opening hours: all open waits are renewed, a piece at a time, by the worker.

There may be many thousands of them: who changes a playbook does not wait for that, and nobody else is kept from writing
while it is done. How far it came commits with what was done, so that it goes on where a process was killed; whatever
changes meanwhile lets it begin again.
"""

from datetime import datetime

from django.db import transaction

from dangol.inbox.commands.clock import recompute_some
from dangol.inbox.models import Wait
from dangol.segments.models import Renewal


def ask_for_renewal(*, at: datetime) -> None:
    """Have the worker renew what is due of all open waits; it begins when the caller's transaction is over."""
    Renewal.objects.update_or_create(pk=Renewal.ONLY, defaults={"asked_at": at, "reached": 0})


def is_renewal_asked() -> bool:
    """Whether some may still be due as they were before."""
    return Renewal.objects.filter(pk=Renewal.ONLY).exists()


def renewal_left() -> int:
    """How many open waits are still to be looked at; 0 where all are due as they should be."""
    renewal = Renewal.objects.filter(pk=Renewal.ONLY).first()
    if renewal is None:
        return 0
    waiting = Wait.objects.filter(answered_at=None, dropped_at=None)
    return waiting.filter(pk__gt=renewal.reached).count()


@transaction.atomic
def renew_further(*, at: datetime) -> bool:
    """The next piece; returns whether there is more to do."""
    renewal = Renewal.objects.select_for_update().filter(pk=Renewal.ONLY).first()
    if renewal is None:
        return False
    piece = recompute_some(behind=renewal.reached, at=at)
    if piece.reached is None:
        renewal.delete()
        return False
    renewal.reached = piece.reached
    renewal.save()
    return True
