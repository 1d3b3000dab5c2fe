import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation
from imap_tools.utils import encode_folder

from dangol.channels.email.imap import Fetched, Imap, ImapError, ImapServer, try_receiving
from dangol.channels.email.imap_answers import messages_in
from dangol.channels.email.problems import Problem
from dangol.channels.tests.servers import DROP, HANG, Answer, Script, served
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


# Servers that Dovecot is not.


def answers(rest: bytes) -> Answer:
    """The untagged lines, then OK under the client's tag."""

    def answer(line: bytes) -> bytes:
        return rest + line.split()[0] + b" OK done\r\n"

    return answer


def declines(said: bytes) -> Answer:
    return lambda line: line.split()[0] + b" NO " + said + b"\r\n"


LISTED = b'* 1 FETCH (UID 7 RFC822.SIZE 5 INTERNALDATE " 2-Jan-2026 03:04:05 +0900")\r\n'


def script(*changes: tuple[bytes, Answer], idle: bytes = b"", greeting: bytes = b"* OK ready\r\n") -> Script:
    """A server with one message of UID 7, without IDLE unless it is given."""
    usual: list[tuple[bytes, Answer]] = [
        (b" CAPABILITY", answers(b"* CAPABILITY IMAP4rev1" + idle + b"\r\n")),
        (b" LOGIN", answers(b"")),
        (b" EXAMINE", answers(b"* 1 EXISTS\r\n* OK [UIDVALIDITY 3] x\r\n* OK [UIDNEXT 8] x\r\n")),
        (b" UID FETCH 1:", answers(LISTED)),
        (b" UID FETCH 7:", answers(LISTED)),
        (b" UID FETCH 7 ", answers(b"* 1 FETCH (UID 7 BODY[] {5}\r\nhello)\r\n")),
        (b" NOOP", answers(b"")),
        (b" LOGOUT", answers(b"* BYE\r\n")),
    ]
    return Script(greeting, [*changes, *usual])


@contextmanager
def opened(running: Script, timeout: float | None = None) -> Iterator[Imap]:
    patience = timeout or running.patience
    with Imap(ImapServer("127.0.0.1", running.port, "none", "minji", "x", timeout=patience)) as imap:
        imap.select()
        yield imap


def fetch(running: Script) -> list[Fetched]:
    with served(running), opened(running) as imap:
        return list(imap.fetch_since(0))


def test_flags_are_safe_twice_over_by_examine_and_by_peek() -> None:
    running = script()
    assert fetch(running) == [WHOLE]
    said = [line.partition(b" ")[2] for line in running.heard]
    assert not any(
        line.upper().startswith((b"SELECT", b"STORE", b"UID STORE", b"CLOSE", b"EXPUNGE")) for line in said
    )
    assert [line for line in said if b"BODY" in line] == [b"UID FETCH 7 (UID BODY.PEEK[])"]


WHOLE = Fetched(7, datetime(2026, 1, 1, 18, 4, 5, tzinfo=UTC), b"hello", 5)


@pytest.mark.parametrize(
    "answer",
    [
        b"* 1 FETCH (UID 7 BODY[] {5}\r\nhello)\r\n",
        b"* 1 FETCH (BODY[] {5}\r\nhello UID 7)\r\n",
        b"* 1 FETCH (FLAGS () BODY[] {5}\r\nhello UID 7 FLAGS (\\Seen))\r\n* 1 FETCH (FLAGS (\\Seen))\r\n",
        b'* 1 FETCH (UID 7 BODY[] "hello")\r\n',
        b"* 2 EXISTS\r\n* 1 FETCH (UID 7 BODY[] {5}\r\nhello)\r\n* 3 EXISTS\r\n",
    ],
)
def test_servers_may_answer_in_any_order(answer: bytes) -> None:
    assert fetch(script((b" UID FETCH 7 ", answers(answer)))) == [WHOLE]


def test_a_message_that_vanishes_meanwhile_is_left_out() -> None:
    assert fetch(script((b" UID FETCH 7 ", answers(b"")), (b" UID FETCH 7:", answers(b"")))) == []


def test_a_server_that_shows_deletions_only_when_asked_is_asked() -> None:
    listed: Answer = lambda line: answers(  # noqa: E731
        b"" if any(b"NOOP" in heard for heard in running.heard) else LISTED
    )(line)  # type: ignore[operator]
    running: Script = script((b" UID FETCH 7 ", answers(b"")), (b" UID FETCH 7:", listed))
    assert fetch(running) == []


@pytest.mark.parametrize(
    "answer",
    [
        answers(b""),
        answers(b"* 1 FETCH (UID 7 BODY[] NIL)\r\n"),
        answers(b'* 1 FETCH (UID 7 BODY[] "")\r\n'),
        declines(b"Internal error"),
        lambda line: line.split()[0] + b" BAD broken message\r\n",
    ],
)
def test_a_message_that_is_there_and_is_not_handed_out_is_named(answer: Answer) -> None:
    unreadable = replace(WHOLE, raw=b"", missing="unreadable")
    assert fetch(script((b" UID FETCH 7 ", answer))) == [unreadable]


def test_a_message_that_the_server_cannot_hand_out_stops_nothing() -> None:
    two = LISTED + LISTED.replace(b"UID 7", b"UID 8")
    running = script(
        (b" UID FETCH 7,8 ", declines(b"Internal error")),
        (b" UID FETCH 8 ", declines(b"Internal error")),
        (b" UID FETCH 8:", answers(two)),
        (b" UID FETCH 1:", answers(two)),
        (b" EXAMINE", answers(b"* 2 EXISTS\r\n* OK [UIDVALIDITY 3] x\r\n* OK [UIDNEXT 9] x\r\n")),
    )
    assert fetch(running) == [WHOLE, replace(WHOLE, uid=8, raw=b"", missing="unreadable")]


def test_a_server_that_has_no_time_is_asked_again_later_and_nothing_is_passed_over() -> None:
    with pytest.raises(ImapError) as caught:
        fetch(script((b" UID FETCH 7 ", declines(b"[UNAVAILABLE] try again"))))
    assert caught.value.problem is Problem.SERVER_BUSY


def test_a_server_that_says_no_uidnext_is_read_too() -> None:
    running = script(
        (b" EXAMINE", answers(b"* 1 EXISTS\r\n* OK [UIDVALIDITY 3] x\r\n")),
        (b" UID FETCH *", answers(b"* 1 FETCH (UID 7)\r\n")),
    )
    assert fetch(running) == [WHOLE]


def test_numbers_that_leap_cost_few_questions() -> None:
    far = LISTED.replace(b"UID 7", b"UID 4000000000")
    asked: Answer = lambda line: answers(  # noqa: E731
        far if int(line.split()[3].partition(b":")[2] or 0) >= 4_000_000_000 else b""
    )(line)  # type: ignore[operator]
    running = script(
        (b" UID FETCH 4000000000 ", answers(b"* 1 FETCH (UID 4000000000 BODY[] {5}\r\nhello)\r\n")),
        (b" UID FETCH ", asked),
        (b" EXAMINE", answers(b"* 1 EXISTS\r\n* OK [UIDVALIDITY 3] x\r\n* OK [UIDNEXT 4000000001] x\r\n")),
    )
    assert fetch(running) == [replace(WHOLE, uid=4_000_000_000)]
    assert sum(b"UID FETCH" in line for line in running.heard) < 20


def test_numbering_that_changes_while_one_reads_ends_the_reading_but_not_the_connection() -> None:
    validity = iter([b"3", b"4", b"4"])
    changing: Answer = lambda line: answers(  # noqa: E731
        b"* 1 EXISTS\r\n* OK [UIDVALIDITY %s] x\r\n* OK [UIDNEXT 8] x\r\n" % next(validity)
    )(line)  # type: ignore[operator]
    running = script((b" EXAMINE", changing))
    with served(running), opened(running) as imap:
        with pytest.raises(ImapError) as caught:
            list(imap.fetch_since(0))
        assert caught.value.problem is Problem.FOLDER_RENUMBERED
        assert imap.select().uid_validity == 4


def test_a_server_without_idle_is_asked_from_time_to_time() -> None:
    upcoming = iter([b"8", b"8", b"8", b"9"])  # when opened, after the first wait, and twice in the second
    growing: Answer = lambda line: answers(  # noqa: E731
        b"* 1 EXISTS\r\n* OK [UIDVALIDITY 3] x\r\n* OK [UIDNEXT %s] x\r\n" % next(upcoming)
    )(line)  # type: ignore[operator]
    running = script((b" EXAMINE", growing))
    with served(running), opened(running) as imap:
        assert not imap.has_idle
        began = time.monotonic()
        assert not imap.wait(0.2, poll_every=60)
        assert time.monotonic() - began < 20, "not for the whole minute"
        assert imap.wait(20, poll_every=0.1)


def test_a_server_that_offers_idle_and_refuses_it_is_asked_from_time_to_time() -> None:
    upcoming = iter([b"8", b"9"])
    growing: Answer = lambda line: answers(  # noqa: E731
        b"* 1 EXISTS\r\n* OK [UIDVALIDITY 3] x\r\n* OK [UIDNEXT %s] x\r\n" % next(upcoming)
    )(line)  # type: ignore[operator]
    running = script((b" IDLE", declines(b"not for you")), (b" EXAMINE", growing), idle=b" IDLE")
    with served(running), opened(running) as imap:
        assert imap.has_idle
        assert imap.wait(5, poll_every=0.1)
        assert not imap.has_idle


@pytest.mark.parametrize(
    "lines",
    [
        b"+ idling\r\n* 2 EXISTS\r\n",
        b"* 2 EXISTS\r\n+ idling\r\n",
        b"+ idling\r\n* OK still here\r\n* 1 FETCH (FLAGS (\\Seen))\r\n* 2 EXISTS\r\n",
    ],
)
def test_news_that_comes_together_with_the_first_line_is_not_lost(lines: bytes) -> None:
    running = script((b" IDLE", lines), (b"DONE", b"* OK x\r\n"), idle=b" IDLE")

    def done(_: bytes) -> bytes:
        tag = next(line for line in running.heard if line.endswith(b"IDLE")).split()[0]
        return tag + b" OK idled\r\n"

    running.answers.insert(0, (b"DONE", done))
    with served(running), opened(running) as imap:
        began = time.monotonic()
        assert imap.wait(60)
        assert time.monotonic() - began < 20, "not when the wait is renewed"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ((b" LOGIN", HANG), Problem.TIMEOUT),
        ((b" LOGIN", DROP), Problem.CONNECTION_LOST),
        ((b" LOGIN", declines(b"[UNAVAILABLE] later")), Problem.SERVER_BUSY),
        ((b" LOGIN", declines(b"[AUTHENTICATIONFAILED] no")), Problem.WRONG_PASSWORD),
        ((b" EXAMINE", HANG), Problem.TIMEOUT),
        ((b" EXAMINE", DROP), Problem.CONNECTION_LOST),
        ((b" EXAMINE", answers(b"* 1 EXISTS\r\n")), Problem.PROTOCOL),
        ((b" UID FETCH 7 ", HANG), Problem.TIMEOUT),
        ((b" UID FETCH 7 ", DROP), Problem.CONNECTION_LOST),
        ((b" UID FETCH 7 ", b"* 1 FETCH (UID 7 BODY[] {5000}\r\nhel"), Problem.TIMEOUT),
        ((b" UID FETCH 1:", declines(b"broken")), Problem.PROTOCOL),
        ((b" IDLE", HANG), Problem.TIMEOUT),
        ((b" IDLE", DROP), Problem.CONNECTION_LOST),
        ((b" IDLE", b"+ idling\r\n* BYE going down\r\n"), Problem.CONNECTION_LOST),
        ((b"DONE", HANG), Problem.TIMEOUT),
    ],
)
def test_a_server_that_fails_at_any_point_ends_in_one_error_and_in_time(
    change: tuple[bytes, Answer], problem: Problem
) -> None:
    running = script(change, (b" IDLE", b"+ idling\r\n"), idle=b" IDLE")
    began = time.monotonic()

    def read_and_wait() -> None:
        with opened(running, 0.5 if problem is Problem.TIMEOUT else None) as imap:
            list(imap.fetch_since(0))
            imap.wait(0.1)

    with served(running), pytest.raises(ImapError) as caught:
        read_and_wait()
    assert caught.value.problem is problem
    assert time.monotonic() - began < 10  # and not as long as a server takes that is well


@pytest.mark.parametrize(
    ("greeting", "problem"),
    [(HANG, Problem.TIMEOUT), (DROP, Problem.CONNECTION_LOST), (b"220 smtp ready\r\n", Problem.PROTOCOL)],
)
def test_a_server_that_does_not_even_greet_is_told_apart(greeting: bytes, problem: Problem) -> None:
    with served(script(greeting=greeting)) as running:
        trial = try_receiving(
            ImapServer("127.0.0.1", running.port, "none", "minji", "x", timeout=running.patience)
        )
    assert trial.problem is problem


def test_a_password_is_never_sent_where_encryption_was_asked_for_and_is_missing() -> None:
    with served(script()) as running:
        trial = try_receiving(
            ImapServer("127.0.0.1", running.port, "starttls", "minji", "secret", timeout=running.patience)
        )
    assert trial.problem is Problem.NO_STARTTLS
    assert not any(b"LOGIN" in line for line in running.heard)
    with served(script(idle=b" LOGINDISABLED")) as running:
        trial = try_receiving(
            ImapServer("127.0.0.1", running.port, "none", "minji", "secret", timeout=running.patience)
        )
    assert trial.problem is Problem.LOGIN_NOT_OFFERED
    assert not any(b"secret" in line for line in running.heard)


def test_after_a_failure_the_connection_says_so_at_once() -> None:
    with served(script((b" UID FETCH 7 ", DROP))) as running, opened(running) as imap:
        with pytest.raises(ImapError):
            list(imap.fetch_since(0))
        with pytest.raises(ImapError) as caught:
            imap.wait(5)
    assert caught.value.problem is Problem.CONNECTION_LOST


def test_a_body_may_hold_what_looks_like_an_answer() -> None:
    evil = b"1 (UID 9 BODY[] {3}\r\n* 2 FETCH (UID 8)\r\n)"
    parts = [(b"1 (UID 7 BODY[] {%d}" % len(evil), evil), b")", b"2 (FLAGS (\\Seen))", None]
    (found,) = messages_in(parts)
    assert (found.uid, found.body) == (7, evil)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (b'"22-Nov-2026 08:00:13 +0000"', datetime(2026, 11, 22, 8, 0, 13, tzinfo=UTC)),
        (b'" 2-Jan-2026 03:04:05 +0900"', datetime(2026, 1, 1, 18, 4, 5, tzinfo=UTC)),
        (b'"02-jan-2026 03:04:05 -0530"', datetime(2026, 1, 2, 8, 34, 5, tzinfo=UTC)),
        (b'"31-Feb-2026 03:04:05 +0000"', None),
        (b'"01-Foo-2026 03:04:05 +0000"', None),
        (b'"01-Jan-0001 00:00:05 +2359"', None),
        (b"NIL", None),
    ],
)
def test_when_the_server_received_it_is_read_in_utc(written: bytes, expected: datetime | None) -> None:
    (found,) = messages_in([b"1 (UID 7 INTERNALDATE " + written + b")"])
    assert found.internal_date == expected
