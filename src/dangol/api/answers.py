"""Orders and refunds as the API answers them."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from dangol.api.errors import NotThere
from dangol.api.shapes import LineOut, OrderItem, OrderOut, OrdersOut, RefundOut
from dangol.business.money import exponent
from dangol.kernel.places import Place
from dangol.orders.models import Order, OrderLine, Refund, Source

MOST: Final = 100


def order_by_uid(uid: UUID) -> Order:
    """The order of that id. Refused (404) when there is none."""
    order = Order.objects.select_related("source", "customer", "place").filter(uid=uid).first()
    if order is None:
        raise NotThere
    return order


def order_out(order: Order) -> OrderOut:
    """All about one order, with its lines and refunds; two more queries."""
    lines = OrderLine.objects.filter(order=order).order_by("id")
    refunds = list(Refund.objects.filter(order=order).order_by("refunded_at", "id"))
    same = sum(refund.amount for refund in refunds if refund.currency == order.currency)
    return OrderOut(
        id=str(order.uid),
        source=order.source.name,
        key=order.key,
        number=order.number,
        ordered_at=order.ordered_at,
        cancelled_at=order.cancelled_at,
        currency=order.currency,
        amount=amount_text(order.amount, order.currency),
        refunded=amount_text(same, order.currency),
        customer=str(order.customer.uid) if order.customer else None,
        place=order.place.name if order.place else None,
        lines=[_line(line, order.currency) for line in lines],
        refunds=[refund_out(refund, order) for refund in refunds],
    )


def refund_out(refund: Refund, order: Order | None) -> RefundOut:
    """One refund."""
    return RefundOut(
        id=str(refund.uid),
        key=refund.key,
        order=str(order.uid) if order else None,
        amount=amount_text(refund.amount, refund.currency),
        currency=refund.currency,
        refunded_at=refund.refunded_at,
    )


def orders_out(*, number: str, key: str, after: str, limit: int) -> OrdersOut:
    """A page of orders, newest first, of that number or key where one is given; two queries at most."""
    rows: QuerySet[Order] = Order.objects.select_related("source").order_by("-ordered_at", "-id")
    if number:
        rows = rows.filter(number=number)
    if key:
        # With the sources, which are few, it is found by its index.
        rows = rows.filter(source__in=list(Source.objects.values_list("pk", flat=True)), key=key)
    if place := Place.read(after):
        earlier = Q(ordered_at__lt=place.at) | Q(ordered_at=place.at, id__lt=place.id)
        rows = rows.filter(earlier, ordered_at__lte=place.at)
    found = list(rows[: limit + 1])
    last = found[limit - 1] if len(found) > limit else None
    return OrdersOut(
        orders=list(_items(found[:limit])), next=str(Place(last.ordered_at, last.pk)) if last else None
    )


def amount_text(amount: int, currency: str) -> str:
    """Minor units as a plain number: 1140 of dollars is "11.40"."""
    return f"{Decimal(amount).scaleb(-exponent(currency)):f}"


def _items(rows: Iterable[Order]) -> Iterable[OrderItem]:
    for row in rows:
        yield OrderItem(
            id=str(row.uid),
            source=row.source.name,
            key=row.key,
            number=row.number,
            ordered_at=row.ordered_at,
            currency=row.currency,
            amount=amount_text(row.amount, row.currency),
            is_cancelled=row.cancelled_at is not None,
        )


def _line(line: OrderLine, currency: str) -> LineOut:
    return LineOut(
        sku=line.sku,
        name=line.name,
        quantity=_plain(line.quantity_thousandths, 3),
        unit_price=_plain(line.unit_price_e4, 4),
        amount=amount_text(line.amount, currency),
    )


def _plain(value: int, digits: int) -> str:
    text = f"{Decimal(value).scaleb(-digits):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
