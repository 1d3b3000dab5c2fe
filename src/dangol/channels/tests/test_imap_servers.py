"""Servers that Dovecot is not: what they may answer, and how they fail."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dangol.channels.email.imap import Fetched, Imap, ImapError, ImapServer, try_receiving
from dangol.channels.email.imap_answers import messages_in
from dangol.channels.email.problems import Problem
from dangol.channels.tests.servers import DROP, HANG, Answer, Script, served


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
