import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.business.money import CURRENCIES, EXPONENTS, NoAmount, exponent, minor_units, money_text


@pytest.mark.parametrize(
    ("amount", "currency", "language", "shown"),
    [
        (1140, "USD", "en", "$11.40"),
        (1140, "USD", "ko", "US$11.40"),
        (1200, "KRW", "ko", "1,200원"),
        (1200, "KRW", "en", "₩1,200"),
        (-1200, "KRW", "ko", "−1,200원"),
        (-500, "CHF", "en", "−CHF\u00a05.00"),
        (0, "USD", "en", "$0.00"),
        (5, "EUR", "en", "€0.05"),
        (123456789, "USD", "en", "$1,234,567.89"),
        (1234567, "KWD", "en", "KWD\u00a01,234.567"),
        (1200, "JPY", "en", "¥1,200"),
    ],
)
def test_money_is_shown_by_currency_and_language(amount: int, currency: str, language: str, shown: str):
    assert money_text(amount, currency, language) == shown


@pytest.mark.parametrize(
    ("typed", "currency", "amount"),
    [
        ("11.40", "USD", 1140),
        ("11.4", "USD", 1140),
        ("$11", "USD", 1100),
        ("1,200원", "KRW", 1200),
        ("₩1,200", "KRW", 1200),
        (" −3.50 ", "EUR", -350),
        ("1.234", "KWD", 1234),
    ],
)
def test_amounts_are_read_as_typed(typed: str, currency: str, amount: int):
    assert minor_units(typed, currency) == amount


@pytest.mark.parametrize(
    ("typed", "currency"),
    [
        ("", "USD"),
        ("ten", "USD"),
        ("1.5", "KRW"),
        ("1.005", "USD"),
        ("1e5", "USD"),
        ("٣", "USD"),
        ("9" * 20, "USD"),
    ],
)
def test_what_is_no_amount_is_refused(typed: str, currency: str):
    with pytest.raises(NoAmount):
        minor_units(typed, currency)


@given(st.integers(-(10**12), 10**12), st.sampled_from(["USD", "KRW", "EUR"]), st.sampled_from(["en", "ko"]))
def test_what_is_shown_is_read_back(amount: int, currency: str, language: str):
    assert minor_units(money_text(amount, currency, language).replace("US$", ""), currency) == amount


def test_won_and_yen_have_no_minor_unit_and_every_exception_is_a_currency():
    assert [exponent(code) for code in ("KRW", "JPY", "USD", "KWD")] == [0, 0, 2, 3]
    assert set(EXPONENTS) <= CURRENCIES
