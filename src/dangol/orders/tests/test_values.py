"""What is written in cells."""

from datetime import UTC, datetime
from decimal import Decimal
from functools import reduce
from operator import or_
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.orders.values import (
    COMMAS,
    DAY,
    MONTH,
    POINTS,
    Ambiguous,
    OutOfTime,
    Unreadable,
    day_first_of,
    decimals_of,
    read_instant,
    read_minor,
    read_scaled,
    shown_by,
)

SEOUL, LONDON = ZoneInfo("Asia/Seoul"), ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("text", "digits", "value"),
    [
        ("2.55", 4, 25_500),
        ("0.001", 4, 10),
        ("-12", 3, -12_000),
        ("₩12,000", 4, 120_000_000),
        ("(5.00)", 4, -50_000),
    ],
)
def test_numbers_are_read_exactly(text, digits, value):
    assert read_scaled(text, digits) == value


@pytest.mark.parametrize("text", ["", "abc", "1.2.3", "0.00001", "1e99", "９９", "nan", "--1"])
def test_what_is_no_number_of_so_many_decimals_is_not_guessed(text):
    with pytest.raises(Unreadable):
        read_scaled(text, 4)


@given(st.integers(-(10**14), 10**14))
def test_a_number_that_is_written_out_is_read_back(value):
    assert read_scaled(f"{Decimal(value).scaleb(-4):,f}", 4) == value


def test_amounts_are_rounded_half_to_even():
    assert [read_minor(text, "GBP") for text in ("0.005", "0.015", "-0.005", "0.0151")] == [0, 2, 0, 2]
    assert read_minor("12,000원", "KRW") == 12_000


def written(*texts, others=()):
    return decimals_of(_shown(texts), _shown(others))


def _shown(texts):
    return reduce(or_, map(shown_by, texts), 0)


def test_a_column_shows_by_any_of_its_cells_how_it_is_written():
    assert written("1.234", "12,50").comma
    assert written("1.234.567").comma
    assert written("1,234.50", "1,200") == POINTS
    assert written("1,234", "12") == POINTS
    assert read_minor("1.234,50", "EUR", COMMAS) == 123_450


def test_a_column_that_shows_nothing_is_written_like_the_others_and_one_that_shows_something_is_not():
    assert written("1.234", others=["12,50"]).comma
    assert read_scaled("1.5", 4, written("1.5", others=["12,50"])) == 15_000


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("12,50", POINTS),
        ("1,2345", POINTS),
        ("1.5", COMMAS),
        ("12,000", written("12,50", "12,000")),
        ("1,234", written("12,50", "1.5")),
        ("1.234", written("12,50", "1.5")),
    ],
)
def test_a_number_that_does_not_fit_its_column_is_not_guessed(text, how):
    with pytest.raises(Unreadable):
        read_scaled(text, 4, how)


def test_three_decimals_behind_a_comma_are_read_where_the_column_has_them():
    assert read_scaled("1,500", 3, written("1,500", "0,250")) == 1_500


def test_amounts_that_no_column_holds_are_unreadable():
    with pytest.raises(Unreadable):
        read_minor("10000000000000.01", "GBP")


@given(st.text(alphabet="0123456789,.-/ 년월", max_size=12))
def test_whatever_is_looked_at_shows_something_or_nothing(text):
    assert 0 <= shown_by(text) < 32


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-01-05 10:00:00 +0900", 1),
        ("2026-01-05T10:00:00Z", 10),
        ("2026-01-05 10:00", 1),
        ("2026. 1. 5. 오후 7:00", 10),
        ("2026년 1월 5일 10:00", 1),
        ("20260105100000", 1),
        ("2026/01/05 10:00:00.250", 1),
    ],
)
def test_times_are_read_in_the_usual_ways(text, hour):
    assert read_instant(text, SEOUL).astimezone(UTC) == datetime(2026, 1, 5, hour, tzinfo=UTC)


def test_the_dates_of_the_file_show_whether_the_day_comes_first():
    assert [shown_by(text) for text in ("3/4/2026", "25/4/2026", "4/25/2026", "2026-04-25")] == [
        0,
        DAY,
        MONTH,
        0,
    ]
    assert (day_first_of(DAY, None), day_first_of(MONTH, None)) == (True, False)
    assert (day_first_of(0, month_first=True), day_first_of(0, month_first=False)) == (False, True)
    assert read_instant("3/4/2026", LONDON, day_first=False).month == 3


def test_where_nothing_says_or_something_contradicts_no_date_is_guessed():
    assert [day_first_of(0, None), day_first_of(DAY | MONTH, None), day_first_of(DAY, True)] == [None] * 3
    with pytest.raises(Ambiguous):
        read_instant("3/4/2026", LONDON, day_first=None)
    assert read_instant("25/4/2026", LONDON, day_first=None).month == 4
    assert read_instant("4/25/2026", LONDON, day_first=None).month == 4
    assert read_instant("4/4/2026", LONDON, day_first=None).month == 4


@pytest.mark.parametrize("text", ["0001-01-01", "1969-12-31 23:00", "2201-01-01", "99991231", "1/1/0900"])
def test_years_in_which_nobody_ordered_are_refused(text):
    with pytest.raises(OutOfTime):
        read_instant(text, SEOUL)


@pytest.mark.parametrize(
    "text", ["2026-13-01", "soon", "10/11/12", "2026-01-05 25:00", "2026-01-05 13:00 pm"]
)
def test_a_broken_time_is_not_guessed(text):
    with pytest.raises(Unreadable):
        read_instant(text, LONDON)
