from datetime import UTC, datetime

import pytest

from dangol.business.public_holidays import public_holidays
from dangol.showcase.holidays import YEARS, korean_holidays
from dangol.showcase.people import CAST, everybody, person_at
from dangol.showcase.shop import ANSWER_AT_ONCE, Shop

pytestmark = pytest.mark.only_sqlite  # as the demo always is


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_holidays_written_here_are_those_of_the_library(language):
    assert korean_holidays(YEARS, language) == [
        [day.isoformat(), name] for day, name in public_holidays("KR", YEARS, language=language)
    ]


def test_for_other_years_the_library_is_asked():
    assert korean_holidays(range(2029, 2033), "en") is None
    later = Shop("en", datetime(2031, 5, 1, tzinfo=UTC))
    assert ["2031-03-01", "Independence Movement Day"] in later.hours_as_data["closed_days"]


def test_the_shop_has_its_cast_and_nothing_of_it_leaves():
    shop = Shop("en", datetime(2026, 8, 20, tzinfo=UTC))
    assert [(person.name, person.role) for person in shop.staff.values()] == [
        ("Minji", "owner"),
        ("Dongsuk", "manager"),
        ("Hana", "agent"),
        ("Tom", "agent"),
    ]
    for channel in (shop.counter, shop.catering):
        assert channel.mailbox.outgoing == "kept"
        assert not channel.mailbox.is_fetched
        assert channel.mailbox.address.endswith(".example")
    assert shop.counter.promised_first_seconds == 1800
    assert shop.counter.promised_next_seconds == 3600
    assert shop.catering.acknowledgement == ANSWER_AT_ONCE


def test_nobody_who_writes_has_an_address_that_could_exist():
    people = everybody()
    assert 150 <= len(people) <= 250
    assert len({person.address for person in people}) == len(people)
    assert all(person.address.endswith(".example") for person in people)
    assert {person.language for person in people} == {"en", "ko"}
    assert all(person_at(person.address.upper()) == person for person in CAST)
