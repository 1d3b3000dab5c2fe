from collections.abc import Iterable, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dangol.business.countries import CODES
from dangol.business.hours import Span
from dangol.business.hours_text import check_nights
from dangol.business.money import CURRENCIES
from dangol.kernel.errors import Refused

YEARS_BACK, YEARS_AHEAD = 1, 2


class BusinessIncomplete(Refused):
    """A value of the business is missing or is none of those that can be."""

    message = _("Please look through the details of your business once more.")


def check_business(*, name: str, country: str, language: str, currency: str, time_zone: str) -> None:
    """Raise `BusinessIncomplete`, which says what to enter, unless every value is one that the product can use."""
    if not name.strip():
        raise BusinessIncomplete(_("Please enter the name of your business."))
    if len(name) > 120:
        raise BusinessIncomplete(_("Please keep the name within 120 letters."))
    if country not in CODES:
        raise BusinessIncomplete(_("Please choose the country from the list."))
    if language not in dict(settings.LANGUAGES):
        raise BusinessIncomplete(_("Please choose one of the languages."))
    if currency not in CURRENCIES:
        raise BusinessIncomplete(_("Please choose the currency from the list."))
    if not is_zone(time_zone):
        raise BusinessIncomplete(_("Please choose the time zone from the list."))


def check_hours(weekly: Sequence[Sequence[Span]]) -> None:
    """Raise a refusal unless the week has hours and its nights end before the next day's hours begin."""
    if not any(weekly):
        raise BusinessIncomplete(_("Please enter the opening hours of at least one weekday."))
    check_nights(weekly)


def special_days_as_data(days: Iterable[tuple[date, str, Sequence[Span]]]) -> list[list[object]]:
    """Special days (day, name, spans) as a calendar's row keeps them, in order; a day entered twice is refused."""
    kept: dict[str, list[object]] = {}
    for day, name, spans in days:
        key = day.isoformat()
        if key in kept:
            raise BusinessIncomplete(
                gettext("%(day)s is entered twice. Please keep one of them.") % {"day": key}
            )
        kept[key] = [key, name.strip(), [list(span) for span in spans]]
    return [kept[key] for key in sorted(kept)]


def is_zone(name: str) -> bool:
    """Whether the name is a time zone that this machine knows."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return bool(name)


def holiday_years(year: int) -> range:
    """The years whose holidays a calendar holds that is made in this year: the last to the next but one."""
    return range(year - YEARS_BACK, year + YEARS_AHEAD + 1)


def needs_holidays(*, holidays_until: int | None, year: int) -> bool:
    """Whether a calendar that knows holidays does so for less than the whole next year."""
    return holidays_until is not None and holidays_until <= year
