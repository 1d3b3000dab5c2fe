"""The cast in numbers: what Sora, James and 박지훈 bought, and the shop that counts it."""

from datetime import timedelta

from dangol.business.models import Business
from dangol.customers.models import Customer, Membership, Segment
from dangol.kernel.events import forget_transactions
from dangol.orders.commands import source_named, take_orders
from dangol.orders.incoming import IncomingOrder, IncomingRefund
from dangol.segments.following import keep_counted
from tests.parts.cast import NOON


def settle(at=NOON) -> None:
    """Let the loop do all that it has to.

    A test is one transaction, whose own events PostgreSQL shows to no follower before it ends: in the order of their
    ids alone they are there.
    """
    forget_transactions()
    while keep_counted(at=at):
        forget_transactions()


def a_shop() -> Business:
    return Business.objects.create(
        name="Moon Burger", currency="KRW", time_zone="Asia/Seoul", set_up_at=NOON - timedelta(days=90)
    )


def order(customer: str, key: str, amount: int = 24_000, *, days: int = 1, **more) -> IncomingOrder:
    """An order of the customer with this number at the shop, so many days ago."""
    values = {"number": key, "currency": "KRW", "ordered_at": NOON - timedelta(days=days), **more}
    return IncomingOrder(key=key, amount=amount, customer_number=customer, **values)


def refund(customer: str, key: str, amount: int, *, days: int = 1, **more) -> IncomingRefund:
    values = {"number": key, "currency": "KRW", "refunded_at": NOON - timedelta(days=days), **more}
    return IncomingRefund(key=key, amount=amount, customer_number=customer, **values)


def sell(*orders: IncomingOrder, refunds=(), silent: bool = True) -> None:
    source = source_named("Till", at=NOON)
    take_orders(actor=None, source=source, orders=orders, refunds=refunds, silent=silent, at=NOON)


def members(segment: Segment) -> set[int]:
    return set(Membership.objects.filter(segment=segment).values_list("customer_id", flat=True))


def somebody(name: str = "Sora", *, days: int = 0, **profile) -> Customer:
    return Customer.objects.create(name=name, created_at=NOON - timedelta(days=days), **profile)
