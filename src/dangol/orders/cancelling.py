"""An order that the shop no longer has."""

from datetime import datetime

from django.db import transaction

from dangol.kernel.db import lock_for_transaction
from dangol.kernel.events import emit
from dangol.orders.events import OrderCancelled, RefundChanged
from dangol.orders.models import Order, Source
from dangol.staff.models import Staff
from dangol.staff.rights import demand


@transaction.atomic
def cancel_order(*, actor: Staff | None, source: Source, key: str, at: datetime) -> bool:
    """The order of that key is cancelled since then; whether it is known and was not. What is told of it later and
    is older changes nothing."""
    demand(actor, "import_orders")
    lock_for_transaction(f"orders of {source.pk}")
    order = Order.objects.filter(source=source, key=key).first()
    if order is None or order.cancelled_at is not None:
        return False
    order.cancelled_at, order.revised_at = at, max(at, order.revised_at or at)
    order.fingerprint = ""  # what was told of it before is news when it is told again
    order.save(update_fields=["cancelled_at", "revised_at", "fingerprint"])
    actor_id, customer_id = actor.pk if actor else None, order.customer_id
    emit(
        OrderCancelled(happened_at=at, actor_id=actor_id, customer_id=customer_id, order_id=order.pk),
        # Of a cancelled order nothing was sold, so that nothing given back of it stands in the ledger.
        *(
            RefundChanged(
                happened_at=at,
                actor_id=actor_id,
                customer_id=refund.customer_id,
                refund_id=refund.pk,
                order_id=order.pk,
            )
            for refund in order.refunds.order_by("id")
        ),
    )
    return True
