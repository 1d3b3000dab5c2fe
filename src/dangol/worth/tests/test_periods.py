from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.worth.periods import Period, read_period

SEOUL = ZoneInfo("Asia/Seoul")
TODAY = date(2026, 11, 18)


def read(month="", first="", last=""):
    return read_period(month=month, first=first, last=last, zone=SEOUL, today=TODAY)


def days(period):
    return period.first_day.isoformat(), period.last_day.isoformat()


def test_a_month_is_of_the_zone_of_the_business():
    october = read("2026-10")
    assert october.begin == datetime(2026, 9, 30, 15, 0, tzinfo=UTC)
    assert october.end == datetime(2026, 10, 31, 15, 0, tzinfo=UTC)
    assert october.is_month


@pytest.mark.parametrize(
    ("asked", "found", "before"),
    [
        ({"month": "2026-10"}, ("2026-10-01", "2026-10-31"), ("2026-09-01", "2026-09-30")),
        ({"month": "2026-01"}, ("2026-01-01", "2026-01-31"), ("2025-12-01", "2025-12-31")),
        # The month that is not over is held against the same days of the one before.
        ({}, ("2026-11-01", "2026-11-18"), ("2026-10-01", "2026-10-18")),
        ({"month": "2026-11"}, ("2026-11-01", "2026-11-18"), ("2026-10-01", "2026-10-18")),
        (
            {"first": "2026-03-01", "last": "2026-03-30"},
            ("2026-03-01", "2026-03-30"),
            ("2026-02-01", "2026-02-28"),
        ),
        (
            {"first": "2026-07-01", "last": "2026-09-30"},
            ("2026-07-01", "2026-09-30"),
            ("2026-04-01", "2026-06-30"),
        ),
        (
            {"first": "2025-01-01", "last": "2025-12-31"},
            ("2025-01-01", "2025-12-31"),
            ("2024-01-01", "2024-12-31"),
        ),
        (
            {"first": "2026-11-09", "last": "2026-11-15"},
            ("2026-11-09", "2026-11-15"),
            ("2026-11-02", "2026-11-08"),
        ),
        # What lies ahead, and what is no day.
        (
            {"first": "2026-11-10", "last": "2027-11-15"},
            ("2026-11-10", "2026-11-18"),
            ("2026-11-01", "2026-11-09"),
        ),
        ({"month": "2026-12"}, ("2026-11-01", "2026-11-18"), ("2026-10-01", "2026-10-18")),
        ({"month": "last"}, ("2026-11-01", "2026-11-18"), ("2026-10-01", "2026-10-18")),
        ({"last": "2026-10-14"}, ("2026-10-01", "2026-10-14"), ("2026-09-01", "2026-09-14")),
    ],
)
def test_a_period_is_held_against_the_one_before(asked, found, before):
    period = read(**asked)
    assert days(period) == found
    assert days(period.before) == before


@given(st.dates(date(1995, 1, 1), date(2030, 12, 31)), st.integers(0, 900))
def test_the_period_before_ends_before_it_begins(first, length):
    period = Period(first, first + timedelta(days=length), SEOUL)
    assert period.before.first_day <= period.before.last_day < period.first_day
    if not period.is_in_one_month:
        assert period.before.last_day == period.first_day - timedelta(days=1)
