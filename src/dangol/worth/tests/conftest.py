"""The shop of the tests, and a hand that writes into its ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest

from dangol.desk.tests.conftest import moon_burger
from dangol.goodwill.models import Entry
from dangol.kernel import clock
from dangol.orders.models import Order, Source
from tests.parts.cast import NOON

__all__ = ["moon_burger"]


@pytest.fixture
def at_noon(monkeypatch: pytest.MonkeyPatch, moon_burger: Any) -> None:
    """It is Wednesday noon in Seoul, 18 November 2026."""
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.fixture
def enter(db: None) -> Callable[..., Entry]:
    """Write an entry: `enter("redo", 9000, at=…)`, or `enter("staff_time", low=…, middle=…, high=…)`."""

    def write(
        kind: str,
        booked: int | None = None,
        *,
        at: datetime = NOON,
        low: int | None = None,
        middle: int | None = None,
        high: int | None = None,
        cost_class: str = "external_failure",
        currency: str = "KRW",
        **more: Any,
    ) -> Entry:
        given = {"source_kind": "wish", "source_key": str(uuid4()), "amount": booked} | more
        return Entry.objects.create(
            kind=kind, cost_class=cost_class, booked=booked, estimated_low=low, estimated=middle, estimated_high=high,
            own_currency=currency, currency=currency, happened_at=at, booked_at=at, **given,
        )  # fmt: skip

    return write


@pytest.fixture
def sell(db: None) -> Callable[..., Order]:
    """Write an order: `sell(12000, at=…)`."""

    def write(amount: int | None, *, at: datetime = NOON, own_currency: str = "KRW", **more: Any) -> Order:
        source, _ = Source.objects.get_or_create(name="Till", defaults={"kind": "file", "created_at": NOON})
        key = str(uuid4())
        return Order.objects.create(
            source=source, key=key, number=key[:6], currency=own_currency if amount is not None else "USD",
            amount=amount or 0, own_currency=own_currency, own_amount=amount, ordered_at=at, recorded_at=at, **more,
        )  # fmt: skip

    return write
