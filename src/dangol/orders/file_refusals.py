"""Why rows of a file are not taken."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REASONS: Final[Mapping[str, str | Promise]] = {
    "number_missing": _("There is no order number."),
    "number_too_long": _("The order number is longer than 80 letters."),
    "time_missing": _("There is no time of the order."),
    "time_unreadable": _("A time cannot be read."),
    "time_ambiguous": _(
        "A date like 3/4/2026 can be two days, and the file does not show which. Choose which comes first."
    ),
    "time_out_of_range": _("A time lies before 1970 or after 2200."),
    "quantity_unreadable": _("The quantity is no number with at most three decimals."),
    "price_unreadable": _("The price is no number with at most four decimals."),
    "amount_unreadable": _("An amount is no number."),
    "number_ambiguous": _("A number like 1,234 can be two, because the column writes decimals with commas."),
    "amount_too_large": _("Quantity and price make an amount that nobody pays."),
    "totals_differ": _(
        "The rows of this order have different amounts for the whole of it. If they are of each line, choose that."
    ),
    "total_unclear": _(
        "The rows of this order have one and the same amount, which fits quantity and price neither as that of a row "
        "nor as that of the order. Choose which it is."
    ),
    "customers_differ": _("The rows of this order number are of different customers."),
    "days_apart": _("The rows of this order number are more than a day apart."),
    "other_day": _("An order of this number is known, of another day. Is it another shop, or another year?"),
    "letter_zero": _("A cell holds a sign that no text has (NUL)."),
    "customer_too_long": _("The customer’s number or address is too long."),
    "currency_unknown": _("The currency is none that we know."),
    "too_many_cells": _("The row has more cells than the file has columns."),
    "too_many_lines": _("The order has more than 10,000 lines."),
    "refund_below_nothing": _("The cancellation gives nothing back: its amount has the wrong sign."),
    "other_line_refused": _("Another line of this order was refused, and an order comes whole or not."),
}
"""Why a row is not taken: the word that counts it, and the sentence for people."""


@dataclass(frozen=True)
class Refusal:
    """A row that was not taken: its number in the file, why, and its cells by field."""

    row: int
    reason: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Unfit:
    """Why an order was not taken, and because of which row; 0 where it is of all of them."""

    reason: str
    row: int = 0


class NotTaken(Exception):
    """Ends the reading of an order: why, and because of which row; 0 where it is of all of them."""

    def __init__(self, reason: str, row: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.row = reason, row
