"""Imports that are long enough for other processes to read ahead."""

import multiprocessing
import os
import signal
from datetime import timedelta

import pytest

from dangol.channels.models import Raw
from dangol.inbox import mail_import, read_ahead
from dangol.inbox.models import Attachment, Conversation, Message
from dangol.inbox.read_ahead import Reader
from dangol.kernel.files import read_file
from tests.parts.cast import JAMES, NOON, SORA, mail

pytestmark = pytest.mark.django_db
THREADS = 40
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    """Two processes read ahead as soon as a few mails are read, as on a machine of one core."""
    monkeypatch.setattr(mail_import, "FEW", 5)
    monkeypatch.setattr(read_ahead, "MOST_PROCESSES", 1)


def archive() -> list[tuple[str, bytes]]:
    """Three mails a matter, the last answer first."""
    found = []
    for number in range(THREADS):
        subject = f"matter {number}"
        ids = [f"{number}.{step}@example.com" for step in "abc"]
        refer = {"References": f"<{ids[0]}>"}
        bill = {"bill.pdf": b"%d" % number}
        found += [
            mail(JAMES, f"Re: {subject}", message_id=ids[2], headers=refer, date=NOON + 2 * HOUR),
            mail(JAMES, f"Re: {subject}", message_id=ids[1], headers=refer, date=NOON + HOUR, files=bill),
            mail(SORA, subject, message_id=ids[0], date=NOON),
        ]
    return [(str(place), raw) for place, raw in enumerate(found)]


def test_what_other_processes_read_is_filed_as_if_it_had_been_read_here(mailbox):
    large = mail(SORA, "A film", message_id="film@example.com", files={"film.bin": os.urandom(2_200_000)})
    messages = [*archive(), ("film", large)]
    done = mail_import.import_mail(channel=mailbox, messages=messages)
    assert (done.read, done.new, done.set_aside) == (3 * THREADS + 1, 3 * THREADS + 1, 0)
    assert done.conversations == THREADS + 1
    assert set(Raw.objects.values_list("state", flat=True)) == {"taken"}
    matters = Conversation.objects.filter(merged_into=None, subject__startswith="matter")
    assert set(matters.values_list("message_count", flat=True)) == {3}
    assert all(Raw.objects.get(source=f"file {name}").content == raw for name, raw in messages[::17])
    assert sorted(
        int(read_file(file.sha256)) for file in Attachment.objects.filter(filename="bill.pdf")
    ) == list(range(THREADS))
    again = mail_import.import_mail(channel=mailbox, messages=messages)
    assert (again.new, again.known, again.conversations) == (0, 3 * THREADS + 1, 0)


def test_a_process_that_dies_while_reading_ahead_costs_nothing(mailbox):
    killed = []

    def kill(_done: int) -> None:
        for child in multiprocessing.active_children()[:1]:
            if child.pid and len(killed) < 2:
                os.kill(child.pid, signal.SIGKILL)
                killed.append(child.pid)

    done = mail_import.import_mail(channel=mailbox, messages=archive() * 3, on_progress=kill)
    assert killed, "no process read ahead"
    assert (done.read, done.new, done.known) == (9 * THREADS, 3 * THREADS, 6 * THREADS)
    assert Message.objects.count() == 3 * THREADS
    assert Conversation.objects.filter(merged_into=None).count() == THREADS


def test_a_process_that_dies_in_the_middle_of_its_answer_is_not_waited_for():
    letters = [(f"{number}", mail(SORA, f"{number}", "long " * 20_000)) for number in range(20)]
    reader = Reader()
    try:
        reader.begin(letters)
        assert reader.line.poll(60), (
            "it answers"
        )  # and cannot end: the answer is larger than what a pipe holds
        os.kill(reader.process.pid, signal.SIGKILL)
        assert [(mail.name, mail.incoming) for mail in reader.result()] == [
            (name, None) for name, _ in letters
        ]
        reader.begin(letters[:1])
        (read,) = reader.result()
        assert read.incoming.subject == "0"
    finally:
        reader.end()


def test_one_mail_that_cannot_be_filed_is_set_aside_and_the_others_go_on(mailbox, monkeypatch):
    real = mail_import.take_in

    def stumble(*, arrivals, at):
        if any(incoming.subject == "matter 7" for _, incoming in arrivals):
            raise ValueError
        return real(arrivals=arrivals, at=at)

    monkeypatch.setattr("dangol.inbox.intake.take_in", stumble)
    monkeypatch.setattr(mail_import, "take_in", stumble)
    done = mail_import.import_mail(channel=mailbox, messages=archive())
    assert (done.new, done.set_aside) == (3 * THREADS, 1)
    assert Message.objects.count() == 3 * THREADS - 1
    assert Raw.objects.get(state="quarantined").reason == "filing: ValueError"
