"""Time zones by the names that calendars give them: of the IANA, of Windows, and those that a file defines itself."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

_OFFSET_IN_NAME = re.compile(r"(?:UTC|GMT)\s*([+-])(\d{1,2})(?::?(\d{2}))?\b", re.IGNORECASE)
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_MOST = 50


@dataclass(frozen=True)
class Observance:
    """An offset and since when it holds: from an instant of local time on, or from one in each year."""

    begins: datetime
    offset: timedelta
    month: int = 0  # 0: once
    week: int = 0  # the first, second … or, negative, the last weekday of the month
    weekday: int = 0

    def onset(self, year: int) -> datetime:
        """When it begins in that year; of one that comes once, when it began."""
        if not self.month:
            return self.begins
        clock = self.begins.timetz()
        if self.week > 0:
            first = date(year, self.month, 1)
            day = first + timedelta((self.weekday - first.weekday()) % 7 + 7 * (self.week - 1))
        else:
            last = date(year + self.month // 12, self.month % 12 + 1, 1) - timedelta(1)
            day = last - timedelta((last.weekday() - self.weekday) % 7 - 7 * (self.week + 1))
        return datetime.combine(day, clock)


Defined = Mapping[str, tuple[Observance, ...]]


def find(name: str, at: datetime, defined: Defined) -> tzinfo | None:
    """The zone of that name, or the offset that a zone of the file's own has at that local time; None: unknown."""
    known = _known(name)
    if known is not None:
        return known
    observances = defined.get(name)
    if observances:
        return timezone(_offset_at(observances, at.replace(tzinfo=None)))
    if said := _OFFSET_IN_NAME.search(name):
        minutes = int(said[2]) * 60 + int(said[3] or 0)
        return (
            timezone(timedelta(minutes=minutes if said[1] == "+" else -minutes)) if minutes < 1_440 else None
        )
    return None


def apart(text: str) -> tuple[str, list[str]]:
    """A calendar without the zones that it defines (VTIMEZONE), and these."""
    return _apart(text, ("VTIMEZONE",))


def defined_in(blocks: Iterable[str]) -> Defined:
    """The zones of a calendar file, by their names."""
    found: dict[str, tuple[Observance, ...]] = {}
    for block in blocks:
        name = re.search(r"(?im)^TZID[^:\n]*:(.*)$", block)
        if name and len(found) < _MOST:
            _rest, observances = _apart(block, ("STANDARD", "DAYLIGHT"))
            kept = (_observance(inner) for inner in observances)
            found[name[1].strip(" \"'")] = tuple(each for each in kept if each is not None)
    return found


def _apart(text: str, names: tuple[str, ...]) -> tuple[str, list[str]]:
    """The text without the components of these names, and at most fifty of those."""
    rest: list[str] = []
    blocks: list[list[str]] = []
    is_inside = False
    for line in text.split("\n"):
        word, _colon, name = line.strip().upper().partition(":")
        if word == "BEGIN" and name in names and not is_inside:
            is_inside = True
            blocks.append([])
        (blocks[-1] if is_inside else rest).append(line)
        if word == "END" and name in names:
            is_inside = False
    return "\n".join(rest), ["\n".join(lines) for lines in blocks[:_MOST]]


@cache
def _iana() -> frozenset[str]:
    return frozenset(available_timezones())


def _known(name: str) -> tzinfo | None:
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

    if name.upper() in ("UTC", "GMT", "Z"):
        return ZoneInfo("UTC")
    if name in WINDOWS_TO_OLSON:
        return ZoneInfo(WINDOWS_TO_OLSON[name])
    # `/example.org/20260101/Asia/Seoul`: whose list of zones it is, then the zone.
    words = name.strip("/").split("/")[-6:]
    for start in range(len(words)):
        candidate = "/".join(words[start:])
        if candidate in _iana():
            return ZoneInfo(candidate)
    return None


def _offset_at(observances: tuple[Observance, ...], at: datetime) -> timedelta:
    onsets = [
        (onset, each)
        for each in observances
        for year in (at.year - 1, at.year)
        if (onset := each.onset(year)) <= at
    ]
    if not onsets:
        return min(observances, key=lambda each: each.begins).offset
    return max(onsets, key=lambda one: one[0])[1].offset


def _observance(block: str) -> Observance | None:
    offset = re.search(r"(?im)^TZOFFSETTO[^:\n]*:([+-])(\d{2})(\d{2})", block)
    begins = re.search(r"(?im)^DTSTART[^:\n]*:(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})", block)
    if not offset or not begins:
        return None
    minutes = int(offset[2]) * 60 + int(offset[3])
    month = re.search(r"(?im)^RRULE:[^\n]*\bBYMONTH=(\d{1,2})\b", block)
    day = re.search(r"(?im)^RRULE:[^\n]*\bBYDAY=([+-]?[1-5])(MO|TU|WE|TH|FR|SA|SU)\b", block)
    try:
        since = datetime(*(int(piece) for piece in begins.groups()))  # type: ignore[arg-type]
        difference = timedelta(minutes=minutes if offset[1] == "+" else -minutes)
        if minutes >= 1_440:
            return None
        if not month or not day or not 1 <= int(month[1]) <= 12:
            return Observance(since, difference)
        return Observance(since, difference, int(month[1]), int(day[1]), _DAYS.index(day[2].upper()))
    except ValueError:
        return None
