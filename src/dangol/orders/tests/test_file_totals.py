"""Whose amount it is that stands in each row of an order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.orders.file_refusals import NotTaken
from dangol.orders.file_totals import total_of

AMOUNTS = st.integers(-(10**6), 10**6)


@given(lines=st.lists(AMOUNTS, min_size=1, max_size=6))
def test_what_is_equal_to_the_lines_is_theirs_whatever_stands_beside(lines):
    assert total_of(lines, lines, beside=[7]) == sum(lines)


@given(lines=st.lists(st.integers(1, 10**6), min_size=2, max_size=6), beside=st.lists(AMOUNTS, max_size=3))
def test_what_the_lines_and_all_beside_make_is_the_orders(lines, beside):
    whole = sum(lines) + sum(beside)
    if [whole] * len(lines) != lines:
        assert total_of([whole] * len(lines), lines, beside=beside) == whole


@given(amount=AMOUNTS, lines=st.lists(st.integers(1, 10**6), min_size=2, max_size=6))
def test_nothing_is_guessed(amount, lines):
    said = [amount] * len(lines)
    if sum(lines) in {amount, sum(said)}:
        assert total_of(said, lines) == total_of(said, lines, is_named_so=True) == sum(lines)
    else:
        assert total_of(said, lines, is_named_so=True) == amount
        with pytest.raises(NotTaken, match="total_unclear"):
            total_of(said, lines)
    assert total_of(said, lines, total_is="line") == sum(said)


def test_amounts_that_differ_are_no_orders_and_lines_without_prices_say_nothing():
    with pytest.raises(NotTaken, match="totals_differ"):
        total_of([4, 2], [5, 3])
    assert total_of([5, 5], [0, 0]) == 5
    assert total_of([5], [9, 9]) == 5, "it stands in one row, as what is of the whole order"
