"""One dialogue with an SMTP server, step by step. `smtp.send` is what others call."""

import base64
import contextlib
import re
import smtplib
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from dangol.channels.email import oauth
from dangol.channels.email.addresses import needs_smtputf8, normalise
from dangol.channels.email.autoconfig import Security
from dangol.channels.email.oauth import SignInFailed, TokenSource
from dangol.channels.email.problems import Problem, login_problem, problem_of

Outcome = Literal["accepted", "refused", "later", "uncertain"]
_CHUNK = 64 * 1024
_KEEPING_SECONDS = 60
# Of the answers to MAIL those that any other mail from this address would get as well.
_MAIL_PROBLEMS = {421: Problem.SERVER_BUSY, 550: Problem.SENDER_REFUSED, 553: Problem.SENDER_REFUSED}
_OUTCOMES: dict[int, Outcome] = {2: "accepted", 4: "later", 5: "refused"}


@dataclass(frozen=True)
class SmtpServer:
    """Where and as whom to send. Times in seconds; `timeout` is for each step, not for the whole.

    `answer_timeout` is how long the server may think after the last dot: RFC 5321 asks for minutes, since
    who gives up there sends twice. `context` trusts a certificate that the machine does not. With a `token` no
    password is sent: it gives the token for XOAUTH2, another one when it is told which was refused.
    """

    host: str
    port: int
    security: Security = "tls"
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    token: TokenSource | None = field(default=None, repr=False, compare=False)
    timeout: float = 30
    answer_timeout: float = 300
    context: ssl.SSLContext | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class RecipientResult:
    """What became of one recipient. `refused` is for good, `later` may work; `code` is None without an answer.

    `text` is what the server said; it may hold the address.
    """

    address: str
    outcome: Outcome
    code: int | None
    text: str


class Stop(Exception):
    """The dialogue is over: what it means for every recipient that has no result yet."""

    def __init__(
        self, problem: Problem | None, code: int | None, text: str, outcome: Outcome = "later"
    ) -> None:
        super().__init__(problem)
        self.problem, self.code, self.text, self.outcome = problem, code, text, outcome


class Envelope:
    """The recipients, in order, and what is known of each."""

    def __init__(self, recipients: Sequence[str]) -> None:
        self.given = list(dict.fromkeys(recipients))
        self.results: dict[str, RecipientResult] = {}
        self.accepted: list[str] = []

    def settle(self, address: str, outcome: Outcome, code: int | None, text: str) -> None:
        self.results[address] = RecipientResult(address, outcome, code, text)

    def settle_rest(self, outcome: Outcome, code: int | None, text: str) -> None:
        for address in self.given:
            if address not in self.results:
                self.settle(address, outcome, code, text)

    def in_order(self) -> tuple[RecipientResult, ...]:
        return tuple(self.results[address] for address in self.given)


class Dialogue:
    """One connection, signed in. Everything that ends it early comes out as `Stop`."""

    def __init__(self, server: SmtpServer, own_name: str) -> None:
        self._server = server
        # Given, since smtplib would ask the network for this machine's name, slowly, and tell it to strangers.
        self._own_name = own_name
        self._smtp: smtplib.SMTP | None = None

    def __enter__(self) -> "Dialogue":
        try:
            self._smtp = self._connect()
            self._sign_in()
        except BaseException:
            self._close(politely=False)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._close(politely=kind is None)

    @property
    def smtp(self) -> smtplib.SMTP:
        assert self._smtp is not None
        return self._smtp

    def offer(self, envelope: Envelope, sender: str, data: bytes) -> None:
        """MAIL and RCPT: afterwards `envelope.accepted` holds who may get it, the others have their result."""
        usable = {given: address for given in envelope.given if (address := normalise(given))}
        for given in envelope.given:
            if given not in usable:
                envelope.settle(given, "refused", None, "invalid-address")
        if not usable:
            return
        is_wide = any(map(needs_smtputf8, [sender, *usable.values()]))
        with _stopping():
            options = self._options(data, is_wide)
            code, text = _read(self.smtp.mail(sender, options))
            if code // 100 == 5 and not sender and (account := normalise(self._server.user)):
                code, text = _read(self.smtp.mail(account, options))
        self._mind_login(code, text)
        if code // 100 != 2:
            problem = _MAIL_PROBLEMS.get(code)
            raise Stop(problem, code, text, "refused" if code // 100 == 5 else "later")
        for given, address in usable.items():
            self._offer_to(envelope, given, address)

    def _offer_to(self, envelope: Envelope, given: str, address: str) -> None:
        if needs_smtputf8(address) and not self.smtp.has_extn("smtputf8"):
            envelope.settle(given, "refused", None, "smtputf8-unsupported")
            return
        with _stopping():
            code, text = _read(self.smtp.rcpt(address))
        self._mind_login(code, text)
        if code == 421:
            raise Stop(Problem.SERVER_BUSY, code, text)
        if code // 100 == 2:
            envelope.accepted.append(given)
        else:
            # 552 here means "too many recipients" (RFC 5321, 4.5.3.1.10): the rest goes with the next try.
            envelope.settle(given, "refused" if code // 100 == 5 and code != 552 else "later", code, text)

    def hand_over(
        self,
        envelope: Envelope,
        data: bytes,
        *,
        before_end: Callable[[], None] | None = None,
        keeping: Callable[[], None] | None = None,
    ) -> None:
        """DATA, for those who were accepted. Until the last dot is on its way a failure means: not sent."""
        body = _dotted(data)
        with _stopping():
            code, text = _read(self.smtp.docmd("DATA"))
            if code != 354:
                raise Stop(None, code, text, "refused" if code // 100 == 5 else "later")
            told_at = time.monotonic()
            for at in range(0, len(body), _CHUNK):
                # In pieces, since the timeout of a socket is for all that is sent at once.
                self.smtp.send(body[at : at + _CHUNK])
                if keeping and time.monotonic() - told_at > _KEEPING_SECONDS:
                    keeping()
                    told_at = time.monotonic()
        if before_end:
            before_end()
        with _stopping("uncertain"):
            if self.smtp.sock:
                self.smtp.sock.settimeout(self._server.answer_timeout)
            self.smtp.send(b".\r\n")
            code, text = _read(self.smtp.getreply())
        envelope.settle_rest(_OUTCOMES.get(code // 100, "uncertain"), code if code > 0 else None, text)

    def _mind_login(self, code: int, text: str) -> None:
        """Being sent away for want of a password says nothing about the recipient."""
        wants = code == 530 or (code // 100 == 5 and re.search(r"authent|relay", text, re.IGNORECASE))
        if wants and not self._server.user:
            raise Stop(Problem.LOGIN_MISSING, code, text)

    def _options(self, data: bytes, is_wide: bool) -> list[str]:
        options = [f"SIZE={len(data)}"] if self.smtp.has_extn("size") and data else []
        if self.smtp.has_extn("8bitmime") and not data.isascii():
            options.append("BODY=8BITMIME")
        headers = data.partition(b"\r\n\r\n")[0]
        if self.smtp.has_extn("smtputf8") and (is_wide or not headers.isascii()):
            options.append("SMTPUTF8")
        return options

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        context = server.context or ssl.create_default_context()
        with _stopping():
            if server.security == "tls":
                return smtplib.SMTP_SSL(
                    server.host, server.port, self._own_name, timeout=server.timeout, context=context
                )
            smtp = smtplib.SMTP(server.host, server.port, self._own_name, timeout=server.timeout)
            if server.security == "starttls":
                try:
                    smtp.starttls(context=context)
                except BaseException:
                    smtp.close()
                    raise
            return smtp

    def _sign_in(self) -> None:
        with _stopping():
            # Also raises where the server turns us away; after STARTTLS it says anew what it can do.
            self.smtp.ehlo_or_helo_if_needed()
            if self._server.user and self._server.token:
                self._show_tokens(self._server.user, self._server.token)
            elif self._server.user:
                code, text = self._log_in(self._server.user, self._server.password or "")
                if code // 100 == 4:
                    raise Stop(Problem.SERVER_BUSY, code, text)
                if code // 100 != 2:
                    raise Stop(login_problem(self._server.host, f"{code} {text}"), code, text)

    def _show_tokens(self, user: str, source: TokenSource) -> None:
        if "XOAUTH2" not in self.smtp.esmtp_features.get("auth", "").upper().split():
            raise Stop(Problem.LOGIN_NOT_OFFERED, None, "")
        refused: str | None = None
        code: int | None = None
        text = ""
        while True:
            try:
                token = source(refused)
            except SignInFailed as failure:
                raise Stop(failure.problem, None, failure.detail) from failure
            if token == refused:
                raise Stop(Problem.TOKEN_REFUSED, code, text)
            answer, text = self._show_token(user, token)
            if answer // 100 == 2:
                return
            if answer // 100 == 4:
                raise Stop(Problem.SERVER_BUSY, answer, text)
            refused, code = token, answer

    def _show_token(self, user: str, token: str) -> tuple[int, str]:
        code, text = _read(self.smtp.docmd("AUTH", f"XOAUTH2 {_base64(oauth.xoauth2(user, token))}"))
        if code != 334:
            return code, text
        # What is wrong with the token; the server says no only after an empty line.
        said = oauth.refusal_in(text)
        code, text = _read(self.smtp.docmd(""))
        return code, " ".join(filter(None, (said, text)))

    def _log_in(self, user: str, password: str) -> tuple[int, str]:
        # Ours rather than smtplib's login, which knows no passwords beyond ASCII.
        offered = self.smtp.esmtp_features.get("auth", "").upper().split()
        if "PLAIN" in offered:
            return _read(self.smtp.docmd("AUTH", "PLAIN " + _base64(f"\0{user}\0{password}")))
        if "LOGIN" not in offered:
            raise Stop(Problem.LOGIN_NOT_OFFERED, None, "")
        code, text = _read(self.smtp.docmd("AUTH", f"LOGIN {_base64(user)}"))
        return _read(self.smtp.docmd(_base64(password))) if code == 334 else (code, text)

    def _close(self, *, politely: bool) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is None:
            return
        if politely:
            try:
                if smtp.sock:
                    smtp.sock.settimeout(5)
                smtp.quit()
            except (smtplib.SMTPException, OSError, ValueError):
                smtp.close()
        else:
            smtp.close()


@contextlib.contextmanager
def _stopping(outcome: Outcome = "later") -> Iterator[None]:
    """What fails within is a `Stop`, with this outcome for everybody who has none yet."""
    try:
        yield
    except smtplib.SMTPNotSupportedError as error:
        raise Stop(Problem.NO_STARTTLS, None, "", outcome) from error
    except smtplib.SMTPResponseException as error:
        problems = {4: Problem.SERVER_BUSY, 5: Problem.SERVER_REFUSES}
        problem = problems.get(error.smtp_code // 100, Problem.PROTOCOL)
        raise Stop(problem, error.smtp_code, _words(error.smtp_error), outcome) from error
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise Stop(_problem(error), None, "", outcome) from error


def _problem(error: BaseException) -> Problem:
    # smtplib wraps what happened on the socket; what it was stands in the chain.
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError | UnicodeError) and not isinstance(inner, smtplib.SMTPException):
            return problem_of(inner)
        inner = inner.__cause__ or inner.__context__
    return Problem.CONNECTION_LOST if isinstance(error, smtplib.SMTPServerDisconnected) else Problem.PROTOCOL


def _dotted(data: bytes) -> bytes:
    body = re.sub(rb"\r\n|\r|\n", b"\r\n", data)
    if not body.endswith(b"\r\n"):
        body += b"\r\n"
    return re.sub(rb"^\.", b"..", body, flags=re.MULTILINE)


def _read(reply: tuple[int, bytes]) -> tuple[int, str]:
    return reply[0], _words(reply[1])


def _words(text: bytes | str) -> str:
    return " ".join((text.decode("utf-8", "replace") if isinstance(text, bytes) else text).split())[:500]


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
