"""Stretches of days of the business, and the one before that each is held against. Pure."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

EARLIEST: Final = 1990


@dataclass(frozen=True)
class Period:
    """Days in the zone of the business, the last one included."""

    first_day: date
    last_day: date
    zone: ZoneInfo

    @property
    def begin(self) -> datetime:
        """The first instant of the first day."""
        return datetime.combine(self.first_day, time.min, self.zone)

    @property
    def end(self) -> datetime:
        """The instant after the last day."""
        return datetime.combine(self.last_day + timedelta(days=1), time.min, self.zone)

    @property
    def days(self) -> int:
        """How many days."""
        return (self.last_day - self.first_day).days + 1

    @property
    def is_whole_months(self) -> bool:
        """Whether it begins with a month and ends with one."""
        return self.first_day.day == 1 and (self.last_day + timedelta(days=1)).day == 1

    @property
    def is_in_one_month(self) -> bool:
        """Whether it is a month from its first day on, to its end or not."""
        return self.first_day.day == 1 and month_of(self.first_day) == month_of(self.last_day)

    @property
    def is_month(self) -> bool:
        """Whether it is exactly one month."""
        return self.is_whole_months and self.is_in_one_month

    @property
    def before(self) -> "Period":
        """What it is held against: as many months before whole months, the same days of the month before a month that
        is not over, else as many days right before."""
        if self.is_whole_months:
            year, month = month_of(self.first_day)
            months = (self.last_day.year - year) * 12 + self.last_day.month - month + 1
            first = _moved(self.first_day, -months)
            return Period(first, self.first_day - timedelta(days=1), self.zone)
        if self.is_in_one_month:
            first = _moved(self.first_day, -1)
            length = monthrange(first.year, first.month)[1]
            return Period(first, first.replace(day=min(self.last_day.day, length)), self.zone)
        return Period(
            self.first_day - timedelta(days=self.days), self.first_day - timedelta(days=1), self.zone
        )


def month_of(day: date) -> tuple[int, int]:
    """The year and the month."""
    return day.year, day.month


def month_period(year: int, month: int, zone: ZoneInfo, *, today: date) -> Period:
    """That month; of the present one the days until today."""
    first = date(year, month, 1)
    last = first.replace(day=monthrange(year, month)[1])
    return Period(first, min(last, max(today, first)), zone)


def read_month(text: str) -> tuple[int, int] | None:
    """The year and the month of "2026-10"; None of anything else."""
    day = read_day(f"{text}-01")
    return month_of(day) if day else None


def read_day(text: str) -> date | None:
    """The day of "2026-10-31"; None of anything else, also of years in which nobody had a desk."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if EARLIEST <= day.year < 9999 else None


def read_period(*, month: str, first: str, last: str, zone: ZoneInfo, today: date) -> Period:
    """The period that an address asks for: a month, or days of which either end may be left out.

    What cannot be read is as if it were not there, and without anything it is the present month. No day lies ahead.
    """
    named = read_month(month)
    if named and date(*named, 1) <= today:
        return month_period(*named, zone, today=today)
    begin, end = read_day(first), read_day(last)
    if begin is None and end is None:
        return month_period(today.year, today.month, zone, today=today)
    end = min(end or today, today)
    return Period(min(begin or end.replace(day=1), end), end, zone)


def _moved(first_of_month: date, months: int) -> date:
    count = first_of_month.year * 12 + first_of_month.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)
