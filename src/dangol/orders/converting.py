"""What orders and refunds are worth in the business's own currency, by the rate of their day."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from dangol.business.queries import current_business
from dangol.business.rates import Rates
from dangol.kernel import clock
from dangol.kernel.events import emit
from dangol.kernel.rows import update_rows
from dangol.orders.models import Order, Refund
from dangol.orders.telling import as_emitted, changed_order, changed_refund

OWN: Final = ("own_currency", "own_amount", "rate_trillionths")
_MOST_OWN: Final = 10**17


def own_amount_of(rates: Rates, amount: int, currency: str, day: date) -> tuple[int | None, int | None]:
    """(the amount in the own currency, the rate), both None where none is known: as `Rates.own`, and within what the
    database holds."""
    own_amount, rate = rates.own(amount, currency, day)
    # By a mistyped rate it may be more than that.
    return (own_amount, rate) if own_amount is None or abs(own_amount) <= _MOST_OWN else (None, None)


def convert_rows(waiting: "Sequence[Order | Refund]") -> "list[Order | Refund]":
    """Give these their amount in the business's own currency where a rate is known by now; returns which have it.

    In the transaction of the caller, who has the lock of the orders.
    """
    if not waiting:
        return []
    business = current_business()
    rates = Rates(business.currency)
    for row in waiting:
        day = time_of(row).astimezone(business.zone).date()
        row.own_currency = business.currency
        row.own_amount, row.rate_trillionths = own_amount_of(rates, row.amount, row.currency, day)
    known = [row for row in waiting if row.own_amount is not None]
    for model in (Order, Refund):
        update_rows([row for row in known if isinstance(row, model)], OWN)
    # Silent: what their customers have spent is another sum now, and nothing else came of it.
    at = clock.now()
    changed = (
        changed_order(row, row.customer_id, at) if isinstance(row, Order) else changed_refund(row, at)
        for row in known
    )
    emit(*(as_emitted(event, None, True) for event in changed))
    return known


def time_of(row: "Order | Refund") -> datetime:
    """When it happened."""
    return row.ordered_at if isinstance(row, Order) else row.refunded_at
