"""What the API was sent, as the orders know it; checked where types cannot."""

from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from dangol.api.errors import OlderVersion, OtherOrder, OtherRefund, WrongValue
from dangol.api.models import Token
from dangol.api.shapes import LineIn, OrderIn, RefundIn
from dangol.business.money import CURRENCIES, NoAmount, minor_units
from dangol.orders.commands import Taken, take_orders
from dangol.orders.incoming import IncomingLine, IncomingOrder, IncomingRefund
from dangol.orders.models import Order, Refund
from dangol.orders.rules import line_amount, plain_number
from dangol.orders.values import MOST, YEARS, read_scaled

_MOMENTS: Final = ("ordered_at", "revised_at", "cancelled_at", "promised_at", "fulfilled_at", "refunded_at")


def take_order(*, token: Token, sent: OrderIn, at: datetime) -> tuple[Order, Taken]:
    """Write the order as it was sent. Refused when a value cannot be, or when something newer is known."""
    taken = take_orders(actor=None, source=token.source, orders=[order_of(sent)], at=at)
    if taken.other_day:
        raise OtherOrder
    order = Order.objects.get(source=token.source, key=sent.key)
    if not (taken.new_orders or taken.changed_orders):
        _refuse_older(order, sent.revised_at)
    return order, taken


def take_refund(*, token: Token, order: Order, sent: RefundIn, at: datetime) -> tuple[Refund, Taken]:
    """Write what was given back of the order; it books itself in the ledger. Refused when the key is that of what was
    given back of another order, which would be gone."""
    known = Refund.objects.filter(source=token.source, key=sent.key).exclude(order_key__in=["", order.key])
    if known.exists():
        raise OtherRefund
    taken = take_orders(actor=None, source=token.source, refunds=[refund_of(sent, order)], at=at)
    refund = Refund.objects.get(source=token.source, key=sent.key)
    if not (taken.new_refunds or taken.changed_refunds):
        _refuse_older(refund, sent.revised_at)
    return refund, taken


def order_of(sent: OrderIn) -> IncomingOrder:
    """The order in the form of the orders. Raises WrongValue, which names the field."""
    _check_moments(sent)
    if sent.currency not in CURRENCIES:
        raise WrongValue("currency", _("It is none that we know."))
    money = {
        name: _money(name, getattr(sent, name), sent.currency) for name in ("tax", "shipping", "discount")
    }
    lines = _lines(sent.lines, sent.currency)
    amount = _money("amount", sent.amount, sent.currency)
    if amount is None:
        amount = sum(_paid(line, sent.currency) for line in lines) + (money["shipping"] or 0)
    if abs(amount) > MOST:
        raise WrongValue("amount", _("It is more than anybody pays."))
    return IncomingOrder(
        key=sent.key,
        number=sent.number or sent.key[:80],
        currency=sent.currency,
        amount=amount,
        lines=lines,
        revised_at=sent.revised_at,
        customer_number=plain_number(sent.customer.number),
        contact_name=sent.customer.name,
        contact_email=sent.customer.email,
        contact_phone=sent.customer.phone,
        place=sent.place,
        ordered_at=sent.ordered_at,
        country=sent.country,
        cancelled_at=sent.cancelled_at,
        promised_at=sent.promised_at,
        fulfilled_at=sent.fulfilled_at,
        made_by_name=sent.made_by,
        packed_by_name=sent.packed_by,
        subscription_from=sent.subscription_from,
        subscription_until=sent.subscription_until,
        **money,
    )


def refund_of(sent: RefundIn, order: Order) -> IncomingRefund:
    """The refund in the form of the orders. Raises WrongValue, which names the field."""
    _check_moments(sent)
    amount = _money("amount", sent.amount, order.currency)
    assert amount is not None
    if amount < 0:
        raise WrongValue("amount", _("What is given back is a positive amount."))
    return IncomingRefund(
        key=sent.key,
        number=order.number,
        currency=order.currency,
        amount=amount,
        lines=_lines(sent.lines, order.currency),
        revised_at=sent.revised_at,
        refunded_at=sent.refunded_at,
        order_key=order.key,
        reason=sent.reason,
    )


def _refuse_older(row: Order | Refund, revised_at: datetime | None) -> None:
    if row.revised_at is not None and (revised_at is None or revised_at < row.revised_at):
        raise OlderVersion


def _lines(lines: list[LineIn], currency: str) -> tuple[IncomingLine, ...]:
    found = []
    for place, line in enumerate(lines):
        amount = _money(f"lines[{place}].amount", line.amount, currency)
        made = IncomingLine(
            line.sku.strip(),
            line.name.strip(),
            read_scaled(line.quantity, 3),
            read_scaled(line.unit_price, 4),
            amount,
        )
        if abs(_paid(made, currency)) > MOST:
            raise WrongValue(f"lines[{place}]", _("Quantity and price make an amount that nobody pays."))
        found.append(made)
    return tuple(found)


def _paid(line: IncomingLine, currency: str) -> int:
    if line.amount is not None:
        return line.amount
    return line_amount(line.quantity_thousandths, line.unit_price_e4, currency)


def _money(field: str, text: str | None, currency: str) -> int | None:
    if text is None:
        return None
    try:
        return minor_units(text, currency)
    except NoAmount:
        raise WrongValue(field, _("It has more decimals than the currency.")) from None


def _check_moments(sent: Any) -> None:
    for name in _MOMENTS:
        moment = getattr(sent, name, None)
        if moment is not None and moment.year not in YEARS:
            raise WrongValue(name, _("It lies before 1970 or after 2200."))
