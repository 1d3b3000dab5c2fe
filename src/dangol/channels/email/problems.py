"""What goes wrong between us and a mail server: one machine word each, and a sentence for the owner."""

import errno
import re
import socket
import ssl
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dangol.channels.email.autoconfig import provider_at

Kind = Literal["auth", "network", "tls", "protocol"]


class Problem(StrEnum):
    """Why a server could not be used. Nothing of this is about a single recipient or message.

    With `not-stored` nothing is wrong with the server: what it handed out could not be kept here.
    """

    HOST_NOT_FOUND = "host-not-found"
    PORT_CLOSED = "port-closed"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    CONNECTION_LOST = "connection-lost"
    SERVER_BUSY = "server-busy"
    SERVER_REFUSES = "server-refuses"
    CERTIFICATE = "certificate"
    NO_TLS_HERE = "no-tls-here"
    NO_STARTTLS = "no-starttls"
    TLS_FAILED = "tls-failed"
    WRONG_PASSWORD = "wrong-password"  # noqa: S105
    APP_PASSWORD = "app-password"  # noqa: S105
    PASSWORD_CLOSED = "password-closed"  # noqa: S105
    SIGN_IN_AGAIN = "sign-in-again"
    SIGN_IN_FIRST = "sign-in-first"
    CLIENT_REFUSED = "client-refused"
    TOKEN_REFUSED = "token-refused"  # noqa: S105
    LOGIN_MISSING = "login-missing"
    LOGIN_NOT_OFFERED = "login-not-offered"
    KEY_REFUSED = "key-refused"
    SENDER_REFUSED = "sender-refused"
    FOLDER_NOT_FOUND = "folder-not-found"
    FOLDER_RENUMBERED = "folder-renumbered"
    NOT_STORED = "not-stored"
    PROTOCOL = "protocol"

    @property
    def kind(self) -> Kind:
        """Where to look: at the account, the network, the encryption, or the conversation with the server."""
        return _KINDS.get(self, "protocol")


@dataclass(frozen=True)
class Trial:
    """What a try of a mailbox's settings showed. `detail` is what the server said itself, maybe with addresses."""

    problem: Problem | None
    detail: str
    host: str

    @property
    def is_fine(self) -> bool:
        """Whether everything worked."""
        return self.problem is None

    @property
    def sentence(self) -> str:
        """What is wrong and what to do, in the language of the moment; empty when all is well."""
        return sentence(self.problem, self.host) if self.problem else ""


def sentence(problem: Problem, host: str) -> str:
    """What is wrong and what to do about it, in words for the owner of a shop."""
    return str(_SENTENCES[problem]) % {"host": host, "provider": _name(host)}


def problem_of(error: BaseException) -> Problem:
    """The problem behind an error of socket or ssl."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Problem.CERTIFICATE
    if isinstance(error, ssl.SSLError):
        # A server that greets in clear where TLS is expected: OpenSSL names it by either of these.
        is_clear = error.reason in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"}
        return Problem.NO_TLS_HERE if is_clear else Problem.TLS_FAILED
    if isinstance(error, socket.gaierror | UnicodeError):
        return Problem.HOST_NOT_FOUND
    if isinstance(error, ConnectionRefusedError):
        return Problem.PORT_CLOSED
    if isinstance(error, TimeoutError):
        return Problem.TIMEOUT
    if isinstance(error, OSError) and error.errno in {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN}:
        return Problem.UNREACHABLE
    return Problem.CONNECTION_LOST if isinstance(error, OSError | EOFError) else Problem.PROTOCOL


def login_problem(host: str, said: str) -> Problem:
    """Why a server that answered did not let us in, from its host name and its words."""
    if re.search(
        r"\[(unavailable|inuse|limit|serverbug)\]|too many|try again|temporar|\b4\.\d\.\d\b", said, re.I
    ):
        return Problem.SERVER_BUSY
    if re.search(
        r"application-specific|app(lication)?[- ]password|애플리케이션 비밀번호|앱 비밀번호", said, re.I
    ):
        return Problem.APP_PASSWORD
    if re.search(r"basic auth\w* is disabled|5\.7\.139|logondenied-basicauthblocked", said, re.I):
        return Problem.PASSWORD_CLOSED
    provider = provider_at(host)
    if provider and provider.password == "app":  # noqa: S105
        return Problem.APP_PASSWORD
    if provider and provider.password == "closed":  # noqa: S105
        return Problem.PASSWORD_CLOSED
    return Problem.WRONG_PASSWORD


def _name(host: str) -> str:
    provider = provider_at(host)
    return provider.name if provider else host


_KINDS: dict[Problem, Kind] = {
    Problem.HOST_NOT_FOUND: "network",
    Problem.PORT_CLOSED: "network",
    Problem.UNREACHABLE: "network",
    Problem.TIMEOUT: "network",
    Problem.CONNECTION_LOST: "network",
    Problem.SERVER_BUSY: "network",
    Problem.CERTIFICATE: "tls",
    Problem.NO_TLS_HERE: "tls",
    Problem.NO_STARTTLS: "tls",
    Problem.TLS_FAILED: "tls",
    Problem.WRONG_PASSWORD: "auth",
    Problem.APP_PASSWORD: "auth",
    Problem.PASSWORD_CLOSED: "auth",
    Problem.SIGN_IN_AGAIN: "auth",
    Problem.SIGN_IN_FIRST: "auth",
    Problem.CLIENT_REFUSED: "auth",
    Problem.TOKEN_REFUSED: "auth",
    Problem.LOGIN_MISSING: "auth",
    Problem.LOGIN_NOT_OFFERED: "auth",
    Problem.KEY_REFUSED: "auth",
    Problem.SENDER_REFUSED: "auth",
}

_SENTENCES: dict[Problem, Promise] = {
    Problem.HOST_NOT_FOUND: _("There is no server named %(host)s. Check the spelling."),
    Problem.PORT_CLOSED: _("%(host)s is there, but nothing answers on this port. Check the port."),
    Problem.UNREACHABLE: _("%(host)s cannot be reached from here. Check this machine's network."),
    Problem.TIMEOUT: _(
        "%(host)s does not answer. Check the port and the encryption, and whether a firewall stands between."
    ),
    Problem.CONNECTION_LOST: _(
        "%(host)s ended the connection. Check the port and the encryption, or try again."
    ),
    Problem.SERVER_BUSY: _("%(host)s has no time just now. Try again in a few minutes."),
    Problem.SERVER_REFUSES: _("%(host)s takes no mail from this machine. Ask your mail provider why."),
    Problem.CERTIFICATE: _(
        "The certificate of %(host)s is not valid for this name. Enter the name that your mail provider gives."
    ),
    Problem.NO_TLS_HERE: _("%(host)s does not begin with TLS on this port. Choose STARTTLS or another port."),
    Problem.NO_STARTTLS: _("%(host)s does not offer STARTTLS on this port. Choose TLS or another port."),
    Problem.TLS_FAILED: _(
        "No encrypted connection to %(host)s came about. Check the port and the encryption."
    ),
    Problem.WRONG_PASSWORD: _("%(host)s does not accept the user name and password. Enter both again."),
    Problem.APP_PASSWORD: _(
        "%(provider)s does not accept this password. It asks for an app password: make one in your account's "
        "security settings there, turn on IMAP, and enter it here."
    ),
    Problem.PASSWORD_CLOSED: _(
        "%(provider)s lets no program sign in with a password any more. Sign in with Microsoft instead: it stands "
        "beside the password."
    ),
    Problem.SIGN_IN_AGAIN: _(
        "%(provider)s does not let Dangol in any more: the permission has ended or was withdrawn. Sign in again."
    ),
    Problem.SIGN_IN_FIRST: _("Nobody has signed in yet. Save first; then you are led to the sign-in."),
    Problem.CLIENT_REFUSED: _(
        "The client ID or the client secret is not accepted. Enter both again as the provider shows them."
    ),
    Problem.TOKEN_REFUSED: _(
        "You are signed in, but %(host)s does not open this mailbox. Did you choose the account of this address, and "
        "is IMAP allowed there?"
    ),
    Problem.LOGIN_MISSING: _("%(host)s wants a user name and a password before it takes mail."),
    Problem.LOGIN_NOT_OFFERED: _(
        "%(host)s lets nobody sign in over this connection. Choose TLS or STARTTLS, or leave the user name empty."
    ),
    Problem.KEY_REFUSED: _("%(host)s does not accept the key. Copy it there once more and enter it again."),
    Problem.SENDER_REFUSED: _("%(host)s does not let this account send from this address."),
    Problem.FOLDER_NOT_FOUND: _("The mailbox has no folder of this name. INBOX is the usual one."),
    Problem.FOLDER_RENUMBERED: _(
        "%(host)s has renumbered the folder. Dangol reads it again; nothing is lost."
    ),
    Problem.NOT_STORED: _(
        "What %(host)s hands out cannot be stored here just now. Is this machine's disk full? It is fetched as soon "
        "as there is room; until then it stays where it is."
    ),
    Problem.PROTOCOL: _("%(host)s answers in a way that Dangol does not understand. Is it a mail server?"),
}
