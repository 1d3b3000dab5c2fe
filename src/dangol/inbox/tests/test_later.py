from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from dangol.inbox.later import later_choices

SEOUL = ZoneInfo("Asia/Seoul")


def names(at: datetime) -> list[str]:
    return [name for name, _ in later_choices(at)]


def test_in_the_morning_this_afternoon_is_offered_and_at_night_tomorrow_comes_first():
    assert names(datetime(2026, 11, 18, 9, 0, tzinfo=SEOUL))[0] == "afternoon"
    assert names(datetime(2026, 11, 18, 14, 30, tzinfo=SEOUL))[0] == "evening"
    assert names(datetime(2026, 11, 18, 22, 0, tzinfo=SEOUL)) == ["tomorrow", "monday"]


def test_on_sunday_next_monday_is_not_tomorrow():
    sunday = datetime(2026, 11, 22, 10, 0, tzinfo=SEOUL)

    chosen = dict(later_choices(sunday))

    assert chosen["tomorrow"].date().isoformat() == "2026-11-23"
    assert chosen["monday"].date().isoformat() == "2026-11-30"


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)),
    st.sampled_from(["Asia/Seoul", "Europe/Berlin", "America/New_York", "Pacific/Apia"]),
)
def test_every_choice_lies_ahead_and_within_nine_days(naive, zone):
    now = naive.replace(tzinfo=ZoneInfo(zone))

    choices = later_choices(now)

    assert len({name for name, _ in choices}) == len(choices) >= 2
    for _, at in choices:
        assert now.timestamp() < at.timestamp() <= (now + timedelta(days=9)).timestamp()
    assert dict(choices)["monday"].weekday() == 0
