"""An order that the shop no longer has, or has again."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from dangol.kernel.db import lock_for_transaction
from dangol.kernel.events import emit
from dangol.orders.commands import ORDERS
from dangol.orders.events import OrderCancelled, OrderChanged, RefundChanged
from dangol.orders.models import Order, Source
from dangol.staff.models import Staff
from dangol.staff.rights import demand


@transaction.atomic
def cancel_order(*, actor: Staff | None, source: Source, key: str, at: datetime) -> bool:
    """The order of that key is cancelled since then; whether it is known and was not.

    How new what is known of it is stays as it was: the instant may be by another clock than the source's. What the
    source tells of it afterwards is told anew, and whoever takes that in knows that the order is gone.
    """
    demand(actor, "import_orders")
    lock_for_transaction(ORDERS)
    order = Order.objects.filter(source=source, key=key, cancelled_at=None).first()
    if order is None:
        return False
    _set_cancelled(order, at)
    actor_id, customer_id = actor.pk if actor else None, order.customer_id
    emit(OrderCancelled(happened_at=at, actor_id=actor_id, customer_id=customer_id, order_id=order.pk))
    # Of a cancelled order nothing was sold, so that nothing given back of it stands in the ledger.
    _tell_of_refunds(actor_id, order, at)
    return True


@transaction.atomic
def restore_order(
    *, actor: Staff | None, source: Source, key: str, cancelled_at: Iterable[datetime], at: datetime
) -> bool:
    """The order of that key stands again, if it is cancelled since one of these instants; whether it was.

    One that is cancelled since another was called off in another way, and stays so.
    """
    demand(actor, "import_orders")
    lock_for_transaction(ORDERS)
    order = Order.objects.filter(source=source, key=key, cancelled_at__in=list(cancelled_at)).first()
    if order is None:
        return False
    _set_cancelled(order, None)
    actor_id, customer_id = actor.pk if actor else None, order.customer_id
    emit(
        OrderChanged(
            happened_at=at,
            actor_id=actor_id,
            customer_id=customer_id,
            order_id=order.pk,
            from_customer_id=None,
        )
    )
    _tell_of_refunds(actor_id, order, at)
    return True


def _set_cancelled(order: Order, at: datetime | None) -> None:
    order.cancelled_at = at
    order.fingerprint = ""  # what was told of it before is news when it is told again
    order.save(update_fields=["cancelled_at", "fingerprint"])


def _tell_of_refunds(actor_id: int | None, order: Order, at: datetime) -> None:
    emit(
        *(
            RefundChanged(
                happened_at=at,
                actor_id=actor_id,
                customer_id=refund.customer_id,
                refund_id=refund.pk,
                order_id=order.pk,
            )
            for refund in order.refunds.order_by("id")
        )
    )
