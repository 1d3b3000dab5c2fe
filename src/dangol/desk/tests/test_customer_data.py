from datetime import timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from dangol.desk.backups.rules import gone_by
from tests.parts.cast import NOON

SEOUL = ZoneInfo("Asia/Seoul")


@given(st.sets(st.integers(0, 60), max_size=20))
def test_the_last_backup_that_holds_a_person_is_gone_within_six_weeks(days_ago):
    made = [NOON - timedelta(days=days) for days in days_ago]
    until = gone_by(made, SEOUL, before=NOON + timedelta(hours=1), at=NOON)
    assert (until is None) == (not made)
    assert until is None or until <= NOON + timedelta(days=42)


def test_backups_made_after_an_erasure_do_not_hold_them():
    assert gone_by([NOON], SEOUL, before=NOON, at=NOON + timedelta(days=1)) is None
