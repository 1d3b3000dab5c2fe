"""The loop `alarms`: looks every minute, one process at a time."""

from datetime import datetime
from typing import Final

from dangol.channels.certificates import look_at_certificate
from dangol.channels.email.smtp import try_sending
from dangol.channels.models import Delivery, Mailbox
from dangol.channels.outbox import note_sending, outgoing_server
from dangol.desk.alarms.checks import look
from dangol.desk.alarms.commands import keep_readings, note_troubles
from dangol.desk.alarms.telling import tell_of_alarms
from dangol.kernel import clock
from dangol.kernel.leases import take_lease
from dangol.kernel.processes import this_process

LEASE: Final = "alarms"
LEASE_SECONDS: Final = 240  # a trial of a server that does not answer takes its time
TRY_AGAIN_SECONDS: Final = 300
_tried: dict[int, datetime] = {}


def watch() -> int:
    """One turn: look, raise and end alarms, tell of them. Returns 0: it may rest."""
    at = clock.now()
    if not take_lease(LEASE, holder=this_process(), seconds=LEASE_SECONDS, at=at):
        return 0
    keep_readings(at=at)
    if not look_at_certificate(at=at):
        try_failing_server(at=at)
    note_troubles(troubles=look(at=at), at=clock.now())
    tell_of_alarms(at=clock.now())
    return 0


def try_failing_server(*, at: datetime) -> None:
    """See whether an outgoing server that failed works again, one a turn and each every five minutes.

    Where nothing waits to be sent, nobody else would notice that it does.
    """
    waiting = Delivery.objects.filter(
        Delivery.IS_OPEN, state__in=[Delivery.State.QUEUED, Delivery.State.RETRY]
    )
    rows = Mailbox.objects.filter(channel__is_active=True, sending_failing_since__isnull=False)
    rows = (
        rows.filter(outgoing=Mailbox.Outgoing.SMTP)
        .exclude(smtp_host="")
        .exclude(pk__in=waiting.values("channel"))
    )
    for box in rows.order_by("pk"):
        tried = _tried.get(box.pk)
        if tried is None or (at - tried).total_seconds() >= TRY_AGAIN_SECONDS:
            _tried[box.pk] = at
            trial = try_sending(outgoing_server(box), box.address)
            note_sending(box, trial.problem, at=at)
            return
