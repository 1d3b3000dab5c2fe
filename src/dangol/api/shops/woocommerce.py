"""WooCommerce's webhooks of orders (created, updated, deleted, restored), as its REST API v3 documents them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from dangol.api.shops.reported import (
    Reported,
    currency_of,
    moment_of,
    money_of,
    needed,
    part_of,
    parts_of,
    scaled_of,
    text_of,
)
from dangol.business.money import exponent
from dangol.business.rates import half_even
from dangol.orders.incoming import IncomingLine, IncomingOrder, IncomingRefund

ORDERS: Final = frozenset({"order.created", "order.updated", "order.restored"})
DELETED: Final = "order.deleted"
RESTORED: Final = "order.restored"
UNPAID: Final = frozenset({"pending", "checkout-draft", "auto-draft"})
CALLED_OFF: Final = frozenset({"cancelled", "failed", "trash"})


def read_report(topic: str, thing: Mapping[str, Any], *, received_at: datetime) -> Reported:
    """What the report says. Raises NotAsDocumented."""
    if topic == DELETED:
        return Reported(deleted=(needed(text_of(thing, "id"), "number_missing"),))
    if topic not in ORDERS:
        return Reported(ignored="other_topic")
    if text_of(thing, "status") in UNPAID:
        return Reported(ignored="not_paid")
    order = _order(thing)
    refunds = tuple(_refund(each, order, received_at) for each in parts_of(thing, "refunds"))
    return Reported(orders=(order,), refunds=refunds, tells_all_refunds=True, is_back=topic == RESTORED)


def _order(thing: Mapping[str, Any]) -> IncomingOrder:
    currency = currency_of(thing)
    billing = part_of(thing, "billing")
    key = needed(text_of(thing, "id"), "number_missing")
    number = text_of(thing, "customer_id")
    revised_at = needed(moment_of(thing, "date_modified_gmt", "date_created_gmt"), "time_missing")
    return IncomingOrder(
        key=key,
        number=text_of(thing, "number") or key,
        currency=currency,
        amount=needed(money_of(thing, "total", currency), "amount_unreadable"),
        lines=tuple(_line(each, currency) for each in parts_of(thing, "line_items")),
        revised_at=revised_at,
        customer_number="" if number == "0" else number,  # who has no account there
        contact_name=" ".join(filter(None, (text_of(billing, "first_name"), text_of(billing, "last_name")))),
        contact_email=text_of(billing, "email"),
        contact_phone=text_of(billing, "phone"),
        ordered_at=needed(moment_of(thing, "date_created_gmt"), "time_missing"),
        country=text_of(billing, "country"),
        tax=money_of(thing, "total_tax", currency),
        shipping=money_of(thing, "shipping_total", currency),
        discount=money_of(thing, "discount_total", currency),
        cancelled_at=revised_at if text_of(thing, "status") in CALLED_OFF else None,
        fulfilled_at=moment_of(thing, "date_completed_gmt"),
    )


def _line(thing: Mapping[str, Any], currency: str) -> IncomingLine:
    quantity = needed(scaled_of(thing, "quantity", 3), "quantity_unreadable")
    amount = needed(money_of(thing, "total", currency), "amount_unreadable")
    # Its own "price" is a float; the total is exact, and so is the price up to 1/10,000.
    price = half_even(amount * 10**7, quantity * 10 ** exponent(currency)) if quantity else 0
    return IncomingLine(text_of(thing, "sku"), text_of(thing, "name"), quantity, price, amount)


def _refund(thing: Mapping[str, Any], order: IncomingOrder, received_at: datetime) -> IncomingRefund:
    """Its day is not in the report: it is told right after, so the first report of it says when."""
    key = needed(text_of(thing, "id"), "number_missing")
    return IncomingRefund(
        key=f"refund {key}",
        number=order.number,
        currency=order.currency,
        amount=abs(needed(money_of(thing, "total", order.currency), "amount_unreadable")),
        revised_at=order.revised_at,
        refunded_at=received_at,
        order_key=order.key,
        reason=text_of(thing, "reason")[:200],
    )
