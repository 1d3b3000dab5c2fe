"""What pages show of orders."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Final

from django.db.models import Count, Exists, Q, QuerySet, Sum

from dangol.business.money import money_text
from dangol.customers.queries import names_of
from dangol.kernel.errors import Gone
from dangol.kernel.places import Place
from dangol.kernel.prepared import Prepared
from dangol.orders.models import Order, OrderLine, Refund, RefundLine

PAGE: Final = 50


@dataclass(frozen=True)
class OrderRow:
    """An order in a list."""

    id: int
    number: str
    at: datetime
    amount: int
    currency: str
    is_cancelled: bool
    customer_id: int | None = None
    customer: str = ""
    paid_from: date | None = None  # the subscription period
    paid_until: date | None = None
    is_of_subscriber: bool = False  # whether any order of the customer is for a period, where that was asked


@dataclass(frozen=True)
class OrderList:
    """A page of orders, newest first; `next` is the place behind it, "" at the end."""

    rows: tuple[OrderRow, ...]
    next: str


@dataclass(frozen=True)
class Spent:
    """What a person has spent: by currency, in minor units. Sums in the business's own where every rate is known."""

    orders: int
    spent: tuple[tuple[int, str], ...]
    refunded: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class OrderSheet:
    """All about one order."""

    order: Order
    customer: str
    lines: tuple[OrderLine, ...]
    refunds: tuple[tuple[Refund, tuple[RefundLine, ...]], ...]
    refunded: int  # in the order's currency; what was given back in another one is not added to it


def order_list(*, number: str = "", after: str = "", among: "QuerySet[Order] | None" = None) -> OrderList:
    """Orders, newest first, or those of that number, or `among` some; two queries."""
    rows: QuerySet[Order] = (Order.objects.all() if among is None else among).order_by("-ordered_at", "-id")
    if number:
        rows = rows.filter(number__in={number, number.upper(), f"#{number}"})
    if place := Place.read(after):
        earlier = Q(ordered_at__lt=place.at) | Q(ordered_at=place.at, id__lt=place.id)
        rows = rows.filter(earlier, ordered_at__lte=place.at)
    found = list(rows.select_related("customer")[: PAGE + 1])
    last = found[PAGE - 1] if len(found) > PAGE else None
    shown = found[:PAGE]
    names = names_of(row.customer for row in shown if row.customer)
    return OrderList(
        tuple(_row(row, names.get(row.customer_id or 0, row.contact_name)) for row in shown),
        str(Place(last.ordered_at, last.pk)) if last else "",
    )


def orders_of(customer_ids: Iterable[int], *, limit: int) -> tuple[OrderRow, ...]:
    """The person's last orders; one query by the index."""
    return tuple(
        OrderRow(
            pk, number, at, amount, currency, cancelled_at is not None, is_of_subscriber=bool(has_periods)
        )
        for pk, number, at, amount, currency, cancelled_at, has_periods in _newest(limit)(
            ids=tuple(customer_ids)
        )
    )


def spent_by(customer_ids: Sequence[int]) -> Spent:
    """What the person has spent and got back, cancelled orders left out; two queries by the indexes."""
    bought, count = _added(_BOUGHT(ids=tuple(customer_ids)))
    back, _ = _added(_GIVEN_BACK(ids=tuple(customer_ids)))
    return Spent(count, bought, back)


def order_sheet(order_id: int) -> OrderSheet:
    """The order with its lines and refunds. Refused (Gone) when there is none."""
    order = (
        Order.objects.select_related("customer", "place", "source", "made_by", "packed_by")
        .filter(pk=order_id)
        .first()
    )
    if order is None:
        raise Gone
    refunds = list(order.refunds.order_by("refunded_at", "id"))
    by_refund: dict[int, list[RefundLine]] = {}
    for line in RefundLine.objects.filter(refund__in=refunds).order_by("id") if refunds else ():
        by_refund.setdefault(line.refund_id, []).append(line)
    return OrderSheet(
        order=order,
        customer=names_of([order.customer])[order.customer.pk] if order.customer else order.contact_name,
        lines=tuple(order.lines.order_by("id")),
        refunds=tuple((refund, tuple(by_refund.get(refund.pk, ()))) for refund in refunds),
        refunded=sum(each.amount for each in refunds if each.currency == order.currency),
    )


def money_words(amounts: Iterable[tuple[int, str]], language: str) -> str:
    """Amounts of several currencies side by side: they are never added."""
    return " + ".join(money_text(amount, currency, language) for amount, currency in amounts)


@cache
def _newest(most: int) -> Prepared:
    wanted = ("id", "number", "ordered_at", "amount", "currency", "cancelled_at", "has_periods")
    return Prepared(
        lambda ids: (
            Order.objects.filter(customer__in=ids)
            .annotate(
                has_periods=Exists(Order.objects.filter(customer__in=ids, subscription_from__isnull=False))
            )
            .order_by("-ordered_at", "-id")
            .values_list(*wanted)[:most]
        )
    )


def _sums(rows: "QuerySet[Order] | QuerySet[Refund]") -> "QuerySet[Any, Any]":
    found = rows.order_by().values_list("currency", "own_currency")
    return found.annotate(Count("id"), Count("own_amount"), Sum("amount"), Sum("own_amount"))


_BOUGHT: Final = Prepared(lambda ids: _sums(Order.objects.filter(customer__in=ids, cancelled_at=None)))
# What was given back of a cancelled order is left out like the order, or it would be taken off what others brought.
_GIVEN_BACK: Final = Prepared(
    lambda ids: _sums(
        Refund.objects.filter(customer__in=ids).filter(Q(order=None) | Q(order__cancelled_at=None))
    )
)


def _added(sums: Iterable[Any]) -> tuple[tuple[tuple[int, str], ...], int]:
    own: Counter[str] = Counter()
    theirs: Counter[str] = Counter()
    count = 0
    is_known = True
    for currency, own_currency, many, known, amount, own_amount in sums:
        count += many
        is_known = is_known and known == many
        own[own_currency] += own_amount or 0
        theirs[currency] += amount
    shown = own if is_known else theirs
    return tuple((amount, currency) for currency, amount in sorted(shown.items())), count


def _row(row: Order, customer: str) -> OrderRow:
    return OrderRow(
        row.pk,
        row.number,
        row.ordered_at,
        row.amount,
        row.currency,
        row.cancelled_at is not None,
        row.customer_id,
        customer,
        row.subscription_from,
        row.subscription_until,
    )
