"""Who bought: by the shop's own number of the customer, without one by the address; and who was erased, whom nothing
that a shop tells of before brings back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from dangol.customers.commands import normal_address, recognise_parties
from dangol.customers.commands.meeting import Address, known_identities
from dangol.customers.erased import Forgotten, erased_among
from dangol.customers.kinds import EMAIL, NUMBER, PHONE
from dangol.customers.models import Customer, Identity
from dangol.orders.incoming import IncomingOrder, IncomingRefund, IncomingTrade
from dangol.orders.models import Order, Refund, Source
from dangol.orders.rules import FILES, customer_address

_V = TypeVar("_V", str, int)
_MANY: Final = 500  # SQLite takes so many parameters at once on every version


@dataclass(frozen=True)
class Buyers:
    """Whose the trades of a batch are, and which name somebody who was erased.

    By the trade's own object, since an order and a refund may have the same key.
    """

    customers: Mapping[int, int]
    nameless: frozenset[int]

    def customer_of(self, trade: IncomingTrade) -> int | None:
        """The row of the customer; None where the trade says nothing of who it was."""
        return self.customers.get(id(trade))

    def is_nameless(self, trade: IncomingTrade) -> bool:
        """Whether its words about the customer are not kept."""
        return id(trade) in self.nameless


def buyers_of(
    source: Source,
    orders: Sequence[IncomingOrder],
    refunds: Sequence[IncomingRefund],
    at: datetime,
    *,
    known: "Iterable[tuple[Order | Refund, IncomingTrade]]",
) -> Buyers:
    """Recognise who bought; `known` are the rows that some of these trades change.

    With a number and an address, that they are one person is only likely, and left to people. What happened before
    somebody was erased is theirs without their name, and so is what is told later of it; who buys again afterwards is
    somebody new.
    """
    emptied = _emptied(source, refunds, known)
    addresses = {
        id(each): _addresses(source, each) for each in (*orders, *refunds) if id(each) not in emptied
    }
    erased = erased_among(each for some in addresses.values() for each in some)
    forgotten: dict[int, int] = dict(emptied)
    by_key: dict[str, int] = {}
    for order in orders:
        if found := _forgotten(order.ordered_at, addresses.get(id(order), ()), erased):
            forgotten[id(order)] = by_key[order.key] = found
    for refund in refunds:
        found = _forgotten(refund.refunded_at, addresses.get(id(refund), ()), erased)
        if id(refund) not in emptied and (found or refund.order_key in by_key):
            forgotten[id(refund)] = found or by_key[refund.order_key]
    deciding = {key: first for key, some in addresses.items() if (first := _deciding(some))}
    named = [each for each in (*orders, *refunds) if id(each) in deciding and id(each) not in forgotten]
    met = _recognise(source, named, at)
    customers = {id(each): met[deciding[id(each)]].customer_id for each in named}
    # One that only names an address of somebody erased is still whose its number is, if that is known.
    others = {key: deciding[key] for key in forgotten if key in deciding and deciding[key] not in erased}
    theirs = known_identities(others.values())
    for key, empty_row in forgotten.items():
        identity = theirs.get(others[key]) if key in others else None
        customers[key] = identity.customer_id if identity else empty_row
    return Buyers(customers, frozenset(forgotten))


def _emptied(
    source: Source,
    refunds: Sequence[IncomingRefund],
    known: "Iterable[tuple[Order | Refund, IncomingTrade]]",
) -> dict[int, int]:
    """The empty row, by the trade, of those whose order or refund it was before they were erased."""
    pairs = [(row.customer_id, id(come)) for row, come in known if row.customer_id is not None]
    gone: set[int] = set()
    for some in _some({customer for customer, _come in pairs}):
        rows = Customer.objects.filter(pk__in=some, erased_at__isnull=False)
        gone |= set(rows.values_list("pk", flat=True))
    emptied = {come: customer for customer, come in pairs if customer in gone}
    theirs: dict[str, int | None] = {}
    for keys in _some({each.order_key for each in refunds if each.order_key}):
        orders = Order.objects.filter(source=source, key__in=keys, customer__erased_at__isnull=False)
        theirs |= dict(orders.values_list("key", "customer"))
    return {id(each): whose for each in refunds if (whose := theirs.get(each.order_key))} | emptied


def _some(values: Iterable[_V]) -> Iterator[list[_V]]:
    listed = list(values)
    return (listed[start : start + _MANY] for start in range(0, len(listed), _MANY))


def _recognise(source: Source, trades: Sequence[IncomingTrade], at: datetime) -> Mapping[Address, Identity]:
    parties: dict[str, list[tuple[str, str]]] = {}
    for each in trades:
        kind, address = (
            (NUMBER, _number(source, each)) if each.customer_number else (EMAIL, each.contact_email)
        )
        parties.setdefault(kind, []).append((address, each.contact_name))
    return recognise_parties(parties, at=at, source=Identity.Source.ORDER) if parties else {}


def _addresses(source: Source, trade: IncomingTrade) -> list[Address]:
    """All by which the trade names its customer, the one first that counts."""
    found: list[Address] = []
    if trade.customer_number:
        found.append((NUMBER, normal_address(_number(source, trade), NUMBER)))
    if "@" in trade.contact_email:
        found.append((EMAIL, normal_address(trade.contact_email, EMAIL)))
    if isinstance(trade, IncomingOrder) and trade.contact_phone:
        found.append((PHONE, normal_address(trade.contact_phone, PHONE)))
    return found


def _deciding(addresses: Sequence[Address]) -> Address | None:
    """The address that says who it is: a telephone number of an order does not."""
    return addresses[0] if addresses and addresses[0][0] != PHONE else None


def _forgotten(
    happened_at: datetime, addresses: Iterable[Address], erased: Mapping[Address, Forgotten]
) -> int | None:
    found = (erased[each] for each in addresses if each in erased)
    return next((each.customer_id for each in found if happened_at <= each.at), None)


def _number(source: Source, trade: IncomingTrade) -> str:
    return customer_address(trade.customer_number, source="" if source.name == FILES else source.name)
