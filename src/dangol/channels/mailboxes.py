"""Every write of what a business sets about its mailboxes."""

from datetime import datetime
from typing import Any

from django.db import transaction

from dangol.channels.mailbox_settings import MailboxSettings, check_settings
from dangol.channels.models import Channel, Mailbox, SignIn
from dangol.kernel.audit import record_act
from dangol.staff.models import Staff
from dangol.staff.rights import demand


@transaction.atomic
def add_mailbox(*, actor: Staff | None, settings: MailboxSettings, at: datetime) -> Channel:
    """Connect a mailbox. Its mail is fetched from the next moment on."""
    demand(actor, "change_mailboxes")
    check_settings(settings, None)
    channel = Channel(kind=Channel.Kind.EMAIL, created_at=at)
    mailbox = Mailbox(channel=channel)
    _apply(settings, channel, mailbox)
    channel.save(force_insert=True)
    mailbox.channel = channel
    mailbox.save(force_insert=True)
    _keep_sign_in(settings, mailbox, is_elsewhere=False)
    _record(actor, at, "add_mailbox", channel, {}, _values(channel, mailbox))
    return channel


@transaction.atomic
def change_mailbox(
    *, actor: Staff | None, channel: Channel, settings: MailboxSettings, at: datetime
) -> Channel:
    """Give a mailbox these settings. Another server, user or folder is read from its beginning.

    A password that is not given is kept, unless it would go to another server or user (PasswordNeeded):
    otherwise whoever may change a mailbox could have it sent to a server of their own. For the same reason a
    sign-in without a password is forgotten when a server or user is another, and must be made anew.
    """
    demand(actor, "change_mailboxes")
    channel = Channel.objects.select_for_update().get(pk=channel.pk)
    mailbox = Mailbox.objects.select_for_update().get(pk=channel.pk)
    check_settings(settings, mailbox)
    before, place = _values(channel, mailbox), _place(mailbox)
    locked = _locked(mailbox)
    servers, signed = _servers(mailbox), _signed(mailbox)
    _apply(settings, channel, mailbox)
    if _place(mailbox) != place:
        mailbox.uid_validity, mailbox.last_uid = None, 0
    after = _values(channel, mailbox)
    if settings.receiving.password is not None or settings.sending.password is not None:
        after["password"] = "entered anew"  # noqa: S105
    _keep_sign_in(settings, mailbox, is_elsewhere=_servers(mailbox) != servers)
    if signed != _signed(mailbox):
        before, after = {**before, "sign_in": signed[0]}, {**after, "sign_in": settings.sign_in}
    is_other = before != after or locked != _locked(mailbox)
    if is_other:
        mailbox.failing_since, mailbox.failure = None, ""
        mailbox.sending_failing_since, mailbox.sending_failure = None, ""
        mailbox.certificate_from = mailbox.certificate_until = mailbox.certificate_seen_at = None
        channel.save()
        mailbox.save()
        _record(actor, at, "change_mailbox", channel, before, after)
    return channel


@transaction.atomic
def pause_mailbox(*, actor: Staff | None, channel: Channel, at: datetime) -> Channel:
    """Fetch nothing more and send nothing new on its own; what is here stays."""
    return _switch(actor, channel, at, is_active=False)


@transaction.atomic
def resume_mailbox(*, actor: Staff | None, channel: Channel, at: datetime) -> Channel:
    """Fetch again, from where it stopped: what came meanwhile comes in now."""
    return _switch(actor, channel, at, is_active=True)


def _switch(actor: Staff | None, channel: Channel, at: datetime, *, is_active: bool) -> Channel:
    demand(actor, "change_mailboxes")
    row = Channel.objects.select_for_update().get(pk=channel.pk)
    if row.is_active != is_active:
        row.is_active = is_active
        row.save(update_fields=["is_active"])
        act = "resume_mailbox" if is_active else "pause_mailbox"
        _record(actor, at, act, row, {"is_active": not is_active}, {"is_active": is_active})
    return row


def _apply(settings: MailboxSettings, channel: Channel, mailbox: Mailbox) -> None:
    channel.name = (settings.from_name or settings.address)[:80]
    channel.signature, channel.acknowledgement = settings.signature, settings.acknowledgement
    channel.promised_first_seconds = settings.promised_first_seconds
    channel.promised_next_seconds = settings.promised_next_seconds
    mailbox.address, mailbox.from_name = settings.address, settings.from_name
    mailbox.aliases = [alias for alias in settings.aliases if alias.lower() != settings.address.lower()]
    mailbox.imap_folder, mailbox.plus_addressing = settings.folder, settings.plus_addressing
    receiving, sending = settings.receiving, settings.sending
    mailbox.imap_host, mailbox.imap_port = receiving.host, receiving.port
    mailbox.imap_security, mailbox.imap_user = receiving.security, receiving.user
    mailbox.smtp_host, mailbox.smtp_port = sending.host, sending.port
    mailbox.smtp_security, mailbox.smtp_user = sending.security, sending.user
    if mailbox.outgoing != Mailbox.Outgoing.KEPT:
        mailbox.outgoing = Mailbox.Outgoing.PROVIDER if settings.provider else Mailbox.Outgoing.SMTP
    choice = settings.provider
    mailbox.provider, mailbox.provider_url = (choice.kind, choice.url) if choice else ("", "")
    if choice is None:
        mailbox.provider_key = ""
    elif choice.key is not None:
        mailbox.provider_key = choice.key
    if receiving.password is not None:
        mailbox.imap_password = receiving.password
    if sending.password is not None:
        mailbox.smtp_password = sending.password


def _place(mailbox: Mailbox) -> tuple[str, str, str]:
    return mailbox.imap_host, mailbox.imap_user, mailbox.imap_folder


def _locked(mailbox: Mailbox) -> tuple[str, ...]:
    return mailbox.imap_locked_password, mailbox.smtp_locked_password, mailbox.provider_locked_key


def _servers(mailbox: Mailbox) -> tuple[object, ...]:
    return (
        mailbox.imap_host, mailbox.imap_port, mailbox.imap_security, mailbox.imap_user,
        mailbox.smtp_host, mailbox.smtp_port, mailbox.smtp_security, mailbox.smtp_user,
    )  # fmt: skip


def _signed(mailbox: Mailbox) -> tuple[str, int]:
    row = SignIn.objects.filter(mailbox_id=mailbox.pk).first()
    return (row.provider, row.version) if row else ("", 0)


def _keep_sign_in(settings: MailboxSettings, mailbox: Mailbox, *, is_elsewhere: bool) -> None:
    rows = SignIn.objects.select_for_update().filter(mailbox_id=mailbox.pk)
    row = rows.first()
    if not settings.sign_in:
        rows.delete()
        return
    if row is None:
        SignIn.objects.create(mailbox_id=mailbox.pk, provider=settings.sign_in)
    elif row.provider != settings.sign_in or is_elsewhere:
        row.provider = settings.sign_in
        row.forget()
        row.save()
    # No password is kept that signs in nowhere.
    mailbox.imap_password = mailbox.smtp_password = ""
    Mailbox.objects.filter(pk=mailbox.pk).update(imap_locked_password="", smtp_locked_password="")


def _values(channel: Channel, mailbox: Mailbox) -> dict[str, Any]:
    secret = {"imap_locked_password", "smtp_locked_password", "provider_locked_key"}
    state = {
        "uid_validity",
        "last_uid",
        "fetched_at",
        "failing_since",
        "failure",
        "sending_failing_since",
        "sending_failure",
        "certificate_from",
        "certificate_until",
        "certificate_seen_at",
        "channel",
        "created_at",
        "id",
    }
    rows: tuple[Any, ...] = (channel, mailbox)
    return {
        each.name: getattr(row, each.attname)
        for row in rows
        for each in row._meta.concrete_fields
        if each.name not in secret | state
    }


def _record(
    actor: Staff | None,
    at: datetime,
    act: str,
    channel: Channel,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    record_act(
        actor_id=actor.pk if actor else None,
        at=at,
        act=act,
        thing="Channel",
        thing_id=channel.pk,
        before=before,
        after=after,
    )
