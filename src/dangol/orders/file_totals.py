"""What the rows of an order say of the whole of it, where each of them has an amount. Pure."""

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Final, Literal

from dangol.orders.file_refusals import NotTaken

TotalIs = Literal["", "order", "line"]
"""What the amounts are of, where somebody said it: the whole order, or the row that each stands in."""
ORDER: Final[TotalIs] = "order"
LINE: Final[TotalIs] = "line"


def total_of(
    said: Sequence[int],
    lines: Sequence[int],
    *,
    beside: Iterable[int] = (),
    total_is: TotalIs = "",
    is_named_so: bool = False,
) -> int:
    """The order's amount in minor units, from what its rows say of it and what their quantities and prices make.

    One and the same amount in all rows may be that of the order or, where each cost as much, that of each row. It is
    what adds up with `lines`, to which any of `beside` may be added (shipping, tax, a discount below zero). Where
    nothing does, it is the order's if the column's name says so (`is_named_so`), else NotTaken: which it is has to be
    said. Lines without prices say nothing, and it is the order's.
    """
    is_each = list(lines) == list(said) or total_is == LINE
    if is_each:
        return sum(said)
    if len(set(said)) > 1:
        raise NotTaken("totals_differ")
    whole, each = said[0], sum(said)
    if len(said) == 1 or total_is == ORDER or not any(lines):
        return whole
    more = [amount for amount in beside if amount]
    made = {sum(lines) + sum(some) for n in range(len(more) + 1) for some in combinations(more, n)}
    if whole in made or each in made:
        return whole if whole in made else each
    if is_named_so:
        return whole
    raise NotTaken("total_unclear")
