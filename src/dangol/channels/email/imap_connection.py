"""A signed-in connection to an IMAP server, and what its failures mean. `imap.Imap` is what others use."""

import contextlib
import imaplib
import re
import socket
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime

from imap_tools import BaseMailBox, MailBox, MailBoxUnencrypted
from imap_tools.errors import MailboxFolderSelectError, MailboxLoginError, UnexpectedCommandStatusError

from dangol.channels.email import oauth
from dangol.channels.email.autoconfig import Security
from dangol.channels.email.oauth import SignInFailed, TokenSource
from dangol.channels.email.problems import Problem, login_problem, problem_of


@dataclass(frozen=True)
class ImapServer:
    """Where and as whom to read. `timeout` in seconds, for each answer of the server.

    `context` trusts a certificate that the machine does not. With a `token` no password is sent: it gives the
    token for XOAUTH2, another one when it is told which was refused; `epoch` is another number once a new
    connection should be made with a new token.
    """

    host: str
    port: int = 993
    security: Security = "tls"
    user: str = ""
    password: str = field(default="", repr=False)
    token: TokenSource | None = field(default=None, repr=False, compare=False)
    epoch: int = 0
    timeout: float = 30
    context: ssl.SSLContext | None = field(default=None, repr=False, compare=False)


class ImapError(Exception):
    """The server could not be used. `problem` says why in a word, `problem.kind` is auth, network, tls or protocol.

    `detail` is what the server said. But for FOLDER_RENUMBERED the connection is of no use any more.
    """

    def __init__(self, problem: Problem, detail: str = "") -> None:
        super().__init__(str(problem))
        self.problem, self.detail = problem, detail


class Declined(Exception):
    """The server answered NO or BAD to a FETCH."""

    def __init__(self, said: str) -> None:
        super().__init__("declined")
        self.said = said


def connect(server: ImapServer) -> BaseMailBox:
    """A connection, encrypted as asked for and not signed in."""
    mailbox = _open(server)
    _keep_alive(mailbox.client.sock)
    return mailbox


def certificate_of(server: ImapServer) -> tuple[datetime, datetime] | None:
    """From when until when the server's certificate is valid, without signing in; None where none was seen."""
    try:
        mailbox = connect(server)
    except (ImapError, imaplib.IMAP4.error, OSError, EOFError, UnicodeError):
        return None
    try:
        sock = mailbox.client.sock
        shown = sock.getpeercert() if isinstance(sock, ssl.SSLSocket) else None
        if not shown:
            return None
        ends = (ssl.cert_time_to_seconds(str(shown[name])) for name in ("notBefore", "notAfter"))
        begun, until = (datetime.fromtimestamp(end, UTC) for end in ends)
        return begun, until
    finally:
        with contextlib.suppress(Exception):
            mailbox.client.shutdown()


def _open(server: ImapServer) -> BaseMailBox:
    context = server.context or ssl.create_default_context()
    if server.security == "tls":
        return MailBox(server.host, server.port, timeout=server.timeout, ssl_context=context)
    mailbox = MailBoxUnencrypted(server.host, server.port, timeout=server.timeout)
    if server.security == "starttls":
        try:
            if "STARTTLS" not in mailbox.client.capabilities:
                raise ImapError(Problem.NO_STARTTLS)
            mailbox.client.starttls(context)
        except BaseException:
            mailbox.client.shutdown()
            raise
    return mailbox


def sign_in(mailbox: BaseMailBox, server: ImapServer) -> None:
    """Sign in, with any letters, and learn what the server offers from then on."""
    if re.search(r"[\r\n\0]", server.user + server.password):
        raise ImapError(Problem.WRONG_PASSWORD)
    if "LOGINDISABLED" in mailbox.client.capabilities:
        raise ImapError(Problem.LOGIN_NOT_OFFERED)
    try:
        if server.token:
            _show_tokens(mailbox, server, server.token)
        elif server.user.isascii() and server.password.isascii():
            mailbox.login(server.user, server.password, initial_folder=None)
        else:
            mailbox.login_utf8(server.user, server.password, initial_folder=None)
    except imaplib.IMAP4.abort:
        raise
    except (MailboxLoginError, imaplib.IMAP4.error) as error:
        said = _said(error)
        raise ImapError(login_problem(server.host, said), said) from error
    # Many servers offer IDLE only to those who are signed in.
    status, data = mailbox.client.capability()
    if status == "OK" and data and data[0]:
        mailbox.client.capabilities = tuple(data[-1].decode("ascii", "replace").upper().split())


def _show_tokens(mailbox: BaseMailBox, server: ImapServer, source: TokenSource) -> None:
    if "AUTH=XOAUTH2" not in mailbox.client.capabilities:
        raise ImapError(Problem.LOGIN_NOT_OFFERED)
    refused: str | None = None
    said = ""
    while True:
        try:
            token = source(refused)
        except SignInFailed as failure:
            raise ImapError(failure.problem, failure.detail) from failure
        if token == refused:
            raise ImapError(Problem.TOKEN_REFUSED, said)
        words = oauth.xoauth2(server.user, token).encode()
        asked: list[str] = []

        def answer(challenge: bytes, words: bytes = words, asked: list[str] = asked) -> bytes:
            # Asked a second time, the server says what is wrong with the token, and wants an empty line.
            asked.append(oauth.refusal_in(challenge))
            return words if len(asked) == 1 else b""

        try:
            mailbox.client.authenticate("XOAUTH2", answer)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            said = " ".join(filter(None, [*asked, _said(error)]))[:500]
            if re.search(r"\[(unavailable|inuse|limit|serverbug)\]", said, re.IGNORECASE):
                raise ImapError(Problem.SERVER_BUSY, said) from error
            refused = token
        else:
            return


def translation(error: BaseException) -> ImapError:
    """What an error of imaplib, imap-tools or the network means."""
    if isinstance(error, MailboxFolderSelectError):
        return ImapError(Problem.FOLDER_NOT_FOUND, _said(error))
    if isinstance(error, imaplib.IMAP4.abort) and "unexpected response" not in str(error):
        cause = error.__cause__ or error.__context__
        return ImapError(problem_of(cause) if isinstance(cause, OSError) else Problem.CONNECTION_LOST)
    if isinstance(error, OSError | EOFError | UnicodeError):
        return ImapError(problem_of(error))
    return ImapError(Problem.PROTOCOL, error.said if isinstance(error, Declined) else _said(error))


def _said(error: BaseException) -> str:
    if isinstance(error, UnexpectedCommandStatusError):
        return words_of(error.command_result[1])
    return str(error)[:500]


def words_of(data: object) -> str:
    """What a server said, on one line."""
    parts = data if isinstance(data, list | tuple) else [data]
    words = [
        part.decode("utf-8", "replace") if isinstance(part, bytes) else str(part or "") for part in parts
    ]
    return " ".join(" ".join(words).split())[:500]


def _keep_alive(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
