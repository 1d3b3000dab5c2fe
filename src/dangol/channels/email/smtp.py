"""Hand a mail to an SMTP server, and know for each recipient what became of it.

SMTP leaves one window open: when the connection dies between the last dot and the server's answer, nobody
can know whether the mail was taken. That outcome has a name of its own here, `uncertain`, and nothing else
is ever called by it. Nothing is logged: every line of the dialogue may hold an address.
"""

import base64
import contextlib
import re
import smtplib
import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from dangol.channels.email.addresses import needs_smtputf8, normalise
from dangol.channels.email.autoconfig import Security
from dangol.channels.email.problems import Problem, Trial, login_problem, problem_of

Outcome = Literal["accepted", "refused", "later", "uncertain"]
_CHUNK = 64 * 1024
_OUTCOMES: dict[int, Outcome] = {2: "accepted", 4: "later", 5: "refused"}


@dataclass(frozen=True)
class SmtpServer:
    """Where and as whom to send. Times in seconds; `timeout` is for each step, not for the whole.

    `answer_timeout` is how long the server may think after the last dot: RFC 5321 asks for minutes, since
    who gives up there sends twice. `context` trusts a certificate that the machine does not.
    """

    host: str
    port: int
    security: Security = "tls"
    user: str | None = None
    password: str | None = field(default=None, repr=False)
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


@dataclass(frozen=True)
class SendResult:
    """What became of an envelope: a result for each recipient in the order given, and what is wrong with the
    server, if that is why. While there is a `problem`, other mail over this server fares no better."""

    recipients: tuple[RecipientResult, ...]
    problem: Problem | None = None

    def having(self, outcome: Outcome) -> tuple[RecipientResult, ...]:
        """The recipients with this outcome."""
        return tuple(each for each in self.recipients if each.outcome == outcome)


def send(
    server: SmtpServer,
    envelope_from: str,
    recipients: Sequence[str],
    data: bytes,
    *,
    before_data: Callable[[], None] | None = None,
) -> SendResult:
    """Offer the mail for every recipient and return what the server said to each. Raises nothing of the network.

    One recipient that is refused does not keep it from the others. `before_data` is called once, when at least
    one was accepted and right before the mail itself goes over: what it raises ends the dialogue and comes out,
    and nothing was sent then. `envelope_from` may be empty, for mail that must not bounce; where the server lets
    an account send only under its own name, that name takes the empty one's place.
    """
    envelope = _Envelope(recipients)
    try:
        with _Dialogue(server, _own_name(server, envelope_from)) as dialogue:
            dialogue.offer(envelope, envelope_from, data)
            if envelope.accepted:
                if before_data:
                    before_data()
                dialogue.hand_over(envelope, data)
    except _Stop as stop:
        envelope.settle_rest(stop.outcome, stop.code, stop.text)
        return envelope.result(stop.problem)
    return envelope.result(None)


def try_sending(server: SmtpServer, sender: str) -> Trial:
    """Go as far as one can without sending: connect, sign in, offer a mail from and to `sender`, take it back."""
    envelope = _Envelope([sender])
    try:
        with _Dialogue(server, _own_name(server, sender)) as dialogue:
            dialogue.offer(envelope, sender, b"")
    except _Stop as stop:
        return Trial(stop.problem or Problem.SENDER_REFUSED, stop.text, server.host)
    refusal = envelope.results.get(sender)
    is_refused = refusal is not None and refusal.outcome == "refused"
    return Trial(Problem.SENDER_REFUSED if is_refused else None, refusal.text if refusal else "", server.host)


class _Stop(Exception):
    """The dialogue is over: what it means for every recipient that has no result yet."""

    def __init__(
        self, problem: Problem | None, code: int | None, text: str, outcome: Outcome = "later"
    ) -> None:
        super().__init__(problem)
        self.problem, self.code, self.text, self.outcome = problem, code, text, outcome


class _Envelope:
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

    def result(self, problem: Problem | None) -> SendResult:
        return SendResult(tuple(self.results[address] for address in self.given), problem)


class _Dialogue:
    """One connection, signed in. Everything that ends it early comes out as `_Stop`."""

    def __init__(self, server: SmtpServer, own_name: str) -> None:
        self._server = server
        # Given, since smtplib would ask the network for this machine's name, slowly, and tell it to strangers.
        self._own_name = own_name
        self._smtp: smtplib.SMTP | None = None

    def __enter__(self) -> "_Dialogue":
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

    def offer(self, envelope: _Envelope, sender: str, data: bytes) -> None:
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
            problem = Problem.SERVER_BUSY if code == 421 else None
            raise _Stop(problem, code, text, "refused" if code // 100 == 5 else "later")
        for given, address in usable.items():
            self._offer_to(envelope, given, address)

    def _offer_to(self, envelope: _Envelope, given: str, address: str) -> None:
        if needs_smtputf8(address) and not self.smtp.has_extn("smtputf8"):
            envelope.settle(given, "refused", None, "smtputf8-unsupported")
            return
        with _stopping():
            code, text = _read(self.smtp.rcpt(address))
        self._mind_login(code, text)
        if code == 421:
            raise _Stop(Problem.SERVER_BUSY, code, text)
        if code // 100 == 2:
            envelope.accepted.append(given)
        else:
            # 552 here means "too many recipients" (RFC 5321, 4.5.3.1.10): the rest goes with the next try.
            envelope.settle(given, "refused" if code // 100 == 5 and code != 552 else "later", code, text)

    def hand_over(self, envelope: _Envelope, data: bytes) -> None:
        """DATA, for those who were accepted. Until the last dot is on its way a failure means: not sent."""
        body = _dotted(data)
        with _stopping():
            code, text = _read(self.smtp.docmd("DATA"))
            if code != 354:
                raise _Stop(None, code, text, "refused" if code // 100 == 5 else "later")
            for at in range(0, len(body), _CHUNK):
                # In pieces, since the timeout of a socket is for all that is sent at once.
                self.smtp.send(body[at : at + _CHUNK])
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
            raise _Stop(Problem.LOGIN_MISSING, code, text)

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
            if self._server.user:
                code, text = self._log_in(self._server.user, self._server.password or "")
                if code // 100 == 4:
                    raise _Stop(Problem.SERVER_BUSY, code, text)
                if code // 100 != 2:
                    raise _Stop(login_problem(self._server.host, f"{code} {text}"), code, text)

    def _log_in(self, user: str, password: str) -> tuple[int, str]:
        # Ours rather than smtplib's login, which knows no passwords beyond ASCII.
        offered = self.smtp.esmtp_features.get("auth", "").upper().split()
        if "PLAIN" in offered:
            return _read(self.smtp.docmd("AUTH", "PLAIN " + _base64(f"\0{user}\0{password}")))
        if "LOGIN" not in offered:
            raise _Stop(Problem.LOGIN_NOT_OFFERED, None, "")
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
    """What fails within is a `_Stop`, with this outcome for everybody who has none yet."""
    try:
        yield
    except smtplib.SMTPNotSupportedError as error:
        raise _Stop(Problem.NO_STARTTLS, None, "", outcome) from error
    except smtplib.SMTPResponseException as error:
        problems = {4: Problem.SERVER_BUSY, 5: Problem.SERVER_REFUSES}
        problem = problems.get(error.smtp_code // 100, Problem.PROTOCOL)
        raise _Stop(problem, error.smtp_code, _words(error.smtp_error), outcome) from error
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise _Stop(_problem(error), None, "", outcome) from error


def _problem(error: BaseException) -> Problem:
    # smtplib wraps what happened on the socket; what it was stands in the chain.
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError) and not isinstance(inner, smtplib.SMTPException):
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


def _own_name(server: SmtpServer, sender: str) -> str:
    """What we call ourselves to the server: the domain that the mail is from."""
    address = normalise(sender) or normalise(server.user)
    return address.rpartition("@")[2] if address else "localhost"
