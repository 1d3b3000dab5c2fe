"""A row of a file becomes a line of its order."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from dangol.business.rates import half_even
from dangol.orders.file_refusals import NotTaken
from dangol.orders.incoming import IncomingLine
from dangol.orders.rules import line_amount
from dangol.orders.values import MOST, Ambiguous, Decimals, Unreadable, read_minor, read_scaled

WIDE, ZERO = 1, 2
"""What is wrong with a row as such: more cells than columns, a NUL in one."""


class LineMaker:
    """Makes the lines of one file, from rows as `OrderMaker` has them."""

    def __init__(self, places: Mapping[str, int], written: Mapping[str, Decimals]) -> None:
        self._written = written
        self._places = [
            places.get(name, 0) for name in ("sku", "item", "quantity", "unit_price", "line_total")
        ]
        # A shop sells the same things again and again.
        self._line_of = lru_cache(maxsize=50_000)(self._read)

    def __call__(self, row: tuple[Any, ...], currency: str) -> IncomingLine:
        """The line; NotTaken where it cannot be read."""
        if row[2] & WIDE:
            raise NotTaken("too_many_cells", row[1])
        try:
            return self._line_of(*[row[place] if place else None for place in self._places], currency)
        except NotTaken as refused:
            raise NotTaken(refused.reason, row[1]) from None

    def _read(
        self,
        sku: str | None,
        item: str | None,
        quantity: str | None,
        price: str | None,
        total: str | None,
        currency: str,
    ) -> IncomingLine:
        thousandths = 1000 if quantity is None else self._quantity(quantity)
        price_e4, amount = self._money(price, total, thousandths, currency)
        by_price = line_amount(thousandths, price_e4, currency)
        if amount is None and abs(by_price) > MOST:
            raise NotTaken("amount_too_large")
        if amount == by_price:
            amount = None  # said twice
        return IncomingLine((sku or "").strip(), (item or "").strip(), thousandths, price_e4, amount)

    def _quantity(self, text: str) -> int:
        try:
            return read_scaled(text, 3, self._written["quantity"])
        except Unreadable as failure:
            raise NotTaken(number_reason(failure, "quantity_unreadable")) from None

    def _money(
        self, price: str | None, total: str | None, thousandths: int, currency: str
    ) -> tuple[int, int | None]:
        """(the price of one, what was paid for the line where the row says it)."""
        amount = None
        how = self._written
        try:
            price_e4 = 0 if price is None else read_scaled(price, 4, how["unit_price"])
            if total and total.strip():
                amount = read_minor(total, currency, how["line_total"])
                if price is None:
                    price_e4 = _price_of_one(read_scaled(total, 4, how["line_total"]), thousandths)
        except Unreadable as failure:
            raise NotTaken(number_reason(failure, "price_unreadable")) from None
        return price_e4, amount


def amount_of(line: IncomingLine, currency: str) -> int:
    """What the line comes to, in minor units."""
    if line.amount is not None:
        return line.amount
    return line_amount(line.quantity_thousandths, line.unit_price_e4, currency)


def given_back(line: IncomingLine) -> IncomingLine:
    """The same, with quantity and amount of the other sign."""
    amount = None if line.amount is None else -line.amount
    return IncomingLine(line.sku, line.name, -line.quantity_thousandths, line.unit_price_e4, amount)


def number_reason(failure: Unreadable, otherwise: str) -> str:
    """The word for a number that cannot be read."""
    return "number_ambiguous" if isinstance(failure, Ambiguous) else otherwise


def _price_of_one(whole_e4: int, thousandths: int) -> int:
    # Of what is taken back, quantity and amount are negative, and the price is not.
    sign = -1 if thousandths < 0 else 1
    return half_even(sign * whole_e4 * 1000, abs(thousandths)) if thousandths else whole_e4
