import statistics
from datetime import UTC, date, datetime, timedelta
from math import comb

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from dangol.inbox.measures import (
    Share,
    WaitRow,
    by_day,
    by_mailbox,
    measure,
    median,
    median_range,
    percentile,
    share_of,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SHOP, SUPPORT = 1, 2
numbers = st.lists(st.integers(0, 10**7), min_size=1, max_size=60)


def answered(
    conversation: int, minutes: int, *, kept: bool = True, mailbox: int = SHOP, at: datetime = NOW
) -> WaitRow:
    return WaitRow(
        conversation_id=conversation,
        mailbox_id=mailbox,
        started_at=at,
        due_at=at + timedelta(minutes=30),
        answered_at=at + timedelta(minutes=2 * minutes),
        wall_seconds=120 * minutes,
        opening_seconds=60 * minutes,
        is_kept=kept,
    )


def waiting(conversation: int, *, due: datetime) -> WaitRow:
    return WaitRow(conversation_id=conversation, mailbox_id=SHOP, started_at=NOW, due_at=due)


def test_the_median_is_the_middle_or_half_way_between_two():
    assert median([9, 1, 5]) == 5
    assert median([9, 1, 5, 6]) == 5.5
    assert median([]) is None


def test_the_90th_percentile_is_type_7():
    """The worked values are those of R's quantile(x, 0.9) and of PERCENTILE.INC."""
    assert percentile(range(1, 11), 90) == pytest.approx(9.1)
    assert percentile([15, 20, 35, 40, 50], 90) == pytest.approx(46)
    assert percentile([7], 90) == 7
    assert percentile([], 90) is None
    assert percentile([3, 1, 2], 0) == 1
    assert percentile([3, 1, 2], 100) == 3
    with pytest.raises(ValueError, match="between"):
        percentile([1], 101)


@given(numbers)
def test_the_median_is_everybodys_median(values: list[int]):
    assert median(values) == pytest.approx(statistics.median(values))


@given(st.lists(st.integers(0, 10**7), min_size=2, max_size=60))
def test_the_90th_percentile_is_the_standard_librarys(values: list[int]):
    deciles = statistics.quantiles(values, n=10, method="inclusive")
    assert percentile(values, 90) == pytest.approx(deciles[8])


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [
        # Newcombe, "Two-sided confidence intervals for the single proportion: comparison of seven methods",
        # Statistics in Medicine 17 (1998) 857-872, table I
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_a_share_has_wilsons_interval(count: int, total: int, low: float, high: float):
    share = share_of(count, total)
    assert share is not None
    assert share.low == pytest.approx(low, abs=5e-5)
    assert share.high == pytest.approx(high, abs=5e-5)


@given(st.integers(0, 5000), st.integers(1, 5000))
def test_an_interval_holds_its_share_and_its_mirror(count: int, total: int):
    count = min(count, total)
    share, mirror = share_of(count, total), share_of(total - count, total)
    assert share is not None and mirror is not None  # noqa: PT018
    assert 0 <= share.low <= share.share <= share.high <= 1
    assert share.low < share.high
    assert share.low == pytest.approx(1 - mirror.high)


def test_more_observations_narrow_it():
    few, many = share_of(9, 10), share_of(900, 1000)
    assert isinstance(few, Share)
    assert isinstance(many, Share)
    assert many.high - many.low < few.high - few.low


def test_a_share_is_never_written_without_its_interval():
    assert str(share_of(94, 100)).replace("\u00a0", " ") == "94 % (88 %–97 %)"
    with translation.override("ko"):
        assert str(share_of(94, 100)) == "94% (88%–97%)"


def test_a_share_of_nothing_is_none_and_one_of_more_than_all_an_error():
    assert share_of(0, 0) is None
    with pytest.raises(ValueError, match="total"):
        share_of(2, 1)


def test_the_figures_of_a_day_open_their_conversations():
    rows = [answered(n, minutes) for n, minutes in enumerate([5, 9, 12, 20], start=1)]
    figures = measure([*rows, answered(5, 41, kept=False)], at=NOW)
    assert (figures.answered, figures.median, figures.median_wall) == (5, 12 * 60, 24 * 60)
    assert figures.ninetieth == pytest.approx(60 * (20 + 0.6 * 21))
    assert figures.ninetieth_wall == pytest.approx(120 * (20 + 0.6 * 21))
    assert figures.within is not None
    assert (figures.within.count, figures.within.total) == (4, 5)
    assert (figures.kept, figures.late, figures.undecided) == ((1, 2, 3, 4), (5,), ())


def test_who_still_waits_past_the_promise_is_a_broken_one():
    """Or leaving the worst unanswered would better the figure."""
    figures = measure([answered(1, 5), waiting(2, due=NOW - timedelta(seconds=1))], at=NOW)
    assert figures.within is not None
    assert (figures.within.count, figures.within.total, figures.late) == (1, 2, (2,))
    assert figures.answered == 1


def test_who_waits_within_it_is_not_counted_yet():
    figures = measure([waiting(2, due=NOW)], at=NOW)
    assert (figures.within, figures.median, figures.undecided) == (None, None, (2,))


def test_a_wait_belongs_to_the_local_day_on_which_it_began():
    late_evening = datetime(2026, 11, 21, 14, 59, tzinfo=UTC)  # 23:59 in Seoul
    midnight = late_evening + timedelta(minutes=1)
    days = by_day([answered(1, 5, at=late_evening), answered(2, 7, at=midnight)], "Asia/Seoul", at=NOW)
    assert list(days) == [date(2026, 11, 22), date(2026, 11, 21)]
    assert days[date(2026, 11, 21)].kept == (1,)
    assert list(by_day([answered(1, 5, at=late_evening), answered(2, 7, at=midnight)], "UTC", at=NOW)) == [
        date(2026, 11, 21)
    ]


def test_mailboxes_are_measured_apart():
    figures = by_mailbox([answered(1, 5), answered(2, 50, mailbox=SUPPORT), answered(3, 7)], at=NOW)
    assert {mailbox: of.median for mailbox, of in figures.items()} == {SHOP: 360, SUPPORT: 3000}


def test_an_answered_wait_without_its_seconds_is_a_bug():
    row = WaitRow(conversation_id=1, mailbox_id=SHOP, started_at=NOW, due_at=NOW, answered_at=NOW)
    with pytest.raises(ValueError, match="has its seconds"):
        measure([row], at=NOW)


@pytest.mark.parametrize(("size", "ends"), [(6, (0, 5)), (10, (1, 8)), (20, (5, 14)), (100, (39, 60))])
def test_the_range_of_a_median_is_that_of_the_tables(size, ends):
    """Conover, Practical Nonparametric Statistics, and R's binom.test for the sign test give these ranks."""
    assert median_range(range(size)) == ends


def test_five_values_say_nothing_certain_about_a_median():
    assert median_range([1, 2, 3, 4, 5]) is None
    assert median_range([]) is None


@given(st.integers(6, 1200))
def test_a_range_of_a_median_covers_it_in_95_of_100_and_is_no_wider_than_it_must(size):
    low, high = median_range(range(size))
    assert low + high == size - 1
    beyond = sum(comb(size, k) for k in range(low + 1))
    assert 40 * beyond <= 2**size
    assert 40 * (beyond + comb(size, low + 1)) > 2**size
