"""Orders that WooCommerce has deleted and restored. A deletion names the order and nothing else, not even when it was.

So the order in which reports arrive decides. One disorder can be seen through: an order is restored only after it was
deleted. Where a restoration comes first, the deletion that comes within the hour is the one which it took back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dangol.api.models import Report, Shop
from dangol.api.shops.woocommerce import DELETED

TOGETHER: Final = timedelta(hours=1)
"""So far may a restoration be ahead of its deletion: they leave one queue, which is worked off every few minutes."""


@dataclass(frozen=True)
class Told:
    """That an order was deleted, or restored, and when the report of it arrived."""

    at: datetime
    is_deletion: bool


def gone_since(told: Iterable[Told]) -> datetime | None:
    """Since when the order is gone by all that was told of it, in the order of arrival; None where it is there."""
    gone_at: datetime | None = None
    ahead: datetime | None = None  # a restoration whose deletion has yet to come
    for each in told:
        if not each.is_deletion:
            ahead = each.at if gone_at is None else None
            gone_at = None
        elif ahead is not None and each.at - ahead <= TOGETHER:
            ahead = None
        else:
            gone_at, ahead = gone_at or each.at, None
    return gone_at


def told_of(shop: Shop, key: str) -> Sequence[Told]:
    """What the shop told of this order's deletions and restorations, as long as reports are kept; one query by the
    index."""
    rows = Report.objects.filter(shop=shop, order_key=key).order_by("received_at", "id")
    return [Told(at, topic == DELETED) for at, topic in rows.values_list("received_at", "topic")]
