"""What comes in from outside, in the same form whichever way it came: a file, a shop's webhook, the API."""

from dataclasses import dataclass, fields
from datetime import date, datetime
from hashlib import blake2b
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class IncomingLine:
    """A thing that was bought or given back. Quantities are 1/1,000, prices 1/10,000 of the currency's unit.

    `amount` is in minor units; None where it is the quantity times the price.
    """

    sku: str
    name: str
    quantity_thousandths: int
    unit_price_e4: int
    amount: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingTrade:
    """What an order and a refund have in common. Amounts are minor units of `currency`, instants aware.

    `key` is the source's own and unique in it. `revised_at` is when the source says that it last changed: what is older
    never overwrites. `customer_number` is the shop's own; who it is goes by that, and only without one by the address.
    """

    key: str
    number: str
    currency: str
    amount: int
    lines: tuple[IncomingLine, ...] = ()
    revised_at: datetime | None = None
    customer_number: str = ""
    contact_name: str = ""
    contact_email: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingOrder(IncomingTrade):
    """An order. `amount` is all that was paid, with tax and shipping, before refunds."""

    ordered_at: datetime
    contact_phone: str = ""
    country: str = ""
    tax: int | None = None
    shipping: int | None = None
    discount: int | None = None
    cancelled_at: datetime | None = None
    promised_at: datetime | None = None
    fulfilled_at: datetime | None = None
    made_by_name: str = ""
    packed_by_name: str = ""
    subscription_from: date | None = None
    subscription_until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingRefund(IncomingTrade):
    """What was given back, in positive amounts. `order_key` names the order where the source knows which it was."""

    refunded_at: datetime
    order_key: str = ""
    reason: str = ""


_LEFT_OUT: Final = frozenset({"key", "revised_at", "lines"})


def fingerprint(trade: IncomingTrade) -> str:
    """The same for the same content, so that what comes again is known without looking at its lines."""
    digest = blake2b(digest_size=20)
    for name in _TOLD[type(trade)]:
        value = getattr(trade, name)
        if value not in (None, ""):
            digest.update(f"{name}={value}\x1e".encode())
    for line in trade.lines:
        digest.update(
            f"{line.sku}\x1f{line.name}\x1f{line.quantity_thousandths}\x1f{line.unit_price_e4}\x1f{line.amount}\x1e".encode()
        )
    return digest.hexdigest()


def _told(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.name not in _LEFT_OUT)


_TOLD: Final[dict[type[Any], tuple[str, ...]]] = {
    kind: _told(kind) for kind in (IncomingOrder, IncomingRefund)
}
