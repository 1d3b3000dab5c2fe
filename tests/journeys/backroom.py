"""What happens in the shop while browsers look on: `python -m tests.journeys.backroom`, beside a running desk.

One process on the desk's own database, because the tests' own Django belongs to another one and starting Python for
each thing that happens would take longer than the journeys. It reads `{"do": …, "given": {…}}`, a line each, does the
function below that has the name, and answers `{"answer": …}` or `{"error": …}`.
"""

from __future__ import annotations

import base64
import io
import json
import sys
import traceback
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from uuid import uuid4

import django

django.setup()

from allauth.account.internal.flows.login import record_authentication  # noqa: E402
from django.conf import settings  # noqa: E402
from django.contrib.auth import login  # noqa: E402
from django.contrib.auth.models import AnonymousUser  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import RequestFactory  # noqa: E402

from dangol.business.commands import finish_set_up_step, set_up_business  # noqa: E402
from dangol.business.models import Business  # noqa: E402
from dangol.business.queries import current_business  # noqa: E402
from dangol.channels.commands import Arrival, store_raw  # noqa: E402
from dangol.channels.models import Channel, Delivery, Mailbox, Raw  # noqa: E402
from dangol.channels.outbox import deliver_due  # noqa: E402
from dangol.customers.commands.consents import record_consent  # noqa: E402
from dangol.customers.commands.merging import merge_customers  # noqa: E402
from dangol.customers.commands.profiles import (  # noqa: E402
    add_customer,
    add_customer_note,
    change_profile,
    set_tags,
)
from dangol.customers.unsubscribing import token_of  # noqa: E402
from dangol.desk.backups.making import back_up_when_due  # noqa: E402
from dangol.desk.setup.door import set_up_code  # noqa: E402
from dangol.goodwill.models import Cause, Entry  # noqa: E402
from dangol.inbox.commands import conversations, drafts, replies  # noqa: E402
from dangol.inbox.intake import take_in_batch  # noqa: E402
from dangol.inbox.models import Conversation, Message  # noqa: E402
from dangol.kernel import clock  # noqa: E402
from dangol.kernel.models import Event, Setback  # noqa: E402
from dangol.kernel.reacting import react, stop_reacting  # noqa: E402
from dangol.orders.import_jobs import keep_upload  # noqa: E402
from dangol.orders.models import Order, Source  # noqa: E402
from dangol.reactions import REACTIONS  # noqa: E402
from dangol.segments.commands import Playbook, make_segment  # noqa: E402
from dangol.segments.following import count_everybody  # noqa: E402
from dangol.segments.rules import All, AnyOf, Number, OneOf  # noqa: E402
from dangol.staff.commands.invitations import invite_staff  # noqa: E402
from dangol.staff.models import Staff  # noqa: E402

ROLES = {"Minji": "owner", "Dongsuk": "manager", "Hana": "agent", "Tom": "agent"}
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def back_up() -> None:
    """One turn of the loop that makes backups."""
    back_up_when_due()


def open_shop(address: str, language: str, zone: str, password: str) -> None:
    """Moon Burger as its people find it in the morning: set up, staffed, with a mailbox that keeps what it sends.

    `password` is everybody's, as the desk keeps it.
    """
    at = clock.now()
    always = [[(0, 1440)]] * 7  # open day and night, so that no journey depends on the hour it is run at
    set_up_business(
        actor=None,
        name="Moon Burger",
        country="KR",
        language=language,
        currency="KRW",
        time_zone=zone,
        weekly=always,
        closes_on_holidays=False,
        at=at,
    )
    for name, role in ROLES.items():
        email = f"{name.lower()}@moonburger.test"
        Staff.objects.create(email=email, password=password, name=name, role=role)
    for step in (Business.Step.OWNER, Business.Step.MAILBOX):
        finish_set_up_step(actor=None, step=step, at=at)
    channel = Channel.objects.create(
        name="Moon Burger",
        created_at=at - timedelta(days=30),
        promised_first_seconds=1800,
        promised_next_seconds=3600,
    )
    Mailbox.objects.create(channel=channel, address=address, from_name="Moon Burger", outgoing="kept")


def session_of(name: str) -> str:
    """The key of a session as the sign-in makes it, the password said once more, so that no page asks for it."""
    request = RequestFactory().get("/")
    request.session = SessionStore()
    request.user = AnonymousUser()
    person = Staff.objects.get(name=name)
    login(request, person, backend=BACKEND)
    record_authentication(request, person, method="password", reauthenticated=True)
    request.session.save()
    return str(request.session.session_key)


def change_person(name: str, **values: str) -> None:
    """Give somebody another language, time zone or signature."""
    Staff.objects.filter(name=name).update(**values)


def store(raws: list[str], received_at: str | None = None) -> None:
    """Let mail arrive as the fetcher hands it over: stored, and no more. `dangol work` does the rest."""
    at = clock.now()
    received = datetime.fromisoformat(received_at) if received_at else at
    arrivals = [Arrival(base64.b64decode(raw), received) for raw in raws]
    store_raw(channel=Channel.objects.earliest("id"), arrivals=arrivals, at=at)


def work() -> None:
    """Do what `dangol work` does until nothing is left, and let waiting replies leave now."""
    hurry()
    while take_in_batch() or deliver_due() or react(REACTIONS):
        pass
    stop_reacting()  # this process goes on waiting here: `dangol work` beside it would wait for it to be gone


def hurry() -> None:
    """Let replies that still wait for their ten seconds leave at once."""
    Delivery.objects.filter(state=Delivery.State.QUEUED).update(due_at=clock.now())


def conversation(subject: str) -> dict[str, Any] | None:
    """How a conversation stands."""
    row = Conversation.objects.filter(subject=subject, merged_into=None).order_by("-id").first()
    if row is None:
        return None
    return {
        "id": row.pk,
        "state": row.state,
        "due_at": row.due_at.isoformat(),
        "assignee": row.assignee.name if row.assignee else None,
        "customer": row.customer_id,
        "messages": [
            {
                "id": each.pk,
                "at": each.happened_at.isoformat(),
                "direction": each.direction,
                "text": each.text,
                "is_undone": bool(each.undone_at),
            }
            for each in row.messages.order_by("happened_at", "id")
        ],
        "drafts": {each.staff.name: each.text for each in row.drafts.select_related("staff")},
    }


def sent(subject: str) -> list[dict[str, Any]]:
    """What customers got in a conversation: each mail as their program reads it, and whom the envelope names."""
    rows = Delivery.objects.filter(message__conversation__subject=subject).order_by("id")
    return [_read_mail(row) for row in rows if row.state == Delivery.State.SENT]


def moments_of(names: list[str], after: int) -> list[dict[str, Any]]:
    """When each event of these names was written, in milliseconds since 1970."""
    rows = Event.objects.filter(name__in=names, pk__gt=after).order_by("id")
    return [
        {"id": row.pk, "at": row.recorded_at.timestamp() * 1000, **row.data}
        for row in rows
        if row.recorded_at is not None
    ]


def answer(name: str, subject: str, text: str) -> None:
    """A colleague answers from a page of their own."""
    person, talk, at = _person(name), _talk(subject), clock.now()
    draft = drafts.save_draft(actor=person, conversation=talk, text=text, at=at)
    replies.send_reply(actor=person, draft=draft, key=uuid4(), at=at)


def write(name: str, subject: str, text: str) -> None:
    """A colleague types."""
    drafts.save_draft(actor=_person(name), conversation=_talk(subject), text=text, at=clock.now())


def leave_note(name: str, subject: str, text: str) -> None:
    """A colleague leaves a note."""
    conversations.add_note(actor=_person(name), conversation=_talk(subject), text=text, at=clock.now())


def leave_notes(name: str, subject: str, number: int) -> None:
    """So many notes of the person in the conversation, "note 1" first."""
    person, talk = _person(name), _talk(subject)
    for n in range(1, number + 1):
        conversations.add_note(actor=person, conversation=talk, text=f"note {n}", at=clock.now())


def assign(name: str, subject: str, to: str) -> None:
    """A colleague gives the conversation to somebody."""
    conversations.assign_conversation(
        actor=_person(name), conversation=_talk(subject), assignee=_person(to), at=clock.now()
    )


def close(name: str, subject: str) -> None:
    """A colleague calls it done."""
    conversations.close_conversation(actor=_person(name), conversation=_talk(subject), at=clock.now())


def put_html(subject: str, html: str) -> None:
    """Keep HTML with a message as if nobody had looked at it."""
    Message.objects.filter(conversation=_talk(subject)).update(html=html)


def connect_second_mailbox() -> None:
    """A mailbox that has not been fetched since yesterday, because its server does not let us in."""
    at = clock.now()
    channel = Channel.objects.create(name="Moon Burger 2", created_at=at)
    Mailbox.objects.create(
        channel=channel,
        address="orders@moonburger.test",
        imap_host="imap.moonburger.test",
        imap_user="orders@moonburger.test",
        smtp_host="smtp.moonburger.test",
        fetched_at=at - timedelta(days=1),
        failing_since=at - timedelta(days=1),
        failure="sign-in",
    )


def ids_of(subject: str) -> dict[str, int]:
    """What a page about a conversation may be called by."""
    talk = _talk(subject)
    delivery = Delivery.objects.filter(message__conversation=talk).latest("id")
    return {
        "conversation_id": talk.pk,
        "customer_id": talk.customer_id,
        "channel_id": talk.channel_id,
        "delivery_id": delivery.pk,
        "provider": "microsoft",
    }


def have_trouble(subject: str) -> dict[str, int]:
    """Something of each kind on the page of stuck work; the conversation's answer came back."""
    at, channel = clock.now(), Channel.objects.earliest("id")
    store_raw(channel=channel, arrivals=[Arrival(b"\x00\x01 no mail at all", at)], at=at)
    raw = Raw.objects.latest("id")
    Raw.objects.filter(pk=raw.pk).update(state=Raw.State.QUARANTINED, reason="reading: ValueError")
    delivery = Delivery.objects.filter(message__conversation=_talk(subject)).latest("id")
    Delivery.objects.filter(pk=delivery.pk).update(state=Delivery.State.FAILED, failure="refused", tries=3)
    delivery.recipients.update(state="refused", status="550", server_said="no such user")
    event = Event.objects.filter(name="MessageArrived").earliest("id")
    setback = Setback.objects.create(
        follower=REACTIONS[0].name, event=event, reason="ValueError", first_at=at
    )
    return {"raw_id": raw.pk, "delivery_id": delivery.pk, "setback_id": setback.pk}


def have_costs(name: str, subject: str) -> dict[str, int]:
    """Entries of today and of a month ago, for the customer of the conversation, and orders; names the redo."""
    at, talk, person = clock.now(), _talk(subject), _person(name)
    month_ago = at - timedelta(days=31)
    source = Source.objects.create(name="Till", kind="file", created_at=at)
    for number, when in enumerate((at, month_ago)):
        order = Order.objects.create(
            source=source, key=str(number), number=str(1001 + number), currency="KRW", amount=90_000,
            own_currency="KRW", own_amount=90_000, ordered_at=when, recorded_at=when,
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


def invite(email: str, language: str) -> str:
    """Invite somebody; returns the token of the link."""
    return invite_staff(
        actor=_person("Minji"), email=email, role="agent", language=language, link_to=str, at=clock.now()
    ).link


def link_for_new_password(name: str) -> dict[str, str]:
    """The two halves of the link that a person gets by mail who forgot the password."""
    from allauth.account.forms import default_token_generator
    from allauth.account.utils import user_pk_to_url_str

    person = _person(name)
    return {"uidb36": user_pk_to_url_str(person), "key": default_token_generator.make_token(person)}


def add_second_step(name: str) -> None:
    """Give somebody an authenticator app and recovery codes."""
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    TOTP.activate(_person(name), generate_totp_secret())
    RecoveryCodes.activate(_person(name))


def garble(subject: str) -> None:
    """Keep what no version of the program would write."""
    Message.objects.filter(conversation=_talk(subject)).update(to=7)


def lose_table(name: str) -> None:
    """Break something."""
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER TABLE "{name}" RENAME TO "{name}_lost"')


def find_table(name: str) -> None:
    """Mend it."""
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER TABLE "{name}_lost" RENAME TO "{name}"')


def business() -> dict[str, Any]:
    """What was set up."""
    row = current_business()
    names = ("name", "language", "country", "currency", "time_zone", "is_set_up")
    return {name: getattr(row, name) for name in names}


def code_of_terminal() -> str:
    """What the terminal shows, for whoever comes from another machine."""
    return set_up_code()


def know_more(name: str, subject: str) -> dict[str, Any]:
    """The customer has a note, a tag and a yes; somebody is like them, and two others were made one."""
    talk, by, at = _talk(subject), _person(name), clock.now()
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


def people() -> list[dict[str, str]]:
    """Who has an account."""
    return list(Staff.objects.order_by("id").values("name", "email", "role"))


def _person(name: str) -> Staff:
    return Staff.objects.get(name=name)


def _talk(subject: str) -> Conversation:
    return Conversation.objects.filter(subject=subject, merged_into=None).latest("id")


def _read_mail(delivery: Delivery) -> dict[str, Any]:
    mail = message_from_bytes(delivery.content, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    return {
        "to": str(mail["To"] or ""),
        "cc": str(mail["Cc"] or ""),
        "bcc": mail["Bcc"],
        "subject": str(mail["Subject"]),
        "in_reply_to": str(mail["In-Reply-To"] or ""),
        "text": text.get_content().replace("\r\n", "\n") if text else "",
        "html": html.get_content() if html else "",
        "files": [
            [part.get_filename(), base64.b64encode(part.get_payload(decode=True)).decode()]
            for part in mail.iter_attachments()
        ],
        "recipients": sorted(delivery.recipients.values_list("role", "address")),
    }


def _serve() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            said = {"answer": globals()[asked["do"]](**asked["given"])}
        except Exception:
            said = {"error": traceback.format_exc()}
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    assert settings.DANGOL_DATA.is_dir()
    _serve()
