"""Refunds find their orders, and what happened goes along with an order to whoever it belongs to."""

from collections.abc import Mapping, Sequence

from django.db.models import Q

from dangol.kernel.events import hand_over_each
from dangol.kernel.rows import update_rows
from dangol.orders.comparing import some_of
from dangol.orders.models import Order, Refund, Source


def join_refunds(source: Source, orders: Sequence[Order]) -> list[Refund]:
    """Refunds that came before their orders find them; those that did."""
    by_key = {row.key: row for row in orders}
    waiting = [
        refund
        for keys in some_of(by_key)
        for refund in Refund.objects.filter(~Q(order_key=""), source=source, order=None, order_key__in=keys)
    ]
    nobodys = {refund.pk for refund in waiting if refund.customer_id is None}
    for refund in waiting:
        order = by_key[refund.order_key]
        refund.order_id = order.pk
        refund.customer_id = refund.customer_id or order.customer_id
    found = {
        refund.pk: refund.customer_id for refund in waiting if refund.pk in nobodys and refund.customer_id
    }
    update_rows(waiting, ["order", "customer"])
    hand_over_each({None}, found, key="refund_id", names=["RefundRecorded", "RefundChanged"])
    return waiting


def follow_customers(orders: Sequence[Order], was_of: Mapping[int, int | None]) -> None:
    """What happened with orders that are somebody else's now, or somebody's at last, and their refunds go along."""
    moved = {row.pk: row.customer_id for row in orders if row.customer_id not in {None, was_of[row.pk]}}
    if not moved:
        return
    from_customers = {was_of[pk] for pk in moved}
    hand_over_each(
        from_customers, moved, key="order_id", names=["OrderPlaced", "OrderChanged", "OrderCancelled"]
    )
    refunds = [
        refund
        for some in some_of(moved)
        for refund in Refund.objects.filter(order__in=some)
        if refund.customer_id in {None, was_of[refund.order_id or 0]}
    ]
    for refund in refunds:
        refund.customer_id = moved[refund.order_id or 0]
    update_rows(refunds, ["customer"])
    theirs = {refund.pk: refund.customer_id for refund in refunds}
    hand_over_each(from_customers, theirs, key="refund_id", names=["RefundRecorded", "RefundChanged"])
