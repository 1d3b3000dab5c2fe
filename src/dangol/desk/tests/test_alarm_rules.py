from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.desk.alarms import rules
from dangol.desk.alarms.rules import MIB, PACE, Kind, Trouble

NOON = datetime(2026, 11, 18, 3, 0, tzinfo=UTC)
GIB = 1024 * MIB
KNOWN = ("fetch", "intake", "outbox")


def readings(*daily_gib: float) -> list[tuple[datetime, int]]:
    """One reading a day, the last of them a day ago."""
    days = len(daily_gib)
    return [(NOON - timedelta(days=days - place), int(gib * GIB)) for place, gib in enumerate(daily_gib)]


def test_a_disk_that_loses_a_gigabyte_a_day_is_full_when_the_rest_is_gone():
    assert rules.days_until_full(readings(9, 8, 7), free=6 * GIB, at=NOON) == pytest.approx(6)


def test_of_a_disk_that_is_filled_and_cleared_nobody_knows_the_day():
    assert rules.days_until_full(readings(9, 7, 9, 7, 9), free=7 * GIB, at=NOON) is None


def test_two_days_are_too_few_to_foretell_a_third():
    assert rules.days_until_full(readings(8, 7), free=6 * GIB, at=NOON) is None


def test_one_backup_is_no_habit():
    days = rules.days_until_full(readings(99.4, 99.3, 99.2, 50, 49.9), free=int(49.8 * GIB), at=NOON)
    assert days == pytest.approx(498, rel=0.01)


def test_what_lies_before_a_day_without_a_reading_is_not_used():
    gap = [row for row in readings(20, 15, 10, 9, 8, 7) if row[0] != NOON - timedelta(days=4)]
    assert rules.days_until_full(gap, free=6 * GIB, at=NOON) == pytest.approx(6)


@given(
    st.lists(st.integers(0, 500 * GIB), max_size=12),
    st.integers(0, 500 * GIB),
)
def test_a_day_is_foretold_only_for_a_disk_that_falls(values, free):
    days = rules.days_until_full(readings(*(value / GIB for value in values)), free=free, at=NOON)
    assert days is None or days >= 0
    if values and free >= max(values):
        assert days is None


@given(st.integers(0, 10 * GIB), st.integers(0, 10 * GIB))
def test_less_room_is_never_less_bad(one, other):
    less, more = (rules.disk_trouble(free) for free in sorted((one, other)))
    assert (less.level if less else 0) >= (more.level if more else 0)


def test_a_file_system_that_does_not_count_its_files_has_enough():
    assert rules.inodes_trouble(None) is None
    assert rules.inodes_trouble(50).health == "bad"


def beats(**ages: float) -> dict[str, tuple[datetime, str]]:
    return {name: (NOON - timedelta(minutes=minutes), "") for name, minutes in ages.items()}


def test_a_loop_that_stopped_is_named_and_one_of_another_version_is_not():
    found = rules.loop_troubles(beats(fetch=0, intake=6, removed=999), known=KNOWN, at=NOON)
    assert [(each.kind, each.thing) for each in found] == [(Kind.LOOP, "intake")]


def test_the_outbox_may_wait_for_a_slow_server():
    assert rules.loop_troubles(beats(fetch=0, outbox=14), known=KNOWN, at=NOON) == []
    assert rules.loop_troubles(beats(fetch=0, outbox=16), known=KNOWN, at=NOON)


@pytest.mark.parametrize("ages", [{}, {"fetch": 60, "intake": 60}, {"removed": 0}])
def test_where_no_loop_beats_nothing_is_at_work(ages):
    (found,) = rules.loop_troubles(beats(**ages), known=KNOWN, at=NOON)
    assert found.kind is Kind.WORK


def test_what_follows_from_one_cause_is_one_alarm():
    late = [Trouble(Kind.INCOMING), Trouble(Kind.OUTGOING), Trouble(Kind.LOOP, thing="intake")]
    assert [each.kind for each in rules.without_consequences(late)] == [Kind.LOOP, Kind.OUTGOING]
    assert [each.kind for each in rules.without_consequences([*late, Trouble(Kind.WORK)])] == [Kind.WORK]


@given(st.lists(st.sampled_from([Trouble(kind) for kind in Kind]), max_size=20))
def test_a_cause_is_never_hidden_by_what_follows_from_it(troubles):
    left = rules.without_consequences(troubles)
    assert not troubles or left
    assert rules.without_consequences(left) == left


@pytest.mark.parametrize(
    ("lasts_days", "left_days", "soon"),
    [(90, 8, False), (90, 6.9, True), (6.6, 1, False), (6.6, 0.6, True), (30, 3.5, False), (30, -1, True)],
)
def test_a_certificate_is_near_its_end_when_it_should_have_been_renewed(lasts_days, left_days, soon):
    until = NOON + timedelta(days=left_days)
    assert rules.ends_soon(until, begun=until - timedelta(days=lasts_days), at=NOON) is soon


def test_a_permission_of_a_week_is_near_its_end_two_days_before():
    until, begun = NOON, NOON - timedelta(days=7)
    assert not rules.sign_in_ends_soon(until, begun=begun, at=NOON - timedelta(days=3))
    assert rules.sign_in_ends_soon(until, begun=begun, at=NOON - timedelta(days=2))


def test_a_network_gets_more_time_than_a_wrong_password():
    assert rules.is_lasting("auth", timedelta(minutes=2))
    assert not rules.is_lasting("network", timedelta(minutes=9))


@given(st.lists(st.integers(1, 60 * 24 * 5), min_size=1, max_size=60))
def test_whatever_happens_nobody_gets_more_than_three_mails_in_a_day(waits):
    sent: list[datetime] = []
    at = NOON
    for minutes in waits:
        at += timedelta(minutes=minutes)
        if rules.next_mail_at(sent, at=at) <= at:
            sent.append(at)
    for when in sent:
        assert sum(when <= other < when + rules.A_DAY for other in sent) <= len(PACE)


def test_the_first_mail_leaves_at_once_and_the_next_after_half_an_hour():
    assert rules.next_mail_at([], at=NOON) == NOON
    assert rules.next_mail_at([NOON], at=NOON) == NOON + timedelta(minutes=30)
