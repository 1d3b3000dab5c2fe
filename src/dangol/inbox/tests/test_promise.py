from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dangol.business.hours import Calendar, always_open
from dangol.inbox.promise import (
    Direction,
    Remaining,
    Waited,
    counts_as_answer,
    due_at,
    is_kept,
    remaining,
    starts_wait,
    waited,
)

SEOUL = ZoneInfo("Asia/Seoul")
SHOP = Calendar("Asia/Seoul", (((540, 720), (780, 1080)),) * 5 + ((), ()))
HALF_AN_HOUR = 1800


def seoul(day: int, hour: int = 0, minute: int = 0, second: int = 0, micro: int = 0) -> datetime:
    """In November 2026; the 20th is a Friday."""
    return datetime(2026, 11, day, hour, minute, second, micro, tzinfo=SEOUL)


def test_an_answer_is_due_when_the_promised_opening_time_has_passed():
    assert due_at(SHOP, seoul(20, 10), HALF_AN_HOUR) == seoul(20, 10, 30)
    assert due_at(SHOP, seoul(20, 11, 45), HALF_AN_HOUR) == seoul(20, 13, 15)
    assert due_at(SHOP, seoul(20, 17, 45), HALF_AN_HOUR) == seoul(23, 9, 15)
    assert due_at(SHOP, seoul(21, 14), HALF_AN_HOUR) == seoul(23, 9, 30)


def test_without_a_promise_it_is_24_opening_hours():
    assert due_at(SHOP, seoul(20, 10), None) == seoul(25, 10)
    assert due_at(always_open("Asia/Seoul"), seoul(20, 10), None) == seoul(21, 10)


def test_a_holiday_moves_it():
    shop = replace(SHOP, closed_days=frozenset({date(2026, 11, 23)}))
    assert due_at(shop, seoul(20, 17, 45), HALF_AN_HOUR) == seoul(24, 9, 15)


def test_a_promise_of_nothing_is_due_at_once():
    assert due_at(SHOP, seoul(21, 3), 0) == seoul(21, 3)


def test_a_business_that_never_opens_is_held_to_the_wall_clock():
    never = Calendar("Asia/Seoul", ((),) * 7)
    assert due_at(never, seoul(20, 10), HALF_AN_HOUR) == seoul(20, 10, 30)


def test_both_times_are_kept():
    assert waited(SHOP, seoul(20, 17, 45), seoul(23, 9, 20)) == Waited(2 * 86_400 + 56_100, 35 * 60)
    assert waited(SHOP, seoul(21, 10), seoul(21, 11)) == Waited(3600, 0)


def test_an_answer_before_the_question_took_no_time():
    assert waited(SHOP, seoul(20, 10), seoul(20, 9, 59)) == Waited(0, 0)


def test_wall_clock_time_is_real_time_when_the_clock_changes():
    berlin = ZoneInfo("Europe/Berlin")
    night = waited(
        always_open("Europe/Berlin"),
        datetime(2026, 10, 25, 1, tzinfo=berlin),
        datetime(2026, 10, 25, 4, tzinfo=berlin),
    )
    assert night == Waited(4 * 3600, 4 * 3600)


def test_the_promise_is_kept_up_to_the_instant_at_which_it_is_due():
    started = seoul(20, 10, 0, 0, 900_000)
    due = due_at(SHOP, started, HALF_AN_HOUR)
    assert is_kept(due, due)
    assert is_kept(due, started + timedelta(minutes=30))
    assert not is_kept(due, due + timedelta(microseconds=1))


def test_an_answer_before_the_shop_opens_keeps_it():
    assert is_kept(due_at(SHOP, seoul(21, 10), HALF_AN_HOUR), seoul(22, 3))


def test_what_was_due_at_closing_time_is_late_at_night():
    assert is_kept(due_at(SHOP, seoul(20, 17, 30), HALF_AN_HOUR), seoul(20, 18))
    assert not is_kept(due_at(SHOP, seoul(20, 17, 30), HALF_AN_HOUR), seoul(20, 21))


def test_what_is_left_and_what_is_overdue_are_told_in_opening_time():
    due = seoul(23, 9, 15)
    assert remaining(SHOP, seoul(20, 17, 45), due) == Remaining(30 * 60, is_overdue=False)
    assert remaining(SHOP, seoul(22, 12), due) == Remaining(15 * 60, is_overdue=False)
    assert remaining(SHOP, due, due) == Remaining(0, is_overdue=False)
    assert remaining(SHOP, seoul(23, 13, 15), due) == Remaining(3 * 3600, is_overdue=True)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
    st.integers(0, 200_000),
    st.integers(0, 2_000_000),
)
@settings(deadline=None)
def test_an_answer_in_time_never_took_longer_than_promised(started: datetime, promised: int, later: int):
    answered = started + timedelta(seconds=later)
    wait = waited(SHOP, started, answered)
    assert 0 <= wait.opening_seconds <= wait.wall_seconds == later
    if is_kept(due_at(SHOP, started, promised), answered):
        assert wait.opening_seconds <= promised
    else:
        assert wait.opening_seconds >= promised


@pytest.mark.parametrize(
    ("direction", "by_staff", "is_automatic", "to_customer", "counts"),
    [
        ("out", True, False, True, True),
        ("out", True, True, True, False),  # an out-of-office note in a person's name
        ("out", False, True, True, False),  # an automatic acknowledgement
        ("out", False, False, True, False),  # nobody's
        ("out", True, False, False, False),  # asked the supplier
        ("note", True, False, True, False),
        ("note", True, False, False, False),
        ("in", False, False, True, False),  # the customer wrote again
        ("in", True, False, True, False),
    ],
)
def test_only_a_persons_message_to_the_customer_is_an_answer(
    direction: Direction, by_staff: bool, is_automatic: bool, to_customer: bool, counts: bool
):
    assert (
        counts_as_answer(
            direction=direction, by_staff=by_staff, is_automatic=is_automatic, to_customer=to_customer
        )
        is counts
    )


def test_a_customers_own_words_start_the_clock_once():
    assert starts_wait(direction="in", is_automatic=False, is_waiting=False)
    assert not starts_wait(direction="in", is_automatic=False, is_waiting=True)
    assert not starts_wait(direction="in", is_automatic=True, is_waiting=False)
    assert not starts_wait(direction="out", is_automatic=False, is_waiting=False)
    assert not starts_wait(direction="note", is_automatic=False, is_waiting=False)
