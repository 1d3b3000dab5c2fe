import os
import resource
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError, connection

from dangol.channels.commands import CLAIM_SECONDS, Arrival, claim_raw, retry_raw, store_raw
from dangol.channels.email.isolated import ReadingFailed, read_isolated
from dangol.channels.models import Raw
from dangol.inbox import intake
from dangol.inbox.commands import take_in as commands
from dangol.inbox.intake import MOST_TRIES, take_in_batch
from dangol.inbox.mail_import import NoMailbox, WhichMailbox, import_mail, importing_channel
from dangol.inbox.models import Conversation, Message, Wait
from dangol.kernel.models import Event
from dangol.kernel.tests.test_processes import name_of_a_dead_process
from tests.parts.cast import JAMES, NOON, SHOP, SORA, mail

pytestmark = pytest.mark.django_db


def store(mailbox, *raws: bytes) -> None:
    store_raw(channel=mailbox, arrivals=[Arrival(raw, NOON) for raw in raws], at=NOON)


def test_a_batch_files_a_whole_thread_that_came_at_once(mailbox):
    store(
        mailbox,
        mail(message_id="3@example.com", headers={"References": "<1@example.com> <2@example.com>"}),
        mail(message_id="1@example.com"),
        mail(JAMES, message_id="2@example.com", headers={"In-Reply-To": "<1@example.com>"}),
        mail(JAMES, "Tasting", message_id="9@example.org"),
    )
    assert take_in_batch() == 4
    assert Conversation.objects.filter(merged_into=None).count() == 2
    burger = Conversation.objects.get(subject="Cold burger")
    assert burger.message_count == burger.messages.count() == 3
    assert burger.last_message_id == max(burger.messages.values_list("pk", flat=True))
    assert Wait.objects.count() == 2
    assert Event.objects.filter(name="MessageArrived").count() == 4
    assert sum(event.data["opens"] for event in Event.objects.filter(name="MessageArrived")) == 2


def test_the_same_mail_twice_in_a_batch_is_filed_once(mailbox):
    raw = mail(message_id="1@example.com")
    store(mailbox, raw, b"X-Way: another\r\n" + raw)
    take_in_batch()
    assert Message.objects.count() == 1
    assert sorted(Raw.objects.values_list("state", flat=True)) == ["double", "taken"]


def test_the_number_of_queries_does_not_grow_with_the_mail(mailbox, django_assert_max_num_queries):
    store(
        mailbox, *(mail(f"c{n}@example.com", f"matter {n}", message_id=f"{n}@x.example") for n in range(40))
    )
    with django_assert_max_num_queries(45):
        assert take_in_batch() == 40
    assert Conversation.objects.count() == 40


def test_one_that_cannot_be_filed_stops_no_other(mailbox, monkeypatch):
    real = commands.message_from

    def picky(raw, incoming, *rest):
        if incoming.subject == "poison":
            raise ValueError("a bug of ours")
        return real(raw, incoming, *rest)

    monkeypatch.setattr(commands, "message_from", picky)
    store(mailbox, mail(subject="before"), mail(subject="poison"), mail(subject="after"))
    take_in_batch()
    assert set(Conversation.objects.values_list("subject", flat=True)) == {"before", "after"}
    assert Raw.objects.get(state="quarantined").reason == "filing: ValueError"
    assert Event.objects.filter(name="MailSetAside").count() == 1


def test_what_was_set_aside_is_taken_in_after_a_retry(mailbox, monkeypatch):
    monkeypatch.setattr(intake, "parse", lambda *_, **__: 1 / 0)
    store(mailbox, mail())
    with pytest.raises(ZeroDivisionError):
        take_in_batch()
    monkeypatch.undo()
    Raw.objects.update(state="quarantined", claimed_until=None)
    retry_raw(raw=Raw.objects.get())
    assert take_in_batch() == 1
    assert Conversation.objects.count() == 1


def test_a_database_that_is_away_quarantines_nothing_and_costs_no_try(mailbox, monkeypatch):
    def away(**_):
        raise OperationalError("the server is gone")

    store(mailbox, mail(), mail(JAMES))
    monkeypatch.setattr(intake, "take_in", away)
    for _ in range(2 * MOST_TRIES):
        with pytest.raises(OperationalError):
            take_in_batch()
    assert set(Raw.objects.values_list("state", "tries")) == {("new", 0)}
    monkeypatch.undo()
    assert take_in_batch() == 2, "at once: nobody waits for a claim"
    assert Message.objects.count() == 2


def test_what_could_not_even_be_given_back_is_given_back_later(mailbox, monkeypatch):
    def away(*_, **__):
        raise OperationalError("the server is gone")

    store(mailbox, mail())
    monkeypatch.setattr(intake, "take_in", away)
    monkeypatch.setattr(intake, "give_back_raw", away)
    with pytest.raises(OperationalError):
        take_in_batch()
    monkeypatch.undo()
    assert take_in_batch() == 1
    assert Raw.objects.get().tries == 1


def test_a_disk_without_room_for_files_sets_nothing_aside(mailbox, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    store(mailbox, mail(files={"menu.pdf": os.urandom(1_500_000)}), mail(JAMES, "no file"))
    before = files_in(tmp_path)
    with files_no_larger_than(1_000_000):
        for _ in range(2 * MOST_TRIES):
            with pytest.raises(OSError, match="File too large"):
                take_in_batch()
    assert Message.objects.get().subject == "no file", "one that needs no room is not held up"
    assert Raw.objects.get(state="new").tries == 0
    assert files_in(tmp_path) == before, "half a file takes no room either"
    assert take_in_batch() == 1
    assert Message.objects.count() == 2


def test_where_no_folder_can_be_made_for_large_mail_nothing_is_set_aside(mailbox, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    (tmp_path / ".writing").write_text("in the way")
    store(mailbox, mail())
    Raw.objects.update(tries=1)
    with pytest.raises(OSError, match="writing"):
        take_in_batch()
    assert Raw.objects.get().state == "new"
    (tmp_path / ".writing").unlink()
    assert take_in_batch() == 1
    assert Message.objects.count() == 1


def files_in(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


@contextmanager
def files_no_larger_than(size: int):
    """As on a full disk, but for one process and without being root."""
    _, hard = before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.only_sqlite
@pytest.mark.django_db(transaction=True)
def test_a_full_database_sets_nothing_aside_and_goes_on_when_there_is_room(mailbox):
    store(mailbox, *(mail(f"c{n}@example.com", f"matter {n}", "cold " * 200) for n in range(40)))
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA page_count")
        (pages,) = cursor.fetchone()
        cursor.execute(f"PRAGMA max_page_count = {pages + 2}")
        try:
            for _ in range(2 * MOST_TRIES):
                with pytest.raises(OperationalError, match="full"):
                    take_in_batch()
        finally:
            cursor.execute("PRAGMA max_page_count = 1073741823")
    waiting = Raw.objects.filter(state="new")
    assert set(waiting.values_list("tries", flat=True)) == {0}
    assert waiting.count() + Message.objects.count() == 40, "nothing was set aside"
    while take_in_batch():
        pass
    assert Message.objects.count() == 40


def test_the_claim_of_a_process_that_died_is_not_waited_for_and_holds_up_nothing(mailbox):
    store(mailbox, mail(), mail(JAMES))
    assert len(claim_raw(limit=5, at=NOON)) == 2
    Raw.objects.update(claimed_by=name_of_a_dead_process())
    store(mailbox, mail(subject="another"), mail(JAMES, "one more"))
    assert [raw.tries for raw in claim_raw(limit=5, at=NOON)] == [1, 1], (
        "if they are what killed it, not yet again"
    )
    assert [raw.tries for raw in claim_raw(limit=5, at=NOON)] == [2], "and alone"
    assert [raw.tries for raw in claim_raw(limit=5, at=NOON)] == [2]
    assert claim_raw(limit=5, at=NOON) == []


def test_a_claimed_message_is_nobody_elses_until_the_claim_runs_out(mailbox):
    store(mailbox, mail())
    assert len(claim_raw(limit=5, at=NOON)) == 1
    assert claim_raw(limit=5, at=NOON) == []
    (again,) = claim_raw(limit=5, at=NOON + timedelta(seconds=CLAIM_SECONDS))
    assert again.tries == 2


def test_a_message_at_which_a_process_died_is_read_in_another_process(mailbox, monkeypatch):
    read = []
    monkeypatch.setattr(intake, "read_isolated", lambda content, **_: read.append(content) or _die())
    store(mailbox, mail())
    Raw.objects.update(tries=1)
    take_in_batch()
    assert len(read) == 1
    assert Raw.objects.get().reason == "reading: died--9"


def test_reading_in_another_process_gives_the_same_message(tmp_path):
    raw = mail(message_id="1@example.com", files={"menu.pdf": b"%PDF"})
    isolated = read_isolated(raw, is_own=lambda _: False, folder=tmp_path)
    assert isolated == intake.parse(raw)
    assert read_isolated(raw, is_own=lambda _: True, folder=tmp_path).automatic == "own"


def test_a_mail_that_takes_too_long_is_given_up(tmp_path):
    with pytest.raises(ReadingFailed, match="too-slow"):
        read_isolated(mail(), is_own=lambda _: False, folder=tmp_path, seconds=0.01)


def test_an_import_twice_is_an_import_once(mailbox):
    messages = [("1", mail(SORA, message_id="1@example.com")), ("2", mail(JAMES, "Tasting"))]
    first = import_mail(channel=mailbox, messages=messages)
    assert (first.read, first.new, first.conversations) == (2, 2, 2)
    again = import_mail(channel=mailbox, messages=messages)
    assert (again.new, again.known, again.conversations) == (0, 2, 0)
    assert Message.objects.count() == 2
    assert not Wait.objects.exists()
    assert set(Conversation.objects.values_list("state", flat=True)) == {"done"}


def test_an_import_keeps_the_dates_of_the_mail(mailbox):
    import_mail(channel=mailbox, messages=[("1", mail(date=NOON - timedelta(days=900)))])
    assert Message.objects.get().happened_at == NOON - timedelta(days=900)


def test_an_import_asks_which_mailbox_only_where_there_are_several(mailbox):
    assert importing_channel(None) == mailbox
    assert importing_channel(SHOP.upper()) == mailbox
    with pytest.raises(WhichMailbox):
        importing_channel("other@moonburger.test")


def test_an_import_without_any_mailbox_says_what_to_do_or_makes_one(db):
    with pytest.raises(NoMailbox):
        importing_channel(None)
    assert importing_channel("hello@moonburger.test").mailbox.address == "hello@moonburger.test"


def _die():
    raise ReadingFailed("died--9")
