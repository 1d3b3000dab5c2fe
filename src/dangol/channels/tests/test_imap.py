"""Reading a mailbox of Dovecot."""

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation
from imap_tools.utils import encode_folder

from dangol.channels.email.imap import Fetched, Imap, ImapServer, try_receiving
from dangol.channels.email.problems import Problem
from tests.parts.mailserver import MailServer


def raw(number: int, size: int = 0) -> bytes:
    return f"From: sora@customer.test\r\nSubject: {number}\r\n\r\n식은 감자튀김\r\n".encode() + b"x" * size


@pytest.fixture
def inbox(mailserver: MailServer) -> ImapServer:
    user = mailserver.new_user("minji")
    ports, context = mailserver.ports, mailserver.ssl_context
    return ImapServer(
        mailserver.host, ports.imaps, "tls", user.address, user.password, timeout=5, context=context
    )


def subjects(fetched: list[Fetched]) -> list[int]:
    return [int(each.raw.partition(b"Subject: ")[2].split()[0]) for each in fetched]


@pytest.mark.parametrize(("security", "port"), [("tls", "imaps"), ("starttls", "imap"), ("none", "imap")])
def test_mail_is_read_as_it_is_and_nothing_in_the_mailbox_changes(
    mailserver: MailServer, inbox: ImapServer, security: str, port: str
) -> None:
    for number in range(3):
        mailserver.deliver(inbox.user, raw(number))
    with mailserver.imap(inbox.user) as other:
        other.select("INBOX")
        other.uid("STORE", "2", "+FLAGS", "(\\Seen \\Flagged)")
    before, stored = mailserver.flags(inbox.user), mailserver.mail(inbox.user)
    server = replace(inbox, security=security, port=getattr(mailserver.ports, port))  # type: ignore[arg-type]
    with Imap(server) as imap:
        state = imap.select("INBOX")
        fetched = list(imap.fetch_since(0))
    assert state.uid_next == 4
    assert [each.uid for each in fetched] == [1, 2, 3]
    assert [each.raw for each in fetched] == stored
    assert all(each.size == len(each.raw) and each.missing is None for each in fetched)
    dates = [each.internal_date for each in fetched]
    assert all(at and abs(at - datetime.now(UTC)) < timedelta(seconds=30) for at in dates)
    assert mailserver.flags(inbox.user) == before == {1: set(), 2: {"\\Seen", "\\Flagged"}, 3: set()}


def test_only_what_lies_behind_the_cursor_is_read(mailserver: MailServer, inbox: ImapServer) -> None:
    for number in range(5):
        mailserver.deliver(inbox.user, raw(number))
    with Imap(inbox) as imap:
        imap.select()
        assert [each.uid for each in imap.fetch_since(3)] == [4, 5]
        assert list(imap.fetch_since(5)) == []
        assert list(imap.fetch_since(99)) == []
        mailserver.deliver(inbox.user, raw(5))
        assert [each.uid for each in imap.fetch_since(5)] == [6]


def test_an_empty_mailbox_is_nothing_special(inbox: ImapServer) -> None:
    with Imap(inbox) as imap:
        assert imap.select().uid_next == 1
        assert list(imap.fetch_since(0)) == []
        assert not imap.wait(0.1)


def test_gaps_and_small_batches_lose_nothing_and_keep_the_order(
    mailserver: MailServer, inbox: ImapServer
) -> None:
    for number in range(30):
        mailserver.deliver(inbox.user, raw(number, size=1000 * number))
    with mailserver.imap(inbox.user) as other:
        other.select("INBOX")
        other.uid("STORE", "3:9,20", "+FLAGS", "\\Deleted")
        other.expunge()
    with Imap(inbox) as imap:
        imap.select()
        fetched = list(imap.fetch_since(0, batch=4, cap=20_000))
    left = [number for number in range(30) if number + 1 not in {*range(3, 10), 20}]
    assert subjects(fetched) == left
    assert [each.missing for each in fetched] == [
        "too-large" if each.size > 20_000 else None for each in fetched
    ]
    assert all(len(each.raw) == min(each.size, 20_000) for each in fetched)


def test_mail_that_arrives_while_one_reads_is_read_too(mailserver: MailServer, inbox: ImapServer) -> None:
    mailserver.deliver(inbox.user, raw(0))
    seen = []
    with Imap(inbox) as imap:
        imap.select()
        for message in imap.fetch_since(0):
            seen.append(message.uid)
            if len(seen) < 4:
                mailserver.deliver(inbox.user, raw(len(seen)))
    assert seen == [1, 2, 3, 4]


def test_mail_that_is_deleted_while_one_reads_is_left_out(mailserver: MailServer, inbox: ImapServer) -> None:
    for number in range(4):
        mailserver.deliver(inbox.user, raw(number))
    seen = []
    with Imap(inbox) as imap:
        imap.select()
        for message in imap.fetch_since(0, batch=1):
            seen.append((message.uid, message.missing))
            if message.uid == 1:
                with mailserver.imap(inbox.user) as other:
                    other.select("INBOX")
                    other.uid("STORE", "3", "+FLAGS", "\\Deleted")
                    other.expunge()
    assert seen == [(1, None), (2, None), (4, None)]


def test_one_message_is_fetched_again_or_is_gone(mailserver: MailServer, inbox: ImapServer) -> None:
    mailserver.deliver(inbox.user, raw(0))
    with Imap(inbox) as imap:
        imap.select()
        first = imap.fetch_one(1)
        assert first is not None
        assert first.raw == mailserver.mail(inbox.user)[0]
        assert imap.fetch_one(2) is None


def test_new_mail_is_known_within_a_second_and_flags_stay(mailserver: MailServer, inbox: ImapServer) -> None:
    with Imap(inbox) as imap:
        assert imap.has_idle
        imap.select()
        assert list(imap.fetch_since(0)) == []
        arrived: list[float] = []

        def deliver() -> None:
            mailserver.deliver(inbox.user, raw(0))
            arrived.append(time.monotonic())

        timer = threading.Timer(0.3, deliver)
        timer.start()
        assert imap.wait(10)
        known = time.monotonic()
        timer.join()
        assert known - arrived[0] < 1
        assert [each.uid for each in imap.fetch_since(0)] == [1]
        assert not imap.wait(0.2)
    assert mailserver.flags(inbox.user) == {1: set()}


def test_mail_that_came_between_reading_and_waiting_is_noticed(
    mailserver: MailServer, inbox: ImapServer
) -> None:
    with Imap(inbox) as imap:
        imap.select()
        assert list(imap.fetch_since(0)) == []
        mailserver.deliver(inbox.user, raw(0))
        time.sleep(0.2)
        began = time.monotonic()
        assert imap.wait(60)
        assert time.monotonic() - began < 20, "not with the next mail, nor at the end"


def test_waiting_goes_on_over_a_renewal(
    mailserver: MailServer, inbox: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dangol.channels.email.imap._IDLE_SECONDS", 0.1)
    with Imap(inbox) as imap:
        imap.select()
        began = time.monotonic()
        threading.Timer(0.55, mailserver.deliver, [inbox.user, raw(0)]).start()
        assert imap.wait(60)
        assert 0.5 < time.monotonic() - began < 30


def test_renewal_comes_before_the_half_hour() -> None:
    from dangol.channels.email import imap

    assert imap._IDLE_SECONDS < 29 * 60


def test_a_mailbox_that_was_renumbered_is_never_taken_for_the_old_one(
    mailserver: MailServer, inbox: ImapServer
) -> None:
    for number in range(3):
        mailserver.deliver(inbox.user, raw(number))
    with Imap(inbox) as imap:
        before = imap.select()
    mailserver.renumber(inbox.user)
    with Imap(inbox) as imap:
        after = imap.select()
        assert after.uid_validity != before.uid_validity
        assert subjects(list(imap.fetch_since(0))) == [0, 1, 2]


def test_a_korean_folder_is_opened_by_its_name(mailserver: MailServer, inbox: ImapServer) -> None:
    with mailserver.imap(inbox.user) as other:
        name = encode_folder("보낸 편지함").decode()
        other.create(name)
        other.append(name, "", None, raw(1))
    with Imap(inbox) as imap:
        assert imap.select("보낸 편지함").uid_next == 2


TRIALS = [
    (
        {"password": "wrong"},
        Problem.WRONG_PASSWORD,
        "auth",
        "user name and password",
        "비밀번호를 받아들이지",
    ),
    (
        {"password": "비밀번호"},
        Problem.WRONG_PASSWORD,
        "auth",
        "user name and password",
        "비밀번호를 받아들이지",
    ),
    (
        {"password": "x\r\ny"},
        Problem.WRONG_PASSWORD,
        "auth",
        "user name and password",
        "비밀번호를 받아들이지",
    ),
    ({"context": None}, Problem.CERTIFICATE, "tls", "certificate", "인증서"),
    ({"port": "imap"}, Problem.NO_TLS_HERE, "tls", "STARTTLS", "STARTTLS를"),
    ({"port": 1}, Problem.PORT_CLOSED, "network", "port", "포트"),
    (
        {"host": "imap.nowhere.invalid"},
        Problem.HOST_NOT_FOUND,
        "network",
        "imap.nowhere.invalid",
        "찾을 수 없습니다",
    ),
    ({"port": "imaps", "security": "none"}, Problem.TIMEOUT, "network", "does not answer", "응답이 없습니다"),
    (
        {"port": "smtp", "security": "none"},
        Problem.PROTOCOL,
        "protocol",
        "Is it a mail server?",
        "메일 서버가 맞는지",
    ),
]


@pytest.mark.parametrize(("change", "problem", "kind", "english", "korean"), TRIALS)
def test_what_is_wrong_is_said_in_words(
    mailserver: MailServer,
    inbox: ImapServer,
    change: dict[str, object],
    problem: Problem,
    kind: str,
    english: str,
    korean: str,
) -> None:
    if isinstance(change.get("port"), str):
        change = {**change, "port": getattr(mailserver.ports, str(change["port"]))}
    trial = try_receiving(replace(inbox, timeout=2, **change))  # type: ignore[arg-type]
    assert trial.problem is problem
    assert trial.problem.kind == kind
    with translation.override("en"):
        assert english in trial.sentence
    with translation.override("ko"):
        assert korean in trial.sentence


def test_trying_says_yes_or_which_folder_is_missing(inbox: ImapServer) -> None:
    assert try_receiving(inbox).is_fine
    missing = try_receiving(inbox, "Nowhere")
    assert missing.problem is Problem.FOLDER_NOT_FOUND
    assert "INBOX" in missing.sentence


def test_a_password_is_not_shown_by_accident(inbox: ImapServer) -> None:
    assert inbox.password not in repr(inbox)
    assert replace(inbox, context=None) == inbox
