from dataclasses import dataclass

from dangol.kernel.events import Happened


@dataclass(frozen=True, kw_only=True)
class EntryBooked(Happened):
    """A line was written into the ledger. `cost` is booked money, `estimate` the middle of an estimate; one is None.

    Both in minor units of the business's own currency of then.
    """

    entry_id: int
    conversation_id: int | None
    order_id: int | None
    cost: int | None
    estimate: int | None


@dataclass(frozen=True, kw_only=True)
class EntryReversed(Happened):
    """An entry turned out wrong: another takes its amounts back."""

    entry_id: int
    reversal_id: int
    conversation_id: int | None


@dataclass(frozen=True, kw_only=True)
class CauseNamed(Happened):
    """Somebody said why it came to an entry that had no cause."""

    entry_id: int
    cause_id: int


@dataclass(frozen=True, kw_only=True)
class GoodwillGiven(Happened):
    """Something was given to a customer: at once, or after somebody said yes."""

    wish_id: int
    conversation_id: int | None
    entry_id: int
    amount: int


@dataclass(frozen=True, kw_only=True)
class GoodwillTakenBack(Happened):
    """A gift was a mistake."""

    wish_id: int
    conversation_id: int | None
    amount: int


@dataclass(frozen=True, kw_only=True)
class WishAsked(Happened):
    """Somebody wants to give more than their limit or the budget allows, and asks."""

    wish_id: int
    conversation_id: int | None
    amount: int


@dataclass(frozen=True, kw_only=True)
class WishRefused(Happened):
    """A customer's wish was not granted."""

    wish_id: int
    conversation_id: int | None
    amount: int


@dataclass(frozen=True, kw_only=True)
class WishWithdrawn(Happened):
    """Who asked needs no answer any more."""

    wish_id: int
    conversation_id: int | None
