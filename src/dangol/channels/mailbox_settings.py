"""What a person sets about a mailbox, and what may be set."""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from dangol.channels.email.autoconfig import provider_of
from dangol.channels.models import Mailbox, Security
from dangol.kernel.errors import Refused

THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class AddressInUse(Refused):
    """Two mailboxes with one address would both take the same mail in."""

    message = _("Another mailbox has this address already.")


class NotEncrypted(Refused):
    """A password would travel in clear."""

    message = _("Without encryption only a server on this machine can be used. Choose TLS or STARTTLS.")


class PasswordNeeded(Refused):
    """A kept password is for the server and user that it was entered for, and for no other."""

    message = _("The server or user name is another than before: please enter the password again.")


class KeyNeeded(Refused):
    """A kept key is for the provider and address that it was entered for, and for no other."""

    message = _("The provider or its address is another than before: please enter the key again.")


class NotByTls(Refused):
    """The key would travel in clear."""

    message = _("The address of the provider must begin with https.")


class ServerMissing(Refused):
    """A mailbox needs a server to fetch from."""

    message = _("Please enter the server for receiving.")


@dataclass(frozen=True)
class Connection:
    """A server and who signs in there. `password` None keeps the one that is stored."""

    host: str
    port: int
    security: str
    user: str
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class ProviderChoice:
    """By which provider to send. `key` None keeps the one that is stored."""

    kind: str
    key: str | None = field(default=None, repr=False)
    url: str = ""


@dataclass(frozen=True)
class MailboxSettings:
    """All that a person sets about a mailbox. Times in seconds of opening hours; None promises nothing.

    `provider` sends in place of the server for sending. `sign_in` is google or microsoft, or empty where passwords
    sign in.
    """

    address: str
    receiving: Connection
    sending: Connection
    from_name: str = ""
    aliases: tuple[str, ...] = ()
    folder: str = "INBOX"
    plus_addressing: bool = True
    sign_in: str = ""
    provider: ProviderChoice | None = None
    promised_first_seconds: int | None = None
    promised_next_seconds: int | None = None
    signature: str = ""
    acknowledgement: str = ""


def proposed_connections(address: str) -> tuple[Connection, Connection, bool]:
    """The likely servers of an address for receiving and sending, and whether mail to name+word@… arrives."""
    provider = provider_of(address)
    imap, smtp = provider.imap, provider.smtp
    return (
        Connection(imap.host, imap.port, imap.security, address),
        Connection(smtp.host, smtp.port, smtp.security, address),
        provider.plus_addresses,
    )


def check_settings(settings: MailboxSettings, mailbox: Mailbox | None) -> None:
    """Refuse settings that cannot be kept: no server, a password in clear, an address that is another mailbox's."""
    is_kept_here = mailbox is not None and mailbox.outgoing == Mailbox.Outgoing.KEPT
    if not settings.receiving.host and not is_kept_here:
        raise ServerMissing
    for connection in (settings.receiving, settings.sending):
        if connection.security == Security.NONE and connection.host and connection.host not in THIS_MACHINE:
            raise NotEncrypted
    wanted = {settings.address.lower(), *(alias.lower() for alias in settings.aliases)}
    others = Mailbox.objects.exclude(pk=mailbox.pk if mailbox else None)
    if any(wanted & set(other.addresses) for other in others):
        raise AddressInUse
    check_passwords(settings, mailbox)
    if settings.provider:
        check_provider(settings.provider, mailbox)


def check_provider(choice: ProviderChoice, mailbox: Mailbox | None) -> None:
    """Refuse a provider whose key would go to another one than it was entered for, or in clear."""
    host = urlsplit(choice.url).hostname
    if choice.url and not (choice.url.startswith("https://") or host in THIS_MACHINE):
        raise NotByTls
    is_same = mailbox is not None and (choice.kind, choice.url) == (mailbox.provider, mailbox.provider_url)
    if choice.key is None and not (is_same and mailbox and mailbox.provider_locked_key):
        raise KeyNeeded


def check_passwords(settings: MailboxSettings, mailbox: Mailbox | None) -> None:
    """Refuse to use a stored password for another server or user than the one it was entered for.

    A sign-in without a password is no concern of this: see `change_mailbox`.
    """
    if settings.sign_in:
        return
    for connection, host, user in (
        (settings.receiving, mailbox.imap_host if mailbox else "", mailbox.imap_user if mailbox else ""),
        (settings.sending, mailbox.smtp_host if mailbox else "", mailbox.smtp_user if mailbox else ""),
    ):
        is_same = (connection.host, connection.user) == (host, user)
        if connection.password is None and connection.host and connection.user and not is_same:
            raise PasswordNeeded
