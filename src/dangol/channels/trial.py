"""The trial of a mailbox's servers before they are kept: both directions at once, and in words what is wrong."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from dataclasses import dataclass
from datetime import datetime
from email.utils import make_msgid
from typing import Final

from django.utils.translation import get_language, gettext

from dangol.channels.email.compose import Outgoing, compose
from dangol.channels.email.imap import ImapServer, try_receiving
from dangol.channels.email.oauth import SignInFailed, TokenSource
from dangol.channels.email.problems import Problem, Trial
from dangol.channels.email.sending_provider import SendingProvider, try_sending_by_provider
from dangol.channels.email.smtp import SmtpServer, try_sending
from dangol.channels.incoming import Party
from dangol.channels.mailbox_settings import (
    Connection,
    MailboxSettings,
    ProviderChoice,
    check_passwords,
    check_provider,
)
from dangol.channels.models import Channel, Mailbox
from dangol.channels.sign_ins import access_token

STEP_SECONDS: Final = 8.0  # for each answer of a server on trial
TRIAL_SECONDS: Final = 25.0  # for the whole trial: somebody is waiting at a button


@dataclass(frozen=True)
class MailboxTrial:
    """What a trial showed for each direction; None for the direction that has no server."""

    receiving: Trial | None
    sending: Trial | None

    @property
    def is_fine(self) -> bool:
        """Whether mail can come and go."""
        return all(trial is not None and trial.is_fine for trial in (self.receiving, self.sending))


def try_mailbox(settings: MailboxSettings, *, channel: Channel | None = None) -> MailboxTrial:
    """Try both directions at once, within half a minute; nothing is kept, sent or changed on the servers.

    With the channel, passwords that are not given are those stored, under the rule of `change_mailbox`.
    """
    mailbox = channel.mailbox if channel else None
    check_passwords(settings, mailbox)
    receiving, sending = settings.receiving, settings.sending
    token: TokenSource | None = None
    if settings.sign_in:
        try:
            token = _kept_token(settings, mailbox)
        except SignInFailed as failure:
            return MailboxTrial(
                *(Trial(failure.problem, failure.detail, each.host) for each in (receiving, sending))
            )
    begun = time.monotonic()
    pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="trial")
    trials = (
        pool.submit(try_receiving, _imap(receiving, mailbox, token), settings.folder)
        if receiving.host
        else None,
        pool.submit(try_sending, _smtp(sending, mailbox, token), settings.address)
        if sending.host and not settings.provider
        else None,
    )
    try:
        return MailboxTrial(
            _outcome(trials[0], receiving.host, begun), _outcome(trials[1], sending.host, begun)
        )
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _imap(connection: Connection, mailbox: Mailbox | None, token: TokenSource | None) -> ImapServer:
    kept = mailbox.imap_password if mailbox and connection.password is None else connection.password
    return ImapServer(
        host=connection.host,
        port=connection.port,
        security=connection.security,  # type: ignore[arg-type]
        user=connection.user,
        password=kept or "",
        token=token,
        timeout=STEP_SECONDS,
    )


def _smtp(connection: Connection, mailbox: Mailbox | None, token: TokenSource | None) -> SmtpServer:
    kept = mailbox.smtp_password if mailbox and connection.password is None else connection.password
    return SmtpServer(
        host=connection.host,
        port=connection.port,
        security=connection.security,  # type: ignore[arg-type]
        user=connection.user or None,
        password=kept,
        token=token,
        timeout=STEP_SECONDS,
        answer_timeout=STEP_SECONDS,
    )


def try_provider(choice: ProviderChoice, *, channel: Channel | None, address: str, at: datetime) -> Trial:
    """Send a mail that is only a test by the provider, from the mailbox to itself. Refused as in `change_mailbox`."""
    mailbox = channel.mailbox if channel else None
    check_provider(choice, mailbox)
    key = mailbox.provider_key if mailbox and choice.key is None else choice.key
    mail = Outgoing(
        sender=Party(None, address),
        to=(Party(None, address),),
        subject=gettext("A test by Dangol"),
        text=gettext("This mail shows that sending works. Nothing needs to be done."),
        date=at,
        message_id=make_msgid("test", address.rpartition("@")[2]).strip("<>"),
        language=get_language() or "en",
        automatic="auto-generated",
    )
    return try_sending_by_provider(
        SendingProvider(choice.kind, key or "", choice.url), address, compose(mail)
    )


def _kept_token(settings: MailboxSettings, mailbox: Mailbox | None) -> TokenSource:
    """The mailbox's token, for the servers and the user that it was given for and no others."""
    sign_in = mailbox.sign_in if mailbox else None
    same = mailbox is not None and all(
        (connection.host, connection.user) == (host, user)
        for connection, host, user in (
            (settings.receiving, mailbox.imap_host, mailbox.imap_user),
            (settings.sending, mailbox.smtp_host, mailbox.smtp_user),
        )
    )
    if mailbox is None or sign_in is None or sign_in.provider != settings.sign_in or not same:
        raise SignInFailed(Problem.SIGN_IN_FIRST)
    token = access_token(mailbox.pk)
    return lambda refused: token


def _outcome(trial: "Future[Trial] | None", host: str, begun: float) -> Trial | None:
    if trial is None:
        return None
    try:
        return trial.result(timeout=max(0.0, begun + TRIAL_SECONDS - time.monotonic()))
    except TookTooLong:
        return Trial(Problem.TIMEOUT, "", host)
