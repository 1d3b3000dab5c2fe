"""Something to see on every page."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from dangol.channels.models import Delivery
from dangol.customers.commands.consents import record_consent
from dangol.customers.commands.merging import merge_customers
from dangol.customers.commands.profiles import add_customer, add_customer_note, change_profile, set_tags
from dangol.customers.unsubscribing import token_of
from dangol.goodwill.commands.entries import About
from dangol.goodwill.commands.giving import Remedy, give_goodwill
from dangol.goodwill.models import Cause, Entry, Kind, Wish
from dangol.kernel import clock
from dangol.orders.import_jobs import Imports, keep_upload
from dangol.orders.models import Order, OrderLine, Source
from dangol.privacy.erasing import erase_further as take_further
from dangol.privacy.models import Erasure
from dangol.segments.commands import Playbook, make_segment
from dangol.segments.following import count_everybody
from dangol.segments.rules import All, AnyOf, Number, OneOf
from dangol.staff.models import Staff
from tests.journeys.backroom.who import person_named, talk_about


def ids_of(subject: str) -> dict[str, int]:
    """What a page about a conversation may be called by."""
    talk = talk_about(subject)
    delivery = Delivery.objects.filter(message__conversation=talk).latest("id")
    return {
        "conversation_id": talk.pk,
        "customer_id": talk.customer_id,
        "channel_id": talk.channel_id,
        "delivery_id": delivery.pk,
        "provider": "microsoft",
    }


def have_costs(name: str, subject: str) -> dict[str, int]:
    """Entries of today and of a month ago, for the customer of the conversation, and orders; names the redo."""
    at, talk, person = clock.now(), talk_about(subject), person_named(name)
    month_ago = at - timedelta(days=31)
    source = Source.objects.create(name="Till", kind="file", created_at=at)
    for number, when in enumerate((at, month_ago)):
        order = Order.objects.create(
            source=source, key=str(number), number=str(1001 + number), currency="KRW", amount=90_000,
            own_currency="KRW", own_amount=90_000, ordered_at=when, recorded_at=when, customer=talk.customer,
        )  # fmt: skip
    cause = Cause.objects.filter(parent=None).first() or Cause.objects.create(name="포장")

    def enter(number: int, kind: str, cost_class: str, when: datetime = at, **amounts: Any) -> Entry:
        return Entry.objects.create(
            kind=kind, cost_class=cost_class, own_currency="KRW", currency="KRW", happened_at=when, booked_at=when,
            source_kind="file", source_key=str(number), staff=person, customer=talk.customer, **amounts,
        )  # fmt: skip

    redo = enter(
        1, "redo", "external_failure", booked=1250, cause=cause, conversation_id=talk.pk, order=order
    )
    enter(2, "refund", "external_failure", booked=499)
    enter(3, "staff_time", "internal_failure", estimated_low=100, estimated=300, estimated_high=700)
    enter(4, "gift", "goodwill", booked=800)
    enter(5, "redo", "external_failure", month_ago, booked=2000)
    table = io.BytesIO("주문번호,주문일시,상품명,수량,판매가\n77,2026-01-05 10:00,달버거,2,12000".encode())
    job = keep_upload(actor=Staff.objects.filter(role="owner").get(), name="orders.csv", content=table, at=at)
    return {"entry_id": redo.pk, "order_id": redo.order_id or 0, "job_id": job.pk}


def have_segments() -> dict[str, int]:
    """A segment with a nested rule and a playbook, in which whoever wrote is, and an empty list; names the first."""
    at = clock.now()
    count_everybody(at=at)
    rule = AnyOf(
        (
            Number("conversations", "at_least", 1),
            All((OneOf("generation", ("z",)), Number("spent", "at_most", 90_000, in_year=True))),
        )
    )
    playbook = Playbook(
        first_promise_minutes=15, greeting="안녕하세요", to_do="먼저 해결합니다", limit_an_act=9000
    )
    made = make_segment(actor=None, name="이야기한 손님", rule=rule, playbook=playbook, at=at)
    make_segment(actor=None, name="이웃", rule=None, at=at)
    return {"segment_id": made.pk}


def know_more(name: str, subject: str) -> dict[str, Any]:
    """The customer has a note, a tag and a yes; somebody is like them, and two others were made one."""
    talk, by, at = talk_about(subject), person_named(name), clock.now()
    customer = talk.customer
    change_profile(
        actor=by,
        customer=customer,
        at=at,
        language="ko",
        preferred_channel="phone",
        birth_month=3,
        birth_day=3,
    )
    add_customer_note(actor=by, customer=customer, text="창가 자리를 좋아하십니다.", at=at)
    set_tags(actor=by, customer=customer, names=["가족"], at=at)
    record_consent(
        actor=by, customer=customer, channel="email", purpose="news", is_given=True, source="전화", at=at
    )
    phones = ("010-1234-4471", "010-1234-4472", "010-1234-4473")
    other, kept, gone = (
        add_customer(actor=by, name=customer.name, addresses=[("phone", phone)], at=at, company="달")
        for phone in phones
    )
    record_consent(
        actor=by, customer=other, channel="email", purpose="news", is_given=True, source="전화", at=at
    )
    merge = merge_customers(actor=by, kept=kept, gone=gone, take=[], at=at)
    return {
        "other_id": other.pk,
        "merge_id": merge.pk,
        "signed": token_of(other, "email", "news"),  # of one whose language is not known
    }


def have_order(subject: str, number: str) -> int:
    """What the customer of the conversation had ordered an hour ago: a burger and a lemonade."""
    at, talk = clock.now() - timedelta(hours=1), talk_about(subject)
    source, _ = Source.objects.get_or_create(name="Counter", defaults={"kind": "file", "created_at": at})
    lines = (("Moon burger", 12_500), ("Lemonade", 3_500))
    order = Order.objects.create(
        source=source, key=number, number=number, customer=talk.customer, currency="KRW", amount=16_000,
        own_currency="KRW", own_amount=16_000, ordered_at=at, recorded_at=at,
    )  # fmt: skip
    for name, price in lines:
        OrderLine.objects.create(
            order=order, name=name, quantity_thousandths=1000, unit_price_e4=price * 10_000, amount=price
        )
    return order.pk


def ask_to_give(name: str, subject: str, amount: int) -> int:
    """Somebody of the staff asks to give more than they may; the number of the wish."""
    talk, by = talk_about(subject), person_named(name)
    about = About(customer=talk.customer, conversation_id=talk.pk)
    remedy = Remedy(Kind.REDO, amount, what="A new burger")
    return give_goodwill(actor=by, remedy=remedy, about=about, key=uuid4(), at=clock.now()).pk


def states_of_wishes() -> list[str]:
    """What became of all that was asked for, in its order."""
    return list(Wish.objects.order_by("pk").values_list("state", flat=True))


def read_imports() -> None:
    """Do what the loop of imports does, until nothing is left."""
    imports = Imports()
    while imports.turn():
        pass


def erase_further() -> bool:
    """Do what the loop of erasures does; whether nobody is left who waits for it."""
    while take_further():
        pass
    return not Erasure.objects.filter(finished_at=None).exists()
