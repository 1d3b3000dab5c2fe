import logging
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.utils import translation

from dangol.channels.email import smtp_dialogue
from dangol.channels.email.compose import Outgoing, compose
from dangol.channels.email.problems import Problem, login_problem
from dangol.channels.email.smtp import SmtpServer, send, try_sending
from dangol.channels.incoming import Party
from dangol.channels.tests.servers import DROP, HANG, Answer, Script, served
from tests.parts.mailserver import MailServer

SHOP = "shop@moonburger.test"
SORA = "sora@customer.test"
JIHOON = "jihoon@customer.test"
RAW = b"From: shop@moonburger.test\r\nSubject: x\r\n\r\n.one dot\r\n..two\r\n.\r\nend"


def script(*changes: tuple[bytes, Answer], greeting: bytes = b"220 bad.test ESMTP\r\n") -> Script:
    """A server that takes everything but for the changes."""
    usual: list[tuple[bytes, Answer]] = [
        (b"EHLO", b"250-bad.test\r\n250-AUTH PLAIN LOGIN\r\n250 SIZE 1000000\r\n"),
        (b"AUTH", b"235 welcome\r\n"),
        (b"MAIL", b"250 ok\r\n"),
        (b"RCPT", b"250 ok\r\n"),
        (b"DATA", b"354 go\r\n"),
        (b".", b"250 taken\r\n"),
        (b"QUIT", b"221 bye\r\n"),
    ]
    return Script(greeting, [*changes, *usual])


def at(running: Script, **changes: object) -> SmtpServer:
    patience = running.patience
    server = SmtpServer("127.0.0.1", running.port, "none", timeout=patience, answer_timeout=patience)
    return replace(server, **changes)  # type: ignore[arg-type]


def outcomes(server: SmtpServer, *recipients: str, data: bytes = RAW) -> list[tuple[str, int | None]]:
    result = send(server, SHOP, recipients or [SORA], data)
    return [(each.outcome, each.code) for each in result.recipients]


@pytest.fixture
def shop(mailserver: MailServer) -> SmtpServer:
    user = mailserver.new_user("shop")
    ports, context = mailserver.ports, mailserver.ssl_context
    return SmtpServer(
        mailserver.host, ports.smtps, "tls", user.address, user.password, timeout=5, context=context
    )


@pytest.fixture
def sora(mailserver: MailServer) -> str:
    return mailserver.new_user("sora", "customer.test").address


@pytest.mark.parametrize(("security", "port"), [("tls", "smtps"), ("starttls", "smtp"), ("none", "smtp")])
def test_a_mail_arrives_as_it_was(
    mailserver: MailServer, shop: SmtpServer, sora: str, security: str, port: str
) -> None:
    address = shop.user or ""
    server = replace(shop, security=security, port=getattr(mailserver.ports, port))  # type: ignore[arg-type]
    result = send(server, address, [sora], RAW)
    assert result.problem is None
    assert [(each.address, each.outcome, each.code) for each in result.recipients] == [
        (sora, "accepted", 250)
    ]
    (arrived,) = mailserver.wait_for_mail(sora)
    assert arrived.endswith(b"\r\n\r\n.one dot\r\n..two\r\n.\r\nend\r\n")
    assert f"Return-path: <{address}>".encode() in arrived


def test_what_we_compose_goes_through_real_servers_unchanged(
    mailserver: MailServer, shop: SmtpServer, sora: str
) -> None:
    address = shop.user or ""
    mail = Outgoing(
        Party("달버거", address),
        (Party("Sora Kim", sora),),
        "답장: 식은 감자튀김",
        "새로 보내 드립니다. " * 100,
        datetime(2026, 11, 22, tzinfo=UTC),
        "c7-abcdefghijkl.1@moonburger.test",
    )
    raw = compose(mail)
    assert send(shop, address, [sora], raw).having("accepted")
    (arrived,) = mailserver.wait_for_mail(sora)
    assert arrived.endswith(raw)


def test_one_bad_recipient_does_not_keep_it_from_the_others(
    mailserver: MailServer, shop: SmtpServer, sora: str
) -> None:
    address = shop.user or ""
    plus = sora.replace("@", "+x@")
    asked = ["refused@customer.test", sora, "later@customer.test", "no address", plus, sora]
    result = send(shop, address, asked, RAW)
    assert result.problem is None
    assert [(each.address, each.outcome, each.code) for each in result.recipients] == [
        ("refused@customer.test", "refused", 550),
        (sora, "accepted", 250),
        ("later@customer.test", "later", 451),
        ("no address", "refused", None),
        (plus, "accepted", 250),
    ]
    assert len(mailserver.wait_for_mail(sora, 2)) == 2


def test_an_unknown_person_comes_back_as_a_report(mailserver: MailServer, shop: SmtpServer) -> None:
    address = shop.user or ""
    assert send(shop, address, ["nobody@customer.test"], RAW).having("accepted")
    (bounce,) = mailserver.wait_for_mail(address)
    assert b"multipart/report" in bounce
    assert b"Final-Recipient: rfc822;nobody@customer.test" in bounce


def test_nothing_comes_back_of_mail_without_a_return_path(
    mailserver: MailServer, shop: SmtpServer, sora: str
) -> None:
    address = shop.user or ""
    assert send(shop, "", ["nobody@customer.test", sora], RAW).having("accepted")
    (arrived,) = mailserver.wait_for_mail(sora)
    assert b"Return-path: <>" in arrived
    assert mailserver.mail(address) == []


def test_addresses_beyond_ascii_are_offered_to_servers_that_take_them(shop: SmtpServer) -> None:
    address = shop.user or ""
    asked = ["지훈@customer.test", "sora@고객.test"]
    assert [each.outcome for each in send(shop, address, asked, RAW).recipients] == ["accepted", "accepted"]


def test_addresses_beyond_ascii_are_refused_where_the_server_knows_none() -> None:
    with served(script()) as running:
        result = send(at(running), SHOP, ["지훈@customer.test", "sora@고객.test"], RAW)
    assert [(each.outcome, each.text) for each in result.recipients] == [
        ("refused", "smtputf8-unsupported"),
        ("accepted", "taken"),
    ]
    assert b"rcpt TO:<sora@xn--i49alo.test>" in running.heard


def test_who_waits_is_told_right_before_the_last_dot_and_only_if_somebody_gets_it() -> None:
    told: list[list[bytes]] = []
    with served(script()) as running:
        send(at(running), SHOP, [SORA], RAW, before_end=lambda: told.append(list(running.heard)))
    (heard,) = told
    assert any(line.upper() == b"DATA" for line in heard)
    assert b"." not in heard
    assert b"." in running.heard
    with served(script((b"RCPT", b"550 no\r\n"))) as running:
        send(at(running), SHOP, [SORA], RAW, before_end=lambda: told.append([]))
    assert len(told) == 1
    assert b"DATA" not in running.heard


def test_when_the_record_cannot_be_written_nothing_is_sent() -> None:
    def fail() -> None:
        raise RuntimeError("disk full")

    with served(script()) as running, pytest.raises(RuntimeError, match="disk full"):
        send(at(running), SHOP, [SORA], RAW, before_end=fail)
    assert b"." not in running.heard
    assert not any(line.startswith(b"QUIT") for line in running.heard)


def test_who_claimed_a_large_mail_is_asked_now_and_then_while_it_goes_over(monkeypatch) -> None:
    monkeypatch.setattr(smtp_dialogue, "_KEEPING_SECONDS", -1)
    asked: list[int] = []
    large = b"Subject: x\r\n\r\n" + (b"y" * 70 + b"\r\n") * 5_000
    with served(script()) as running:
        send(at(running), SHOP, [SORA], large, keeping=lambda: asked.append(1))
    assert len(asked) == -(-len(large) // smtp_dialogue._CHUNK)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ((b"MAIL", b"451 come back\r\n"), ("later", 451)),
        ((b"MAIL", b"552 too large\r\n"), ("refused", 552)),
        ((b"RCPT", b"450 greylisted\r\n"), ("later", 450)),
        ((b"RCPT", b"552 too many recipients\r\n"), ("later", 552)),
        ((b"RCPT", b"550 unknown\r\n"), ("refused", 550)),
        ((b"DATA", b"451 not now\r\n"), ("later", 451)),
        ((b"DATA", b"554 no\r\n"), ("refused", 554)),
        ((b".", b"451 disk full\r\n"), ("later", 451)),
        ((b".", b"554 spam\r\n"), ("refused", 554)),
        ((b".", b"250 taken\r\n"), ("accepted", 250)),
        ((b".", b"nonsense\r\n"), ("uncertain", None)),
    ],
)
def test_each_answer_means_what_it_says(change: tuple[bytes, bytes], expected: tuple[str, int]) -> None:
    with served(script(change)) as running:
        assert outcomes(at(running)) == [expected]


@pytest.mark.parametrize("step", [b"EHLO", b"MAIL", b"RCPT", b"DATA"])
@pytest.mark.parametrize(("fate", "problem"), [(DROP, Problem.CONNECTION_LOST), (HANG, Problem.TIMEOUT)])
def test_until_the_last_dot_a_lost_connection_means_not_sent(
    step: bytes, fate: bytes, problem: Problem
) -> None:
    with served(script((step, fate))) as running:
        result = send(at(running), SHOP, [SORA, JIHOON], RAW)
    assert {each.outcome for each in result.recipients} == {"later"}
    assert result.problem is problem


@pytest.mark.parametrize(("fate", "problem"), [(DROP, Problem.CONNECTION_LOST), (HANG, Problem.TIMEOUT)])
def test_after_the_last_dot_nobody_knows(fate: bytes, problem: Problem) -> None:
    refuse_second: Answer = lambda line: b"550 no\r\n" if b"jihoon" in line else b"250 ok\r\n"  # noqa: E731
    with served(script((b".", fate), (b"RCPT", refuse_second))) as running:
        result = send(at(running), SHOP, [SORA, JIHOON], RAW)
    assert [each.outcome for each in result.recipients] == ["uncertain", "refused"]
    assert result.problem is problem


def test_a_connection_that_dies_in_the_middle_of_a_large_mail_means_not_sent() -> None:
    large = b"Subject: x\r\n\r\n" + b"x" * 70 + b"\r\nSTOP\r\n" + (b"y" * 70 + b"\r\n") * 200_000
    with served(script((b"STOP", DROP))) as running:
        result = send(at(running), SHOP, [SORA], large)
    assert result.recipients[0].outcome == "later"


def test_a_server_that_ends_the_round_of_recipients_gets_the_rest_later() -> None:
    second_ends: Answer = lambda line: b"421 enough\r\n" if b"jihoon" in line else b"250 ok\r\n"  # noqa: E731
    with served(script((b"RCPT", second_ends))) as running:
        result = send(at(running), SHOP, [SORA, JIHOON, "james@customer.test"], RAW)
    assert {each.outcome for each in result.recipients} == {"later"}
    assert result.problem is Problem.SERVER_BUSY
    assert b"DATA" not in running.heard


@pytest.mark.parametrize(
    ("greeting", "problem"),
    [
        (b"554 go away\r\n", Problem.SERVER_REFUSES),
        (b"421 too busy\r\n", Problem.SERVER_BUSY),
        (b"* OK IMAP4rev1 ready\r\n", Problem.PROTOCOL),
        (DROP, Problem.CONNECTION_LOST),
        (HANG, Problem.TIMEOUT),
    ],
)
def test_a_greeting_that_is_no_welcome_is_never_the_recipients_fault(
    greeting: bytes, problem: Problem
) -> None:
    with served(script(greeting=greeting)) as running:
        result = send(at(running), SHOP, [SORA], RAW)
    assert result.recipients[0].outcome == "later"
    assert result.problem is problem


@pytest.mark.parametrize(
    "change",
    [
        (b"MAIL", b"530 5.7.0 Authentication required\r\n"),
        (b"RCPT", b"550 relay not permitted\r\n"),
        (b"RCPT", b"554 5.7.1 Relay access denied\r\n"),
    ],
)
def test_being_sent_away_for_want_of_a_password_is_never_the_recipients_fault(
    change: tuple[bytes, bytes],
) -> None:
    with served(script(change)) as running:
        result = send(at(running), SHOP, [SORA], RAW)
    assert result.recipients[0].outcome == "later"
    assert result.problem is Problem.LOGIN_MISSING


def test_a_wrong_password_keeps_the_mail_for_later(
    mailserver: MailServer, shop: SmtpServer, sora: str
) -> None:
    address = shop.user or ""
    result = send(replace(shop, password="wrong"), address, [sora], RAW)
    assert result.recipients[0].outcome == "later"
    assert result.problem is Problem.WRONG_PASSWORD


def test_a_server_without_plain_is_signed_in_to_by_login_and_in_any_letters() -> None:
    answers: Answer = lambda line: b"334 UGFzc3dvcmQ6\r\n"  # noqa: E731
    with served(
        script(
            (b"EHLO", b"250-bad.test\r\n250 AUTH LOGIN\r\n"),
            (b"AUTH LOGIN", answers),
            (b"67ME67KI", b"235 ok\r\n"),
        )
    ) as running:
        assert outcomes(at(running, user="shop", password="비번")) == [("accepted", 250)]
    assert b"AUTH LOGIN c2hvcA==" in running.heard


def test_a_password_is_never_sent_where_encryption_was_asked_for_and_is_missing() -> None:
    with served(script()) as running:
        result = send(at(running, security="starttls", user="shop", password="secret"), SHOP, [SORA], RAW)
    assert result.problem is Problem.NO_STARTTLS
    assert not any(line.startswith(b"AUTH") for line in running.heard)


def test_where_the_empty_return_path_is_refused_the_accounts_own_takes_its_place() -> None:
    no_empty: Answer = lambda line: b"553 not your address\r\n" if b"<>" in line else b"250 ok\r\n"  # noqa: E731
    with served(script((b"MAIL", no_empty))) as running:
        result = send(at(running, user=SHOP, password="x"), "", [SORA], RAW)
    assert result.recipients[0].outcome == "accepted"
    assert [line[:35] for line in running.heard if line.lower().startswith(b"mail")] == [
        b"mail FROM:<> SIZE=%d" % len(RAW),
        b"mail FROM:<shop@moonburger.test> SI",
    ]


def test_a_mail_larger_than_the_server_takes_is_known_before_it_is_sent(
    mailserver: MailServer, shop: SmtpServer, sora: str
) -> None:
    address = shop.user or ""
    began = time.monotonic()
    result = send(shop, address, [sora], b"Subject: x\r\n\r\n" + b"x" * 60 * 1024 * 1024)
    assert result.recipients[0].outcome == "refused"
    assert result.recipients[0].code == 552
    assert time.monotonic() - began < 10


def test_mail_that_is_not_ascii_says_so(mailserver: MailServer, shop: SmtpServer, sora: str) -> None:
    address = shop.user or ""
    raw = "Subject: 식은\r\n\r\n감자".encode()
    assert send(shop, address, [sora], raw).having("accepted")
    (arrived,) = mailserver.wait_for_mail(sora)
    assert arrived.endswith("감자\r\n".encode())


def test_lines_are_made_whole_and_dots_survive() -> None:
    with served(script()) as running:
        outcomes(at(running), data=b"a: b\n\n.\n..\nx\ry")
    assert running.heard[running.heard.index(b"DATA") + 1 : -1] == [
        b"a: b",
        b"",
        b"..",
        b"...",
        b"x",
        b"y",
        b".",
    ]


def test_nobody_reads_addresses_text_or_passwords_in_the_log(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG), served(script((b"RCPT", b"550 sora is unknown\r\n"))) as running:
        server = at(running, user="shop", password="very-secret")
        send(server, SHOP, [SORA], RAW)
    written = caplog.text + "".join(capfd.readouterr())
    assert "sora" not in written
    assert "very-secret" not in written + repr(server)


def test_trying_sends_nothing(mailserver: MailServer, shop: SmtpServer) -> None:
    address = shop.user or ""
    assert try_sending(shop, address).is_fine
    assert try_sending(shop, address).sentence == ""
    time.sleep(0.3)
    assert mailserver.mail(address) == []


TRIALS = [
    ({"password": "wrong"}, Problem.WRONG_PASSWORD, "user name and password", "비밀번호를 받아들이지"),
    ({"password": "비밀번호"}, Problem.WRONG_PASSWORD, "user name and password", "비밀번호를 받아들이지"),
    ({"context": None}, Problem.CERTIFICATE, "certificate", "인증서"),
    ({"port": "smtp"}, Problem.NO_TLS_HERE, "STARTTLS", "STARTTLS를"),
    ({"port": 1}, Problem.PORT_CLOSED, "port", "포트"),
    (
        {"host": "mail.nowhere.invalid"},
        Problem.HOST_NOT_FOUND,
        "no server named mail.nowhere.invalid",
        "찾을 수 없습니다",
    ),
    ({"port": "smtps", "security": "none"}, Problem.TIMEOUT, "does not answer", "응답이 없습니다"),
    ({"port": "imap", "security": "none"}, Problem.PROTOCOL, "Is it a mail server?", "메일 서버가 맞는지"),
]


@pytest.mark.parametrize(("change", "problem", "english", "korean"), TRIALS)
def test_what_is_wrong_is_said_in_words(
    mailserver: MailServer,
    shop: SmtpServer,
    change: dict[str, object],
    problem: Problem,
    english: str,
    korean: str,
) -> None:
    address = shop.user or ""
    if isinstance(change.get("port"), str):
        change = {**change, "port": getattr(mailserver.ports, str(change["port"]))}
    trial = try_sending(replace(shop, timeout=2, **change), address)  # type: ignore[arg-type]
    assert trial.problem is problem
    with translation.override("en"):
        assert english in trial.sentence
    with translation.override("ko"):
        assert korean in trial.sentence


@pytest.mark.parametrize(
    ("host", "said", "problem"),
    [
        ("smtp.naver.com", "535 5.7.1 Username and Password not accepted", Problem.APP_PASSWORD),
        ("smtp.daum.net", "535 authentication failed", Problem.APP_PASSWORD),
        ("smtp.kakao.com", "535 authentication failed", Problem.APP_PASSWORD),
        ("smtp.gmail.com", "534 5.7.9 Application-specific password required", Problem.APP_PASSWORD),
        ("mail.shop.test", "[ALERT] Application-specific password required", Problem.APP_PASSWORD),
        ("imap.gmail.com", "[ALERT] Too many simultaneous connections. (Failure)", Problem.SERVER_BUSY),
        ("mail.shop.test", "[UNAVAILABLE] Temporary authentication failure", Problem.SERVER_BUSY),
        ("outlook.office365.com", "LOGIN failed.", Problem.PASSWORD_CLOSED),
        (
            "mail.shop.test",
            "535 5.7.139 Authentication unsuccessful, basic authentication is disabled",
            Problem.PASSWORD_CLOSED,
        ),
        ("mail.shop.test", "535 Incorrect authentication data", Problem.WRONG_PASSWORD),
    ],
)
def test_why_nobody_was_let_in_is_told_apart(host: str, said: str, problem: Problem) -> None:
    assert login_problem(host, said) is problem


def test_the_providers_name_is_in_the_sentence_about_app_passwords() -> None:
    from dangol.channels.email.problems import sentence

    with translation.override("ko"):
        assert sentence(Problem.APP_PASSWORD, "smtp.naver.com").startswith("Naver에서 이 비밀번호를")


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_problem_has_its_words_in_both_languages(language: str) -> None:
    from dangol.channels.email.problems import sentence

    with translation.override(language):
        said = [sentence(problem, "mail.shop.test") for problem in Problem]
    assert all(said)
    assert len(set(said)) == len(said)
    has_korean = [any("가" <= letter <= "힣" for letter in each) for each in said]
    assert all(has_korean) if language == "ko" else not any(has_korean)
