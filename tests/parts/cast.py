"""The named cast, and mail as they would send it.

Owner Minji, manager Dongsuk, agents Hana and Tom; customers Sora (loyal, angry), James (new), 박지훈 (gold).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from dangol.channels.models import Channel
    from dangol.inbox.commands.take_in import TakenIn
    from dangol.staff.models import Staff

NOON = datetime(2026, 11, 18, 3, 0, tzinfo=UTC)  # a Wednesday, 12:00 in Seoul
SORA = "Sora Kim <sora@example.com>"
JAMES = "James Lee <james@example.org>"
JIHOON = "박지훈 <jihoon@example.kr>"
SHOP = "hello@moonburger.test"
PASSWORD = "a long enough word"  # of everybody in the cast


def mail(
    sender: str = SORA,
    subject: str = "Cold burger",
    text: str = "The burger was cold.",
    *,
    to: str = SHOP,
    message_id: str | None = None,
    headers: dict[str, str] | None = None,
    date: datetime = NOON,
    files: dict[str, bytes] | None = None,
) -> bytes:
    """A mail as a customer's program would write it."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = format_datetime(date)
    if message_id:
        message["Message-ID"] = f"<{message_id}>"
    for name, value in (headers or {}).items():
        message[name] = value
    message.set_content(text)
    for name, content in (files or {}).items():
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


@cache
def kept_password() -> str:
    """The cast's password as a real desk keeps it."""
    from django.contrib.auth.hashers import Argon2PasswordHasher

    hasher = Argon2PasswordHasher()  # as in the settings, which a benchmark that opens a shop has not set up
    return hasher.encode(PASSWORD, hasher.salt())


def hire(name: str, role: str) -> Staff:
    """Somebody of the cast, who can sign in."""
    from django.contrib.auth.hashers import make_password

    from dangol.staff.models import Staff

    return Staff.objects.create(
        email=f"{name.lower()}@moonburger.test", password=make_password(PASSWORD), name=name, role=role
    )


@pytest.fixture
def minji(db: None) -> Staff:
    """The owner."""
    return hire("Minji", "owner")


@pytest.fixture
def dongsuk(db: None) -> Staff:
    """The manager."""
    return hire("Dongsuk", "manager")


@pytest.fixture
def hana(db: None) -> Staff:
    """An agent."""
    return hire("Hana", "agent")


@pytest.fixture
def tom(db: None) -> Staff:
    """Another agent."""
    return hire("Tom", "agent")


@pytest.fixture
def mailbox(db: None) -> Channel:
    """The shop's mailbox; nothing that is sent leaves. It promises answers within 30 and 60 minutes."""
    return open_mailbox()


def open_mailbox() -> Channel:
    """The mailbox of the fixture `mailbox`, for a scene."""
    from dangol.channels.models import Channel, Mailbox

    channel = Channel.objects.create(
        name="Moon Burger",
        created_at=NOON - timedelta(days=30),
        promised_first_seconds=1800,
        promised_next_seconds=3600,
    )
    Mailbox.objects.create(channel=channel, address=SHOP, from_name="Moon Burger", outgoing="kept")
    return channel


@pytest.fixture
def receive(mailbox: Channel) -> Callable[..., TakenIn]:
    """Let a mail arrive and be taken in: `receive(mail(...), at=NOON)`; `silent` as in an import."""
    return receiving(mailbox)


def receiving(mailbox: Channel) -> Callable[..., TakenIn]:
    """What the fixture `receive` gives, for a scene."""
    from dangol.channels.commands import Arrival, claim_raw, store_raw
    from dangol.channels.email.parse import parse
    from dangol.inbox.commands.take_in import TakenIn, take_in
    from dangol.inbox.threading import is_own_message_id

    def arrive(
        raw: bytes, *, at: datetime = NOON, silent: bool = False, channel: Channel | None = None
    ) -> TakenIn:
        if not store_raw(channel=channel or mailbox, arrivals=[Arrival(raw, at)], at=at, is_silent=silent):
            return TakenIn(None, None)
        (row,) = claim_raw(limit=1, at=at)
        (taken,) = take_in(arrivals=[(row, parse(raw, is_own=is_own_message_id))], at=at)
        return taken

    return arrive


@pytest.fixture(scope="module")
def scene(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """What a fixture of the module writes once is there for each of its tests, which begin from it anew.

    For what takes long to write. Not beside tests that commit: they would clear it away.
    """
    from django.db import transaction

    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]  # a command that wants to be the outermost may be played in it
    _forget()
    with django_db_blocker.unblock(), block:
        yield
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _a_fresh_process() -> None:
    """Each test has another database."""
    _forget()


def _forget() -> None:
    """What a process remembers to ask the database less."""
    from django.apps import apps

    if apps.ready:
        from dangol.channels import outbox
        from dangol.inbox import intake
        from dangol.kernel import reacting

        intake._left_over.clear()
        outbox._resting.clear()
        reacting._reached.clear()
