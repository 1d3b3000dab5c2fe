from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from dangol.business import hours
from dangol.business.models import Business, OpeningCalendar, calendar_of
from dangol.kernel.prepared import Prepared

_BUSINESS: Final = Prepared(lambda: Business.objects.filter(pk=Business.ONLY))
# Few: a row each time that somebody changes the opening hours.
_CALENDARS: Final = Prepared(
    lambda: OpeningCalendar.objects.order_by("effective_from", "id").values_list("effective_from", "uid")
)


@dataclass(frozen=True)
class SpecialDay:
    """A day with hours of its own; none when it is closed."""

    day: date
    spans: tuple[hours.Span, ...]
    name: str = ""


@dataclass(frozen=True)
class OpeningHours:
    """The opening hours in force, as a form shows them."""

    weekly: tuple[tuple[hours.Span, ...], ...]
    special_days: tuple[SpecialDay, ...]
    holidays: tuple[tuple[date, str], ...]
    holidays_until: int | None


def current_business() -> Business:
    """The business; before the first visit an unsaved one with defaults."""
    return next(iter(_BUSINESS()), None) or Business()


def version_at(at: datetime) -> OpeningCalendar | None:
    """The row in force at the instant. Before the first one, the first: history is measured by what is known."""
    return (
        OpeningCalendar.objects.filter(effective_from__lte=at).order_by("-effective_from", "-id").first()
        or OpeningCalendar.objects.order_by("effective_from", "id").first()
    )


def calendar_at(at: datetime, *, zone: str = "") -> hours.Calendar:
    """The calendar in force at the instant; always open as long as nobody entered any hours, in the business's zone,
    which whoever knows it need not have looked up."""
    return calendar_finder(zone=zone)(at)


def calendar_finder(*, zone: str = "") -> Callable[[datetime], hours.Calendar]:
    """`calendar_at` for many instants: one query now and none later."""
    rows = _CALENDARS()
    if not rows:
        calendar = hours.always_open(zone or current_business().time_zone)
        return lambda at: calendar

    def find(at: datetime) -> hours.Calendar:
        place = bisect_right([effective_from for effective_from, _ in rows], at)
        return calendar_of(rows[max(place - 1, 0)][1])

    return find


def opening_hours(at: datetime) -> OpeningHours:
    """The opening hours in force at the instant, special days and holidays in order of date."""
    version = version_at(at)
    if version is None:
        return OpeningHours((hours.ALL_DAY,) * 7, (), (), None)
    calendar = version.calendar
    names = {date.fromisoformat(day): name for day, name, _spans in version.special_days}
    special = sorted(calendar.special.items())
    return OpeningHours(
        weekly=calendar.weekly,
        special_days=tuple(SpecialDay(day, spans, names[day]) for day, spans in special),
        holidays=tuple((date.fromisoformat(day), name) for day, name in version.closed_days),
        holidays_until=version.holidays_until,
    )


def newest_versions(*, limit: int = 6) -> list[OpeningCalendar]:
    """The opening hours as they were and are, the newest first."""
    return list(OpeningCalendar.objects.order_by("-effective_from", "-id")[:limit])
