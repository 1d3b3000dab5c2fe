"""Which subscriptions run, from the periods that orders are for."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dangol.orders.subscriptions import Period, running_subscriptions

TODAY = date(2026, 11, 18)
BOX = ("box",)


def paid(
    first: str, last: str | None, amount: int = 9_900, what: tuple[str, ...] = BOX, pk: int = 0
) -> Period:
    """A period in 2026, by month and day."""
    days = [date.fromisoformat(f"2026-{day}") if day else None for day in (first, last)]
    assert days[0]
    return Period(pk, what, days[0], days[1], amount, "KRW")


def running(*periods: Period, today: date = TODAY) -> list[tuple[date, date | None, int]]:
    found = running_subscriptions(periods, today=today)
    return [(each.since, each.paid_until, each.amount) for each in found]


def test_periods_without_a_day_between_them_are_one_and_a_gap_begins_it_anew():
    old = paid("01-01", "01-31")
    periods = [paid("11-01", "11-30", 12_000), paid("10-01", "10-31"), paid("09-01", "09-30"), old]
    assert running(*periods) == [(date(2026, 9, 1), date(2026, 11, 30), 12_000)]
    assert running(*periods, today=date(2026, 8, 31)) == []
    (found,) = running_subscriptions(periods, today=TODAY)
    assert found.next_from == date(2026, 12, 1)


def test_what_is_paid_ahead_counts_and_its_amount_is_still_to_come():
    assert running(paid("11-01", "11-30"), paid("12-01", "12-31", 12_000)) == [
        (date(2026, 11, 1), date(2026, 12, 31), 9_900)
    ]
    assert running(paid("12-01", "12-31")) == []


def test_other_articles_are_another_subscription_and_what_is_over_runs_no_more():
    periods = [
        paid("11-01", "11-30"),
        paid("11-10", "12-09", 5_000, ("tea",)),
        paid("10-01", "11-17", 1, ("jam",)),
    ]
    assert [amount for *_, amount in running(*periods)] == [9_900, 5_000]


def test_a_period_without_an_end_goes_on_until_another_says_one():
    assert running(paid("03-01", None)) == [(date(2026, 3, 1), None, 9_900)]
    assert running(paid("03-01", None), paid("11-01", "11-30")) == [
        (date(2026, 3, 1), date(2026, 11, 30), 9_900)
    ]


def test_one_that_is_paid_for_ever_runs_and_no_other_period_follows():
    for_ever = Period(1, BOX, date(2026, 1, 1), date.max, 9_900, "KRW")
    (found,) = running_subscriptions([for_ever, paid("11-01", "11-30", pk=2)], today=TODAY)
    assert (found.paid_until, found.next_from) == (date.max, None)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 30)), max_size=8), st.integers(0, 95))
def test_one_runs_on_each_day_that_is_paid_for_and_on_no_other(spans, on):
    begin = date(2026, 1, 1)
    periods = [
        Period(n, BOX, begin + timedelta(first), begin + timedelta(first + length), 1, "KRW")
        for n, (first, length) in enumerate(spans)
    ]
    today = begin + timedelta(on)
    is_paid = any(each.first <= today <= (each.last or today) for each in periods)
    assert bool(running_subscriptions(periods, today=today)) == is_paid
