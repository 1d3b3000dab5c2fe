"""Lines that break, servers that talk nonsense, disks that are full: the mail that was there comes in, once."""

from __future__ import annotations

import random
import resource
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from django.db import OperationalError, connection

from dangol.channels import fetching
from dangol.channels.email.imap import ImapError
from dangol.channels.fetching import fetch_all_once
from dangol.channels.models import Channel, Mailbox, Raw
from dangol.channels.queries import mailbox_state
from dangol.inbox.intake import take_in_batch
from dangol.inbox.models import Message
from dangol.kernel import clock
from tests.parts.breaking import Line, breaking_line
from tests.parts.cast import mail

pytestmark = pytest.mark.django_db(transaction=True)
MAILS = 8


@dataclass
class Patience:
    """How long a server that says nothing is waited for: soon no more, where the line is to break."""

    seconds: float = 20


@pytest.fixture
def patience() -> Patience:
    return Patience()


@pytest.fixture
def shop(mailserver, monkeypatch) -> Mailbox:
    """The shop's mailbox on the real server, with some mail in it."""
    user = mailserver.new_user("hello")
    channel = Channel.objects.create(name="Moon Burger", created_at=clock.now() - timedelta(days=1))
    mailbox = Mailbox(
        channel=channel,
        address=user.address,
        imap_host="127.0.0.1",
        imap_port=mailserver.ports.imap,
        imap_security="none",
        imap_user=user.address,
    )
    mailbox.imap_password = user.password
    mailbox.save()
    for number in range(MAILS):
        deliver(mailserver, mailbox, number)
    monkeypatch.setattr(fetching, "BATCH", 3)
    return mailbox


def deliver(mailserver, mailbox: Mailbox, number: int, **more) -> None:
    raw = mail(
        f"c{number}@example.com", f"matter {number}", "cold " * 40, message_id=f"{number}@x.example", **more
    )
    mailserver.deliver(mailbox.address, raw)


@pytest.fixture
def line(mailserver, shop, monkeypatch, patience):
    """A line to the server that breaks where it is told to; the mailbox is fetched over it, with this patience."""
    known = fetching.server_of
    with breaking_line("127.0.0.1", mailserver.ports.imap) as line:
        Mailbox.objects.update(imap_port=line.port)
        monkeypatch.setattr(fetching, "server_of", lambda row: replace(known(row), timeout=patience.seconds))
        yield line


def fetch_over_broken(line: Line, patience: Patience, places: list[int]) -> list[ImapError]:
    """Fetch with the line breaking at each of the places, one after the other; what went wrong."""
    failures = []
    for place in places:
        line.whole_bytes = place
        if failure := fetch_until_it_breaks(line, patience):
            failures.append(failure)
            fetching._note_failure(Mailbox.objects.get().pk, failure)
            assert trouble(), "somebody is told"
        demand_the_cursor_to_agree()
    line.whole_bytes, patience.seconds = None, Patience.seconds
    return failures


def fetch_until_it_breaks(line: Line, patience: Patience) -> ImapError | None:
    """What came of the break; None when all that there was to read ended before it."""
    patience.seconds = 20 if line.fate == "drops" else 0.2  # who drops the line says so
    while True:
        broken = line.broken
        try:
            fetch_all_once()
        except ImapError as failure:
            if line.broken > broken:
                return failure
            # The machine was too busy for the server to answer in time: it is asked again.
            patience.seconds *= 2
            assert patience.seconds < 2 * Patience.seconds, "it is given up though the line is whole"
        else:
            return None


def demand_the_cursor_to_agree() -> None:
    """Whatever happened: what the cursor has passed is stored, and nothing is stored twice."""
    box = Mailbox.objects.get()
    stored = [int(source.rpartition("/")[2]) for source in Raw.objects.values_list("source", flat=True)]
    assert sorted(set(stored)) == sorted(stored)
    assert len([uid for uid in stored if uid <= box.last_uid]) == box.last_uid


def trouble() -> str:
    """What is said of the mailbox where it is shown."""
    return mailbox_state(Channel.objects.select_related("mailbox").get()).receiving_trouble


def demand_all_once(count: int = MAILS) -> None:
    assert Raw.objects.count() == count
    while take_in_batch():
        pass
    found = sorted(Message.objects.values_list("message_id", flat=True))
    assert found == sorted(f"{number}@x.example" for number in range(count))


@pytest.mark.parametrize(("fate", "breaks"), [("drops", 25), ("hangs", 4), ("talks nonsense", 12)])
def test_a_line_that_breaks_anywhere_loses_and_doubles_nothing_and_is_told(line, patience, fate, breaks):
    line.fate = fate
    seed = random.SystemRandom().randrange(10**6)
    chance = random.Random(seed)
    failures = fetch_over_broken(line, patience, sorted(chance.randrange(1, 9000) for _ in range(breaks)))
    assert line.broken >= len(failures) > 0, f"seed {seed}"
    fetch_all_once()
    assert not trouble()
    demand_all_once()


def test_a_mailbox_that_is_renumbered_after_the_line_broke_is_read_again_once(
    mailserver, shop, line, patience
):
    places = [2500, 4000, 5500]
    assert fetch_over_broken(line, patience, places)
    assert 0 < Raw.objects.count() < MAILS, "it broke in the middle"
    mailserver.renumber(shop.address)
    deliver(mailserver, shop, MAILS)
    while fetch_all_once():
        pass
    demand_all_once(MAILS + 1)


def fill_up(cursor) -> None:
    while True:
        cursor.execute("INSERT INTO filling VALUES (zeroblob(3000))")


@pytest.mark.only_sqlite
def test_a_full_database_takes_no_mail_and_loses_none(mailserver, shop):
    deliver(mailserver, shop, MAILS, files={"burger.png": random.Random(1).randbytes(60_000)})
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA page_count")
        (pages,) = cursor.fetchone()
        cursor.execute("CREATE TABLE filling (content)")
        cursor.execute(f"PRAGMA max_page_count = {pages + 10}")
        try:
            # What other tests deleted is room, too.
            with pytest.raises(OperationalError, match="full"):
                fill_up(cursor)
            for _ in range(3):
                with pytest.raises(OperationalError, match="full"):
                    fetch_all_once()
                demand_the_cursor_to_agree()
        finally:
            cursor.execute("PRAGMA max_page_count = 1073741823")
            cursor.execute("DROP TABLE filling")
    assert Raw.objects.count() < MAILS + 1
    fetch_all_once()
    demand_all_once(MAILS + 1)


def test_a_disk_without_room_for_large_mail_loses_none_and_is_told(mailserver, shop, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    deliver(mailserver, shop, MAILS, files={"burger.png": random.Random(1).randbytes(900_000)})
    before, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (800_000, hard))
    try:
        with pytest.raises(OSError, match="File too large") as failed:
            fetch_all_once()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, hard))
    demand_the_cursor_to_agree()
    fetching._note_failure(shop.pk, failed.value)
    assert "disk" in trouble()
    fetch_all_once()
    demand_all_once(MAILS + 1)
