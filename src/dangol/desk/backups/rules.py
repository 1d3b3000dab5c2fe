"""When a backup is due and which ones are kept. Pure: no database, no clock, no settings."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from dangol.business.hours import Span

DAILY: Final = 7
WEEKLY: Final = 4
AGAIN_AFTER: Final = timedelta(hours=1)  # one that failed, or was broken off
# The hours of a night, the quietest first: a kitchen that closes at four is asleep at five.
_NIGHT: Final = (3, 4, 5, 2, 6, 1, 0, 7, 23, 8, 22, 9)

MIB: Final = 1024 * 1024
SPARE: Final = 64 * MIB  # on a disk that is there for backups
LEFT_FOR_MAIL: Final = 1024 * MIB  # on the disk of the data folder: below it the disk is an alarm of its own
LEAST_FOR_MAIL: Final = 256 * MIB  # and a backup that takes more than was thought is broken off


def kept(made: Iterable[datetime], zone: tzinfo, *, at: datetime) -> set[datetime]:
    """Which backups stay, of these by the time they were made: the last 7 daily and 4 weekly ones.

    Daily ones are the newest of each of the seven newest days that have any, by the zone's calendar. Weekly ones are
    the newest of each of the four newest weeks (Monday to Sunday) that have any and were over before those days.
    To clear away every day or once in a while comes to the same, and the newest always stays. What a clock that ran
    ahead has dated later than `at` counts as made just before it: else it would be the newest for ever.
    """
    by_day: dict[date, datetime] = {}
    for when in sorted(made, key=lambda when: (when <= at, when)):
        by_day[min(when, at).astimezone(zone).date()] = when
    days = sorted(by_day, reverse=True)
    if not days:
        return set()
    daily, before = days[:DAILY], days[DAILY:]
    first_week = _monday(daily[-1])
    weekly: dict[date, date] = {}
    for day in before:
        if _monday(day) < first_week:
            weekly.setdefault(_monday(day), day)
    weeks = sorted(weekly, reverse=True)[:WEEKLY]
    return {by_day[day] for day in (*daily, *(weekly[week] for week in weeks))}


def gone_by(made: Sequence[datetime], zone: tzinfo, *, before: datetime, at: datetime) -> datetime | None:
    """When the last of these backups that were made before then is cleared away, where one is made every day from now.

    None where none of them is there any more.
    """
    there, day = sorted(made), at
    while any(when < before for when in there):
        day += timedelta(days=1)
        there = sorted(kept([*there, day], zone, at=day))
    return day if day != at else None


def quiet_hour(weekly: Sequence[Sequence[Span]]) -> int:
    """The hour (0 to 23, on the business's wall) in which it is closed on every day; 3 where there is none."""
    busy = {
        minute // 60 % 24
        for spans in weekly
        for start, end in spans
        for minute in (*range(start, end, 60), end - 1)
    }
    return next((hour for hour in _NIGHT if hour not in busy), _NIGHT[0])


def newest_slot(*, at: datetime, hour: int, zone: tzinfo) -> datetime:
    """The last instant, not after `at`, at which a backup is to be made."""
    today = at.astimezone(zone).date()
    slot = datetime.combine(today, time(hour), zone)
    return slot if slot <= at else datetime.combine(today - timedelta(days=1), time(hour), zone)


def next_slot(*, at: datetime, hour: int, zone: tzinfo) -> datetime:
    """The first instant after `at` at which a backup is to be made."""
    last = newest_slot(at=at, hour=hour, zone=zone)
    return datetime.combine(last.date() + timedelta(days=1), time(hour), zone)


def is_due(*, last: datetime, tried: datetime | None, at: datetime, hour: int, zone: tzinfo) -> bool:
    """Whether it is time: since the last good one (or since somebody began to count) a quiet hour has come.

    A machine that slept then makes it when it wakes. One that failed is tried again after an hour.
    """
    is_wanted = last < newest_slot(at=at, hour=hour, zone=zone)
    return is_wanted and (tried is None or tried <= last or not _is_just_tried(tried, at))


def is_to_be_made_now(*, asked: datetime | None, tried: datetime | None, at: datetime) -> bool:
    """Whether somebody asks for one: it is made at once, and an hour after a try for it that was killed."""
    if asked is None:
        return False
    return tried is None or tried < asked or not _is_just_tried(tried, at)


def room_needed(*, database: int, files: int, last: int | None) -> int:
    """Bytes that the next one may take: half as much again as the last, else all that there is, before it is packed."""
    return last * 3 // 2 if last else database + files


def _is_just_tried(tried: datetime, at: datetime) -> bool:
    # A try in the future is one of a clock that ran ahead, and says nothing.
    return timedelta(0) <= at - tried < AGAIN_AFTER


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
