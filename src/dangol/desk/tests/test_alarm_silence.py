from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.business.hours import Calendar
from dangol.desk.alarms.checks import cells_of
from dangol.desk.alarms.silence import FEWEST_WEEKS, MARGIN, MOST_WEEKS, hour_of, judge, past_of, weeks_of

SUNDAYS_OFF = Calendar(zone="Asia/Seoul", weekly=(((660, 1320),),) * 6 + ((),))
MONDAY = datetime(2026, 9, 6, 15, 0, tzinfo=UTC)  # midnight in Seoul
CELL = cells_of(SUNDAYS_OFF)


def mails(a_day: int, *, weeks: int = 8, days: range = range(6), begin: datetime = MONDAY) -> list[datetime]:
    """So many mails on each of these weekdays, spread over the hours from ten to eight in the evening."""
    step = timedelta(hours=10) / a_day
    return [
        begin + timedelta(weeks=week, days=day, hours=10) + number * step
        for week in range(weeks)
        for day in days
        for number in range(a_day)
    ]


def judged(arrivals: list[datetime], *, after: timedelta, weeks: int = 8, cell=CELL):
    last = arrivals[-1]
    counts = Counter(map(hour_of, arrivals))
    past = past_of(counts, last=last, weeks=weeks, cell=cell)
    return judge(past, last=last, at=last + after, cell=cell)


def hours_until_alarm(arrivals: list[datetime], **options) -> float:
    return next(
        half / 2
        for half in range(2 * 24 * 7 * 26)
        if judged(arrivals, after=timedelta(hours=half / 2), **options).is_unusual
    )


def test_monday_morning_after_a_closed_sunday_is_no_alarm():
    arrivals = mails(10)
    assert arrivals[-1].astimezone(UTC).weekday() == 5
    sunday = timedelta(hours=40)  # from Saturday at seven in the evening to Monday at eleven
    assert not judged(arrivals, after=sunday).is_unusual
    assert judged(arrivals, after=sunday).expected < 3


@pytest.mark.parametrize(
    ("a_day", "from_hours", "to_hours"),
    [(100, 38, 42), (10, 48, 63), (1, 240, 480)],
    ids=["a hundred a day", "ten a day", "one a day"],
)
def test_a_silence_of_open_hours_raises_it_sooner_the_more_mail_is_usual(a_day, from_hours, to_hours):
    # The last mail came on Saturday evening; 39 hours later, on Monday at ten, mail should begin to come.
    assert from_hours <= hours_until_alarm(mails(a_day)) <= to_hours


def test_three_mails_a_month_never_raise_one():
    arrivals = [MONDAY + timedelta(days=10 * number, hours=12) for number in range(6)]
    assert not judged(arrivals, after=timedelta(days=365)).is_unusual


def test_a_public_holiday_is_not_silence():
    closed = Calendar(
        zone="Asia/Seoul",
        weekly=SUNDAYS_OFF.weekly,
        closed_days=frozenset(date(2026, 11, 2) + timedelta(days=day) for day in range(3)),
    )
    arrivals = mails(10)  # until Saturday, 31 October
    until_wednesday_night = timedelta(days=4, hours=4)
    assert judged(arrivals, after=until_wednesday_night).is_unusual
    assert not judged(arrivals, after=until_wednesday_night, cell=cells_of(closed)).is_unusual


def test_a_mailbox_that_was_as_silent_before_is_not_unusual_now():
    steady = mails(10)
    gap = [at for at in steady if not MONDAY + timedelta(days=20) < at < MONDAY + timedelta(days=27)]
    after = timedelta(hours=63)
    assert judged(steady, after=after).is_unusual
    assert not judged(gap, after=after).is_unusual


def test_a_silence_half_again_as_unusual_as_the_longest_before_raises_it_and_none_sooner():
    """Rule 4. Three days without mail, once in eight weeks: by the other rules alone it were due after 65 hours."""
    once = [
        at for at in mails(10) if not MONDAY + timedelta(days=20) < at < MONDAY + timedelta(days=20, hours=75)
    ]
    past = past_of(Counter(map(hour_of, once)), last=once[-1], weeks=8, cell=CELL)
    assert judged(once, after=timedelta(hours=80)).limit == MARGIN * past.longest
    assert 90 <= hours_until_alarm(once) <= 100


def test_bursts_are_not_taken_for_a_steady_stream():
    steady = mails(12)
    # Of five times of the day, one has six mails, each day another one.
    often = [at for number, at in enumerate(mails(5)) if number % 7 in {0, 3}]
    bursts = [at for at in often for _again in range(8)]
    assert hours_until_alarm(bursts) > hours_until_alarm(steady) + 6


@given(st.lists(st.integers(0, 8 * 168 - 1), min_size=1, max_size=300), st.integers(1, 3000))
def test_silence_grows_no_less_unusual_with_time(hours, minutes):
    arrivals = sorted(MONDAY + timedelta(hours=hour) for hour in hours)
    sooner = judged(arrivals, after=timedelta(minutes=minutes))
    later = judged(arrivals, after=timedelta(minutes=minutes + 60))
    assert later.surprise >= sooner.surprise >= 0
    assert later.expected >= sooner.expected >= 0
    assert sooner.surprise <= sooner.expected * 1.001  # the unsureness of the past only makes it less unusual
    assert sooner.limit <= later.limit or not sooner.limit < float("inf") or later.limit == sooner.limit


@given(st.integers(0, 400))
def test_too_short_a_past_gives_no_weeks_and_a_long_one_gives_eight(days):
    weeks = weeks_of(MONDAY, MONDAY + timedelta(days=days))
    assert weeks == 0 if days < 7 * FEWEST_WEEKS else weeks == min(days // 7, MOST_WEEKS)


def test_daylight_saving_moves_no_hour_of_the_week():
    berlin = cells_of(Calendar(zone="Europe/Berlin", weekly=((((540, 1080),),) * 7)))
    summer = datetime(2026, 10, 19, 7, 0, tzinfo=UTC)
    winter = datetime(2026, 10, 26, 8, 0, tzinfo=UTC)
    assert berlin(hour_of(summer)) == berlin(hour_of(winter)) == 9
