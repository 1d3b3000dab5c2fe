"""Writes a batch of orders and refunds that are new or have changed, in as many queries as one of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from dangol.business.commands import recognise_places
from dangol.business.models import Place
from dangol.business.queries import current_business
from dangol.business.rates import Rates
from dangol.customers.commands import normal_address
from dangol.kernel.events import Happened
from dangol.kernel.rows import insert_rows, insert_values, update_rows
from dangol.orders.buyers import Buyers
from dangol.orders.comparing import MANY, Incoming, TradeRow, by_key
from dangol.orders.converting import OWN, own_amount_of, time_of
from dangol.orders.events import OrderCancelled, OrderPlaced, RefundRecorded
from dangol.orders.incoming import IncomingOrder, IncomingRefund, IncomingTrade, fingerprint
from dangol.orders.joining import follow_customers, join_refunds
from dangol.orders.models import Order, OrderLine, Refund, RefundLine, Source
from dangol.orders.rules import line_amount
from dangol.orders.telling import changed_order, changed_refund
from dangol.staff.models import Staff

CONTACT: Final = ("contact_name", "contact_email", "contact_phone")
LINE: Final = ("sku", "name", "quantity_thousandths", "unit_price_e4", "amount")


class Writing:
    """What a batch needs to be written, looked up once."""

    def __init__(
        self,
        source: Source,
        orders: Sequence[IncomingOrder],
        refunds: Sequence[IncomingRefund],
        at: datetime,
        buyers: Buyers,
    ) -> None:
        self.source, self.at, self.buyers = source, at, buyers
        business = current_business()
        self.zone: ZoneInfo = business.zone
        self.rates = Rates(business.currency)
        trades: list[IncomingTrade] = [*orders, *refunds]
        self.places: Mapping[str, Place] = recognise_places(each.place for each in trades)
        names = {name for each in orders for name in (each.made_by_name, each.packed_by_name) if name}
        self.staff = _staff_named(names)

    def common(self, trade: IncomingTrade, happened_at: datetime) -> dict[str, Any]:
        """The fields that orders and refunds share."""
        day = happened_at.astimezone(self.zone).date()
        own_amount, rate = own_amount_of(self.rates, trade.amount, trade.currency, day)
        place = self.places.get(trade.place)
        return {
            "number": trade.number[:80],
            "fingerprint": fingerprint(trade),
            "revised_at": trade.revised_at,
            "customer_id": self.buyers.customer_of(trade),
            "place_id": place.pk if place else None,
            "currency": trade.currency,
            "amount": trade.amount,
            "own_currency": self.rates.own_currency,
            "own_amount": own_amount,
            "rate_trillionths": rate,
        }

    def order(self, come: IncomingOrder) -> dict[str, Any]:
        """The fields of an order."""
        made, packed = self.staff.get(come.made_by_name), self.staff.get(come.packed_by_name)
        values: dict[str, Any] = {
            **self.common(come, come.ordered_at),
            "ordered_at": come.ordered_at,
            "tax": come.tax,
            "shipping": come.shipping,
            "discount": come.discount,
            "cancelled_at": come.cancelled_at,
            "promised_at": come.promised_at,
            "fulfilled_at": come.fulfilled_at,
            "made_by_id": made,
            "made_by_name": "" if made else come.made_by_name[:80],
            "packed_by_id": packed,
            "packed_by_name": "" if packed else come.packed_by_name[:80],
            "subscription_from": come.subscription_from,
            "subscription_until": come.subscription_until,
            "contact_name": come.contact_name[:200],
            "contact_email": normal_address(come.contact_email),
            "contact_phone": come.contact_phone[:40],
            "country": come.country[:60],
        }
        if self.buyers.is_nameless(come):
            # Whatever a shop tells of the order later: nothing of it brings the person back.
            values |= dict.fromkeys(CONTACT, "")
        return values

    def refund(self, come: IncomingRefund, order: "Order | None") -> dict[str, Any]:
        """The fields of a refund; whose it is says the order where the refund does not."""
        values = self.common(come, come.refunded_at)
        if order is not None and values["customer_id"] is None:
            values["customer_id"] = order.customer_id
        return {
            **values,
            "order_id": order.pk if order else None,
            "order_key": come.order_key[:120],
            "refunded_at": come.refunded_at,
            "reason": "" if self.buyers.is_nameless(come) else come.reason[:200],
        }


def write_orders(
    write: Writing, new: Sequence[IncomingOrder], changed: Sequence[tuple[Order, IncomingOrder]]
) -> Iterable[Happened]:
    rows = [
        Order(source_id=write.source.pk, key=come.key, recorded_at=write.at, **write.order(come))
        for come in new
    ]
    insert_rows(rows)
    was_of = {row.pk: row.customer_id for row, _ in changed}
    was_cancelled = {row.pk: row.cancelled_at for row, _ in changed}
    was = {row.pk: _concerns_refunds(row) for row, _ in changed}
    _change(changed, write.order, write.zone)
    if changed:
        OrderLine.objects.filter(order__in=[row.pk for row, _ in changed]).delete()
    written = [*zip(rows, new, strict=True), *changed]
    insert_values(OrderLine, ("order_id", *LINE), _lines(written))
    touched = join_refunds(write.source, rows)
    follow_customers([row for row, _ in changed], was_of)
    others = [row.pk for row, _ in changed if _concerns_refunds(row) != was[row.pk]]
    for start in range(0, len(others), MANY):
        touched += Refund.objects.filter(order__in=others[start : start + MANY])
    for refund in touched:
        yield changed_refund(refund, write.at)
    for row, _come in changed:
        yield changed_order(row, was_of[row.pk], write.at)
    for row in rows:
        yield OrderPlaced(happened_at=row.ordered_at, customer_id=row.customer_id, order_id=row.pk)
    for row, _come in written:
        if row.cancelled_at and not was_cancelled.get(row.pk):
            yield OrderCancelled(happened_at=row.cancelled_at, customer_id=row.customer_id, order_id=row.pk)


def write_refunds(
    write: Writing, new: Sequence[IncomingRefund], changed: Sequence[tuple[Refund, IncomingRefund]]
) -> Iterable[Happened]:
    wanted = {each.order_key for each in new} | {each.order_key for _, each in changed}
    orders = {row.key: row for row in by_key(Order, write.source, wanted - {""})}
    rows = [
        Refund(
            source_id=write.source.pk,
            key=come.key,
            recorded_at=write.at,
            **write.refund(come, orders.get(come.order_key)),
        )
        for come in new
    ]
    insert_rows(rows)
    was = {row.pk: _concerns_ledger(row) for row, _ in changed}
    _change(changed, lambda come: write.refund(come, orders.get(come.order_key)), write.zone)
    if changed:
        RefundLine.objects.filter(refund__in=[row.pk for row, _ in changed]).delete()
    written = [*zip(rows, new, strict=True), *changed]
    insert_values(RefundLine, ("refund_id", *LINE), _lines(written))
    for row in rows:
        yield RefundRecorded(
            happened_at=row.refunded_at,
            customer_id=row.customer_id,
            refund_id=row.pk,
            order_id=row.order_id,
        )
    for row, _come in changed:
        if _concerns_ledger(row) != was[row.pk]:
            yield changed_refund(row, write.at)


def _concerns_refunds(order: Order) -> tuple[object, ...]:
    return order.customer_id, order.place_id, order.cancelled_at


def _concerns_ledger(refund: Refund) -> tuple[object, ...]:
    return (
        *(refund.currency, refund.amount, refund.own_currency, refund.own_amount, refund.refunded_at),
        *(refund.customer_id, refund.place_id, refund.order_id),
    )


def _is_same_money(row: "Order | Refund", values: Mapping[str, Any], zone: ZoneInfo) -> bool:
    happened_at = values["ordered_at" if isinstance(row, Order) else "refunded_at"]
    return (row.amount, row.currency, time_of(row).astimezone(zone).date()) == (
        values["amount"],
        values["currency"],
        happened_at.astimezone(zone).date(),
    )


def _change(changed: Sequence[tuple[TradeRow, Incoming]], fields: Any, zone: ZoneInfo) -> None:
    names: set[str] = set()
    for row, come in changed:
        values: dict[str, Any] = fields(come)
        if values["revised_at"] is None:
            values["revised_at"] = row.revised_at  # a file does not make forget how new the shop's word was
        if row.own_amount is not None and _is_same_money(row, values, zone):
            for name in OWN:
                del values[name]  # the rate of then is kept, whatever it is by now
        for name, value in values.items():
            setattr(row, name, value)
        names |= {name.removesuffix("_id") for name in values}
    update_rows([row for row, _ in changed], names)


def _lines(written: Iterable[tuple[TradeRow, IncomingTrade]]) -> Iterator[tuple[str | int, ...]]:
    for row, come in written:
        owner, currency = row.pk, come.currency
        for line in come.lines:
            quantity, price, amount = line.quantity_thousandths, line.unit_price_e4, line.amount
            if amount is None:
                amount = line_amount(quantity, price, currency)
            yield owner, line.sku[:80], line.name[:300], quantity, price, amount


def _staff_named(names: set[str]) -> Mapping[str, int]:
    """Those whose name is that of exactly one person of the staff."""
    if not names:
        return {}
    rows: dict[str, list[int]] = {}
    for pk, name in Staff.objects.filter(name__in=names).values_list("pk", "name"):
        rows.setdefault(name, []).append(pk)
    return {name: found[0] for name, found in rows.items() if len(found) == 1}
