"""What holds for the ledger whatever happens, in whatever order it is heard of, and however often."""

import contextlib
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dangol.goodwill.amounts import Estimate, Sum
from dangol.goodwill.commands.entries import About, Source, book_entry, name_cause, reverse_entry
from dangol.goodwill.errors import AlreadyReversed
from dangol.goodwill.models import Cause, CostClass, Entry, Kind
from dangol.goodwill.queries import added, entries_between, standing, summed, summed_by
from tests.parts.cast import NOON

pytestmark = pytest.mark.django_db
SETTINGS = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
MONEY = st.integers(-(10**9), 10**9)
ESTIMATES = st.lists(MONEY, min_size=3, max_size=3).map(lambda three: Estimate(*sorted(three)))


@dataclass(frozen=True)
class Fact:
    """Something that was delivered: an entry, that it was taken back, or why it came to it."""

    act: str
    number: int


@dataclass(frozen=True)
class Thing:
    """What an entry holds."""

    cost: int | Estimate
    kind: str
    cause: int | None  # at the booking
    named: int | None  # afterwards
    days: int


THINGS = st.lists(
    st.builds(
        Thing,
        cost=MONEY | ESTIMATES,
        kind=st.sampled_from(["redo", "refund", "staff_time"]),
        cause=st.sampled_from([None, 0, 1]),
        named=st.sampled_from([None, 0, 1]),
        days=st.integers(0, 60),
    ),
    min_size=1,
    max_size=6,
)


@pytest.fixture
def causes(shop) -> list[Cause]:
    return [Cause.objects.create(name=name) for name in ("Packing", "The phone")]


def facts_of(things: list[Thing], reversed_ones: set[int]) -> list[Fact]:
    return [
        *(Fact("book", n) for n in range(len(things))),
        *(
            Fact("name", n)
            for n, thing in enumerate(things)
            if thing.cause is None and thing.named is not None
        ),
        *(Fact("reverse", n) for n in range(len(things)) if n in reversed_ones),
    ]


def hear(fact: Fact, things: list[Thing], causes: list[Cause], run: int) -> bool:
    """Do what the fact says; False where the entry that it needs is not there yet."""
    thing, key = things[fact.number], f"{run}-{fact.number}"
    at = NOON + timedelta(days=thing.days)
    if fact.act == "book":
        book_entry(
            actor=None, source=Source("file", key), cost_class=CostClass.EXTERNAL_FAILURE,
            kind=Kind(thing.kind), cost=thing.cost, happened_at=at, at=at,
            method="minutes" if isinstance(thing.cost, Estimate) else "",
            about=About(cause=None if thing.cause is None else causes[thing.cause]),
        )  # fmt: skip
        return True
    entry = Entry.objects.filter(source_kind="file", source_key=key).first()
    if entry is None:
        return False
    if fact.act == "name":
        assert thing.named is not None
        name_cause(actor=None, entry=entry, cause=causes[thing.named], at=at)
        return True
    with contextlib.suppress(AlreadyReversed):
        reverse_entry(actor=None, entry=entry, at=at)
    return True


def play(facts: list[Fact], things: list[Thing], causes: list[Cause], run: int) -> dict:
    before = summed_by(month_rows(), "kind", "cause", "happened_at__month")
    waiting = list(facts)
    while waiting:
        left = [fact for fact in waiting if not hear(fact, things, causes, run)]
        assert len(left) < len(waiting)
        waiting = left
    after = summed_by(month_rows(), "kind", "cause", "happened_at__month")
    return {
        key: minus(total, before.get(key, Sum()))
        for key, total in after.items()
        if key not in before or total != before[key]
    }


def month_rows():
    return entries_between(NOON, NOON + timedelta(days=400), own_currency="KRW")


def minus(one: Sum, other: Sum) -> tuple:
    low, middle, high = (
        (getattr(one.estimate, part, 0) if one.estimate else 0)
        - (getattr(other.estimate, part, 0) if other.estimate else 0)
        for part in ("low", "middle", "high")
    )
    return one.booked - other.booked, low, middle, high, one.count - other.count


@SETTINGS
@given(things=THINGS, data=st.data())
def test_any_history_heard_twice_and_in_any_order_gives_the_same_sums(causes, things, data):
    taken_back = data.draw(st.sets(st.integers(0, len(things) - 1)))
    facts = facts_of(things, taken_back)
    run = Entry.objects.count()
    once = play(facts, things, causes, run)
    assert play(facts, things, causes, run) == {}, "the second time adds nothing"
    shuffled = data.draw(st.permutations(facts + facts))
    assert play(shuffled, things, causes, run + 1_000_000) == once


@SETTINGS
@given(things=THINGS)
def test_everything_taken_back_is_nothing_by_kind_by_cause_and_by_month(causes, things):
    run = Entry.objects.count()
    play(facts_of(things, set(range(len(things)))), things, causes, run)
    mine = month_rows()
    for by in ("kind", "cause", "happened_at__month"):
        sums = summed_by(mine, by)
        assert all(total.is_nothing for total in sums.values()), by
        assert added(sums.values()).is_nothing
    assert summed(mine).is_nothing
    assert not standing(mine).exists()


def test_booked_and_estimated_money_are_two_sums_and_not_one(shop):
    for number, cost in enumerate((5_000, Estimate(100, 200, 400), Estimate(1, 2, 3))):
        book_entry(
            actor=None, source=Source("file", str(number)), cost_class=CostClass.INTERNAL_FAILURE,
            kind=Kind.STAFF_TIME, cost=cost, method="minutes", happened_at=NOON, at=NOON,
        )  # fmt: skip
    total = summed(month_rows())
    assert total == Sum(5_000, Estimate(101, 202, 403), 3)
    for wrong in (lambda: total + 1, lambda: total.estimate + 1, lambda: total.booked + total.estimate):
        with pytest.raises(TypeError):
            wrong()


def test_another_currency_is_in_no_sum_of_this_one(shop):
    for currency in ("KRW", "USD"):
        shop.currency = currency
        shop.save()
        book_entry(
            actor=None, source=Source("file", currency), cost_class=CostClass.GOODWILL, kind=Kind.GIFT,
            cost=100, happened_at=NOON, at=NOON,
        )  # fmt: skip
    assert summed(month_rows()).booked == 100


@given(st.lists(st.builds(Sum, MONEY, st.none() | ESTIMATES, st.integers(0, 9)), max_size=5), st.randoms())
def test_sums_add_up_in_any_order(sums, random):
    shuffled = list(sums)
    random.shuffle(shuffled)
    assert added(sums) == added(shuffled)
