from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.customers import rules

TODAY = date(2026, 11, 26)


@pytest.mark.parametrize(
    ("name", "family", "given", "order", "shown"),
    [
        ("Sora", "Kim", "Sora", "", "Sora"),
        ("  ", "Kim", "Sora", "", "Sora Kim"),
        ("", "Kim", "Sora", "family", "Kim Sora"),
        ("", "박", "지훈", "", "박지훈"),
        ("", "박", "지훈", "given", "지훈 박"),
        ("", "박", "", "", "박"),
        ("", "", "Sora", "", "Sora"),
        ("", "Park", "지훈", "", "지훈 Park"),
        ("", "", "", "", ""),
    ],
)
def test_a_name_is_shown_as_wished_or_in_the_order_of_its_script(name, family, given, order, shown):
    assert rules.shown_name(name, family, given, order) == shown


@pytest.mark.parametrize(
    ("shown", "honorific", "language", "addressed"),
    [
        ("박지훈", "", "ko", "박지훈 님"),
        ("박지훈", "선생님", "ko", "박지훈 선생님"),
        ("James Lee", "Dr.", "en", "Dr. James Lee"),
        ("James Lee", "", "en", "James Lee"),
        ("", "Dr.", "en", ""),
    ],
)
def test_an_honorific_stands_where_its_language_has_it(shown, honorific, language, addressed):
    assert rules.addressed_name(shown, honorific, language) == addressed


@pytest.mark.parametrize(
    ("year", "month", "day", "can_be"),
    [
        (None, None, None, True),
        (1990, None, None, True),
        (None, 2, 29, True),
        (2000, 2, 29, True),
        (2001, 2, 29, False),
        (1900, 2, 29, False),
        (None, 4, 31, False),
        (None, 3, None, False),
        (None, None, 3, False),
        (1899, None, None, False),
        (2026, 11, 26, True),
        (2026, 11, 27, False),
        (2027, None, None, False),
        (None, 13, 1, False),
    ],
)
def test_nobody_is_born_on_a_day_that_is_not(year, month, day, can_be):
    assert rules.is_birthday(year, month, day, today=TODAY) is can_be


@given(st.dates(min_value=date(1900, 1, 1), max_value=TODAY))
def test_every_day_so_far_is_a_birthday_with_and_without_its_year(day):
    assert rules.is_birthday(day.year, day.month, day.day, today=TODAY)
    assert rules.is_birthday(None, day.month, day.day, today=TODAY)


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2026, 1, 1)), st.integers(0, 40_000))
def test_age_goes_up_by_one_in_each_year_and_never_down(born, days):
    then = born + timedelta(days=days)
    age = rules.age(born.year, born.month, born.day, today=then)
    assert age is not None
    assert age == pytest.approx(days / 365.2425, abs=1.01)
    next_day = then + timedelta(days=1)
    assert rules.age(born.year, born.month, born.day, today=next_day) in {age, age + 1}


def test_who_is_born_on_29_february_ages_on_1_march():
    assert rules.age(2000, 2, 29, today=date(2026, 2, 28)) == 25
    assert rules.age(2000, 2, 29, today=date(2026, 3, 1)) == 26
    assert rules.age(2000, None, None, today=TODAY) is None
    assert rules.age(None, 2, 29, today=TODAY) is None


@pytest.mark.parametrize(
    ("year", "name"),
    [
        (None, ""), (1927, ""), (1928, "silent"), (1945, "silent"), (1946, "boomer"), (1964, "boomer"), (1965, "x"),
        (1980, "x"), (1981, "millennial"), (1996, "millennial"), (1997, "z"), (2012, "z"), (2013, "alpha"),
    ],
)  # fmt: skip
def test_generations_begin_and_end_where_pew_draws_the_lines(year, name):
    assert rules.generation(year) == name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Sora Kim", "KIM  sora"),
        ("José Núñez", "Jose Nunez"),
        ("박지훈 님", "박지훈"),
        ("Dr. James Lee", "James Lee"),
        ("J. Park", "Park, J"),
    ],
)
def test_two_ways_to_write_a_name_are_equal(one, other):
    assert rules.normal_name(one) == rules.normal_name(other) != ""


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("010-1234-4471", "01012344471"),
        ("+82 10 1234 4471", "01012344471"),
        ("+82 (0)10-1234-4471", "01012344471"),
        ("0082 10 1234 4471", "01012344471"),
        ("+82 1588 1234", "15881234"),
        ("+82 2 123 4567", "021234567"),
        ("０１０ １２３４ ４４７１", "01012344471"),
        ("+1 (415) 555-2671", "14155552671"),
        ("82345", "82345"),
        ("12", ""),
        ("none", ""),
    ],
)
def test_a_number_is_the_same_however_it_is_written(text, digits):
    assert rules.normal_phone(text) == digits


def test_a_number_can_be_shown_without_its_middle():
    assert rules.masked_phone("010-1234-4471") == "010-····-4471"
    assert rules.masked_phone("1588") == "1588"
