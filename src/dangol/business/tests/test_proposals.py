import pytest
from django.utils import translation

from dangol.business.countries import CODES
from dangol.business.country_list import COUNTRIES
from dangol.business.money import CURRENCIES
from dangol.business.proposals import country_choices, currency_choices, propose_from_browser, zone_choices
from dangol.business.rules import is_zone


def test_every_country_has_a_currency_and_a_zone_that_we_know():
    assert COUNTRIES.keys() == CODES
    for code, country in COUNTRIES.items():
        assert country.currency in CURRENCIES, code
        assert is_zone(country.time_zone), code
        assert country.time_zone in dict(zone_choices()), code


@pytest.mark.parametrize(
    ("accepted", "time_zone", "language", "country", "currency", "zone"),
    [
        ("ko-KR,ko;q=0.9,en-US;q=0.8", "", "ko", "KR", "KRW", "Asia/Seoul"),
        ("ko", "", "ko", "KR", "KRW", "Asia/Seoul"),
        ("en-GB", "", "en", "GB", "GBP", "Europe/London"),
        ("en-GB", "Asia/Seoul", "en", "KR", "KRW", "Asia/Seoul"),
        ("en-US", "America/Los_Angeles", "en", "US", "USD", "America/Los_Angeles"),
        ("de-AT,de;q=0.9", "", "en", "AT", "EUR", "Europe/Vienna"),
        ("fr;q=0.9, ko;q=0.8", "", "ko", "FR", "EUR", "Europe/Paris"),
        ("", "", "en", "US", "USD", "America/New_York"),
        ("*", "Mars/Olympus", "en", "US", "USD", "America/New_York"),
        ("zh-Hant-TW", "", "en", "TW", "TWD", "Asia/Taipei"),
    ],
)
def test_a_browser_tells_where_one_is(accepted, time_zone, language, country, currency, zone):
    found = propose_from_browser(accepted, time_zone=time_zone)
    assert (found.language, found.country, found.currency, found.time_zone) == (
        language,
        country,
        currency,
        zone,
    )


def test_countries_stand_where_one_looks_for_them():
    with translation.override("ko"):
        korean = [name for _code, name in country_choices()]
    with translation.override("en"):
        english = [name for _code, name in country_choices()]
    assert korean.index("가나") < korean.index("대한민국") < korean.index("헝가리")
    assert english.index("Albania") > english.index("Åland Islands") > english.index("Afghanistan")


def test_currencies_show_their_sign():
    assert dict(currency_choices())["KRW"] == "KRW (₩)"
    assert dict(currency_choices())["CHF"] == "CHF"
