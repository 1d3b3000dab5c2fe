"""What a file of orders holds, in numbers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from dangol.business.money import exponent
from dangol.orders.file_lines import amount_of
from dangol.orders.incoming import IncomingLine, IncomingOrder, IncomingRefund


@dataclass
class Counted:
    """What a file holds, counted while it is read. Amounts are exact in 1/10,000,000 of a unit, rounded in minor units,
    both of each currency."""

    lines: int = 0
    orders: int = 0
    cancellations: int = 0
    refunds: int = 0
    lines_without_customer: int = 0
    customers: Counter[int] = field(default_factory=Counter)  # the orders of each
    refused: Counter[str] = field(default_factory=Counter)
    exact_e7: Counter[str] = field(default_factory=Counter)
    rounded: Counter[str] = field(default_factory=Counter)

    def take_away(self, other: "Counted") -> None:
        """Count out what was counted in `other`, but for its refused rows."""
        self.lines -= other.lines
        self.orders -= other.orders
        self.cancellations -= other.cancellations
        self.refunds -= other.refunds
        self.lines_without_customer -= other.lines_without_customer
        self.customers -= other.customers  # who has no order left is gone from it
        self.exact_e7.subtract(other.exact_e7)
        self.rounded.subtract(other.rounded)

    def add(
        self, trades: Sequence[IncomingOrder | IncomingRefund], lines: Sequence[IncomingLine], rows: int
    ) -> None:
        """Count an order or a cancellation with what was given back of it, as its lines in the file say, of so many
        rows. That these rows were read is counted by whoever reads them."""
        first = trades[0]
        who, currency = first.customer_number or first.contact_email.lower(), first.currency
        if who:
            self.customers[hash(who)] += 1
        else:
            self.lines_without_customer += rows
        self.cancellations += isinstance(first, IncomingRefund)
        self.orders += isinstance(first, IncomingOrder)
        self.refunds += sum(isinstance(each, IncomingRefund) for each in trades)
        if not lines:
            self.rounded[currency] += first.amount
            self.exact_e7[currency] += first.amount * 10**7 // 10 ** exponent(currency)
        self.exact_e7[currency] += sum(line.quantity_thousandths * line.unit_price_e4 for line in lines)
        self.rounded[currency] += sum(amount_of(line, currency) for line in lines)
