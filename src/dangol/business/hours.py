"""Opening hours as arithmetic: how much of a stretch of time was open, and when so much of it will have passed.

Pure: no database, no clock, no settings. The hours are wall-clock times of the business's zone; everything that
comes in or goes out is an instant, so the zone of the machine or of an agent changes nothing.

Rules:

- Spans are half-open: 09:00-18:00 is open at 09:00:00 and closed at 18:00:00. A day 00:00-24:00 has no closed minute.
- A span belongs to the day on which it begins and may end on the next: a bar open 18:00-02:00 on Friday is
  (1080, 1560) on Friday, and a closed Saturday does not send its guests home at midnight.
- The hours of a day are those of `special`, else none if it is in `closed_days`, else those of its weekday.
- A wall-clock time is the first instant at which the clock on the wall shows it or a later one. A time that
  daylight saving skips is thus the moment of the change; of one that comes twice, the first counts. So a span
  is as long as it really lasts, and neighbouring days neither overlap nor leave a gap.
- Seconds are whole seconds of the clock: the fraction of both instants is dropped, so that parts add up exactly.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

Span = tuple[int, int]
"""Minutes after the midnight with which its day begins: 0 <= start < 1440, start < end <= start + 1440."""

DAY = 1440
ALL_DAY: tuple[Span, ...] = ((0, DAY),)
LOOK_AHEAD_YEARS = 100
"""How far a promise is followed. A calendar that is open one minute a week holds 86 hours in this time."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = EPOCH.toordinal()
SECOND = 1_000_000


@dataclass(frozen=True)
class Calendar:
    """When a business is open. `weekly` is Monday to Sunday; raises ValueError for hours that cannot be."""

    zone: str
    weekly: tuple[tuple[Span, ...], ...]
    closed_days: frozenset[date] = frozenset()
    special: Mapping[date, tuple[Span, ...]] = field(default_factory=dict, hash=False)
    _years: dict[int, "_Year"] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.weekly) != 7:
            raise ValueError("a week has seven days")
        for spans in (*self.weekly, *self.special.values()):
            for start, end in spans:
                if not (0 <= start < DAY and start < end <= start + DAY):
                    raise ValueError(f"not a span of a day: {start}, {end}")
        ZoneInfo(self.zone)

    def spans_on(self, day: date) -> tuple[Span, ...]:
        """The hours of the day: its own, else none if it is closed, else those of its weekday."""
        special = self.special.get(day)
        if special is not None:
            return special
        return () if day in self.closed_days else self.weekly[day.weekday()]


@lru_cache(maxsize=64)
def always_open(zone: str) -> Calendar:
    """The calendar of a business that never closes; one for each zone, because a calendar learns its years."""
    return Calendar(zone=zone, weekly=(ALL_DAY,) * 7)


def opening_seconds(calendar: Calendar, start: datetime, end: datetime) -> int:
    """Seconds between the two instants in which the business was open; 0 when end is not after start.

    Parts add up: a to b and b to c are together a to c, to the second.
    """
    first, last = _microseconds(start), _microseconds(end)
    if last <= first:
        return 0
    first_year, last_year = _year_of(first), _year_of(last)
    whole_years = sum(_year(calendar, year).total for year in range(first_year, last_year))
    until_end = _year(calendar, last_year).open_before(last) // SECOND
    until_start = _year(calendar, first_year).open_before(first) // SECOND
    return whole_years + until_end - until_start


def after_opening(calendar: Calendar, start: datetime, seconds: int) -> datetime:
    """The first instant, in UTC, at which `seconds` of opening time have passed since start; start itself for 0.

    If the calendar does not hold so many within `LOOK_AHEAD_YEARS` (it never opens), they are counted on the
    wall clock. Raises ValueError for less than 0.
    """
    if seconds < 0:
        raise ValueError("opening time cannot run backwards")
    begin = _microseconds(start)
    if seconds == 0:
        return _instant(begin)
    left = _year(calendar, _year_of(begin)).open_before(begin) + seconds * SECOND
    for year in _years_from(calendar, _year_of(begin)):
        if left <= year.total * SECOND:
            return _instant(year.when_open_for(left))
        left -= year.total * SECOND
    return _instant(begin + seconds * SECOND)


def is_open(calendar: Calendar, at: datetime) -> bool:
    """Whether the business is open at the instant."""
    now = _microseconds(at)
    return _year(calendar, _year_of(now)).is_open(now)


def next_opening(calendar: Calendar, at: datetime) -> datetime | None:
    """The first instant from `at` on at which the business is open: `at` itself if it is; None if never again."""
    now = _microseconds(at)
    for year in _years_from(calendar, _year_of(now)):
        opening = year.open_from(now)
        if opening is not None:
            return _instant(opening)
    return None


@dataclass(frozen=True)
class _Year:
    """The open stretches of one year of UTC, merged and in order, in seconds since 1970; `before` adds them up."""

    opens: "array[int]"
    closes: "array[int]"
    before: "array[int]"
    total: int

    def open_before(self, instant: int) -> int:
        """Microseconds of this year that were open before the instant (in microseconds)."""
        i = bisect_right(self.opens, instant // SECOND) - 1
        if i < 0:
            return 0
        return self.before[i] * SECOND + min(instant, self.closes[i] * SECOND) - self.opens[i] * SECOND

    def when_open_for(self, wanted: int) -> int:
        """The instant at which `wanted` microseconds of this year have been open; 0 < wanted <= total."""
        i = bisect_left(self.before, -(-wanted // SECOND)) - 1
        return self.opens[i] * SECOND + wanted - self.before[i] * SECOND

    def is_open(self, instant: int) -> bool:
        i = bisect_right(self.opens, instant // SECOND) - 1
        return i >= 0 and instant < self.closes[i] * SECOND

    def open_from(self, instant: int) -> int | None:
        i = bisect_right(self.closes, instant // SECOND)
        return max(self.opens[i] * SECOND, instant) if i < len(self.opens) else None


def _year(calendar: Calendar, year: int) -> _Year:
    """The year's open stretches, made once a calendar; a calendar is small, lives long and is asked often."""
    known = calendar._years.get(year)
    if known is None:
        known = calendar._years[year] = _make_year(calendar, year)
    return known


def _make_year(calendar: Calendar, year: int) -> _Year:
    begin, end = _start_of_year(year), _start_of_year(year + 1)
    opens, closes, before, total = array("q"), array("q"), array("q"), 0
    for start, stop in _merged(_stretches(calendar, year)):
        start, stop = max(start, begin), min(stop, end)
        if start < stop:
            opens.append(start)
            closes.append(stop)
            before.append(total)
            total += stop - start
    return _Year(opens, closes, before, total)


def _stretches(calendar: Calendar, year: int) -> Iterator[tuple[int, int]]:
    """What each local day that touches the year has open; zones are up to a day and a span another day off UTC."""
    zone = ZoneInfo(calendar.zone)
    first = max(date(year, 1, 1).toordinal() - 3, 2)
    last = min(date(year, 12, 31).toordinal() + 3, date.max.toordinal() - 3)
    for ordinal in range(first, last):
        day = date.fromordinal(ordinal)
        for start, end in calendar.spans_on(day):
            yield _first_shown(zone, day, start), _first_shown(zone, day, end)


def _merged(stretches: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The stretches in order, those that touch or overlap joined to one."""
    current: tuple[int, int] | None = None
    for start, end in sorted(stretches):
        if current is None:
            current = (start, end)
        elif start <= current[1]:
            current = (current[0], max(current[1], end))
        else:
            yield current
            current = (start, end)
    if current is not None:
        yield current


def _first_shown(zone: ZoneInfo, day: date, minute: int) -> int:
    """The first instant at which a clock in the zone shows this minute of the day or later, in seconds."""
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)
    seconds = (wall.toordinal() - EPOCH_DAY) * 86_400 + wall.hour * 3_600 + wall.minute * 60
    before = _offset(zone, wall)
    after = _offset(zone, wall.replace(fold=1))
    if before >= after:
        return seconds - before
    # The clock never shows it: it jumps over it somewhere in between.
    too_early, late_enough = seconds - after - 1, seconds - before
    while late_enough - too_early > 1:
        middle = (too_early + late_enough) // 2
        shown = (EPOCH + timedelta(seconds=middle)).astimezone(zone).replace(tzinfo=None)
        too_early, late_enough = (too_early, middle) if shown >= wall else (middle, late_enough)
    return late_enough


def _offset(zone: ZoneInfo, wall: datetime) -> int:
    offset = zone.utcoffset(wall)
    return 0 if offset is None else offset.days * 86_400 + offset.seconds


def _years_from(calendar: Calendar, first: int) -> Iterator[_Year]:
    """Years from the first on, as long as one may still hold an opening."""
    last = first + LOOK_AHEAD_YEARS
    if not any(calendar.weekly):
        last = max((day.year + 1 for day, spans in calendar.special.items() if spans), default=first - 1)
    for year in range(first, min(last, 9999) + 1):
        yield _year(calendar, year)


def _start_of_year(year: int) -> int:
    """In seconds since 1970; of the year 10000 too, which `date` does not know."""
    past = year - 1
    return (past * 365 + past // 4 - past // 100 + past // 400 + 1 - EPOCH_DAY) * 86_400


def _microseconds(at: datetime) -> int:
    """Microseconds since 1970. Aware instants only: a naive one would be read in the zone of the machine."""
    if at.utcoffset() is None:
        raise ValueError("an instant has a zone")
    # Two times of one zone subtract as wall-clock times; UTC first makes it real time.
    return (at.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)


def _instant(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)


def _year_of(microseconds: int) -> int:
    return _instant(microseconds).year
