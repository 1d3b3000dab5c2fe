"""Whether the house refuses too much or caves to everything: decided wishes, counted. Pure: plain values in and out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeVar, get_args

from dangol.inbox.measures import Share, share_of

Outcome = Literal["given", "partly", "refused"]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)
Next = Literal["could", "back", "ordered", "wrote"]
NEXTS: Final[tuple[Next, ...]] = get_args(Next)
Verdict = Literal["none", "few", "refuses", "caves", "may_refuse", "may_cave", "between"]

NEXT_DAYS: Final = 90
"""So long after the answer it is looked what a customer did next."""
FEW: Final = 10
"""Below so many wishes nothing is said of the house."""
REFUSES: Final = 0.5
CAVES: Final = 0.9


@dataclass(frozen=True)
class Decided:
    """A wish that was granted, granted in part, or refused. `customer_id` is the living row; None: nobody knows."""

    id: int
    outcome: Outcome
    asked_at: datetime
    decided_at: datetime
    decided_by: int | None = None
    customer_id: int | None = None
    conversation_id: int | None = None


@dataclass(frozen=True)
class Bought:
    """An order that was not cancelled."""

    customer_id: int
    at: datetime


@dataclass(frozen=True)
class Wrote:
    """A person's message, in a conversation."""

    customer_id: int
    at: datetime
    conversation_id: int


Deed = TypeVar("Deed", Bought, Wrote)


@dataclass(frozen=True)
class Counts:
    """Wishes by what became of them."""

    given: int = 0
    partly: int = 0
    refused: int = 0

    @property
    def total(self) -> int:
        """All that were decided."""
        return self.given + self.partly + self.refused

    def share(self, outcome: Outcome) -> Share | None:
        """The share of one outcome; None without any wish."""
        return share_of(getattr(self, outcome), self.total)


def count_outcomes(wishes: Iterable[Decided]) -> Counts:
    """How many of them ended how."""
    found = dict.fromkeys(OUTCOMES, 0)
    for wish in wishes:
        found[wish.outcome] += 1
    return Counts(**found)


def count_by_decider(wishes: Iterable[Decided]) -> dict[int | None, Counts]:
    """The counts of each person who decided, who decided most first."""
    groups: dict[int | None, list[Decided]] = {}
    for wish in wishes:
        groups.setdefault(wish.decided_by, []).append(wish)
    counted = {staff: count_outcomes(theirs) for staff, theirs in groups.items()}
    return dict(sorted(counted.items(), key=lambda pair: (-pair[1].total, pair[0] or 0)))


def verdict_of(counts: Counts) -> Verdict:
    """What the counts say of the house, as far as they are sure.

    It "refuses" where surely (95 %) more than half is refused, and "caves" where surely nine of ten are granted whole.
    Where that may be so it says as much; "between" is surely neither. Of fewer than ten wishes nothing is said.
    """
    if not counts.total:
        return "none"
    refused, given = counts.share("refused"), counts.share("given")
    if counts.total < FEW or refused is None or given is None:
        return "few"
    if refused.low > REFUSES:
        return "refuses"
    if given.low > CAVES:
        return "caves"
    if given.high > CAVES:
        return "may_cave"
    return "may_refuse" if refused.high > REFUSES else "between"


def followed(
    wishes: Iterable[Decided], bought: Iterable[Bought], wrote: Iterable[Wrote], *, at: datetime
) -> dict[Outcome, dict[Next, frozenset[int]]]:
    """What customers did within 90 days after their wish was decided: the ids of the wishes, by outcome and by deed.

    A customer counts once an outcome, by their first wish that ended so; `could` are those of whom it can be known
    by now: they have a name, and the 90 days are over. `wrote` is about something else: in another conversation.
    `back` is either.
    """
    orders = _by_customer(bought)
    letters = _by_customer(wrote)
    found: dict[Outcome, dict[Next, set[int]]] = {
        outcome: {each: set() for each in NEXTS} for outcome in OUTCOMES
    }
    for wish in _first_of_each(wishes):
        until = wish.decided_at + timedelta(days=NEXT_DAYS)
        if wish.customer_id is None or until > at:
            continue
        mine = found[wish.outcome]
        mine["could"].add(wish.id)
        if any(wish.decided_at < order.at <= until for order in orders.get(wish.customer_id, ())):
            mine["ordered"].add(wish.id)
        if any(
            wish.decided_at < letter.at <= until and letter.conversation_id != wish.conversation_id
            for letter in letters.get(wish.customer_id, ())
        ):
            mine["wrote"].add(wish.id)
        mine["back"] = mine["ordered"] | mine["wrote"]
    return {
        outcome: {each: frozenset(ids) for each, ids in deeds.items()} for outcome, deeds in found.items()
    }


def differ(one: Share | None, other: Share | None) -> bool:
    """Whether two shares differ by more than chance may make: their intervals do not meet. Careful rather than keen."""
    return one is not None and other is not None and (one.high < other.low or other.high < one.low)


def _first_of_each(wishes: Iterable[Decided]) -> Iterable[Decided]:
    first: dict[tuple[int | None, Outcome], Decided] = {}
    for wish in sorted(wishes, key=lambda each: (each.decided_at, each.id)):
        first.setdefault((wish.customer_id, wish.outcome), wish)
    return first.values()


def _by_customer(deeds: Iterable[Deed]) -> Mapping[int, list[Deed]]:
    found: dict[int, list[Deed]] = {}
    for deed in deeds:
        found.setdefault(deed.customer_id, []).append(deed)
    return found
