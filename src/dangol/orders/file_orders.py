"""The rows of one order in a file become an order or a refund, whole, or are refused with the reason."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache, reduce
from operator import or_
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dangol.business.money import CURRENCIES, exponent
from dangol.business.rates import half_even
from dangol.orders.incoming import IncomingLine, IncomingOrder, IncomingRefund
from dangol.orders.rules import line_amount, plain_number
from dangol.orders.values import (
    MOST,
    Ambiguous,
    Decimals,
    OutOfTime,
    Unreadable,
    day_first_of,
    decimals_of,
    read_instant,
    read_minor,
    read_scaled,
)

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
NUMBERS: Final = (
    "quantity",
    "unit_price",
    "line_total",
    "total",
    "tax",
    "shipping",
    "discount",
    "refunded",
)
TIMES: Final = (
    "ordered_at",
    "cancelled_at",
    "promised_at",
    "fulfilled_at",
    "subscription_from",
    "subscription_until",
)
WIDE, ZERO = 1, 2
"""What is wrong with a row as such: more cells than columns, a NUL in one."""
_APART: Final = timedelta(days=1)  # rows of one order; night shifts pass midnight


@dataclass(frozen=True)
class Reading:
    """How a file is to be read: which column is what, and what the file does not say."""

    columns: Mapping[str, int]
    currency: str
    zone: ZoneInfo
    cancelled_by: str = "C"  # numbers that begin so, and take things back, are cancellations
    month_first: bool | None = (
        None  # of 3/4/2026; where neither this nor another date says it, nothing is guessed
    )


@dataclass(frozen=True)
class Refusal:
    """A row that was not taken: its number in the file, why, and its cells by field."""

    row: int
    reason: str
    cells: tuple[str, ...]


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


@dataclass(frozen=True)
class Unfit:
    """Why an order was not taken, and because of which row; 0 where it is of all of them."""

    reason: str
    row: int = 0


class _Refuse(Exception):
    def __init__(self, reason: str, row: int = 0) -> None:
        self.reason, self.row = reason, row


class OrderMaker:
    """Makes the orders of one file."""

    def __init__(self, reading: Reading, shown: Mapping[str, int]) -> None:
        """`shown` is what all cells of the fields show of how they are written (`values.shown_by`)."""
        self._reading = reading
        self.fields = tuple(reading.columns)
        self._written: dict[str, Decimals] = {}
        for name in NUMBERS:
            others = [shown.get(each, 0) for each in NUMBERS if each != name]
            self._written[name] = decimals_of(shown.get(name, 0), reduce(or_, others, 0))
        dates = reduce(or_, (shown.get(name, 0) for name in TIMES), 0)
        self._day_first = day_first_of(dates, reading.month_first)
        places = {name: place for place, name in enumerate(self.fields, start=3)}
        self._of_line = [
            places.get(name, 0) for name in ("sku", "item", "quantity", "unit_price", "line_total")
        ]
        # A shop sells the same things again and again.
        self._line_of = lru_cache(maxsize=50_000)(self._read_line)
        self._is_by_lines = bool(reading.columns.keys() & {"unit_price", "line_total", "item", "sku"})

    def __call__(
        self, number: str, rows: Sequence[tuple[Any, ...]], counted: "Counted"
    ) -> "list[IncomingOrder | IncomingRefund] | Unfit":
        """The order, or the cancellation, and what was given back of it; counted with it. Rows are (number of the
        order, row of the file, what is wrong with it as such, cells of the fields …)."""
        try:
            return self._whole(number, rows, counted)
        except _Refuse as refused:
            return Unfit(refused.reason, refused.row)

    def _whole(
        self, number: str, rows: Sequence[tuple[Any, ...]], counted: Counted
    ) -> list[IncomingOrder | IncomingRefund]:
        if not number:
            raise _Refuse("number_missing")
        if len(number) > 80:
            raise _Refuse("number_too_long")
        if zero := next((row[1] for row in rows if row[2] & ZERO), 0):
            raise _Refuse("letter_zero", zero)
        cells = _Cells(self.fields, rows)
        _of_one_customer(cells)
        currency = self._currency(cells)
        lines = [self._line(row, currency) for row in rows] if self._is_by_lines else []
        trades = self._order(number, cells, lines, currency)
        self._count(cells, lines, currency, trades, counted, len(rows))
        return trades

    def _currency(self, cells: "_Cells") -> str:
        said = cells.first("currency").upper() or self._reading.currency
        if said not in CURRENCIES:
            raise _Refuse("currency_unknown", cells.row_of("currency"))
        return said

    def _line(self, row: tuple[Any, ...], currency: str) -> IncomingLine:
        if row[2] & WIDE:
            raise _Refuse("too_many_cells", row[1])
        try:
            return self._line_of(*[row[place] if place else None for place in self._of_line], currency)
        except _Refuse as refused:
            raise _Refuse(refused.reason, row[1]) from None

    def _read_line(
        self,
        sku: str | None,
        item: str | None,
        quantity: str | None,
        price: str | None,
        total: str | None,
        currency: str,
    ) -> IncomingLine:
        amount = None
        how = self._written
        try:
            thousandths = 1000 if quantity is None else read_scaled(quantity, 3, how["quantity"])
        except Unreadable as failure:
            raise _Refuse(_number_reason(failure, "quantity_unreadable")) from None
        try:
            price_e4 = 0 if price is None else read_scaled(price, 4, how["unit_price"])
            if total and total.strip():
                amount = read_minor(total, currency, how["line_total"])
                if price is None:
                    price_e4 = _price_of_one(read_scaled(total, 4, how["line_total"]), thousandths)
        except Unreadable as failure:
            raise _Refuse(_number_reason(failure, "price_unreadable")) from None
        by_price = line_amount(thousandths, price_e4, currency)
        if amount is None and abs(by_price) > MOST:
            raise _Refuse("amount_too_large")
        if amount == by_price:
            amount = None  # said twice
        return IncomingLine((sku or "").strip(), (item or "").strip(), thousandths, price_e4, amount)

    def _order(
        self, number: str, cells: "_Cells", lines: Sequence[IncomingLine], currency: str
    ) -> list[IncomingOrder | IncomingRefund]:
        amounts = [_amount(line, currency) for line in lines]
        moments = [self._instant(text, cells, "ordered_at") for text in set(cells.all("ordered_at"))]
        times = [moment for moment in moments if moment is not None]
        if len(times) > 1 and max(times) - min(times) > _APART:
            raise _Refuse("days_apart")
        at = self._time(cells, "ordered_at")
        if at is None:
            raise _Refuse("time_missing", cells.row_of("ordered_at"))
        common: dict[str, Any] = {
            "key": number,
            "number": number,
            "currency": currency,
            "customer_number": plain_number(cells.first("customer_number")),
            "contact_name": cells.name(),
            "contact_email": cells.first("email"),
            "place": cells.first("place"),
        }
        if self._is_cancellation(number, lines):
            given_back = -sum(amounts)
            if given_back < 0:
                raise _Refuse("refund_below_nothing")
            back = tuple(
                IncomingLine(
                    line.sku,
                    line.name,
                    -line.quantity_thousandths,
                    line.unit_price_e4,
                    _negative(line.amount),
                )
                for line in lines
            )
            return [IncomingRefund(**common, amount=given_back, lines=back, refunded_at=at)]
        money = {name: self._money(cells, name, currency) for name in ("tax", "shipping", "discount")}
        total = self._total(cells, amounts, currency)
        if total is None:
            total = sum(amounts) + (money["shipping"] or 0)
        if abs(total) > MOST:
            raise _Refuse("amount_too_large")
        order = IncomingOrder(
            **common,
            amount=total,
            lines=tuple(lines),
            ordered_at=at,
            contact_phone=cells.first("phone"),
            country=cells.first("country"),
            tax=money["tax"],
            shipping=money["shipping"],
            discount=money["discount"],
            cancelled_at=self._time(cells, "cancelled_at"),
            promised_at=self._time(cells, "promised_at"),
            fulfilled_at=self._time(cells, "fulfilled_at"),
            made_by_name=cells.first("made_by"),
            packed_by_name=cells.first("packed_by"),
            subscription_from=_day(self._time(cells, "subscription_from")),
            subscription_until=_day(self._time(cells, "subscription_until")),
        )
        refunded = self._money(cells, "refunded", currency)
        if not refunded:
            return [order]
        refund = IncomingRefund(
            **{**common, "key": f"{number} refunded"},
            amount=abs(refunded),
            order_key=number,
            refunded_at=order.cancelled_at or at,  # a file that has the amount does not say the day
        )
        return [order, refund]

    def _is_cancellation(self, number: str, lines: Sequence[IncomingLine]) -> bool:
        mark = self._reading.cancelled_by
        if not mark or not number.upper().startswith(mark.upper()) or not lines:
            return False
        return any(line.quantity_thousandths < 0 for line in lines)

    def _total(self, cells: "_Cells", amounts: Sequence[int], currency: str) -> int | None:
        """What the file says of the whole order. Where it says it of each line instead, what they add up to."""
        texts = cells.all("total")
        if len(texts) < 2:
            return self._money(cells, "total", currency)
        said = [self._minor(text, cells, "total", currency) for text in texts if text.strip()]
        if list(amounts) == said:
            return sum(said)
        if len(set(said)) > 1:
            raise _Refuse("totals_differ")
        return said[0] if said else None

    def _money(self, cells: "_Cells", name: str, currency: str) -> int | None:
        text = cells.first(name)
        return self._minor(text, cells, name, currency) if text else None

    def _minor(self, text: str, cells: "_Cells", name: str, currency: str) -> int:
        try:
            return read_minor(text, currency, self._written[name])
        except Unreadable as failure:
            raise _Refuse(_number_reason(failure, "amount_unreadable"), cells.row_of(name, text)) from None

    def _time(self, cells: "_Cells", name: str) -> datetime | None:
        return self._instant(cells.first(name), cells, name)

    def _instant(self, text: str, cells: "_Cells", name: str) -> datetime | None:
        if not text.strip():
            return None
        try:
            return read_instant(text, self._reading.zone, day_first=self._day_first)
        except Unreadable as failure:
            reason = {Ambiguous: "time_ambiguous", OutOfTime: "time_out_of_range"}.get(type(failure))
            raise _Refuse(reason or "time_unreadable", cells.row_of(name, text)) from None

    def _count(
        self,
        cells: "_Cells",
        lines: Sequence[IncomingLine],
        currency: str,
        trades: Sequence[IncomingOrder | IncomingRefund],
        counted: Counted,
        rows: int,
    ) -> None:
        first = trades[0]
        who = first.customer_number or first.contact_email.lower()
        if who:
            counted.customers[hash(who)] += 1
        else:
            counted.lines_without_customer += rows
        counted.cancellations += isinstance(first, IncomingRefund)
        counted.orders += isinstance(first, IncomingOrder)
        counted.refunds += sum(isinstance(each, IncomingRefund) for each in trades)
        if not lines:
            counted.rounded[currency] += first.amount
            counted.exact_e7[currency] += first.amount * 10**7 // 10 ** exponent(currency)
        counted.exact_e7[currency] += sum(line.quantity_thousandths * line.unit_price_e4 for line in lines)
        counted.rounded[currency] += sum(_amount(line, currency) for line in lines)


class _Cells:
    """The cells of an order's rows: what is said of the whole order stands in each of them, or in one."""

    def __init__(self, fields: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        self._places = {name: place for place, name in enumerate(fields, start=3)}
        self._rows = rows

    def first(self, name: str) -> str:
        """The first that is not empty, "" where all are or the file has no such column."""
        place = self._places.get(name)
        if place is None:
            return ""
        return next((text for row in self._rows if (text := row[place].strip())), "")

    def all(self, name: str) -> list[str]:
        """Those of all rows."""
        place = self._places.get(name)
        return [] if place is None else [row[place] for row in self._rows]

    def row_of(self, name: str, text: str = "") -> int:
        """The number of the first row with this in it, or with anything; 0 where there is none."""
        place = self._places.get(name)
        if place is None:
            return 0
        wanted = text.strip()
        return next(
            (row[1] for row in self._rows if (row[place].strip() == wanted if text else row[place].strip())),
            0,
        )

    def name(self) -> str:
        """The customer's name, of two cells where there are two."""
        name = self.first("name") or f"{self.first('given_name')} {self.first('family_name')}"
        return " ".join(name.split())


def _of_one_customer(cells: _Cells) -> None:
    """Refuse rows of different customers: a number that begins anew each month is no number of one order."""
    for name, most in (("customer_number", 120), ("email", 320)):
        said = {plain_number(text).lower() for text in cells.all(name) if text.strip()}
        if len(said) > 1:
            raise _Refuse("customers_differ")
        if any(len(text) > most for text in said):
            raise _Refuse("customer_too_long", cells.row_of(name))


def _number_reason(failure: Unreadable, otherwise: str) -> str:
    return "number_ambiguous" if isinstance(failure, Ambiguous) else otherwise


def _price_of_one(whole_e4: int, thousandths: int) -> int:
    # Of what is taken back, quantity and amount are negative, and the price is not.
    sign = -1 if thousandths < 0 else 1
    return half_even(sign * whole_e4 * 1000, abs(thousandths)) if thousandths else whole_e4


def _amount(line: IncomingLine, currency: str) -> int:
    if line.amount is not None:
        return line.amount
    return line_amount(line.quantity_thousandths, line.unit_price_e4, currency)


def _negative(amount: int | None) -> int | None:
    return None if amount is None else -amount


def _day(at: datetime | None) -> date | None:
    return None if at is None else at.date()
