"""Public holidays of a country, resolved to plain dates, so that nothing but a change of hours needs the library."""

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext_lazy as _

from dangol.kernel.errors import Refused

if TYPE_CHECKING:
    from holidays import HolidayBase

LANGUAGES = {"ko": ("ko",), "en": ("en_US", "en_GB", "en_AU", "en_CA", "en_IN", "en_TT", "en")}


class Holiday(NamedTuple):
    """A day on which the whole country rests, under the name it has in the business's language."""

    day: date
    name: str


class HolidaysUnknown(Refused):
    """The library does not know this country, or not this part of it."""

    message = _(
        "We don't know the public holidays of this country or region. "
        "Please choose to stay open on public holidays, and enter the closed days yourself."
    )


def public_holidays(
    country: str, years: Iterable[int], *, subdivision: str = "", language: str = "en"
) -> tuple[Holiday, ...]:
    """The public holidays of the years in order of date, lunar and substitute ones included.

    `country` is ISO 3166 alpha-2, `subdivision` the part of ISO 3166-2 behind the dash. Names come in `language`
    ("ko", "en") where the library has them, else in the country's own. Raises `HolidaysUnknown`.
    """
    found = _holidays(country, sorted(set(years)), subdivision, language)
    return tuple(Holiday(day, name) for day, name in sorted(found.items()))


def subdivisions(country: str) -> tuple[str, ...]:
    """The parts of the country that have holidays of their own, as `public_holidays` takes them; maybe none."""
    import holidays

    return tuple(sorted(holidays.list_supported_countries().get(country, ())))


def _holidays(country: str, years: list[int], subdivision: str, language: str) -> "HolidayBase":
    # Here and not at the top: the library takes a tenth of a second and megabytes that a web process never needs.
    import holidays

    try:
        kind = holidays.country_holidays(country, subdiv=subdivision or None).__class__
    except NotImplementedError as unknown:
        raise HolidaysUnknown from unknown
    spoken = next((name for name in LANGUAGES.get(language, ()) if name in kind.supported_languages), None)
    return holidays.country_holidays(country, subdiv=subdivision or None, years=years, language=spoken)
