"""What the first visit fills in by itself: a country brings its currency and zone, a browser its country."""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from zoneinfo import available_timezones

from django.conf import settings
from django.utils.translation import get_language

from dangol.business.country_list import COUNTRIES
from dangol.business.money import CURRENCIES, SYMBOLS

Choices = list[tuple[str, str]]

# The country meant when a browser says a language and no country.
COUNTRY_OF_LANGUAGE: Final = {
    "ko": "KR",
    "en": "US",
    "ja": "JP",
    "de": "DE",
    "fr": "FR",
    "es": "ES",
    "it": "IT",
    "pt": "BR",
    "nl": "NL",
    "pl": "PL",
    "sv": "SE",
    "vi": "VN",
    "th": "TH",
    "id": "ID",
}
AREAS: Final = frozenset(
    {
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    }
)


@dataclass(frozen=True)
class Proposal:
    """What is likely, for somebody to look at and correct."""

    language: str
    country: str
    currency: str
    time_zone: str


def propose_from_browser(accepted: str, *, time_zone: str = "") -> Proposal:
    """What the browser's Accept-Language header, and its time zone where it told one, make likely.

    The zone says where somebody is; the language only what they read. Without either: the United States.
    """
    tags = [part.partition(";")[0].strip() for part in accepted.split(",")]
    language = next((tag[:2].lower() for tag in tags if tag[:2].lower() in dict(settings.LANGUAGES)), "en")
    country = country_of_zone(time_zone) or next(filter(None, map(_country_of_tag, tags)), "US")
    found = COUNTRIES[country]
    zone = time_zone if time_zone in dict(zone_choices()) else found.time_zone
    return Proposal(language, country, found.currency, zone)


def country_of_zone(time_zone: str) -> str:
    """The country in whose largest city this is the time; empty for another zone of a large country, or none."""
    return _country_by_zone().get(time_zone, "")


def language_choices() -> Choices:
    """The languages of the product, each as those who speak it call it."""
    return [("en", "English"), ("ko", "한국어")]


def country_choices() -> Choices:
    """Every country under its name in the active language, in the order in which one looks for it."""
    return _sorted_countries(get_language() or "en")


def currency_choices() -> Choices:
    """Every currency by its code, with its sign where people write one."""
    signs = SYMBOLS["en"]
    return [(code, f"{code} ({signs[code]})" if code in signs else code) for code in sorted(CURRENCIES)]


@lru_cache(maxsize=1)
def zone_choices() -> Choices:
    """Every time zone that has a place in its name, as "Asia / Seoul", and UTC."""
    zones = [name for name in available_timezones() if name.partition("/")[0] in AREAS]
    return [*((name, name.replace("/", " / ").replace("_", " ")) for name in sorted(zones)), ("UTC", "UTC")]


@lru_cache(maxsize=1)
def _country_by_zone() -> dict[str, str]:
    found: dict[str, str] = {}
    for code, country in COUNTRIES.items():
        found.setdefault(country.time_zone, code)
    return found


@lru_cache(maxsize=4)
def _sorted_countries(language: str) -> Choices:
    names = [(code, str(country.name)) for code, country in COUNTRIES.items()]
    return sorted(names, key=lambda pair: _plain(pair[1]))


def _plain(name: str) -> str:
    # Without its marks: Åland stands among the As.
    return "".join(
        mark for mark in unicodedata.normalize("NFKD", name) if not unicodedata.combining(mark)
    ).casefold()


def _country_of_tag(tag: str) -> str:
    language, *rest = tag.replace("_", "-").split("-")
    country = next((part.upper() for part in rest if part.upper() in COUNTRIES), "")
    return country or COUNTRY_OF_LANGUAGE.get(language.lower(), "")
