import os
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from dangol.business.hours import (
    ALL_DAY,
    Calendar,
    after_opening,
    always_open,
    is_open,
    next_opening,
    opening_seconds,
)

HOUR = 3600
WORKDAY = ((540, 720), (780, 1080))
SHOP = Calendar("Asia/Seoul", (WORKDAY,) * 5 + ((), ()))
NEVER = Calendar("UTC", ((),) * 7)
BAR = Calendar(
    "Europe/Berlin", ((),) * 3 + (((1080, 1560),),) * 3 + ((),)
)  # Thursday to Saturday, 18:00-02:00

# Half-hour and 45-minute zones, changes at midnight, changes of 30 minutes, a day that was left out,
# one that came twice, winter time in summer (Dublin), Ramadan changes, and zones without any.
_ZONES = """
    UTC Asia/Seoul Europe/Berlin Europe/Dublin America/New_York America/St_Johns America/Sao_Paulo America/Havana
    Australia/Lord_Howe Asia/Kathmandu Pacific/Apia Pacific/Kwajalein Pacific/Chatham Africa/Casablanca
    America/Asuncion Asia/Gaza Antarctica/Troll America/Scoresbysund Asia/Tehran Africa/Monrovia Asia/Manila
"""
ZONES = _ZONES.split()


def seoul(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo("Asia/Seoul"))  # type: ignore[arg-type, misc]


def berlin(*parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo("Europe/Berlin"), fold=fold)  # type: ignore[arg-type, misc]


def instants(first: int = 2009, last: int = 2032) -> st.SearchStrategy[datetime]:
    return st.datetimes(datetime(first, 1, 1), datetime(last, 12, 31), timezones=st.just(UTC))


@st.composite
def days_hours(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    starts = sorted(draw(st.sets(st.integers(0, 1439), max_size=3)))
    spans = []
    for start, following in pairwise([*starts, 1440 * 2]):
        spans.append((start, draw(st.integers(start + 1, min(following, start + 1440)))))
    return tuple(spans)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    days = st.dates(date(2009, 1, 1), date(2032, 12, 31))
    return Calendar(
        draw(st.sampled_from(ZONES)),
        draw(st.tuples(*[days_hours()] * 7)),
        draw(st.frozensets(days, max_size=5)),
        draw(st.dictionaries(days, days_hours(), max_size=5)),
    )


def counted_slowly(calendar: Calendar, start: datetime, end: datetime) -> int:
    """By asking each quarter of an hour: another way to the same sum, for times on the quarter."""
    zone = ZoneInfo(calendar.zone)
    seconds, at = 0, start
    while at < end:
        wall = at.astimezone(zone)
        minute, today = wall.hour * 60 + wall.minute, wall.date()
        yesterday = calendar.spans_on(today - timedelta(days=1))
        if any(a <= minute < b for a, b in calendar.spans_on(today)) or any(
            a <= minute + 1440 < b for a, b in yesterday
        ):
            seconds += 900
        at += timedelta(minutes=15)
    return seconds


class TestOpeningSeconds:
    def test_a_morning_a_break_and_an_afternoon(self):
        assert opening_seconds(SHOP, seoul(2026, 11, 23, 8), seoul(2026, 11, 23, 20)) == 8 * HOUR
        assert opening_seconds(SHOP, seoul(2026, 11, 23, 11, 30), seoul(2026, 11, 23, 13, 15)) == 45 * 60

    def test_a_weekend_does_not_count(self):
        assert opening_seconds(SHOP, seoul(2026, 11, 20, 17), seoul(2026, 11, 23, 10)) == 2 * HOUR

    def test_spans_are_half_open(self):
        assert is_open(SHOP, seoul(2026, 11, 23, 9))
        assert is_open(SHOP, seoul(2026, 11, 23, 11, 59, 59, 999999))
        assert not is_open(SHOP, seoul(2026, 11, 23, 12))
        assert not is_open(SHOP, seoul(2026, 11, 23, 8, 59, 59, 999999))

    def test_a_day_from_0_to_24_has_no_closed_minute(self):
        shop = always_open("Asia/Seoul")
        assert opening_seconds(shop, seoul(2026, 11, 23), seoul(2026, 11, 24)) == 86_400
        assert opening_seconds(shop, seoul(2026, 11, 23, 23, 59), seoul(2026, 11, 24, 0, 1)) == 120
        assert is_open(shop, seoul(2026, 11, 23, 23, 59, 59, 999999))

    def test_an_end_before_its_start_is_nothing(self):
        assert opening_seconds(SHOP, seoul(2026, 11, 23, 12), seoul(2026, 11, 23, 9)) == 0
        assert opening_seconds(SHOP, seoul(2026, 11, 23, 10), seoul(2026, 11, 23, 10)) == 0

    def test_a_holiday_is_closed_and_a_special_day_has_its_own_hours(self):
        christmas, eve = date(2026, 12, 25), date(2026, 12, 24)
        shop = replace(SHOP, closed_days=frozenset({christmas}), special={eve: ((540, 720),)})
        assert opening_seconds(shop, seoul(2026, 12, 24), seoul(2026, 12, 26)) == 3 * HOUR

    def test_special_hours_win_over_a_holiday(self):
        christmas = date(2026, 12, 25)
        shop = replace(SHOP, closed_days=frozenset({christmas}), special={christmas: ((600, 660),)})
        assert opening_seconds(shop, seoul(2026, 12, 25), seoul(2026, 12, 26)) == HOUR

    def test_a_special_day_without_hours_is_closed(self):
        shop = replace(SHOP, special={date(2026, 11, 23): ()})
        assert opening_seconds(shop, seoul(2026, 11, 23), seoul(2026, 11, 24)) == 0
        assert next_opening(shop, seoul(2026, 11, 23)) == seoul(2026, 11, 24, 9)

    def test_a_night_runs_past_midnight(self):
        assert opening_seconds(BAR, berlin(2026, 11, 19), berlin(2026, 11, 23)) == 24 * HOUR
        assert is_open(BAR, berlin(2026, 11, 22, 1, 59))
        assert not is_open(BAR, berlin(2026, 11, 22, 2))
        assert not is_open(BAR, berlin(2026, 11, 19, 1))

    def test_a_holiday_does_not_end_the_night_before_it(self):
        closed_friday = replace(BAR, closed_days=frozenset({date(2026, 11, 20)}))
        assert is_open(closed_friday, berlin(2026, 11, 20, 1, 30))
        assert not is_open(closed_friday, berlin(2026, 11, 20, 19))
        assert not is_open(closed_friday, berlin(2026, 11, 21, 1, 30))

    def test_a_night_over_new_year_is_counted_once(self):
        bar = Calendar("Asia/Seoul", (((1080, 1560),),) * 7)
        assert opening_seconds(bar, seoul(2026, 12, 31, 12), seoul(2027, 1, 1, 12)) == 8 * HOUR

    def test_overlapping_nights_count_once(self):
        bar = Calendar("UTC", (((1080, 1800),), ((120, 600),)) + ((),) * 5)
        monday = datetime(2026, 11, 23, tzinfo=UTC)
        assert opening_seconds(bar, monday, monday + timedelta(days=2)) == 16 * HOUR

    def test_a_clock_that_goes_forward_shortens_the_night(self):
        bar = replace(BAR, zone="Europe/Berlin")
        # The night of Saturday, 28 March 2026: 02:00 is the moment at which it becomes 03:00.
        assert opening_seconds(bar, berlin(2026, 3, 28, 18), berlin(2026, 3, 29, 12)) == 8 * HOUR
        early = Calendar("Europe/Berlin", ((),) * 6 + (((60, 240),),))
        assert opening_seconds(early, berlin(2026, 3, 29), berlin(2026, 3, 30)) == 2 * HOUR

    def test_a_clock_that_goes_back_lengthens_it(self):
        early = Calendar("Europe/Berlin", ((),) * 6 + (((60, 240),),))
        assert opening_seconds(early, berlin(2026, 10, 25), berlin(2026, 10, 26)) == 4 * HOUR

    def test_a_time_that_comes_twice_is_its_first(self):
        early = Calendar("Europe/Berlin", ((),) * 6 + (((60, 150),),))  # until 02:30
        assert opening_seconds(early, berlin(2026, 10, 25), berlin(2026, 10, 26)) == 90 * 60
        assert not is_open(early, berlin(2026, 10, 25, 2, 15, fold=1))

    def test_hours_inside_the_skipped_hour_are_none(self):
        early = Calendar("Europe/Berlin", ((),) * 6 + (((135, 165),),))  # 02:15-02:45
        assert opening_seconds(early, berlin(2026, 3, 29), berlin(2026, 3, 30)) == 0
        assert opening_seconds(early, berlin(2026, 3, 22), berlin(2026, 3, 23)) == 30 * 60

    def test_a_day_that_a_country_left_out_has_no_hours(self):
        """Samoa went from 29 to 31 December 2011."""
        shop = Calendar("Pacific/Apia", (WORKDAY,) * 7)
        zone = ZoneInfo("Pacific/Apia")
        start, end = datetime(2011, 12, 29, tzinfo=zone), datetime(2012, 1, 1, tzinfo=zone)
        assert opening_seconds(shop, start, end) == 16 * HOUR

    def test_two_local_times_of_one_zone_are_real_time_apart(self):
        start, end = berlin(2026, 10, 25, 1), berlin(2026, 10, 25, 4)
        assert end - start == timedelta(hours=3)  # as the hands of the clock stand
        assert opening_seconds(always_open("Asia/Seoul"), start, end) == 4 * HOUR

    def test_fractions_of_a_second_are_dropped_on_both_sides(self):
        start = seoul(2026, 11, 23, 10, 0, 0, 900_000)
        assert opening_seconds(SHOP, start, seoul(2026, 11, 23, 10, 0, 1, 100_000)) == 1
        assert opening_seconds(SHOP, start, seoul(2026, 11, 23, 10, 0, 0, 999_999)) == 0

    def test_a_time_without_a_zone_is_an_error(self):
        with pytest.raises(ValueError, match="zone"):
            opening_seconds(SHOP, datetime(2026, 11, 23), datetime(2026, 11, 24))

    def test_years_are_fast(self):
        shop = replace(SHOP)  # a copy has learnt nothing yet
        begun = time.process_time()
        opening_seconds(shop, seoul(1997, 1, 1), seoul(2026, 1, 1))
        assert time.process_time() - begun < 3
        begun = time.process_time()
        for _ in range(100):
            opening_seconds(shop, seoul(1997, 1, 1), seoul(2026, 1, 1))
        assert time.process_time() - begun < 1

    def test_the_ends_of_time_do_not_break_it(self):
        shop = replace(SHOP)
        assert opening_seconds(shop, datetime(1, 1, 5, tzinfo=UTC), datetime(1, 1, 12, tzinfo=UTC)) > 0
        assert (
            opening_seconds(shop, datetime(9999, 12, 20, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)) > 0
        )


class TestAfterOpening:
    def test_the_rest_of_friday_and_the_morning_of_monday(self):
        assert after_opening(SHOP, seoul(2026, 11, 20, 17), 2 * HOUR) == seoul(2026, 11, 23, 10)

    def test_closing_time_is_reached_before_the_next_morning(self):
        assert after_opening(SHOP, seoul(2026, 11, 20, 17), HOUR) == seoul(2026, 11, 20, 18)

    def test_from_the_night_it_counts_from_the_morning(self):
        assert after_opening(SHOP, seoul(2026, 11, 22, 3, 4, 5, 6), 60) == seoul(2026, 11, 23, 9, 1)

    def test_nothing_to_wait_for_is_now(self):
        assert after_opening(SHOP, seoul(2026, 11, 22, 3), 0) == seoul(2026, 11, 22, 3)

    def test_it_keeps_the_fraction_of_a_second(self):
        start = seoul(2026, 11, 23, 10, 0, 0, 900_000)
        assert after_opening(SHOP, start, 60) == start + timedelta(seconds=60)

    def test_a_second_begun_before_the_break_ends_after_it(self):
        start = seoul(2026, 11, 23, 11, 59, 59, 500_000)
        assert after_opening(SHOP, start, 1) == seoul(2026, 11, 23, 13, 0, 0, 500_000)

    def test_it_goes_over_new_year(self):
        assert after_opening(SHOP, seoul(2026, 12, 31, 17), 9 * HOUR) == seoul(2027, 1, 1, 18)

    def test_it_is_told_in_utc(self):
        assert after_opening(SHOP, seoul(2026, 11, 23, 10), 60).tzinfo is UTC

    def test_a_calendar_that_never_opens_counts_on_the_wall_clock(self):
        start = seoul(2026, 11, 23, 10)
        assert after_opening(NEVER, start, HOUR) == start + timedelta(hours=1)

    def test_one_last_day_does_not_make_it_run_for_ever(self):
        last = replace(NEVER, special={date(2026, 12, 1): ((540, 600),)})
        start = datetime(2026, 11, 23, tzinfo=UTC)
        assert after_opening(last, start, HOUR) == datetime(2026, 12, 1, 10, tzinfo=UTC)
        assert after_opening(last, start, HOUR + 1) == start + timedelta(seconds=HOUR + 1)
        assert after_opening(last, datetime(2030, 1, 1, tzinfo=UTC), 5) == datetime(
            2030, 1, 1, 0, 0, 5, tzinfo=UTC
        )

    def test_a_special_day_that_is_over_does_not_make_it_run_for_ever(self):
        start = datetime(2026, 11, 23, tzinfo=UTC)
        only = Calendar("UTC", ((),) * 7, special={date(2026, 11, 1): ALL_DAY})
        assert after_opening(only, start, 10) == start + timedelta(seconds=10)

    def test_less_than_nothing_is_an_error(self):
        with pytest.raises(ValueError, match="backwards"):
            after_opening(SHOP, seoul(2026, 11, 23, 10), -1)


class TestNextOpening:
    def test_an_open_shop_is_open_now(self):
        assert next_opening(SHOP, seoul(2026, 11, 23, 10)) == seoul(2026, 11, 23, 10)

    def test_the_break_ends_and_the_weekend_too(self):
        assert next_opening(SHOP, seoul(2026, 11, 23, 12, 30)) == seoul(2026, 11, 23, 13)
        assert next_opening(SHOP, seoul(2026, 11, 20, 18)) == seoul(2026, 11, 23, 9)

    def test_it_looks_into_the_next_year(self):
        assert next_opening(SHOP, seoul(2027, 12, 31, 18)) == seoul(2028, 1, 3, 9)
        once = replace(NEVER, special={date(2029, 12, 1): ((540, 600),)})
        assert next_opening(once, datetime(2026, 11, 23, tzinfo=UTC)) == datetime(2029, 12, 1, 9, tzinfo=UTC)

    def test_it_may_never_come(self):
        assert next_opening(NEVER, seoul(2026, 11, 23, 10)) is None


class TestACalendar:
    @pytest.mark.parametrize("span", [(-1, 5), (5, 5), (6, 5), (1440, 1500), (100, 1541)])
    def test_refuses_hours_that_cannot_be(self, span: tuple[int, int]):
        with pytest.raises(ValueError, match="not a span"):
            Calendar("UTC", ((span,),) + ((),) * 6)

    def test_has_seven_days(self):
        with pytest.raises(ValueError, match="seven"):
            Calendar("UTC", ((),) * 6)

    def test_is_a_value(self):
        assert Calendar("UTC", ((),) * 7) == NEVER
        assert hash(Calendar("UTC", ((),) * 7)) == hash(NEVER)


class TestLaws:
    @given(calendars(), instants(), instants(), instants())
    @settings(deadline=None, max_examples=150)
    def test_parts_add_up(self, calendar: Calendar, a: datetime, b: datetime, c: datetime):
        a, b, c = sorted([a, b, c])
        whole = opening_seconds(calendar, a, c)
        assert opening_seconds(calendar, a, b) + opening_seconds(calendar, b, c) == whole
        assert 0 <= whole <= int(c.timestamp()) - int(a.timestamp())

    @given(calendars(), instants(2012, 2030), st.integers(1, 500 * HOUR))
    @settings(deadline=None, max_examples=150)
    def test_after_opening_inverts_it_and_comes_as_early_as_it_can(
        self, calendar: Calendar, start: datetime, seconds: int
    ):
        assume(sum(b - a for spans in calendar.weekly for a, b in spans) >= 60)
        due = after_opening(calendar, start, seconds)
        assert opening_seconds(calendar, start, due) == seconds
        a_moment_before = due - timedelta(microseconds=1)
        assert opening_seconds(calendar, start.replace(microsecond=0), a_moment_before) <= seconds
        assert is_open(calendar, a_moment_before)

    @pytest.mark.parametrize("zone", ZONES)
    @given(instants(1970, 2037), st.integers(0, 10**9))
    @settings(deadline=None, max_examples=15)
    @example(datetime(2011, 12, 29, tzinfo=UTC), 5 * 86_400)
    @example(datetime(2026, 3, 1, tzinfo=UTC), 365 * 86_400)
    def test_a_business_that_never_closes_counts_wall_clock_time(
        self, zone: str, start: datetime, seconds: int
    ):
        calendar = _open_in(zone)
        end = start + timedelta(seconds=seconds)
        assert opening_seconds(calendar, start, end) == seconds
        assert after_opening(calendar, start, seconds) == end
        assert is_open(calendar, end)

    @pytest.mark.parametrize("zone", ZONES)
    def test_so_it_does_across_every_change_of_the_clock(self, zone: str):
        calendar = _open_in(zone)
        for change in _changes(zone):
            before, after = change - timedelta(days=1, seconds=7), change + timedelta(days=1, seconds=7)
            assert opening_seconds(calendar, before, after) == 2 * 86_400 + 14
            assert (
                opening_seconds(calendar, change - timedelta(seconds=1), change + timedelta(seconds=1)) == 2
            )

    @given(calendars(), instants(2012, 2030), st.integers(0, 900 * HOUR), st.sampled_from(ZONES))
    @settings(deadline=None, max_examples=80)
    def test_the_zone_of_an_agent_changes_nothing(
        self, calendar: Calendar, start: datetime, seconds: int, agents_zone: str
    ):
        end, zone = start + timedelta(seconds=seconds), ZoneInfo(agents_zone)
        assert opening_seconds(calendar, start.astimezone(zone), end.astimezone(zone)) == opening_seconds(
            calendar, start, end
        )
        assert after_opening(calendar, start.astimezone(zone), seconds) == after_opening(
            calendar, start, seconds
        )
        assert is_open(calendar, end.astimezone(zone)) == is_open(calendar, end)
        assert next_opening(calendar, end.astimezone(zone)) == next_opening(calendar, end)

    @pytest.mark.skipif(not hasattr(time, "tzset"), reason="this system cannot change its zone while it runs")
    @pytest.mark.parametrize("machine", ["America/St_Johns", "Pacific/Apia"])
    def test_the_zone_of_the_machine_changes_nothing(self, machine: str, monkeypatch: pytest.MonkeyPatch):
        start, end = seoul(2026, 11, 20, 17), seoul(2026, 11, 23, 10)
        monkeypatch.setenv("TZ", machine)
        time.tzset()
        try:
            assert opening_seconds(replace(SHOP), start, end) == 2 * HOUR
            assert after_opening(replace(SHOP), start, 2 * HOUR) == end
        finally:
            monkeypatch.undo()
            time.tzset()
            assert os.environ.get("TZ") != machine

    @given(st.sampled_from(ZONES), st.dates(date(2010, 1, 1), date(2031, 12, 1)))
    @settings(deadline=None, max_examples=80)
    def test_a_closed_day_takes_away_exactly_that_day(self, zone: str, closed: date):
        start = datetime(closed.year, closed.month, closed.day, tzinfo=UTC) - timedelta(days=3)
        end = start + timedelta(days=7)
        with_it, without = _open_in(zone), Calendar(zone, (ALL_DAY,) * 7, frozenset({closed}))
        midnight, next_midnight = _midnight(zone, closed), _midnight(zone, closed + timedelta(days=1))
        length = next_midnight - midnight
        assert opening_seconds(without, start, end) == opening_seconds(with_it, start, end) - length

    @given(calendars(), instants(2012, 2030), st.integers(1, 600))
    @settings(deadline=None, max_examples=60)
    def test_it_agrees_with_counting_by_quarters_of_an_hour(
        self, calendar: Calendar, start: datetime, quarters: int
    ):
        """Away from days on which the clock changes: there the rule for times that come twice decides."""
        start = start.replace(minute=start.minute // 15 * 15, second=0, microsecond=0)
        end = start + timedelta(minutes=15 * quarters)
        zone = ZoneInfo(calendar.zone)
        offsets = {
            (start + timedelta(hours=h)).astimezone(zone).utcoffset()
            for h in range(-72, quarters // 4 + 72, 6)
        }
        assume(len(offsets) == 1)
        on_quarters = replace(
            calendar,
            weekly=tuple(_on_quarters(spans) for spans in calendar.weekly),
            special={day: _on_quarters(spans) for day, spans in calendar.special.items()},
        )
        assert opening_seconds(on_quarters, start, end) == counted_slowly(on_quarters, start, end)


_OPEN: dict[str, Calendar] = {}


def _open_in(zone: str) -> Calendar:
    return _OPEN.setdefault(zone, always_open(zone))


def _on_quarters(spans: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    return tuple(
        (a // 15 * 15, min(b // 15 * 15 + 15, a // 15 * 15 + 1440)) for a, b in spans if a // 15 * 15 < 1440
    )


def _changes(zone: str) -> list[datetime]:
    """The instants from 1970 to 2037 at which the zone's offset becomes another, found by halving."""
    place, found = ZoneInfo(zone), []
    at, end, step = datetime(1970, 1, 1, tzinfo=UTC), datetime(2037, 12, 31, tzinfo=UTC), timedelta(days=7)
    while at < end:
        low, high = at, at + step
        if low.astimezone(place).utcoffset() != high.astimezone(place).utcoffset():
            while high - low > timedelta(seconds=1):
                middle = (low + (high - low) / 2).replace(microsecond=0)
                same = middle.astimezone(place).utcoffset() == at.astimezone(place).utcoffset()
                low, high = (middle, high) if same else (low, middle)
            found.append(high)
        at += step
    return found


def _midnight(zone: str, day: date) -> int:
    """The first second that a clock in the zone shows this day or a later one, by asking it."""
    place = ZoneInfo(zone)
    low = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) - 2 * 86_400
    shown = [datetime.fromtimestamp(low + 900 * i, place).date() >= day for i in range(4 * 24 * 4)]
    return low + 900 * shown.index(True)
