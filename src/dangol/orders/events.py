from dataclasses import dataclass

from dangol.kernel.events import Happened


@dataclass(frozen=True, kw_only=True)
class OrderPlaced(Happened):
    """A customer ordered; it happened when the shop says so."""

    order_id: int


@dataclass(frozen=True, kw_only=True)
class OrderChanged(Happened):
    """An order that was known is not what it was: its amount, its place, its time, or whose it is."""

    order_id: int
    from_customer_id: int | None


@dataclass(frozen=True, kw_only=True)
class OrderCancelled(Happened):
    """An order that was known, or came so, is cancelled."""

    order_id: int


@dataclass(frozen=True, kw_only=True)
class RefundRecorded(Happened):
    """Money was given back; of which order is not always known."""

    refund_id: int
    order_id: int | None


@dataclass(frozen=True, kw_only=True)
class RefundChanged(Happened):
    """A refund is not what it was: its amount, whose it is, its order, or whether that order stands."""

    refund_id: int
    order_id: int | None
