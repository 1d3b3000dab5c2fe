"""Open alarms for those who may do something about them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from dangol.desk.alarms import rules
from dangol.desk.alarms.checks import glance
from dangol.desk.alarms.rules import Kind, Trouble
from dangol.desk.alarms.words import Said, say, why_untold
from dangol.desk.models import Alarm
from dangol.kernel.loops import is_beating
from dangol.kernel.models import Heartbeat
from dangol.kernel.prepared import Prepared
from dangol.staff.models import Staff
from dangol.staff.rights import may

WATCHERS = "alarms"


@dataclass(frozen=True)
class AlarmView:
    """An alarm as a page shows it. `id` is None for what this page saw itself: nobody can say yet that they know.

    `known_to` is who said "I know"; `untold` why nobody got a mail about it.
    """

    id: int | None
    said: Said
    known_to: str = ""
    is_known: bool = False
    untold: str = ""


def alarms_for(person: Staff, *, at: datetime) -> tuple[AlarmView, ...]:
    """The open alarms, the worst first; none for who may not see stuck work.

    Two queries, and one for the mailboxes that they name. Where nobody watches, the page looks itself: two more.
    """
    if not may(person, "see_stuck_work"):
        return ()
    rows = {(Kind(row.kind), row.thing): row for row in open_alarms()}
    troubles = {key: trouble_of(row) for key, row in rows.items()}
    beats = _BEATS()
    if not any(beat.name == WATCHERS and is_beating(beat) for beat in beats):
        troubles |= {each.key: each for each in glance(at=at, beats=beats)}
    found = rules.without_consequences(troubles.values())
    return tuple(
        _view(rows.get(trouble.key), said)
        for trouble, said in zip(found, say(found, reader=person), strict=True)
    )


def open_alarms(*, is_locked: bool = False) -> list[Alarm]:
    """Every alarm that was raised and is not over; with `is_locked` nobody else writes them until the end."""
    if is_locked:
        return list(_open().select_for_update().order_by("id"))
    return _OPEN()


def _open() -> QuerySet[Alarm]:
    return Alarm.objects.filter(ended_at=None, raised_at__isnull=False, kind__in=list(Kind))


_OPEN: Final = Prepared(lambda: _open().select_related("acknowledged_by"))
_BEATS: Final = Prepared(Heartbeat.objects.all)


def _view(row: Alarm | None, said: Said) -> AlarmView:
    if row is None:
        return AlarmView(None, said)
    who = row.acknowledged_by.name if row.acknowledged_by else ""
    return AlarmView(
        row.pk, said, who, row.acknowledged_at is not None, why_untold(row.untold) if row.untold else ""
    )


def trouble_of(row: Alarm) -> Trouble:
    """What the row was raised for, as it was seen last."""
    return Trouble(
        kind=Kind(row.kind),
        health="bad" if row.health == "bad" else "warn",
        thing=row.thing,
        since=row.since,
        level=row.level,
        mark=row.mark,
        data=row.data,
    )
