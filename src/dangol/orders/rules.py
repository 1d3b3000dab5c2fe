"""Rules on plain values: amounts of lines, the shop's own numbers."""

from functools import lru_cache
from typing import Final

from dangol.business.money import exponent
from dangol.business.rates import half_even


@lru_cache(maxsize=65_536)
def line_amount(quantity_thousandths: int, unit_price_e4: int, currency: str) -> int:
    """Quantity times price in minor units of the currency, rounded half to even."""
    return half_even(quantity_thousandths * unit_price_e4 * 10 ** exponent(currency), 10**7)


@lru_cache(maxsize=1024)
def plain_number(text: str) -> str:
    """A number as the shop calls it: spreadsheets make 17850.0 of 17850, and leave blanks around it."""
    number = text.strip()
    whole, dot, rest = number.partition(".")
    return whole if dot and not rest.strip("0") and whole.isdecimal() else number


FILES: Final = "Files"
"""The source of files for which nobody named another; its customers' numbers are the shop's own."""


def customer_address(number: str, *, source: str = "") -> str:
    """The address of the identity of kind "number". A named source counts its customers apart from all others."""
    return f"{source}/{number}" if source else number
