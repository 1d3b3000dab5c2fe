"""Who brought whom, whatever rows a person has."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from dangol.customers.commands.erasing import empty_person
from dangol.customers.commands.introductions import say_who_brought
from dangol.customers.commands.merging import merge_customers, undo_merge
from dangol.customers.commands.profiles import add_customer
from dangol.customers.errors import BroughtInACircle, Erased, NobodyCalledThat, SeveralCalledThat
from dangol.customers.models import Customer, Introduction
from dangol.customers.queries import customer_called, ids_of_person, introductions_of
from dangol.kernel.models import Event
from dangol.staff.models import Staff

AT = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
LATER = AT + timedelta(hours=1)


@pytest.fixture
def add(minji: Staff) -> Callable[..., Customer]:
    def add(name: str, address: str = "") -> Customer:
        addresses = [("email", address)] if address else []
        return add_customer(actor=minji, name=name, addresses=addresses, at=AT)

    return add


def test_it_is_kept_changed_and_taken_back(minji: Staff, add: Callable[..., Customer]) -> None:
    sora, james, jihoon = add("Sora"), add("James"), add("박지훈")
    for by in (james, james, jihoon):
        say_who_brought(actor=minji, customer=sora, by=by, at=AT)

    assert introductions_of([sora.pk]) == (jihoon, ())
    assert introductions_of([jihoon.pk]) == (None, (sora,))
    assert introductions_of([james.pk]) == (None, ())
    assert Event.objects.filter(name="IntroductionChanged").count() == 2, "said again, it is no news"

    say_who_brought(actor=minji, customer=sora, by=None, at=LATER)
    assert introductions_of([sora.pk]) == (None, ())


def test_nobody_brings_themselves_by_whatever_way(minji: Staff, add: Callable[..., Customer]) -> None:
    sora, james, jihoon = add("Sora"), add("James"), add("박지훈")
    say_who_brought(actor=minji, customer=james, by=sora, at=AT)
    say_who_brought(actor=minji, customer=jihoon, by=james, at=AT)
    for by in (sora, james, jihoon):
        with pytest.raises(BroughtInACircle):
            say_who_brought(actor=minji, customer=sora, by=by, at=AT)
    assert Introduction.objects.count() == 2


def test_of_two_who_became_one_the_newer_word_counts_until_they_are_two_again(
    minji: Staff, add: Callable[..., Customer]
) -> None:
    sora, other, james, jihoon = add("Sora"), add("Sora K"), add("James"), add("박지훈")
    say_who_brought(actor=minji, customer=sora, by=james, at=AT)
    say_who_brought(actor=minji, customer=other, by=jihoon, at=LATER)
    merge = merge_customers(actor=minji, kept=sora, gone=other, take=(), at=LATER)

    sora.refresh_from_db()
    assert introductions_of(ids_of_person(sora))[0] == jihoon
    undo_merge(actor=minji, merge=merge, at=LATER)
    assert introductions_of([sora.pk])[0] == james
    assert introductions_of([other.pk])[0] == jihoon


def test_what_is_erased_is_not_said_any_more(minji: Staff, add: Callable[..., Customer]) -> None:
    sora, james = add("Sora"), add("James")
    say_who_brought(actor=minji, customer=sora, by=james, at=AT)
    empty_person(ids=[james.pk], at=AT)

    assert not Introduction.objects.exists()
    with pytest.raises(Erased):
        say_who_brought(actor=minji, customer=sora, by=james, at=LATER)


def test_somebody_is_found_by_what_is_written_of_them(add: Callable[..., Customer]) -> None:
    sora = add("Sora Kim", "sora@example.com")
    add("James"), add("james")

    assert (
        customer_called(" sora kim ")
        == customer_called("Sora@example.com")
        == customer_called(f"#{sora.pk}")
        == sora
    )
    with pytest.raises(SeveralCalledThat):
        customer_called("James")
    for words in ("", "#", "#999999", f"#{'9' * 30}", "nobody@example.com", "#²"):
        with pytest.raises(NobodyCalledThat):
            customer_called(words)
