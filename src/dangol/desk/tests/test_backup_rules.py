"""When a backup is due and which ones are kept."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from dangol.desk.alarms.rules import Kind, backup_trouble
from dangol.desk.alarms.words import say
from dangol.desk.backups import rules

SEOUL = ZoneInfo("Asia/Seoul")
VIENNA = ZoneInfo("Europe/Vienna")
MONDAY = datetime(2026, 11, 23, 3, tzinfo=SEOUL)
DAY = timedelta(days=1)

instants = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))
zones = st.sampled_from([SEOUL, VIENNA, ZoneInfo("America/Santiago")])


def test_one_every_night_leaves_seven_days_and_four_weeks():
    every_night = [MONDAY - number * DAY for number in range(60)]

    kept = sorted((at.date() for at in rules.kept(every_night, SEOUL, at=MONDAY)), reverse=True)

    assert [day.isoformat() for day in kept] == [
        "2026-11-23", "2026-11-22", "2026-11-21", "2026-11-20", "2026-11-19", "2026-11-18", "2026-11-17",
        "2026-11-15", "2026-11-08", "2026-11-01", "2026-10-25",
    ]  # fmt: skip


def test_of_a_day_its_newest_stays():
    evening = MONDAY + timedelta(hours=7)
    assert rules.kept([MONDAY, evening], SEOUL, at=evening) == {evening}


def test_after_months_without_any_the_old_ones_are_still_there():
    old = [MONDAY - timedelta(days=200 + number) for number in range(5)]
    assert rules.kept([*old, MONDAY], SEOUL, at=MONDAY) == {MONDAY, *old}


@given(st.lists(instants, max_size=60), zones)
def test_what_is_kept_was_made_and_the_newest_is_among_it(made, zone):
    at = datetime(2027, 1, 1, tzinfo=UTC)
    kept = rules.kept(made, zone, at=at)
    assert kept <= set(made)
    assert len(kept) <= rules.DAILY + rules.WEEKLY
    assert not made or max(made) in kept
    assert rules.kept(kept, zone, at=at) == kept


@given(st.lists(instants, max_size=60), zones)
def test_clearing_away_every_time_comes_to_the_same_as_once_at_the_end(made, zone):
    there: set[datetime] = set()
    for at in sorted(made):
        there = rules.kept({*there, at}, zone, at=at)
    assert there == rules.kept(made, zone, at=max(made, default=MONDAY))


@given(st.lists(instants, max_size=60), st.lists(instants, min_size=1, max_size=5), zones)
def test_one_of_a_clock_that_ran_ahead_takes_nobodys_place(made, ahead, zone):
    at = datetime(2026, 12, 31, tzinfo=UTC)
    future = {at + timedelta(days=1 + number) for number in range(len(ahead))}
    assert rules.kept([*made, at, *future], zone, at=at) == rules.kept([*made, at], zone, at=at)


def test_where_all_are_of_a_clock_that_ran_ahead_the_newest_stays():
    assert rules.kept([MONDAY + DAY, MONDAY + 2 * DAY], SEOUL, at=MONDAY) == {MONDAY + 2 * DAY}


@pytest.mark.parametrize(
    ("spans", "hour"),
    [
        ([(660, 1320)], 3),
        ([], 3),
        ([(0, 1440)], 3),
        ([(1080, 1440 + 240)], 4),  # a bar that closes at four
        ([(150, 190)], 4),  # a bakery's quarter hours around three
        ([(0, 300), (359, 361)], 7),
    ],
)
def test_the_hour_is_one_in_which_nobody_is_there(spans, hour):
    week = [(), *[spans] * 5, ()]
    assert rules.quiet_hour(week) == hour


@pytest.mark.parametrize(
    ("last", "tried", "at", "is_due"),
    [
        (MONDAY - DAY, None, MONDAY - timedelta(minutes=1), False),
        (MONDAY - DAY, None, MONDAY, True),
        (MONDAY - DAY, None, MONDAY + timedelta(hours=9), True),  # the machine was asleep at three
        (MONDAY, MONDAY, MONDAY + timedelta(hours=23), False),
        (MONDAY - timedelta(hours=2), None, MONDAY, True),  # one by hand at one in the morning
        (MONDAY - DAY, MONDAY, MONDAY + timedelta(minutes=59), False),  # it failed
        (MONDAY - DAY, MONDAY, MONDAY + timedelta(minutes=60), True),
        (MONDAY - DAY, MONDAY + DAY, MONDAY, True),  # tried by a clock that ran ahead
    ],
)
def test_it_is_due_once_a_night_and_an_hour_after_a_failure(last, tried, at, is_due):
    assert rules.is_due(last=last, tried=tried, at=at, hour=3, zone=SEOUL) is is_due


@pytest.mark.parametrize(
    ("asked", "tried", "is_now"),
    [
        (None, None, False),
        (None, MONDAY - DAY, False),
        (MONDAY, None, True),
        (
            MONDAY - timedelta(minutes=1),
            MONDAY - timedelta(minutes=2),
            True,
        ),  # what failed before says nothing
        (MONDAY - timedelta(minutes=2), MONDAY - timedelta(minutes=1), False),  # it was killed at it
        (MONDAY - timedelta(hours=2), MONDAY - timedelta(hours=1), True),
        (MONDAY - timedelta(hours=2), MONDAY + timedelta(hours=1), True),
    ],
)
def test_what_is_asked_for_is_made_at_once_but_not_again_and_again(asked, tried, is_now):
    assert rules.is_to_be_made_now(asked=asked, tried=tried, at=MONDAY) is is_now


@given(instants, st.integers(0, 23), zones)
def test_the_next_night_is_behind_the_last_one(at, hour, zone):
    last, following = (slot(at=at, hour=hour, zone=zone) for slot in (rules.newest_slot, rules.next_slot))
    assert last <= at < following
    assert timedelta(hours=22) <= following.astimezone(UTC) - last.astimezone(UTC) <= timedelta(hours=26)


def test_the_room_that_is_needed_is_half_as_much_again_as_the_last_one_took():
    assert rules.room_needed(database=1000, files=500, last=None) == 1500
    assert rules.room_needed(database=1000, files=500, last=200) == 300


@pytest.mark.parametrize(
    ("age", "failure", "health", "level"),
    [
        (timedelta(hours=40), "", None, 0),
        (timedelta(hours=5), "no-room", "warn", 1),
        (timedelta(hours=49), "", "bad", 2),
        (timedelta(hours=49), "no-folder", "bad", 2),
    ],
)
def test_a_failure_is_an_alarm_at_once_and_no_backup_for_two_days_a_worse_one(age, failure, health, level):
    found = backup_trouble(
        newest=MONDAY - age, begun=MONDAY - 9 * DAY, failure=failure, failing_since=MONDAY, at=MONDAY
    )
    assert (found and (found.kind, found.health, found.level)) == (
        (Kind.BACKUP, health, level) if health else None
    )


@pytest.mark.parametrize("language", ["en", "ko"])
def test_where_none_was_ever_made_nobody_hears_of_a_newest_one(language):
    def said(newest: datetime | None) -> str:
        found = backup_trouble(
            newest=newest, begun=MONDAY - 3 * DAY, failure="", failing_since=None, at=MONDAY
        )
        assert found
        return say([found])[0].title

    with override(language):
        never, long_ago = said(None), said(MONDAY - 9 * DAY)
    assert (
        never
        == {
            "en": "No backup was made in 3 days",
            "ko": "지난 3일 동안 백업을 한 번도 하지 못했습니다",
        }[language]
    )
    assert "9" in long_ago
