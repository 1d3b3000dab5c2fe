"""What is told of orders and refunds that were written."""

from datetime import datetime

from dangol.kernel.events import Happened
from dangol.orders.events import OrderChanged, RefundChanged
from dangol.orders.models import Order, Refund


def changed_order(order: Order, was_of: int | None, at: datetime) -> OrderChanged:
    """The order is not what it was, and was that customer's."""
    from_id = None if was_of == order.customer_id else was_of
    return OrderChanged(
        happened_at=at, customer_id=order.customer_id, order_id=order.pk, from_customer_id=from_id
    )


def changed_refund(refund: Refund, at: datetime) -> RefundChanged:
    """The refund is not what it was."""
    return RefundChanged(
        happened_at=at, customer_id=refund.customer_id, refund_id=refund.pk, order_id=refund.order_id
    )


def as_emitted(event: Happened, actor_id: int | None, silent: bool) -> Happened:
    """The same as somebody did it, and silent or not."""
    values = {**vars(event), "actor_id": actor_id, "silent": silent}
    return type(event)(**values)
