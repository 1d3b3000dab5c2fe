"""A customer's number is somebody else's: the orders that came with it go where it goes."""

from collections.abc import Iterable
from dataclasses import dataclass

from dangol.customers.commands import normal_address
from dangol.customers.models import NUMBER, Customer, Identity
from dangol.kernel.events import hand_over
from dangol.orders.models import Order, Refund, Source
from dangol.orders.rules import FILES


@dataclass(frozen=True)
class BroughtAlong:
    """The orders that went along, and the refunds that name none of them."""

    orders: tuple[int, ...] = ()
    refunds: tuple[int, ...] = ()


def bring_orders_along(*, identity: Identity, from_row: int, to_customer: Customer) -> BroughtAlong:
    """Give the orders that the number brought to this row to the other customer, with their refunds and their story;
    returns which.

    In the caller's transaction, after the number has left. An order does not say by what its customer was found: one
    that names an address which stays, stays, and so do all where another number of the same source stays. A refund of
    no order, as a till's file tells of a cancellation, names no address: it goes where all orders of its source go.
    """
    if identity.kind != NUMBER:
        return BroughtAlong()
    sources = list(Source.objects.all())
    source = _source_of(identity.address, sources)
    staying = list(Identity.objects.filter(customer=from_row).values_list("kind", "address"))
    numbers = [address for kind, address in staying if kind == NUMBER]
    if source is None or source in {_source_of(address, sources) for address in numbers}:
        return BroughtAlong()
    named = [address for kind, address in staying if kind != NUMBER]
    orders = Order.objects.filter(customer=from_row, source=source).exclude(contact_email__in=named)
    ids = list(orders.values_list("pk", flat=True))
    Order.objects.filter(pk__in=ids).update(customer=to_customer)
    Refund.objects.filter(order__in=ids, customer=from_row).update(customer=to_customer)
    hand_over(from_customers={from_row}, to_customer=to_customer.pk, key="order_id", values=ids)
    if Order.objects.filter(customer=from_row, source=source).exists():
        return BroughtAlong(tuple(ids))
    alone = Refund.objects.filter(customer=from_row, source=source, order=None)
    backs = list(alone.order_by("pk").values_list("pk", flat=True))
    alone.update(customer=to_customer)
    hand_over(from_customers={from_row}, to_customer=to_customer.pk, key="refund_id", values=backs)
    return BroughtAlong(tuple(ids), tuple(backs))


def _source_of(address: str, sources: Iterable[Source]) -> Source | None:
    """Whose number it is: of the source that it names, the longest name first, or of files without one."""
    of_files = None
    for source in sorted(sources, key=lambda each: -len(each.name)):
        if source.name == FILES:
            of_files = source
        elif address.startswith(normal_address(f"{source.name}/", NUMBER)):
            return source
    return of_files
