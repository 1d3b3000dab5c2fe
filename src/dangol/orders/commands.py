"""Every change to orders and refunds. One way in for files, webhooks and the API: `take_orders`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from dangol.business.commands import recognise_places
from dangol.business.models import Place
from dangol.business.queries import current_business
from dangol.business.rates import Rates
from dangol.customers.commands import normal_address
from dangol.kernel import clock
from dangol.kernel.db import lock_for_transaction
from dangol.kernel.events import Happened, emit, hand_over_each
from dangol.kernel.rows import insert_rows, insert_values, update_rows
from dangol.orders.buyers import Buyers, buyers_of
from dangol.orders.events import OrderCancelled, OrderChanged, OrderPlaced, RefundChanged, RefundRecorded
from dangol.orders.incoming import IncomingOrder, IncomingRefund, IncomingTrade, fingerprint
from dangol.orders.models import Order, OrderLine, Refund, RefundLine, Source
from dangol.orders.rules import FILES, line_amount
from dangol.staff.models import Staff
from dangol.staff.rights import demand

OWN: Final = ("own_currency", "own_amount", "rate_trillionths")
CONTACT: Final = ("contact_name", "contact_email", "contact_phone")
LINE: Final = ("sku", "name", "quantity_thousandths", "unit_price_e4", "amount")
_MOST_OWN: Final = 10**17
_SAME: Final = timedelta(
    days=1
)  # so far may the time of one order be moved without a word of how new that is
_MANY: Final = 500  # SQLite takes so many parameters at once on every version

TradeRow = TypeVar("TradeRow", Order, Refund)
Key = TypeVar("Key", str, int)
Incoming = TypeVar("Incoming", bound=IncomingTrade)


@dataclass(frozen=True)
class Taken:
    """What became of a batch: rows that are new, that have changed, and that were known or newer already."""

    new_orders: int = 0
    changed_orders: int = 0
    new_refunds: int = 0
    changed_refunds: int = 0
    known: int = 0
    other_day: tuple[
        str, ...
    ] = ()  # keys of orders that were not taken: their number is that of another day's

    def __add__(self, other: "Taken") -> "Taken":
        return Taken(
            self.new_orders + other.new_orders,
            self.changed_orders + other.changed_orders,
            self.new_refunds + other.new_refunds,
            self.changed_refunds + other.changed_refunds,
            self.known + other.known,
            self.other_day + other.other_day,
        )


def source_named(name: str, *, kind: Source.Kind = Source.Kind.FILE, at: datetime) -> Source:
    """The source of that name, made when it is met for the first time."""
    source, _is_new = Source.objects.get_or_create(
        name=" ".join(name.split())[:80] or FILES, defaults={"kind": kind, "created_at": at}
    )
    return source


@transaction.atomic
def take_orders(
    *,
    actor: Staff | None,
    source: Source,
    orders: Iterable[IncomingOrder] = (),
    refunds: Iterable[IncomingRefund] = (),
    silent: bool = False,
    at: datetime,
) -> Taken:
    """Write what a source says of its orders and refunds; the same again changes nothing.

    In any order and however often: of one key the newest `revised_at` counts, without one what came last; a refund may
    come before its order and is joined to it later. What does not say how new it is and moves an order by more than a
    day is another order of the same number: it is not taken, and neither is what was given back of it.
    `silent` for history: it is on the timeline, and nothing reacts.
    The same number of queries however many there are.
    """
    demand(actor, "import_orders")
    lock_for_transaction(f"orders of {source.pk}")
    new_orders, changed_orders, known_orders, orders_waiting = _sorted_out(Order, source, _newest(orders))
    others = {come.key for row, come in changed_orders if _is_of_other_day(row, come)}
    changed_orders = [(row, come) for row, come in changed_orders if come.key not in others]
    backs = _newest(each for each in refunds if each.order_key not in others)
    new_refunds, changed_refunds, known_refunds, refunds_waiting = _sorted_out(Refund, source, backs)
    _note_how_new(known_orders)
    _note_how_new(known_refunds)
    _convert([*orders_waiting, *refunds_waiting])
    come = [*new_orders, *(each for _, each in changed_orders)]
    gone = [*new_refunds, *(each for _, each in changed_refunds)]
    if come or gone:
        buyers = buyers_of(source, come, gone, at, known=[*changed_orders, *changed_refunds])
        write = _Writing(source, come, gone, at, buyers)
        happened = [
            *_write_orders(write, new_orders, changed_orders),
            *_write_refunds(write, new_refunds, changed_refunds),
        ]
        actor_id = None if actor is None else actor.pk
        emit(*(_as_emitted(event, actor_id, silent) for event in happened))
    return Taken(
        len(new_orders),
        len(changed_orders),
        len(new_refunds),
        len(changed_refunds),
        len(known_orders) + len(known_refunds),
        tuple(sorted(others)),
    )


class _Writing:
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
        self.staff = _staff(names)

    def common(self, trade: IncomingTrade, happened_at: datetime) -> dict[str, Any]:
        """The fields that orders and refunds share."""
        day = happened_at.astimezone(self.zone).date()
        own_amount, rate = _own(self.rates, trade.amount, trade.currency, day)
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


def _write_orders(
    write: _Writing, new: Sequence[IncomingOrder], changed: Sequence[tuple[Order, IncomingOrder]]
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
    touched = _join_refunds(write.source, rows)
    _follow_customers([row for row, _ in changed], was_of)
    others = [row.pk for row, _ in changed if _concerns_refunds(row) != was[row.pk]]
    for start in range(0, len(others), _MANY):
        touched += Refund.objects.filter(order__in=others[start : start + _MANY])
    for refund in touched:
        yield _changed_refund(refund, write.at)
    for row, _come in changed:
        yield _changed_order(row, was_of[row.pk], write.at)
    for row in rows:
        yield OrderPlaced(happened_at=row.ordered_at, customer_id=row.customer_id, order_id=row.pk)
    for row, _come in written:
        if row.cancelled_at and not was_cancelled.get(row.pk):
            yield OrderCancelled(happened_at=row.cancelled_at, customer_id=row.customer_id, order_id=row.pk)


def _write_refunds(
    write: _Writing, new: Sequence[IncomingRefund], changed: Sequence[tuple[Refund, IncomingRefund]]
) -> Iterable[Happened]:
    wanted = {each.order_key for each in new} | {each.order_key for _, each in changed}
    orders = {row.key: row for row in _by_key(Order, write.source, wanted - {""})}
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
            yield _changed_refund(row, write.at)


def _concerns_refunds(order: Order) -> tuple[object, ...]:
    return order.customer_id, order.place_id, order.cancelled_at


def _concerns_ledger(refund: Refund) -> tuple[object, ...]:
    return (
        *(refund.currency, refund.amount, refund.own_currency, refund.own_amount, refund.refunded_at),
        *(refund.customer_id, refund.place_id, refund.order_id),
    )


def _changed_order(order: Order, was_of: int | None, at: datetime) -> OrderChanged:
    from_id = None if was_of == order.customer_id else was_of
    return OrderChanged(
        happened_at=at, customer_id=order.customer_id, order_id=order.pk, from_customer_id=from_id
    )


def _changed_refund(refund: Refund, at: datetime) -> RefundChanged:
    return RefundChanged(
        happened_at=at, customer_id=refund.customer_id, refund_id=refund.pk, order_id=refund.order_id
    )


def _is_same_money(row: "Order | Refund", values: Mapping[str, Any], zone: ZoneInfo) -> bool:
    happened_at = values["ordered_at" if isinstance(row, Order) else "refunded_at"]
    return (row.amount, row.currency, _when(row).astimezone(zone).date()) == (
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


def _join_refunds(source: Source, orders: Sequence[Order]) -> list[Refund]:
    """Refunds that came before their orders find them; those that did."""
    by_key = {row.key: row for row in orders}
    waiting = [
        refund
        for keys in _some(by_key)
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


def _follow_customers(orders: Sequence[Order], was_of: Mapping[int, int | None]) -> None:
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
        for some in _some(moved)
        for refund in Refund.objects.filter(order__in=some)
        if refund.customer_id in {None, was_of[refund.order_id or 0]}
    ]
    for refund in refunds:
        refund.customer_id = moved[refund.order_id or 0]
    update_rows(refunds, ["customer"])
    theirs = {refund.pk: refund.customer_id for refund in refunds}
    hand_over_each(from_customers, theirs, key="refund_id", names=["RefundRecorded", "RefundChanged"])


def _newest(trades: Iterable[Incoming]) -> dict[str, Incoming]:
    found: dict[str, Incoming] = {}
    for each in trades:
        before = found.get(each.key)
        if before is None or not _is_older(each.revised_at, before.revised_at):
            found[each.key] = each
    return found


def _sorted_out(
    model: type[TradeRow], source: Source, come: Mapping[str, Incoming]
) -> tuple[list[Incoming], list[tuple[TradeRow, Incoming]], list[tuple[TradeRow, Incoming]], list[TradeRow]]:
    """(the new ones, those that change a row, those that are known or older than what is there, and which rows of these
    wait for a rate)."""
    rows = {row.key: row for row in _by_key(model, source, come)}
    new = [each for key, each in come.items() if key not in rows]
    changed = [
        (row, come[key])
        for key, row in rows.items()
        if not _is_older(come[key].revised_at, row.revised_at) and fingerprint(come[key]) != row.fingerprint
    ]
    touched = {row.pk for row, _ in changed}
    known = [(row, come[key]) for key, row in rows.items() if row.pk not in touched]
    waiting = [row for row, _ in known if row.own_amount is None]
    return new, changed, known, waiting


def _note_how_new(known: Sequence[tuple[TradeRow, IncomingTrade]]) -> None:
    """What is told again and is newer makes what comes late in between older, although nothing else changes."""
    newer = []
    for row, come in known:
        told_at = come.revised_at
        if told_at is not None and (row.revised_at is None or told_at > row.revised_at):
            row.revised_at = told_at
            newer.append(row)
    update_rows(newer, ["revised_at"])


def _is_of_other_day(row: Order, come: IncomingOrder) -> bool:
    return come.revised_at is None and abs(come.ordered_at - row.ordered_at) > _SAME


def _is_older(revised_at: datetime | None, known_at: datetime | None) -> bool:
    # What does not say how new it is cannot be newer than what does.
    return known_at is not None and (revised_at is None or revised_at < known_at)


def _by_key(model: type[TradeRow], source: Source, keys: Iterable[str]) -> list[TradeRow]:
    return [row for some in _some(keys) for row in model.objects.filter(source=source, key__in=some)]


def _some(keys: Iterable[Key]) -> Iterable[list[Key]]:
    listed = list(keys)
    return (listed[start : start + _MANY] for start in range(0, len(listed), _MANY))


def _staff(names: set[str]) -> Mapping[str, int]:
    """Those whose name is that of exactly one person of the staff."""
    if not names:
        return {}
    rows: dict[str, list[int]] = {}
    for pk, name in Staff.objects.filter(name__in=names).values_list("pk", "name"):
        rows.setdefault(name, []).append(pk)
    return {name: found[0] for name, found in rows.items() if len(found) == 1}


def _as_emitted(event: Happened, actor_id: int | None, silent: bool) -> Happened:
    values = {**vars(event), "actor_id": actor_id, "silent": silent}
    return type(event)(**values)


def _own(rates: Rates, amount: int, currency: str, day: date) -> tuple[int | None, int | None]:
    own_amount, rate = rates.own(amount, currency, day)
    # By a mistyped rate it may be more than the database holds.
    return (own_amount, rate) if own_amount is None or abs(own_amount) <= _MOST_OWN else (None, None)


@transaction.atomic
def convert_orders(*, currency: str, limit: int = _MANY) -> int:
    """Give orders and refunds that waited for a rate their amount in the business's own currency; returns how many.

    At most `limit` of each; those of days without a rate stay as they are. Again until it says 0.
    """
    business = current_business()
    first = Rates(business.currency).first_day(currency)
    if first is None:
        return 0
    begins = datetime.combine(first, time(), tzinfo=business.zone)
    done = 0
    for model, when in ((Order, "ordered_at"), (Refund, "refunded_at")):
        waiting = model.objects.filter(currency=currency, own_amount=None, **{f"{when}__gte": begins})
        done += _convert(list(waiting.order_by("id")[:limit]))
    return done


def _convert(waiting: "Sequence[Order | Refund]") -> int:
    """Give these their amount in the business's own currency where a rate is known by now; returns how many."""
    if not waiting:
        return 0
    business = current_business()
    rates = Rates(business.currency)
    for row in waiting:
        day = _when(row).astimezone(business.zone).date()
        row.own_currency = business.currency
        row.own_amount, row.rate_trillionths = _own(rates, row.amount, row.currency, day)
    known = [row for row in waiting if row.own_amount is not None]
    for model in (Order, Refund):
        update_rows([row for row in known if isinstance(row, model)], OWN)
    # Silent: what their customers have spent is another sum now, and nothing else came of it.
    at = clock.now()
    changed = (
        _changed_order(row, row.customer_id, at) if isinstance(row, Order) else _changed_refund(row, at)
        for row in known
    )
    emit(*(_as_emitted(event, None, True) for event in changed))
    return len(known)


def _when(row: "Order | Refund") -> datetime:
    return row.ordered_at if isinstance(row, Order) else row.refunded_at
