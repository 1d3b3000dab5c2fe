"""Somebody is two people after all: what was given goes where the order and the conversation go."""

from collections import Counter
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models import Count, Sum

from dangol.business.models import Business
from dangol.customers.commands.merging import merge_customers, undo_merge
from dangol.customers.models import Customer, Identity
from dangol.customers.queries import ids_of_person, living_customer
from dangol.goodwill.commands.deciding import take_back_goodwill
from dangol.goodwill.commands.entries import About
from dangol.goodwill.commands.giving import Remedy, decline_wish, give_goodwill
from dangol.goodwill.commands.refunds import book_all_refunds
from dangol.goodwill.models import Cause, CostClass, Entry, GivingPolicy, Kind, Wish
from dangol.inbox.commands.splitting import split_identity
from dangol.inbox.models import Conversation, Message
from dangol.inbox.second_replies import REPLY, book_second_reply
from dangol.kernel.models import Event
from dangol.orders.commands import source_named, take_orders
from dangol.orders.models import Order, Refund, Source
from dangol.orders.tests.shop import order, refund
from tests.parts.cast import JAMES, NOON, mail

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=1)


@pytest.fixture(autouse=True)
def shop(db) -> Source:
    """Moon Burger and its till, which counts its customers."""
    Business.objects.create(name="Moon Burger", currency="KRW", time_zone="Asia/Seoul", set_up_at=NOON)
    GivingPolicy.objects.create(hourly_rate=18_000)
    return source_named("Till", at=NOON)


@pytest.fixture
def sora(receive, shop, minji) -> Customer:
    """Who wrote once as James, and bought by a number that is somebody else's: in each place something was given."""
    theirs = receive(mail(JAMES, message_id="1@example.org")).conversation
    mine = receive(mail(message_id="2@example.com")).conversation
    person = mine.customer
    Identity.objects.update(customer=person)
    Conversation.objects.update(customer=person)
    Event.objects.update(customer_id=person.pk)
    trades = [order("1", customer_number="7"), order("2", contact_email="sora@example.com")]
    back = [refund("R1", 3_000, order_key="1", customer_number="7")]
    take_orders(actor=None, source=shop, orders=trades[:1], refunds=back, at=NOON)
    take_orders(actor=None, source=shop, orders=trades[1:], at=NOON)
    Identity.objects.update(customer=person)
    Order.objects.update(customer=person)
    back_row = Order.objects.get(key="1").refunds.get()
    back_row.customer = person
    back_row.save()
    list(book_all_refunds(at=NOON))
    bought, hers = Order.objects.get(key="1"), Order.objects.get(key="2")
    packing = Cause.objects.create(name="Packing")
    for kind, amount, about in (
        (Kind.REDO, 500, About(packing, person, bought)),
        (Kind.GIFT, 700, About(None, person, None, theirs.pk)),
        (Kind.GIFT, 900, About(None, person, hers, theirs.pk)),
        (Kind.GIFT, 1_100, About(None, person, None, mine.pk)),
    ):
        remedy = Remedy(kind, amount)
        give_goodwill(actor=minji, remedy=remedy, about=about, key=uuid4(), at=NOON)
    about = About(None, person, None, theirs.pk)
    decline_wish(actor=minji, remedy=Remedy(Kind.GIFT, 1), about=about, key=uuid4(), at=NOON)
    for number in (1, 2):
        Message.objects.create(
            channel=theirs.channel, conversation=theirs, direction="out", staff=minji, dedupe_key=f"{number}",
            happened_at=NOON, minutes_spent=10,
        )  # fmt: skip
    assert book_second_reply(message_id=Message.objects.latest("pk").pk, at=NOON)
    return person


def statement() -> list[tuple[object, ...]]:
    """What the ledger says of each day, kind, cause and currency."""
    rows = Entry.objects.order_by("happened_at", "cost_class", "kind", "cause", "currency")
    return list(
        rows.values_list("happened_at", "cost_class", "kind", "cause", "currency").annotate(
            Sum("booked"), Sum("estimated_low"), Sum("estimated"), Sum("estimated_high"), Sum("amount")
        )
    )


def stands(customer: Customer) -> Counter[int]:
    """What counts of a person: booked, and estimated, by amount."""
    rows = Entry.objects.filter(customer__in=ids_of_person(customer), reverses=None, reversal=None)
    return Counter(row.booked if row.booked is not None else row.estimated or 0 for row in rows)


def in_all(customer: Customer) -> int:
    rows = Entry.objects.filter(customer__in=ids_of_person(customer))
    return rows.aggregate(of=Sum("booked", default=0) + Sum("estimated", default=0))["of"]


def split(address: str, who) -> Customer:
    return split_identity(actor=who, identity=Identity.objects.get(address=address), at=LATER)


def test_what_was_given_goes_with_its_order_and_its_conversation_and_every_sum_stays(sora, minji):
    before, whole = statement(), in_all(sora)
    buyer, writer = split("till/7", minji), split("james@example.org", minji)
    assert stands(buyer) == Counter([3_000, 500])
    assert stands(writer) == Counter([700, 3_000]), "a gift for an order that stays is hers; the minutes go"
    assert stands(sora) == Counter([900, 1_100])
    assert in_all(buyer) + in_all(writer) + in_all(sora) == whole
    assert in_all(sora) == 2_000
    assert statement() == before, "each counts when it happened, by the same cause"
    wishes = Wish.objects.values_list("customer").annotate(Count("pk")).order_by("customer")
    assert list(wishes) == [(sora.pk, 2), (buyer.pk, 1), (writer.pk, 2)]
    told = {event.data["wish_id"]: event.customer_id for event in Event.objects.filter(name="GoodwillGiven")}
    assert told == {wish.pk: wish.customer_id for wish in Wish.objects.filter(given__gt=0)}


def test_cancellations_that_name_no_order_go_with_the_number_that_brought_them(sora, minji):
    """As a till's file tells of them."""
    files = source_named("", at=NOON)
    for number in ("17850", "17851"):
        bought, back = (
            order(number, customer_number=number),
            refund(f"C{number}", 1_000, customer_number=number),
        )
        take_orders(actor=None, source=files, orders=[bought], refunds=[back], at=NOON)
    new = list(Identity.objects.filter(address="17850").values_list("customer", flat=True))
    for rows in (Identity, Order, Refund, Event):
        rows.objects.filter(customer_id__in=new).update(customer_id=sora.pk)
    list(book_all_refunds(at=NOON))
    before, whole = statement(), in_all(sora)
    buyer = split("17850", minji)
    assert stands(buyer) == Counter([1_000])
    assert (in_all(buyer) + in_all(sora), statement()) == (whole, before)
    back_row = Refund.objects.get(key="C17850")
    assert back_row.customer == buyer
    told = Event.objects.filter(name="RefundRecorded", data__refund_id=back_row.pk)
    assert set(told.values_list("customer_id", flat=True)) == {buyer.pk}
    lines = Entry.objects.count()
    list(book_all_refunds(at=LATER))
    assert Entry.objects.count() == lines


def test_what_went_along_can_be_taken_back_and_is_booked_no_second_time(sora, shop, minji):
    buyer, writer = split("till/7", minji), split("james@example.org", minji)
    wish = Wish.objects.get(customer=buyer)
    assert wish.entry
    assert wish.entry.customer == buyer
    take_back_goodwill(actor=minji, wish=wish, at=LATER)
    assert stands(buyer) == Counter([3_000])
    lines = Entry.objects.count()
    book_second_reply(
        message_id=int(Entry.objects.filter(source_kind=REPLY).earliest("pk").source_key), at=LATER
    )
    list(book_all_refunds(at=LATER))
    assert Entry.objects.count() == lines
    back = [refund("R1", 4_000, order_key="1", customer_number="7")]
    take_orders(actor=None, source=shop, refunds=back, at=LATER)
    list(book_all_refunds(at=LATER))
    assert stands(buyer) == Counter([4_000])
    assert stands(writer) == Counter([700, 3_000])


def test_split_made_one_again_and_split_again_it_is_as_after_the_first_time(sora, minji):
    buyer = split("till/7", minji)
    stood, before = (stands(buyer), stands(sora)), statement()
    merge = merge_customers(actor=minji, kept=sora, gone=buyer, take=[], at=LATER)
    assert stands(living_customer(buyer.pk)) == stood[0] + stood[1]
    again = split("till/7", minji)
    assert (stands(again), stands(sora)) == stood
    assert stands(buyer) == Counter()
    undo_merge(actor=minji, merge=merge, at=LATER)
    assert (stands(again), stands(sora)) == stood
    assert statement() == before


def test_what_is_given_while_two_are_one_goes_with_its_order_when_they_are_two_again(sora, minji):
    buyer = split("till/7", minji)
    merge = merge_customers(actor=minji, kept=sora, gone=buyer, take=[], at=LATER)
    about = About(None, living_customer(buyer.pk), Order.objects.get(key="1"))
    give_goodwill(actor=minji, remedy=Remedy(Kind.GIFT, 40), about=about, key=uuid4(), at=LATER)
    undo_merge(actor=minji, merge=merge, at=LATER)
    assert stands(buyer) == Counter([3_000, 500, 40])
    assert Wish.objects.get(given=40).customer == buyer
    assert Entry.objects.filter(cost_class=CostClass.EXTERNAL_FAILURE, customer=buyer).exists()
