"""Shopify's webhooks: orders/create, orders/updated, orders/cancelled, refunds/create, as its Admin API documents them.

Amounts are those of the shop's currency: it is what the shop is paid in. What the customer was shown in another one
(presentment) is not kept.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from dangol.api.shops.reported import (
    NotAsDocumented,
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
from dangol.orders.incoming import IncomingLine, IncomingOrder, IncomingRefund

ORDERS: Final = frozenset(
    {"orders/create", "orders/updated", "orders/cancelled", "orders/paid", "orders/fulfilled"}
)
REFUND: Final = "refunds/create"


def read_report(topic: str, thing: Mapping[str, Any], *, received_at: datetime) -> Reported:
    """What the report says. Raises NotAsDocumented."""
    if topic == REFUND:
        refund = _refund(thing, revised_at=None)
        return Reported(refunds=(refund,)) if refund else Reported(ignored="no_money")
    if topic not in ORDERS:
        return Reported(ignored="other_topic")
    if thing.get("test") is True:
        return Reported(ignored="test_order")
    order = _order(thing)
    # As part of an order a refund says how new it is, which alone it does not: its payment may have failed since.
    told = parts_of(thing, "refunds")
    backs = (_refund(each, revised_at=order.revised_at) or _failed(each, order) for each in told)
    return Reported(orders=(order,), refunds=tuple(back for back in backs if back))


def _order(thing: Mapping[str, Any]) -> IncomingOrder:
    currency = currency_of(thing)
    customer, address = (
        part_of(thing, "customer"),
        part_of(thing, "billing_address") or part_of(thing, "shipping_address"),
    )
    shipping = part_of(part_of(thing, "total_shipping_price_set"), "shop_money")
    handed_over = [
        moment for each in parts_of(thing, "fulfillments") if (moment := moment_of(each, "created_at"))
    ]
    key = needed(text_of(thing, "id"), "number_missing")
    return IncomingOrder(
        key=key,
        number=text_of(thing, "name", "order_number") or key,
        currency=currency,
        amount=needed(money_of(thing, "total_price", currency), "amount_unreadable"),
        lines=tuple(_line(each, currency) for each in parts_of(thing, "line_items")),
        revised_at=needed(moment_of(thing, "updated_at"), "time_missing"),
        customer_number=text_of(customer, "id"),
        contact_name=_name(customer) or _name(address),
        contact_email=text_of(thing, "email", "contact_email") or text_of(customer, "email"),
        contact_phone=text_of(thing, "phone") or text_of(customer, "phone") or text_of(address, "phone"),
        ordered_at=needed(moment_of(thing, "processed_at", "created_at"), "time_missing"),
        country=text_of(address, "country_code", "country"),
        tax=money_of(thing, "total_tax", currency),
        shipping=money_of(shipping, "amount", currency),
        discount=money_of(thing, "total_discounts", currency),
        cancelled_at=moment_of(thing, "cancelled_at"),
        fulfilled_at=max(handed_over)
        if text_of(thing, "fulfillment_status") == "fulfilled" and handed_over
        else None,
    )


def _line(thing: Mapping[str, Any], currency: str) -> IncomingLine:
    quantity = needed(scaled_of(thing, "quantity", 3), "quantity_unreadable")
    price = needed(scaled_of(thing, "price", 4), "amount_unreadable")
    taken_off = sum(
        money_of(each, "amount", currency) or 0 for each in parts_of(thing, "discount_allocations")
    )
    amount = None
    if taken_off:
        whole = needed(money_of(thing, "price", currency), "amount_unreadable") * quantity // 1000
        amount = whole - taken_off
    return IncomingLine(text_of(thing, "sku"), text_of(thing, "name", "title"), quantity, price, amount)


def _refund(thing: Mapping[str, Any], *, revised_at: datetime | None) -> IncomingRefund | None:
    """None where nothing was given back: things were taken out of an order that was not paid for them."""
    currency, amount = _given_back(thing)
    if not amount:
        return None
    order = needed(text_of(thing, "order_id"), "number_missing")
    lines = []
    for each in parts_of(thing, "refund_line_items"):
        sold = part_of(each, "line_item")
        quantity = needed(scaled_of(each, "quantity", 3), "quantity_unreadable")
        lines.append(
            IncomingLine(
                text_of(sold, "sku"),
                text_of(sold, "name", "title"),
                quantity,
                scaled_of(sold, "price", 4) or 0,
                money_of(
                    part_of(part_of(each, "subtotal_set"), "shop_money")
                    or {"amount": text_of(each, "subtotal")},
                    "amount",
                    currency,
                ),
            )
        )
    key = needed(text_of(thing, "id"), "number_missing")
    return IncomingRefund(
        key=key,
        number=key,
        currency=currency,
        amount=amount,
        lines=tuple(lines),
        revised_at=revised_at,
        refunded_at=needed(moment_of(thing, "processed_at", "created_at"), "time_missing"),
        order_key=order,
        reason=text_of(thing, "note")[:200],
    )


def _failed(thing: Mapping[str, Any], order: IncomingOrder) -> IncomingRefund | None:
    """A refund of which no payment went through: it gives nothing, also where it was told of as pending before."""
    if not _payments(thing):
        return None
    key = needed(text_of(thing, "id"), "number_missing")
    return IncomingRefund(
        key=key,
        number=key,
        currency=order.currency,
        amount=0,
        revised_at=order.revised_at,
        refunded_at=needed(moment_of(thing, "processed_at", "created_at"), "time_missing"),
        order_key=order.key,
    )


def _payments(thing: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [each for each in parts_of(thing, "transactions") if text_of(each, "kind") == "refund"]


def _given_back(thing: Mapping[str, Any]) -> tuple[str, int]:
    """(the shop's currency, what was given back in it). What was paid back says it; in another currency than the
    shop's, the things that were taken back and what was set right beside them do."""
    paid = [each for each in _payments(thing) if text_of(each, "status") not in {"failure", "error"}]
    things = parts_of(thing, "refund_line_items")
    in_shop = [
        part_of(part_of(each, name), "shop_money")
        for each in things
        for name in ("subtotal_set", "total_tax_set")
    ]
    set_right = [
        part_of(part_of(each, name), "shop_money")
        for each in parts_of(thing, "order_adjustments")
        for name in ("amount_set", "tax_amount_set")
    ]
    shops = {text_of(each, "currency_code") for each in [*in_shop, *set_right] if each}
    paid_in = {text_of(each, "currency") for each in paid}
    if not paid:
        return "", 0
    if len(paid_in) == 1 and (not shops or shops == paid_in):
        currency = currency_of({"currency": next(iter(paid_in))})
        return currency, sum(money_of(each, "amount", currency) or 0 for each in paid)
    if len(shops) != 1:
        raise NotAsDocumented("currency_unknown")
    currency = currency_of({"currency": next(iter(shops))})
    back = sum(money_of(each, "amount", currency) or 0 for each in in_shop)
    # What is paid back beside the things, such as shipping, is a negative adjustment of the order.
    return currency, back - sum(money_of(each, "amount", currency) or 0 for each in set_right)


def _name(thing: Mapping[str, Any]) -> str:
    return " ".join(filter(None, (text_of(thing, "first_name"), text_of(thing, "last_name"))))
