"""What is written in cells."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.orders.values import (
    Unreadable,
    has_decimal_comma,
    is_day_first,
    read_instant,
    read_minor,
    read_scaled,
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


def test_a_decimal_comma_is_seen_in_the_column():
    assert has_decimal_comma(["1.234", "12,50"])
    assert not has_decimal_comma(["1,234.50", "1,200"])
    assert read_minor("1.234,50", "EUR", comma=True) == 123_450


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


def test_the_column_shows_whether_the_day_comes_first():
    assert is_day_first(["3/4/2026", "25/4/2026"], otherwise=False)
    assert not is_day_first(["3/4/2026", "4/25/2026"], otherwise=True)
    assert read_instant("3/4/2026", LONDON, day_first=False).month == 3


@pytest.mark.parametrize(
    "text", ["2026-13-01", "soon", "10/11/12", "2026-01-05 25:00", "2026-01-05 13:00 pm"]
)
def test_a_broken_time_is_not_guessed(text):
    with pytest.raises(Unreadable):
        read_instant(text, LONDON)
