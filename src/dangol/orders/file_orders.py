"""The rows of one order in a file become an order or a refund, whole, or are refused with the reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any, Final
from zoneinfo import ZoneInfo

from dangol.business.money import CURRENCIES
from dangol.customers.rules import phone_with_zero
from dangol.orders.file_cells import Cells, refuse_customers_that_differ
from dangol.orders.file_counts import Counted
from dangol.orders.file_lines import ZERO, LineMaker, amount_of, given_back, number_reason
from dangol.orders.file_refusals import NotTaken, Unfit
from dangol.orders.file_totals import TotalIs, total_of
from dangol.orders.incoming import IncomingLine, IncomingOrder, IncomingRefund
from dangol.orders.rules import plain_number
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
)

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
_APART: Final = timedelta(days=1)  # rows of one order; night shifts pass midnight


@dataclass(frozen=True)
class Reading:
    """How a file is to be read: which column is what, and what the file does not say."""

    columns: Mapping[str, int]
    currency: str
    zone: ZoneInfo
    cancelled_by: str = "C"  # numbers that begin so, and take things back, are cancellations
    month_first: bool | None = (
        None  # of 3/4/2026; where neither this nor another date says it, it is not guessed
    )
    total_is: TotalIs = ""  # of what the amounts in the rows are; where nothing says it, the same
    is_total_named: bool = False  # the column of them is named as that of the order's
    country: str = ""  # where telephone numbers are at home


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
        self._line = LineMaker(places, self._written)
        self._is_by_lines = bool(reading.columns.keys() & {"unit_price", "line_total", "item", "sku"})

    def __call__(
        self, number: str, rows: Sequence[tuple[Any, ...]], counted: Counted
    ) -> "list[IncomingOrder | IncomingRefund] | Unfit":
        """The order, or the cancellation, and what was given back of it; counted with it. Rows are (number of the
        order, row of the file, what is wrong with it as such, cells of the fields …)."""
        try:
            return self._whole(number, rows, counted)
        except NotTaken as refused:
            return Unfit(refused.reason, refused.row)

    def _whole(
        self, number: str, rows: Sequence[tuple[Any, ...]], counted: Counted
    ) -> list[IncomingOrder | IncomingRefund]:
        if not number:
            raise NotTaken("number_missing")
        if len(number) > 80:
            raise NotTaken("number_too_long")
        if zero := next((row[1] for row in rows if row[2] & ZERO), 0):
            raise NotTaken("letter_zero", zero)
        cells = Cells(self.fields, rows)
        refuse_customers_that_differ(cells)
        currency = self._currency(cells)
        lines = [self._line(row, currency) for row in rows] if self._is_by_lines else []
        common, at = self._common(number, cells, currency), self._moment(cells)
        trades: list[IncomingOrder | IncomingRefund]
        if self._is_cancellation(number, lines):
            trades = [_cancellation(common, lines, at)]
        else:
            order = self._order(common, cells, lines, at)
            trades = [order, *self._given_back(order, common, cells)]
        counted.add(trades, lines, len(rows))
        return trades

    def _currency(self, cells: Cells) -> str:
        said = cells.first("currency").upper() or self._reading.currency
        if said not in CURRENCIES:
            raise NotTaken("currency_unknown", cells.row_of("currency"))
        return said

    def _common(self, number: str, cells: Cells, currency: str) -> dict[str, Any]:
        """What an order and a cancellation have in common."""
        return {
            "key": number,
            "number": number,
            "currency": currency,
            "customer_number": plain_number(cells.first("customer_number")),
            "contact_name": cells.name(),
            "contact_email": cells.first("email"),
            "place": cells.first("place"),
        }

    def _moment(self, cells: Cells) -> datetime:
        moments = [self._instant(text, cells, "ordered_at") for text in set(cells.all("ordered_at"))]
        times = [moment for moment in moments if moment is not None]
        if len(times) > 1 and max(times) - min(times) > _APART:
            raise NotTaken("days_apart")
        at = self._time(cells, "ordered_at")
        if at is None:
            raise NotTaken("time_missing", cells.row_of("ordered_at"))
        return at

    def _is_cancellation(self, number: str, lines: Sequence[IncomingLine]) -> bool:
        mark = self._reading.cancelled_by
        if not mark or not number.upper().startswith(mark.upper()) or not lines:
            return False
        return any(line.quantity_thousandths < 0 for line in lines)

    def _order(
        self, common: Mapping[str, Any], cells: Cells, lines: Sequence[IncomingLine], at: datetime
    ) -> IncomingOrder:
        currency = common["currency"]
        money = {name: self._money(cells, name, currency) for name in ("tax", "shipping", "discount")}
        return IncomingOrder(
            **common,
            tax=money["tax"],
            shipping=money["shipping"],
            discount=money["discount"],
            amount=self._amount(cells, [amount_of(line, currency) for line in lines], money, currency),
            lines=tuple(lines),
            ordered_at=at,
            contact_phone=_phone(cells.first("phone"), self._reading.country),
            country=cells.first("country"),
            cancelled_at=self._time(cells, "cancelled_at"),
            promised_at=self._time(cells, "promised_at"),
            fulfilled_at=self._time(cells, "fulfilled_at"),
            made_by_name=cells.first("made_by"),
            packed_by_name=cells.first("packed_by"),
            subscription_from=_day(self._time(cells, "subscription_from")),
            subscription_until=_day(self._time(cells, "subscription_until")),
        )

    def _amount(
        self, cells: Cells, lines: Sequence[int], money: Mapping[str, int | None], currency: str
    ) -> int:
        said = [self._minor(text, cells, "total", currency) for text in cells.all("total") if text.strip()]
        shipping, tax, discount = (money[name] or 0 for name in ("shipping", "tax", "discount"))
        if said:
            beside = (shipping, tax, -abs(discount))
            how = self._reading
            total = total_of(
                said, lines, beside=beside, total_is=how.total_is, is_named_so=how.is_total_named
            )
        else:
            total = sum(lines) + shipping
        if abs(total) > MOST:
            raise NotTaken("amount_too_large")
        return total

    def _given_back(
        self, order: IncomingOrder, common: Mapping[str, Any], cells: Cells
    ) -> list[IncomingRefund]:
        refunded = self._money(cells, "refunded", order.currency)
        if not refunded:
            return []
        return [
            IncomingRefund(
                **{**common, "key": f"{order.key} refunded"},
                amount=abs(refunded),
                order_key=order.key,
                refunded_at=order.cancelled_at or order.ordered_at,  # a file that has it does not say the day
            )
        ]

    def _money(self, cells: Cells, name: str, currency: str) -> int | None:
        text = cells.first(name)
        return self._minor(text, cells, name, currency) if text else None

    def _minor(self, text: str, cells: Cells, name: str, currency: str) -> int:
        try:
            return read_minor(text, currency, self._written[name])
        except Unreadable as failure:
            raise NotTaken(number_reason(failure, "amount_unreadable"), cells.row_of(name, text)) from None

    def _time(self, cells: Cells, name: str) -> datetime | None:
        return self._instant(cells.first(name), cells, name)

    def _instant(self, text: str, cells: Cells, name: str) -> datetime | None:
        if not text.strip():
            return None
        try:
            return read_instant(text, self._reading.zone, day_first=self._day_first)
        except Unreadable as failure:
            reason = {Ambiguous: "time_ambiguous", OutOfTime: "time_out_of_range"}.get(type(failure))
            raise NotTaken(reason or "time_unreadable", cells.row_of(name, text)) from None


def _cancellation(common: Mapping[str, Any], lines: Sequence[IncomingLine], at: datetime) -> IncomingRefund:
    amount = -sum(amount_of(line, common["currency"]) for line in lines)
    if amount < 0:
        raise NotTaken("refund_below_nothing")
    return IncomingRefund(**common, amount=amount, lines=tuple(map(given_back, lines)), refunded_at=at)


def _phone(text: str, country: str) -> str:
    return phone_with_zero(text, country) or text


def _day(at: datetime | None) -> date | None:
    return None if at is None else at.date()
