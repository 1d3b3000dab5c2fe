from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dangol.customers.commands.merging import TRAITS, merge_customers, tell_apart, undo_merge
from dangol.customers.commands.profiles import FIELDS, change_profile
from dangol.customers.errors import MergeGone, MergeTooOld, OnePersonAlready
from dangol.customers.models import Customer, CustomerNote, Identity, Merge, Unlike
from dangol.customers.queries import ids_of_person, living_customer, living_of
from dangol.customers.tests.people import person
from dangol.kernel.models import Event
from dangol.search import index
from tests.parts.cast import NOON

pytestmark = pytest.mark.django_db


def test_the_kept_one_takes_what_was_chosen_and_undoing_gives_it_back(hana):
    sora = person("Sora", "sora@example.com", language="ko", birth_month=3, birth_day=1)
    kim = person("S. Kim", "kim@example.com", language="en", company="Moon", birth_month=4, birth_day=2)
    merge = merge_customers(actor=hana, kept=sora, gone=kim, take=["company", "birthday"], at=NOON)
    sora.refresh_from_db()
    assert (sora.name, sora.company, sora.language, sora.birth_month) == ("Sora", "Moon", "ko", 4)
    assert living_customer(kim.pk) == sora
    assert ids_of_person(sora) == [sora.pk, kim.pk]
    assert index.find("customer", "moon", limit=5) == [sora.pk]
    undo_merge(actor=hana, merge=merge, at=NOON + timedelta(days=90))
    sora.refresh_from_db()
    assert (sora.company, sora.birth_month, sora.birth_day) == ("", 3, 1)
    assert living_customer(kim.pk) == kim
    told = Event.objects.order_by("id").values_list("name", "customer_id", "data")
    data = {"merge_id": merge.pk, "gone_id": kim.pk}
    assert list(told) == [("CustomersMerged", sora.pk, data), ("MergeUndone", sora.pk, data)]


def test_a_merge_is_undone_once_and_within_ninety_days(hana):
    merge = merge_customers(actor=hana, kept=person("Sora"), gone=person("Kim"), take=[], at=NOON)
    with pytest.raises(MergeTooOld):
        undo_merge(actor=hana, merge=merge, at=NOON + timedelta(days=90, seconds=1))
    undo_merge(actor=hana, merge=merge, at=NOON)
    with pytest.raises(MergeGone):
        undo_merge(actor=hana, merge=merge, at=NOON)


def test_who_is_one_already_cannot_be_merged(hana):
    sora, kim = person("Sora"), person("Kim")
    merge_customers(actor=hana, kept=sora, gone=kim, take=[], at=NOON)
    for kept, gone in ((sora, kim), (kim, sora), (sora, sora)):
        with pytest.raises(OnePersonAlready):
            merge_customers(actor=hana, kept=kept, gone=gone, take=[], at=NOON)


def test_what_was_written_by_hand_since_then_stays(hana):
    sora, kim = person("Sora"), person("Kim", company="Moon")
    merge = merge_customers(actor=hana, kept=sora, gone=kim, take=["name", "company"], at=NOON)
    change_profile(actor=hana, customer=sora, at=NOON, company="Sun")
    undo_merge(actor=hana, merge=merge, at=NOON)
    sora.refresh_from_db()
    assert (sora.name, sora.company) == ("Sora", "Sun")


def test_two_are_said_to_be_two_once_whoever_is_named_first(hana):
    sora, kim = person("Sora"), person("Kim")
    for one, other in ((sora, kim), (kim, sora)):
        tell_apart(actor=hana, one=one, other=other, at=NOON)
    assert Unlike.objects.values_list("one_id", "other_id").get() == (sora.pk, kim.pk)
    assert Event.objects.get().name == "CustomersToldApart"


def snapshot() -> dict[str, Any]:
    """Everything that a person is, but for the record of merges."""
    return {
        "rows": list(Customer.objects.order_by("pk").values("pk", "merged_into", *FIELDS)),
        "identities": list(Identity.objects.order_by("pk").values()),
        "notes": list(CustomerNote.objects.order_by("pk").values()),
    }


PEOPLE = 5
ACTS = st.lists(
    st.one_of(
        st.tuples(
            st.just("merge"),
            st.integers(0, PEOPLE - 1),
            st.integers(0, PEOPLE - 1),
            st.sets(st.sampled_from(sorted(TRAITS))),
        ),
        st.tuples(st.just("undo"), st.integers(0, 20), st.none(), st.none()),
    ),
    max_size=14,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ACTS, st.permutations(range(20)))
def test_any_merges_and_undos_in_any_order_give_back_the_start(hana, acts, order):
    Merge.objects.all().delete()
    CustomerNote.objects.all().delete()
    Customer.objects.update(merged_into=None)
    Customer.objects.all().delete()
    people = [
        person(
            f"Name {n % 3}",
            f"{n}@example.com",
            company=f"{n % 2}",
            birth_month=1 + n % 2,
            birth_day=1 + n,
            birth_year=1980 + n,
        )
        for n in range(PEOPLE)
    ]
    for each in people:
        CustomerNote.objects.create(customer=each, text=each.name, at=NOON)
    start = snapshot()
    for act, first, second, take in acts:
        if act == "merge":
            one, other = living_customer(people[first].pk), living_customer(people[second].pk)
            if one != other:
                merge_customers(actor=hana, kept=one, gone=other, take=take, at=NOON)
        else:
            _undo(hana, first)
        _nothing_is_lost_or_doubled(people)
    for n in order:
        _undo(hana, n)
    while _undo(hana, 0):
        pass
    assert snapshot() == start


def _undo(hana, n: int) -> bool:
    standing = list(Merge.objects.filter(undone_at=None).order_by("pk"))
    if not standing:
        return False
    undo_merge(actor=hana, merge=standing[n % len(standing)], at=NOON)
    return True


def _nothing_is_lost_or_doubled(people: list[Customer]) -> None:
    living = {living_customer(each.pk).pk: living_customer(each.pk) for each in people}
    ids = [pk for each in living.values() for pk in ids_of_person(each)]
    assert sorted(ids) == sorted(each.pk for each in people)
    assert {pk: row.pk for pk, row in living_of(ids).items()} == {pk: living_customer(pk).pk for pk in ids}
    assert Identity.objects.filter(customer__in=ids).count() == PEOPLE
