"""Somebody whose name, addresses and words are everywhere on a desk where a person's can be, and nowhere else.

    python -m tests.parts.planted FOLDER

plants her into the installation of that folder, erases her, and ends as if it were killed: what is on the disk is then
all that is left.
"""

from __future__ import annotations

import gzip
import io
import os
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tests.parts.cast import JAMES, NOON, SHOP, mail

if TYPE_CHECKING:
    from dangol.customers.models import Customer

NAME = "Quillaveth Ozymandia"
FAMILY = "Ozymandia"
ADDRESS = "quillaveth@planted.example"
OTHER_ADDRESS = "ozymandia@planted.example"
PHONE = "010-9753-1357"
WORDS = "xylomarmalade"
HANGUL = "유니콘마멀레이드"
TRACES = ("quillaveth", "ozymandia", "planted.example", "9753-1357", "97531357", WORDS, HANGUL)
"""In small letters: none of these may be found anywhere afterwards."""
SHE = f"{NAME} <{ADDRESS}>"


def plant() -> Customer:
    """Her, with everything that the desk can know; beside her James, who names her address."""
    from dangol.business.commands import set_up_business
    from dangol.business.models import Business
    from dangol.channels.incoming import IncomingAttachment
    from dangol.channels.models import Channel, Mailbox, Raw
    from dangol.customers.commands.consents import record_consent
    from dangol.customers.commands.identities import add_identity
    from dangol.customers.commands.merging import merge_customers
    from dangol.customers.commands.profiles import add_customer, add_customer_note, change_profile, set_tags
    from dangol.customers.models import Customer
    from dangol.goodwill.commands.entries import About
    from dangol.goodwill.commands.giving import Remedy, give_goodwill
    from dangol.goodwill.models import Kind
    from dangol.inbox.commands.conversations import add_note
    from dangol.inbox.commands.drafts import attach_file, save_draft
    from dangol.inbox.commands.replies import send_reply
    from dangol.inbox.models import Conversation
    from dangol.orders.commands import source_named, take_orders
    from dangol.orders.import_jobs import keep_upload
    from dangol.orders.incoming import IncomingLine, IncomingOrder, IncomingRefund
    from dangol.orders.models import Order
    from dangol.staff.models import Staff

    if not Business.objects.exists():
        set_up_business(
            actor=None, name="Moon Burger", country="KR", language="en", currency="KRW", time_zone="Asia/Seoul",
            weekly=(((660, 1320),),) * 6 + ((),), closes_on_holidays=False, at=NOON,
        )  # fmt: skip
    owner = Staff.objects.filter(role="owner").first() or Staff.objects.create_user(
        "minji@moonburger.test", "a long enough word", name="Minji", role="owner"
    )
    channel = Channel.objects.filter(mailbox__isnull=False).first()
    if channel is None:
        channel = Channel.objects.create(name="Moon Burger", created_at=NOON)
        Mailbox.objects.create(channel=channel, address=SHOP, from_name="Moon Burger", outgoing="kept")
    large = {f"{NAME}.txt": f"{WORDS} {HANGUL} ".encode() + os.urandom(600_000)}
    first = mail(
        SHE, f"{WORDS} cold", f"My {WORDS}. {HANGUL} {PHONE}", message_id="1@planted.example", files=large
    )
    again = mail(
        SHE,
        f"Re: {WORDS}",
        "Still cold.",
        message_id="2@planted.example",
        headers={"In-Reply-To": "<1@planted.example>"},
    )
    double = again.replace(b"To: ", b"Received: elsewhere\nTo: ", 1)
    about_her = mail(
        JAMES, "A friend", f"Write to {ADDRESS} too.", message_id="3@example.org", headers={"Cc": SHE}
    )
    hers_there = mail(
        SHE,
        "Re: A friend",
        f"Me too, {WORDS}.",
        message_id="4@planted.example",
        headers={"In-Reply-To": "<3@example.org>"},
    )
    for raw in (first, again, double, about_her, hers_there):
        _receive(channel, raw)
    Raw.objects.create(
        channel=channel,
        key="odd",
        source=ADDRESS,
        state="quarantined",
        reason="x",
        received_at=NOON,
        stored_at=NOON,
        **Raw.fields_for(first[:2000]),
    )
    person = Customer.objects.get(identities__address=ADDRESS)
    talk = Conversation.objects.get(customer=person)
    sent = send_reply(
        actor=owner,
        draft=save_draft(actor=owner, conversation=talk, text=f"Dear {NAME}", at=NOON),
        key=uuid4(),
        at=NOON,
    )
    assert sent.delivery_id
    draft = save_draft(actor=owner, conversation=talk, text=f"And {WORDS}", at=NOON)
    attach_file(
        actor=owner,
        draft=draft,
        file=IncomingAttachment(
            filename=f"{FAMILY}.bin",
            content_type="x/y",
            content=os.urandom(300_000),
            is_inline=False,
            content_id=None,
        ),
    )
    add_note(actor=owner, conversation=talk, text=f"{FAMILY} is {HANGUL}", at=NOON)
    change_profile(
        actor=owner,
        customer=person,
        at=NOON,
        family_name=FAMILY,
        company=f"{FAMILY} Ltd",
        address=f"1 {WORDS} Road",
        birth_month=2,
        birth_day=3,
        language="en",
    )
    add_identity(actor=owner, customer=person, kind="phone", address=PHONE, at=NOON)
    add_customer_note(actor=owner, customer=person, text=f"Likes {WORDS}", at=NOON)
    set_tags(actor=owner, customer=person, names=[FAMILY, "gold"], at=NOON)
    record_consent(
        actor=owner,
        customer=person,
        channel="email",
        purpose="news",
        is_given=True,
        source=f"form of {FAMILY}",
        wording=f"I, {NAME}, agree",
        at=NOON,
    )
    double_of = add_customer(actor=owner, addresses=[("email", OTHER_ADDRESS)], at=NOON, name=FAMILY)
    merge_customers(actor=owner, kept=person, gone=double_of, take={"name"}, at=NOON)
    change_profile(actor=owner, customer=person, at=NOON, name=NAME)
    source = source_named("", at=NOON)
    burger = IncomingLine("B1", "Moon burger", 1000, 120_000_000)
    take_orders(
        actor=owner,
        source=source,
        silent=True,
        at=NOON,
        orders=[
            IncomingOrder(
                key="1001",
                number="1001",
                currency="KRW",
                amount=12_000,
                lines=(burger,),
                ordered_at=NOON,
                contact_name=NAME,
                contact_email=ADDRESS,
                contact_phone=PHONE,
            )
        ],
        refunds=[
            IncomingRefund(
                key="R1",
                number="R1",
                currency="KRW",
                amount=12_000,
                refunded_at=NOON,
                order_key="1001",
                reason=f"for {FAMILY}",
            )
        ],
    )
    Order.objects.filter(number="1001").update(customer=person)
    Order.objects.get(number="1001").refunds.update(customer=person)
    give_goodwill(
        actor=owner,
        remedy=Remedy(Kind.FREE_ITEM, 3_000, what=f"a burger for {FAMILY}"),
        about=About(customer=person, conversation_id=talk.pk),
        key=uuid4(),
        at=NOON,
    )
    table = f"Order number,Time,Total,Name,Email\n1,2026-11-01,5,{NAME},{ADDRESS}\n"
    keep_upload(actor=owner, name="orders.csv", content=io.BytesIO(table.encode()), at=NOON)
    return Customer.objects.get(pk=person.pk)


def erase_whole(person: Customer) -> int:
    """Erase her, and do all that follows; returns in how many pieces."""
    from dangol.privacy.commands import erase_customer
    from dangol.privacy.erasing import erase_further

    erase_customer(actor=None, customer=person, name=NAME, at=NOON + timedelta(hours=1))
    pieces = 0
    while erase_further():
        pieces += 1
    return pieces


def traces_in(content: bytes) -> set[str]:
    """What of her stands in these bytes."""
    text = content.lower()
    escaped = HANGUL.encode("unicode_escape").lower()
    found = {trace for trace in TRACES if trace.encode() in text}
    return found | ({HANGUL} if escaped in text else set())


def traces_in_tables() -> dict[str, set[str]]:
    """What of her stands in which column of which table, packed or not."""
    from django.apps import apps

    found: dict[str, set[str]] = {}
    for model in apps.get_models(include_auto_created=True):
        for row in model._base_manager.values():
            for name, value in row.items():
                for content in _unpacked(value):
                    if traces := traces_in(content):
                        found.setdefault(f"{model._meta.label}.{name}", set()).update(traces)
    return found


def _unpacked(value: Any) -> Iterator[bytes]:
    if isinstance(value, (bytes, memoryview)):
        yield bytes(value)
        if bytes(value[:2]) == b"\x1f\x8b":
            yield gzip.decompress(value)
    elif value is not None:
        yield str(value).encode()


def _receive(channel: Any, raw: bytes) -> None:
    from dangol.channels.commands import Arrival, claim_raw, store_raw
    from dangol.channels.email.parse import parse
    from dangol.inbox.commands.take_in import take_in
    from dangol.inbox.threading import is_own_message_id

    assert store_raw(channel=channel, arrivals=[Arrival(raw, NOON)], at=NOON)
    for row in claim_raw(limit=9, at=NOON):
        take_in(arrivals=[(row, parse(row.content, is_own=is_own_message_id))], at=NOON)


def _main(folder: Path) -> None:
    os.environ |= {"DANGOL_DATA": str(folder), "DJANGO_SETTINGS_MODULE": "dangol.settings"}
    import django

    django.setup()
    from dangol.privacy import erasing

    erasing.UNTOUCHED = 0
    person = plant()
    assert traces_in_tables()
    erase_whole(person)
    print(sorted(traces_in_tables()), flush=True)
    os._exit(0)  # the last one that closes the database would tidy up behind itself


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
