import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models import Sum as Added

from dangol.customers.models import Membership, Segment
from dangol.goodwill.commands.deciding import approve_wish, refuse_wish, take_back_goodwill, withdraw_wish
from dangol.goodwill.commands.entries import About
from dangol.goodwill.commands.giving import Remedy, decline_wish, give_goodwill
from dangol.goodwill.commands.refunds import book_all_refunds, book_refund
from dangol.goodwill.errors import (
    AboveYourLimit,
    AlreadyDecided,
    MoreThanWished,
    NothingGiven,
    NotYourWish,
    OrderCancelledBefore,
    OtherMoney,
    RefundPaid,
    TooLateToTakeBack,
    TooMuchForOrder,
    YourOwnWish,
)
from dangol.goodwill.limits import room_for
from dangol.goodwill.models import Entry, GivingLimit, GivingPolicy, Kind, Wish
from dangol.kernel.errors import NotAllowed
from dangol.kernel.models import Event
from dangol.orders.models import Order, Refund, Source
from dangol.staff.models import Role
from tests.parts.cast import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _limits(shop):
    """An agent may give 10,000 won at once and 15,000 a customer and month; a manager 30,000 at once."""
    GivingLimit.objects.create(role=Role.AGENT, an_act=10_000, a_customer_a_month=15_000)
    GivingLimit.objects.create(role=Role.MANAGER, an_act=30_000)


def gift(who, customer, amount=9_800, *, kind=Kind.REDO, at=NOON, key=None, wished=None, **about) -> Wish:
    return give_goodwill(
        actor=who, remedy=Remedy(kind, amount, wished), about=About(customer=customer, **about),
        key=key or uuid4(), at=at,
    )  # fmt: skip


def events() -> list[str]:
    return list(Event.objects.order_by("pk").values_list("name", flat=True))


def test_within_the_limit_it_is_given_and_booked_at_once(hana, sora, packing):
    wish = gift(hana, sora, cause=packing, conversation_id=7)
    assert (wish.state, wish.given, wish.decided_by) == ("given", 9_800, hana)
    entry = Entry.objects.get()
    assert (entry.booked, entry.kind, entry.cost_class) == (9_800, "redo", "external_failure")
    assert (entry.customer, entry.cause, entry.staff, entry.conversation_id) == (sora, packing, hana, 7)
    assert events() == ["EntryBooked", "GoodwillGiven"]


def test_the_same_form_twice_gives_once(hana, sora):
    key = uuid4()
    assert gift(hana, sora, key=key) == gift(hana, sora, key=key)
    assert Entry.objects.count() == 1


def test_less_than_they_wished_for_is_given_in_part(hana, sora):
    assert gift(hana, sora, 5_000, wished=9_800).state == "partly"


def test_a_gift_without_a_cause_is_goodwill_and_one_with_makes_good(hana, sora, packing):
    gift(hana, sora, 1_000, kind=Kind.GIFT)
    gift(hana, sora, 1_000, kind=Kind.GIFT, cause=packing)
    assert list(Entry.objects.order_by("pk").values_list("cost_class", flat=True)) == [
        "goodwill",
        "external_failure",
    ]


@pytest.mark.parametrize("amount", [0, -1])
def test_nothing_is_not_given(hana, sora, amount):
    with pytest.raises(NothingGiven):
        gift(hana, sora, amount)


def test_above_an_act_it_is_asked_and_nothing_is_booked(hana, sora):
    wish = gift(hana, sora, 10_001)
    assert (wish.state, wish.over, wish.given) == ("asked", "act", 0)
    assert not Entry.objects.exists()
    assert events() == ["WishAsked"]


def test_above_what_a_customer_may_get_in_a_month_it_is_asked_and_free_again_in_the_next(hana, sora):
    gift(hana, sora, 10_000)
    assert gift(hana, sora, 5_001).over == "customer"
    assert gift(hana, sora, 5_000).state == "given"
    december = NOON + timedelta(days=13)  # the first of December in Seoul
    assert gift(hana, sora, 10_000, at=december).state == "given"


def test_what_was_taken_back_leaves_its_room(hana, sora):
    wish = gift(hana, sora, 10_000)
    take_back_goodwill(actor=hana, wish=wish, at=NOON)
    assert gift(hana, sora, 10_000).state == "given"
    wish.refresh_from_db()
    assert (wish.state, wish.given) == ("withdrawn", 0)
    assert Entry.objects.aggregate(total=Added("booked"))["total"] == 10_000


def test_above_the_months_budget_even_a_manager_asks(hana, dongsuk, minji, sora):
    GivingPolicy.objects.create(budget_a_month=12_000)
    gift(hana, sora, 10_000)
    assert gift(dongsuk, sora, 2_001).over == "budget"
    wish = gift(hana, sora, 2_001)
    with pytest.raises(AboveYourLimit):
        approve_wish(actor=dongsuk, wish=wish, at=NOON)
    assert approve_wish(actor=minji, wish=wish, at=NOON).state == "given"


def test_the_stricter_of_role_and_playbook_counts(hana, sora, shop):
    for position, (name, act) in enumerate((("New", 2_000), ("All", 50_000))):
        segment = Segment.objects.create(name=name, position=position, limit_an_act=act, created_at=NOON)
        Membership.objects.create(segment=segment, customer=sora, since=NOON)
    assert room_for(hana, sora, business=shop, at=NOON).left == 2_000
    assert room_for(hana, sora, business=shop, at=NOON).segment == "New"
    Segment.objects.filter(name="New").update(position=2)
    assert room_for(hana, sora, business=shop, at=NOON).left == 10_000


def test_where_nothing_is_set_agents_ask_and_leads_need_not(hana, dongsuk, sora):
    GivingLimit.objects.all().delete()
    assert gift(hana, sora, 1).state == "asked"
    assert gift(dongsuk, sora, 1_000_000).state == "given"


def test_a_lead_says_yes_and_it_is_given_in_the_name_of_who_asked(hana, dongsuk, sora):
    wish = gift(hana, sora, 20_000)
    done = approve_wish(actor=dongsuk, wish=wish, at=NOON)
    assert (done.state, done.given, done.staff, done.decided_by) == ("given", 20_000, hana, dongsuk)
    assert Entry.objects.get().staff == hana
    with pytest.raises(AlreadyDecided):
        approve_wish(actor=dongsuk, wish=wish, at=NOON)


def test_a_lead_says_yes_to_less_and_never_to_more(hana, dongsuk, sora):
    wish = gift(hana, sora, 20_000)
    with pytest.raises(MoreThanWished):
        approve_wish(actor=dongsuk, wish=wish, amount=20_001, at=NOON)
    assert approve_wish(actor=dongsuk, wish=wish, amount=12_000, at=NOON).state == "partly"
    assert Entry.objects.get().booked == 12_000


def test_a_lead_says_no(hana, dongsuk, sora):
    wish = gift(hana, sora, 20_000)
    assert refuse_wish(actor=dongsuk, wish=wish, at=NOON).state == "refused"
    assert not Entry.objects.exists()
    assert events() == ["WishAsked", "WishRefused"]


def test_who_may_not_decide_does_not(hana, dongsuk, sora):
    wish = gift(hana, sora, 20_000)
    for decide in (approve_wish, refuse_wish):
        with pytest.raises(NotAllowed):
            decide(actor=hana, wish=wish, at=NOON)
    bigger = gift(hana, sora, 30_001)
    with pytest.raises(AboveYourLimit):
        approve_wish(actor=dongsuk, wish=bigger, at=NOON)


def test_only_who_asked_or_may_decide_takes_it_back(hana, tom, dongsuk, sora):
    wish = gift(hana, sora, 20_000)
    with pytest.raises(NotYourWish):
        withdraw_wish(actor=tom, wish=wish, at=NOON)
    assert withdraw_wish(actor=hana, wish=wish, at=NOON).state == "withdrawn"


def test_a_no_to_the_customer_is_written_down(hana, sora):
    wish = decline_wish(
        actor=hana, remedy=Remedy(Kind.REFUND, 9_800), about=About(customer=sora), key=uuid4(), at=NOON
    )
    assert (wish.state, wish.decided_by, wish.given) == ("refused", hana, 0)


def order_of(sora, amount=20_000) -> Order:
    source = Source.objects.create(name="Till", kind="file", created_at=NOON)
    return Order.objects.create(
        source=source, key="2041", number="2041", customer=sora, currency="KRW", amount=amount,
        own_currency="KRW", own_amount=amount, recorded_at=NOON, ordered_at=NOON,
    )  # fmt: skip


def reported(order, key, amount, customer=None) -> Refund:
    return Refund.objects.create(
        source=order.source, key=key, number=key, customer=customer, currency="KRW", amount=amount,
        own_currency="KRW", own_amount=amount, recorded_at=NOON, refunded_at=NOON, order=order,
    )  # fmt: skip


def test_an_order_is_not_refunded_beyond_what_it_cost(minji, sora):
    order = order_of(sora)
    gift(minji, sora, 15_000, kind=Kind.REFUND, order=order)
    with pytest.raises(TooMuchForOrder):
        gift(minji, sora, 5_001, kind=Kind.REFUND, order=order)
    reported(order, "r1", 3_000)
    with pytest.raises(TooMuchForOrder):
        gift(minji, sora, 2_001, kind=Kind.REFUND, order=order)


def booked() -> int:
    """Look through all refunds, as after an import; how many entries that made."""
    return sum(book_all_refunds(at=NOON))


def total() -> int:
    return Entry.objects.aggregate(total=Added("booked"))["total"] or 0


def test_refunds_that_come_with_orders_book_themselves_once(sora):
    order = order_of(sora)
    refund = reported(order, "r1", 3_000)
    assert booked() == 1
    assert booked() == 0
    entry = Entry.objects.get()
    assert (entry.kind, entry.booked, entry.customer, entry.order, entry.cause) == (
        "refund", 3_000, sora, order, None,
    )  # fmt: skip
    assert (entry.source_kind, entry.source_key) == ("refund", str(refund.pk))
    assert Event.objects.get().silent


def test_a_refund_that_was_given_here_and_then_reported_is_booked_once(minji, sora):
    order = order_of(sora)
    gift(minji, sora, 3_000, kind=Kind.REFUND, order=order)
    refund = reported(order, "r1", 3_000)
    reported(order, "r2", 3_000)
    assert booked() == 1
    assert Entry.objects.count() == 2
    assert Wish.objects.get().refund == refund
    assert booked() == 0


def test_many_refunds_are_booked_with_few_queries(sora, django_assert_max_num_queries):
    order = order_of(sora)
    for number in range(30):
        reported(order, f"r{number}", 100 + number)
    with django_assert_max_num_queries(15):  # 12 on SQLite, which need not ask for ids and locks
        assert booked() == 30


@pytest.mark.parametrize("amount", [3_000, 20_000])
@pytest.mark.parametrize("is_booked", [True, False])
def test_a_refund_that_was_reported_and_then_entered_here_counts_once(
    hana, minji, sora, packing, amount, is_booked
):
    order = order_of(sora)
    refund = reported(order, "r1", amount)
    if is_booked:
        book_refund(refund_id=refund.pk, at=NOON)
    wish = gift(minji, sora, amount, kind=Kind.REFUND, order=order, cause=packing)
    assert (total(), wish.refund, wish.entry.cause) == (amount, refund, packing)
    assert booked() == 0
    assert total() == amount
    with pytest.raises(RefundPaid):
        take_back_goodwill(actor=minji, wish=wish, at=NOON)
    assert total() == amount


def test_a_refund_in_other_money_is_not_the_gift_of_the_same_number(minji, sora):
    order = order_of(sora)
    gift(minji, sora, 3_000, kind=Kind.REFUND, order=order)
    Refund.objects.filter(pk=reported(order, "r1", 3_000).pk).update(own_currency="USD", currency="USD")
    booked()
    assert Wish.objects.get().refund is None
    assert sorted(Entry.objects.values_list("own_currency", flat=True)) == ["KRW", "USD"]


@pytest.mark.parametrize("is_given_first", [True, False])
@pytest.mark.parametrize("cents", [2_500, 1_000])
def test_a_refund_in_other_money_is_that_gift_whatever_the_rate_of_its_day(
    minji, sora, is_given_first, cents
):
    order = order_of(sora, 35_000)
    Order.objects.update(currency="USD", amount=2_500, rate_trillionths=1_400 * 10**12)
    order.refresh_from_db()

    def report() -> Refund:
        refund = reported(order, "r1", cents)
        Refund.objects.update(currency="USD", own_amount=cents * 13, rate_trillionths=1_300 * 10**12)
        booked()
        return refund

    if not is_given_first:
        refund = report()
    wish = gift(minji, sora, cents * 14, kind=Kind.REFUND, order=order)
    if is_given_first:
        refund = report()
    booked()
    wish.refresh_from_db()
    assert (wish.refund, total()) == (refund, cents * 13)


@pytest.mark.parametrize("given", [None, 3_000])
def test_the_ledger_says_what_a_refund_is_now_whatever_it_was(minji, sora, packing, given):
    order = order_of(sora)
    if given:
        gift(minji, sora, given, kind=Kind.REFUND, order=order)
    refund = reported(order, "r1", 3_000)
    for amount in (3_000, 5_000, 5_000, 3_000, 1_000, 0, 4_000):
        Refund.objects.filter(pk=refund.pk).update(amount=amount, own_amount=amount)
        for _ in range(2):
            book_refund(refund_id=refund.pk, at=NOON)
            assert total() == amount
    assert booked() == 0


def test_what_is_booked_anew_keeps_its_cause_and_goes_to_whom_the_order_says(sora, packing):
    order = order_of(sora)
    refund = reported(order, "r1", 3_000)
    Refund.objects.update(order=None)
    booked()
    Entry.objects.update(cause=packing)
    assert Entry.objects.get().customer is None
    Refund.objects.update(order=order)
    assert booked() == 2
    newest = Entry.objects.get(source_kind="refund", reversal=None)
    assert (newest.customer, newest.order, newest.cause) == (sora, order, packing)
    assert newest.source_key == f"{refund.pk}.2"


def test_a_cancelled_order_is_no_sale_and_its_refund_no_cost(minji, sora):
    order = order_of(sora)
    reported(order, "r1", 20_000)
    booked()
    Order.objects.update(cancelled_at=NOON)
    booked()
    assert total() == 0
    with pytest.raises(OrderCancelledBefore):
        gift(minji, sora, 20_000, kind=Kind.REFUND, order=Order.objects.get())
    Order.objects.update(cancelled_at=None)
    booked()
    assert total() == 20_000


def test_what_was_counted_in_other_money_is_not_given_in_todays(shop, hana, dongsuk, minji, sora):
    wish = gift(hana, sora, 20_000)
    order = order_of(sora)
    type(shop).objects.update(currency="USD")
    with pytest.raises(OtherMoney):
        approve_wish(actor=dongsuk, wish=wish, at=NOON)
    with pytest.raises(OtherMoney):
        gift(minji, sora, 5_000, kind=Kind.REFUND, order=order)
    assert not Entry.objects.exists()


def test_who_asks_does_not_answer_except_the_owner(dongsuk, minji, sora):
    GivingPolicy.objects.create(budget_a_month=1_000)
    wish = gift(dongsuk, sora, 2_000)
    GivingPolicy.objects.update(budget_a_month=None)
    with pytest.raises(YourOwnWish):
        approve_wish(actor=dongsuk, wish=wish, at=NOON)
    GivingPolicy.objects.update(budget_a_month=1_000)
    own = gift(minji, sora, 2_000)
    assert approve_wish(actor=minji, wish=own, at=NOON).state == "given"


def test_without_a_known_customer_the_order_has_the_months_limit_and_without_one_who_gives(hana, tom, sora):
    gift(hana, None, 10_000)
    assert gift(hana, None, 5_001).over == "customer"
    assert gift(tom, None, 5_001).state == "given"
    order = order_of(None)
    gift(hana, None, 10_000, order=order)
    assert gift(tom, None, 5_001, order=order).over == "customer"
    assert gift(tom, sora, 5_001).state == "given"


def test_an_agent_takes_back_a_slip_and_later_somebody_who_may_decide_does(hana, dongsuk, sora):
    wish = gift(hana, sora)
    later = NOON + timedelta(minutes=11)
    with pytest.raises(TooLateToTakeBack):
        take_back_goodwill(actor=hana, wish=wish, at=later)
    assert take_back_goodwill(actor=dongsuk, wish=wish, at=later).state == "withdrawn"


@pytest.mark.only_postgres
@pytest.mark.django_db(transaction=True)
def test_two_at_once_do_not_exceed_a_limit_together(hana, tom, sora):
    start = threading.Barrier(2)

    def give(who) -> None:
        try:
            start.wait()
            gift(who, sora, 9_000)
        finally:
            connection.close()

    for _ in range(5):
        both = [threading.Thread(target=give, args=(who,)) for who in (hana, tom)]
        for each in both:
            each.start()
        for each in both:
            each.join()
    assert Wish.objects.filter(state="given").count() == 1
    assert Entry.objects.aggregate(total=Added("booked"))["total"] == 9_000
    assert Wish.objects.filter(state="asked").count() == 9
