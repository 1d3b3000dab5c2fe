from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.business.models import ExchangeRate
from dangol.business.rates import TRILLION, Rates, converted, half_even

WON_A_DOLLAR = 1390 * TRILLION + TRILLION // 4


def test_dollars_become_won_and_won_become_dollars() -> None:
    assert converted(1140, currency="USD", own_currency="KRW", rate_trillionths=WON_A_DOLLAR) == 15849
    assert converted(15849, currency="KRW", own_currency="USD", rate_trillionths=719424460) == 1140


@given(st.integers(-(10**15), 10**15), st.integers(1, 10**12))
def test_a_quotient_is_never_further_than_a_half_and_the_middle_is_even(over: int, under: int) -> None:
    whole = half_even(over, under)
    distance = abs(Fraction(over, under) - whole)
    assert distance <= Fraction(1, 2)
    if distance == Fraction(1, 2):
        assert whole % 2 == 0


def test_the_middle_goes_to_the_even_number() -> None:
    assert [half_even(over, 2) for over in (-3, -1, 1, 3, 5)] == [-2, 0, 0, 2, 2]


@pytest.mark.django_db
def test_an_amount_is_converted_by_the_rate_of_its_day() -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    for day, rate in ((date(2026, 1, 1), 1300), (date(2026, 7, 1), 1400), (date(2026, 7, 1), 1410)):
        ExchangeRate.objects.create(
            currency="USD",
            own_currency="KRW",
            rate_trillionths=rate * TRILLION,
            effective_from=day,
            recorded_at=now,
        )
    rates = Rates("KRW")
    assert rates.own(100, "USD", date(2026, 6, 30)) == (1300, 1300 * TRILLION)
    assert rates.own(100, "USD", date(2026, 7, 1)) == (1410, 1410 * TRILLION)  # said twice: the last counts
    assert rates.own(100, "USD", date(2025, 12, 31)) == (None, None)
    assert rates.own(500, "KRW", date(2026, 7, 1)) == (500, None)
