"""What becomes of what was seen: alarms are raised, end, and are known of. Who hears of them by mail is `telling`'s."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction

from dangol.desk.alarms import machine, rules
from dangol.desk.alarms.checks import disk_reading_name
from dangol.desk.alarms.rules import Kind, Trouble
from dangol.desk.events import AlarmAcknowledged, AlarmBroughtBack, AlarmEnded, AlarmRaised
from dangol.desk.models import Alarm, Reading
from dangol.kernel.errors import Gone
from dangol.kernel.events import emit
from dangol.staff.models import Staff
from dangol.staff.rights import demand

KEPT: Final = timedelta(days=90)
READ_EVERY: Final = timedelta(hours=1)


@transaction.atomic
def note_troubles(*, troubles: Iterable[Trouble], at: datetime) -> None:
    """Raise what lasts, end what is over. For one process at a time; a second one would change nothing twice.

    That nothing is at work is no finding of somebody who is: pages see that themselves.
    """
    seen = {each.key: each for each in troubles if each.kind is not Kind.WORK}
    known = {
        (Kind(row.kind), row.thing): row
        for row in Alarm.objects.select_for_update().filter(ended_at=None, kind__in=list(Kind))
    }
    for key, trouble in seen.items():
        row = known.get(key)
        if row is None:
            row = Alarm(kind=trouble.kind, thing=trouble.thing, seen_at=at, since=trouble.since or at)
        _note(row, trouble, at)
    for key, row in known.items():
        if key not in seen:
            _note_absence(row, at)


def _note(row: Alarm, trouble: Trouble, at: datetime) -> None:
    has_moved = bool(row.pk and trouble.mark and trouble.mark != row.mark)
    row.mark, row.data, row.health = trouble.mark, dict(trouble.data), trouble.health
    if has_moved:
        # A queue that moves is long, not stuck: it has to stand still anew.
        row.seen_at, row.since = at, trouble.since or at
        if row.raised_at:
            _note_absence(row, at)
            return
    else:
        row.gone_at = None
    if trouble.level > row.level:  # worse than what somebody said to know of
        row.acknowledged_by, row.acknowledged_at, row.told_at = None, None, None
    row.level = max(row.level, trouble.level)
    is_raised = row.raised_at is None and at - row.seen_at >= rules.PATIENCE.get(trouble.kind, timedelta(0))
    if is_raised:
        row.raised_at = at
    row.save()
    if is_raised:
        emit(AlarmRaised(happened_at=at, alarm_id=row.pk))


def _note_absence(row: Alarm, at: datetime) -> None:
    if row.raised_at is None:
        row.delete()
        return
    row.gone_at = row.gone_at or at
    if at - row.gone_at >= rules.ENDS_AFTER:
        row.ended_at = at
        emit(AlarmEnded(happened_at=at, alarm_id=row.pk))
    row.save()


@transaction.atomic
def acknowledge_alarm(*, actor: Staff | None, alarm_id: int, at: datetime) -> Alarm:
    """Say "I know": it is quiet, here and by mail, until it is over or gets worse. Gone when it is over already."""
    demand(actor, "see_stuck_work")
    row = _open(alarm_id)
    if row.acknowledged_at is None:
        row.acknowledged_by, row.acknowledged_at = actor, at
        row.save(update_fields=["acknowledged_by", "acknowledged_at"])
        emit(AlarmAcknowledged(happened_at=at, actor_id=actor.pk if actor else None, alarm_id=row.pk))
    return row


@transaction.atomic
def bring_alarm_back(*, actor: Staff | None, alarm_id: int, at: datetime) -> Alarm:
    """Hear of it again after all. Gone when it is over."""
    demand(actor, "see_stuck_work")
    row = _open(alarm_id)
    if row.acknowledged_at is not None:
        row.acknowledged_by, row.acknowledged_at = None, None
        row.save(update_fields=["acknowledged_by", "acknowledged_at"])
        emit(AlarmBroughtBack(happened_at=at, actor_id=actor.pk if actor else None, alarm_id=row.pk))
    return row


def _open(alarm_id: int) -> Alarm:
    rows = Alarm.objects.select_for_update().filter(pk=alarm_id, ended_at=None, raised_at__isnull=False)
    row = rows.first()
    if row is None:
        raise Gone
    return row


def keep_readings(*, at: datetime) -> None:
    """Write down how much room there is, once an hour, and forget what nobody asks for any more."""
    name = disk_reading_name()
    if Reading.objects.filter(name=name, at__gt=at - READ_EVERY).exists():
        return
    Reading.objects.create(name=name, at=at, value=machine.room_at(settings.DANGOL_DATA).bytes)
    Reading.objects.filter(at__lt=at - timedelta(days=2 * rules.DAYS_READ)).delete()
    Alarm.objects.filter(ended_at__lt=at - KEPT).delete()
