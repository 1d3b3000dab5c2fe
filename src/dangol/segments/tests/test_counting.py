"""Kept memberships are what a fresh count finds, whatever happened; and what each condition means, said in Python."""

from datetime import date, datetime, time, timedelta

import pytest
from django.db import connection, transaction
from django.forms import model_to_dict
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dangol.customers.commands.consents import record_consent
from dangol.customers.commands.introductions import say_who_brought
from dangol.customers.commands.merging import merge_customers, undo_merge
from dangol.customers.commands.profiles import change_profile, set_tags
from dangol.customers.models import Customer, Membership, Merge, Segment
from dangol.customers.queries import living_customer, living_of
from dangol.customers.rules import generation
from dangol.goodwill.commands.refunds import book_all_refunds
from dangol.kernel import events
from dangol.kernel.errors import Refused
from dangol.segments import following
from dangol.segments.commands import make_segment
from dangol.segments.counting import count_segment
from dangol.segments.following import count_everybody
from dangol.segments.models import Figures
from dangol.segments.rules import All, AnyOf, Flag, Not, Number, OneOf, Rule, checked
from dangol.segments.tests.adding import figures_of
from dangol.segments.tests.people import a_shop, members, order, refund, sell, settle, somebody
from dangol.segments.tests.test_rules import RULES
from tests.parts.cast import NOON
from tests.parts.plans import steps_of

pytestmark = pytest.mark.django_db
SETTINGS = settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # a history that fails is short enough as it is
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
TODAY = date(2026, 11, 18)


def holds(rule: Rule, row: Figures, zone) -> bool:
    """What the rule means, said a second time: in Python, of one person."""
    match rule:
        case All(parts):
            return all(holds(part, row, zone) for part in parts)
        case AnyOf(parts):
            return any(holds(part, row, zone) for part in parts)
        case Not(part):
            return not holds(part, row, zone)
        case OneOf("generation", values):
            return generation(row.birth_year) in values
        case OneOf("tag" | "consent" as fact, values):
            return bool(set(getattr(row, f"{fact}s").strip("|").split("|")) & set(values))
        case OneOf("brought_by", values):
            return row.brought_by in {person.pk for person in living_of(map(int, values)).values()}
        case OneOf(fact, values):
            return getattr(row, fact) in values
        case Flag(fact):
            named = {"birth_year_known": row.birth_year, "was_brought": row.brought_by}
            return row.has_company if fact == "company" else named[fact] is not None
        case Number(fact, bound, value, in_year):
            found = _found(fact, row, zone, in_year)
            return found is not None and (found >= value if bound == "at_least" else found <= value)


def _found(fact: str, row: Figures, zone, in_year: bool) -> int | None:
    instants = {"tenure": row.since, "last_order": row.last_order_at, "last_seen": row.last_seen_at}
    if fact in instants:
        at = instants[fact]
        return None if at is None else (TODAY - at.astimezone(zone).date()).days
    return {
        "orders": row.orders_in_year if in_year else row.order_count,
        "spent": row.spent_in_year if in_year else row.spent,
        "complaints": row.complaints_in_year if in_year else row.complaint_count,
        "has_brought": row.brought_count,
    }[fact]


class World:
    """A small shop: three customers' numbers, and what may happen to them."""

    def __init__(self, minji) -> None:
        self.minji = minji
        for number in "ABC":
            sell(order(number, f"first {number}", 5_000, days=40))

    def happen(self, act: str, who: int, much: int) -> None:
        number, person = "ABC"[who % 3], self.person(who)
        try:
            match act:
                case "order":
                    sell(order(number, f"{much}", 1_000 * much, days=much * 12), silent=bool(who % 2))
                case "revise":
                    sell(order(number, "first A", 900 * much, days=40))
                case "cancel":
                    sell(order("A", "first A", 5_000, days=40, cancelled_at=NOON - timedelta(days=1)))
                case "refund":
                    sell(refunds=[refund(number, f"R{much}", 500 * much, days=much * 12)])
                    list(book_all_refunds(at=NOON))
                case "tag":
                    set_tags(actor=self.minji, customer=person, names=["vip", "office"][: much % 3], at=NOON)
                case "born":
                    change_profile(actor=self.minji, customer=person, at=NOON, birth_year=1940 + much * 3)
                case "speak":
                    change_profile(
                        actor=self.minji, customer=person, at=NOON,
                        language=["en", "ko", ""][much % 3], company=["", "Moon"][much % 2],
                    )  # fmt: skip
                case "consent":
                    record_consent(
                        actor=self.minji, customer=person, channel="email", purpose="news",
                        is_given=bool(much % 2), source="test", at=NOON,
                    )  # fmt: skip
                case "bring":
                    by = None if much % 7 == 0 else self.person(much)
                    say_who_brought(
                        actor=self.minji, customer=person, by=by, at=NOON + timedelta(minutes=much)
                    )
                case "merge":
                    other = self.person(much)
                    merge_customers(actor=self.minji, kept=person, gone=other, take=[], at=NOON)
                case "part":
                    last = Merge.objects.filter(undone_at=None).last()
                    if last:
                        undo_merge(actor=self.minji, merge=last, at=NOON)
                case "settle":
                    settle()
        except Refused:
            pass  # as a person would be told: nothing happened

    def person(self, number: int) -> Customer:
        rows = list(Customer.objects.order_by("pk"))
        return living_customer(rows[number % len(rows)].pk)


HAPPENED = st.lists(
    st.tuples(
        st.sampled_from(
            ["order", "revise", "cancel", "refund", "tag", "born", "speak", "consent", "bring", "merge", "part",
             "settle"]
        ),
        st.integers(0, 5),
        st.integers(0, 30),
    ),
    max_size=12,
)  # fmt: skip


@SETTINGS
@given(rules=st.lists(RULES, min_size=3, max_size=3), history=HAPPENED)
def test_what_is_kept_is_what_a_fresh_count_finds_and_what_the_rule_means(minji, rules, history):
    with transaction.atomic():
        _live_and_count(minji, rules, history)
        transaction.set_rollback(True)  # the next history is another shop’s


def _live_and_count(minji, rules: list[Rule], history: list[tuple[str, int, int]]) -> None:
    shop = a_shop()
    world = World(minji)
    settle()
    segments = []
    friends = OneOf("brought_by", (str(Customer.objects.earliest("pk").pk),))
    for number, rule in enumerate([friends, *rules]):
        try:
            segments.append((make_segment(actor=minji, name=f"S{number}", rule=checked(rule), at=NOON), rule))
        except Refused:
            continue

    for act, who, much in history:
        world.happen(act, who, much)
    settle()

    kept = {segment.pk: members(segment) for segment, _rule in segments}
    figures = list(Figures.objects.order_by("pk").values())
    everybody = list(Customer.objects.filter(merged_into=None).order_by("pk"))
    meant = [model_to_dict(row) for row in figures_of(everybody, business=shop, today=TODAY)]
    assert [model_to_dict(row) for row in Figures.objects.order_by("pk")] == meant
    for segment, rule in segments:
        inside = {row.pk for row in Figures.objects.all() if holds(rule, row, shop.zone)}
        assert kept[segment.pk] == inside, rule
    Membership.objects.all().delete()
    Figures.objects.all().delete()
    count_everybody(at=NOON)
    assert list(Figures.objects.order_by("pk").values()) == figures
    assert {segment.pk: members(segment) for segment, _ in segments} == kept
    for segment, _rule in segments:
        count_segment(segment, at=NOON)
        assert members(segment) == kept[segment.pk]
    alive = Customer.objects.filter(merged_into=None)
    assert {row["customer_id"] for row in figures} == set(alive.values_list("pk", flat=True))


def test_figures_are_what_a_person_did_under_all_their_names(minji):
    a_shop()
    sell(
        order("A", "1", 20_000, days=400, place="Counter"),
        order("A", "2", 30_000, days=3),
        order("A", "3", 9_000, days=2, cancelled_at=NOON),
        order("B", "4", 1_000, days=5, place="Delivery"),
        refunds=[refund("B", "R", 400, order_key="4"), refund("A", "R3", 9_000, order_key="3")],
    )
    list(book_all_refunds(at=NOON))
    first, other = Customer.objects.order_by("pk")
    set_tags(actor=minji, customer=first, names=["vip"], at=NOON)
    set_tags(actor=minji, customer=other, names=["office"], at=NOON)
    merge_customers(actor=minji, kept=first, gone=other, take=[], at=NOON)

    settle()

    (row,) = Figures.objects.all()
    assert (row.customer_id, row.order_count, row.orders_in_year) == (first.pk, 3, 2)
    assert (row.spent, row.spent_in_year) == (50_600, 30_600)
    assert row.since == NOON - timedelta(days=400)
    assert row.last_order_at == row.last_seen_at == NOON - timedelta(days=3)
    assert row.places.count("|") == row.tags.count("|") == 3
    assert row.complaint_count == 1


def test_a_merge_and_its_undoing_are_followed(minji):
    a_shop()
    sell(order("A", "1"), order("B", "2"))
    settle()
    one, other = Customer.objects.order_by("pk")
    twice = make_segment(actor=minji, name="Twice", rule=Number("orders", "at_least", 2), at=NOON)
    once = make_segment(actor=minji, name="Once", rule=Number("orders", "at_most", 1), at=NOON)

    merge = merge_customers(actor=minji, kept=one, gone=other, take=[], at=NOON)
    settle()
    assert (members(twice), members(once)) == ({one.pk}, set())

    undo_merge(actor=minji, merge=merge, at=NOON)
    settle()
    assert (members(twice), members(once)) == (set(), {one.pk, other.pk})


def test_what_depends_on_the_day_is_found_in_the_night_and_only_then(minji):
    shop = a_shop()
    sell(order("A", "1", days=10))
    settle()
    quiet = make_segment(actor=minji, name="Quiet", rule=Number("last_order", "at_least", 30), at=NOON)
    recent = make_segment(actor=minji, name="Recent", rule=Number("last_order", "at_most", 29), at=NOON)
    midnight = datetime.combine(TODAY + timedelta(days=20), time.min, shop.zone)

    settle(midnight - timedelta(seconds=1))
    assert (len(members(quiet)), len(members(recent))) == (0, 1)

    settle(midnight)
    assert (len(members(quiet)), len(members(recent))) == (1, 0)
    with CaptureQueriesContext(connection) as asked:
        assert following.keep_counted(at=midnight) == 0
    assert len(asked) <= 5


def test_only_those_whom_an_event_names_are_counted_again(minji, django_assert_max_num_queries):
    a_shop()
    sell(*(order(f"N{number}", f"{number}") for number in range(60)))
    settle()
    for number in range(4):
        rule = Number("orders", "at_least", number + 1)
        make_segment(actor=minji, name=f"S{number}", rule=rule, at=NOON)
    Figures.objects.update(order_count=9)  # wrong for everybody: who is counted again is right afterwards

    sell(order("N7", "more"), silent=False)
    events.forget_transactions()  # see `settle`
    with django_assert_max_num_queries(45):
        assert following.keep_counted(at=NOON) > 0

    right = Figures.objects.exclude(order_count=9)
    assert [row.order_count for row in right] == [2]
    assert Membership.objects.filter(customer=right.get().pk).count() == 2


def test_a_killed_walk_goes_on_where_it_was(minji, monkeypatch):
    a_shop()
    for _ in range(5):
        somebody()
    monkeypatch.setattr(following, "WALKED_AT_ONCE", 2)
    following.keep_counted(at=NOON)  # the follower begins
    following.keep_counted(at=NOON)
    assert Figures.objects.count() == 2
    passed = Figures.objects.order_by("pk").first()
    Figures.objects.filter(pk=passed.pk).update(order_count=7)

    settle()

    assert Figures.objects.count() == 5
    assert Figures.objects.get(pk=passed.pk).order_count == 7  # whom it had passed it did not look at again


def test_between_two_pieces_of_the_walk_others_may_write(minji, monkeypatch):
    a_shop()
    for _ in range(5):
        somebody()
    monkeypatch.setattr(following, "WALKED_AT_ONCE", 2)
    rests: list[float] = []
    monkeypatch.setattr(following.time, "sleep", rests.append)

    settle()

    assert rests == [following.REST_SECONDS] * 2
    assert Figures.objects.count() == 5


def test_everybody_is_looked_at_by_as_many_queries_as_two_people(minji, django_assert_max_num_queries):
    a_shop()
    for number in range(2):
        make_segment(actor=minji, name=f"S{number}", rule=Number("orders", "at_least", 1), at=NOON)
    sell(*(order(f"N{number}", f"{number}") for number in range(30)))
    one, other = Customer.objects.order_by("pk")[:2]
    merge_customers(actor=minji, kept=one, gone=other, take=[], at=NOON)

    with django_assert_max_num_queries(30):
        count_everybody(at=NOON)

    assert Figures.objects.count() == 29
    assert Figures.objects.get(pk=one.pk).order_count == 2


@pytest.mark.only_sqlite
def test_what_a_few_people_did_is_not_looked_for_among_all_orders(minji):
    a_shop()
    sell(order("A", "1"))
    tables = (
        "orders_order", "goodwill_entry", "goodwill_wish", "inbox_conversation", "customers_consent",
        "customers_customer",
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        for table in tables:
            cursor.execute("DELETE FROM sqlite_stat1 WHERE tbl = %s", [table])
            cursor.execute("INSERT INTO sqlite_stat1 VALUES (%s, NULL, '1000000')", [table])
        cursor.execute("ANALYZE sqlite_schema")

    steps = steps_of(lambda: count_everybody(at=NOON))

    assert [step for step in steps if step.startswith("SEARCH it USING")]
    assert not [step for step in steps if step.startswith("SCAN it") or "BLOOM" in step]


def test_who_brought_whom_is_followed_on_both_sides(minji):
    a_shop()
    sora, james, jihoon, mira = (somebody(name) for name in ("Sora", "James", "박지훈", "Mira"))
    settle()
    by_sora = make_segment(actor=minji, name="By Sora", rule=OneOf("brought_by", (str(sora.pk),)), at=NOON)
    brought = make_segment(actor=minji, name="Brought", rule=Flag("was_brought"), at=NOON)
    friends = make_segment(actor=minji, name="Friends", rule=Number("has_brought", "at_least", 2), at=NOON)
    alone = make_segment(actor=minji, name="Alone", rule=Not(Flag("was_brought")), at=NOON)

    def found() -> tuple[set[int], ...]:
        settle()
        return tuple(members(each) for each in (by_sora, brought, friends, alone))

    everybody = {sora.pk, james.pk, jihoon.pk, mira.pk}
    for person in (james, jihoon):
        say_who_brought(actor=minji, customer=person, by=sora, at=NOON)
    both = {james.pk, jihoon.pk}
    assert found() == (both, both, {sora.pk}, everybody - both)

    say_who_brought(
        actor=minji, customer=jihoon, by=mira, at=NOON
    )  # Sora has one less, though nobody names her
    assert found() == ({james.pk}, both, set(), everybody - both)

    merge = merge_customers(actor=minji, kept=mira, gone=sora, take=[], at=NOON)
    assert found() == (both, both, {mira.pk}, {mira.pk})
    undo_merge(actor=minji, merge=merge, at=NOON)
    assert found() == ({james.pk}, both, set(), {sora.pk, mira.pk})

    say_who_brought(actor=minji, customer=james, by=None, at=NOON)
    assert found() == (set(), {jihoon.pk}, set(), everybody - {jihoon.pk})


def test_an_erased_customer_is_nowhere(minji):
    a_shop()
    sora = somebody(company="Moon")
    settle()
    segment = make_segment(actor=minji, name="Offices", rule=Flag("company"), at=NOON)
    assert members(segment) == {sora.pk}

    Customer.objects.filter(pk=sora.pk).update(erased_at=NOON, company="")
    count_everybody(at=NOON)

    assert members(segment) == set()
    assert not Figures.objects.exists()


def test_a_rule_that_cannot_be_read_any_more_has_nobody_in_it(minji):
    a_shop()
    somebody(company="Moon")
    settle()
    segment = make_segment(actor=minji, name="Offices", rule=Flag("company"), at=NOON)
    Segment.objects.filter(pk=segment.pk).update(rule={"version": 99})

    assert count_segment(segment, at=NOON) == 0
