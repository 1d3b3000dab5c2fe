"""Signing in to mailboxes with Google or Microsoft: every write of it, and the token of the moment.

One refresh token is shared by all processes, and some providers take each only once: whoever refreshes has
claimed the row, writes only over what it has read, and the others wait for the result.
"""

import logging
import secrets
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from dangol.channels.email import oauth
from dangol.channels.email.oauth import Client, Provider, SignInFailed, Tokens
from dangol.channels.email.problems import Problem
from dangol.channels.models import Channel, Mailbox, OAuthClient, SignIn
from dangol.kernel import clock
from dangol.kernel.audit import record_act
from dangol.kernel.errors import Refused
from dangol.staff.models import Staff
from dangol.staff.rights import demand

log = logging.getLogger(__name__)

EARLY: Final = timedelta(minutes=5)  # a token is renewed before it runs out in the middle of a mail
CLAIM: Final = timedelta(minutes=2)  # longer than a token server may take
PATIENCE_SECONDS: Final = 25.0  # for another process that is refreshing
YOUNG: Final = timedelta(minutes=2)  # a token that is refused so soon will not be better the next time


class ClientIncomplete(Refused):
    """Without both there is nothing to sign in with."""

    message = _("Please enter the client ID and the client secret.")


class NotATenant(Refused):
    """It would become part of an address."""

    message = _("Please enter the tenant as its ID or its domain, or leave it empty.")


def provider_for(key: str, tenant: str = "") -> Provider:
    """Google or Microsoft, with the servers of the settings."""
    if key == SignIn.Provider.GOOGLE:
        return oauth.google(settings.DANGOL_GOOGLE_LOGIN)
    return oauth.microsoft(tenant, settings.DANGOL_MICROSOFT_LOGIN)


def client_of(key: str) -> OAuthClient | None:
    """What the owner has entered for the provider; None when nothing that can be used."""
    found = OAuthClient.objects.filter(provider=key).first()
    return found if found and found.client_id and found.secret else None


@transaction.atomic
def keep_oauth_client(
    *, actor: Staff | None, provider: str, client_id: str, secret: str | None, tenant: str, at: datetime
) -> OAuthClient:
    """Keep what the owner has registered at the provider. `secret` None keeps the one that is stored."""
    demand(actor, "change_mailboxes")
    row = OAuthClient.objects.select_for_update().filter(provider=provider).first()
    row = row or OAuthClient(provider=provider)
    before = {"client_id": row.client_id, "tenant": row.tenant}
    if tenant and not oauth.is_tenant(tenant):
        raise NotATenant
    # A kept secret is for the client it was entered for: see PasswordNeeded.
    if not client_id or not (secret or (row.secret and row.client_id == client_id)):
        raise ClientIncomplete
    row.client_id, row.tenant = client_id, tenant
    if secret:
        row.secret = secret
    row.save()
    record_act(
        actor_id=actor.pk if actor else None,
        at=at,
        act="keep_oauth_client",
        thing="OAuthClient",
        thing_id=row.pk,
        before=before,
        after={"client_id": client_id, "tenant": tenant, **({"secret": "entered anew"} if secret else {})},
    )
    return row


def begin_sign_in(
    *, actor: Staff | None, channel: Channel, client: OAuthClient, redirect: str
) -> tuple[str, str, str]:
    """The address of the consent page, and the state and verifier that must be kept until it leads back."""
    demand(actor, "change_mailboxes")
    provider = provider_for(client.provider, client.tenant)
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
    address = oauth.consent_url(
        provider,
        _plain(client),
        redirect=redirect,
        state=state,
        verifier=verifier,
        address=channel.mailbox.imap_user or channel.mailbox.address,
    )
    return address, state, verifier


def finish_sign_in(
    *,
    actor: Staff | None,
    channel: Channel,
    client: OAuthClient,
    code: str,
    verifier: str,
    redirect: str,
    at: datetime,
) -> SignIn:
    """Change the code that came back into tokens and keep them. Raises SignInFailed, and then keeps nothing."""
    demand(actor, "change_mailboxes")
    provider = provider_for(client.provider, client.tenant)
    tokens = oauth.tokens_for_code(
        provider, _plain(client), code=code, redirect=redirect, verifier=verifier, at=at
    )
    with transaction.atomic():
        row = SignIn.objects.select_for_update().get(mailbox_id=channel.pk)
        row.provider = client.provider
        row.signed_in_at, row.ends_at = at, None
        row.trouble, row.trouble_since = "", None
        _take(row, tokens, at)
        row.save()
        Mailbox.objects.filter(pk=channel.pk).update(
            failing_since=None, failure="", sending_failing_since=None, sending_failure=""
        )
        record_act(
            actor_id=actor.pk if actor else None,
            at=at,
            act="sign_in_mailbox",
            thing="Channel",
            thing_id=channel.pk,
            before={},
            after={"provider": client.provider},
        )
    return row


def token_source(mailbox_id: int) -> Callable[[str | None], str]:
    """What gives a mail connection its token, see `access_token`."""
    return lambda refused: access_token(mailbox_id, refused=refused)


def access_token(mailbox_id: int, *, refused: str | None = None) -> str:
    """A token that is good for some minutes, refreshed where need be. Raises SignInFailed.

    `refused` is one that a mail server has just turned down: another comes back, or the same when it is so young
    that another would fare no better. A fault of the network is no reason to give up a token that still is good.
    """
    patient_until = time.monotonic() + PATIENCE_SECONDS
    while True:
        at = clock.now()
        row = SignIn.objects.filter(mailbox_id=mailbox_id).first()
        if row is None or row.is_lost:
            raise SignInFailed(Problem.SIGN_IN_AGAIN)
        is_bad = refused is not None and refused == row.access_token and not row.is_young(at, YOUNG)
        if row.access_token and not is_bad and row.is_good(at + EARLY):
            return row.access_token
        if _claim(row, at):
            try:
                return _refresh(row, at)
            except _Overtaken:
                continue
            except SignInFailed as failure:
                if failure.problem is not Problem.SIGN_IN_AGAIN and not is_bad and row.is_good(clock.now()):
                    log.warning("mailbox=%s refresh failed=%s", mailbox_id, failure.problem)
                    return row.access_token or ""
                raise
        if row.access_token and not is_bad and row.is_good(at):
            return row.access_token
        if time.monotonic() > patient_until:
            raise SignInFailed(Problem.SERVER_BUSY)
        time.sleep(0.2)


class _Overtaken(Exception):
    """Somebody has signed in anew while we were refreshing: what we got is of the past."""


def _claim(row: SignIn, at: datetime) -> bool:
    free = Q(claimed_until=None) | Q(claimed_until__lte=at)
    mine = SignIn.objects.filter(free, pk=row.pk, version=row.version)
    return bool(mine.update(claimed_until=at + CLAIM))


def _refresh(row: SignIn, at: datetime) -> str:
    same = SignIn.objects.filter(pk=row.pk, version=row.version)
    try:
        client, refresh = client_of(row.provider), row.refresh_token
        if client is None:
            raise SignInFailed(Problem.CLIENT_REFUSED)
        if not refresh:  # locked with a key that is gone
            raise SignInFailed(Problem.SIGN_IN_AGAIN)
        tokens = oauth.refreshed_tokens(
            provider_for(row.provider, client.tenant), _plain(client), refresh=refresh, at=at
        )
    except SignInFailed as failure:
        changes: dict[str, object] = {"claimed_until": None}
        if failure.problem.kind == "auth":
            changes |= {"trouble": str(failure.problem), "trouble_since": row.trouble_since or at}
        if failure.problem is Problem.SIGN_IN_AGAIN:
            changes["version"] = F("version") + 1
        log.warning("mailbox=%s refresh failed=%s", row.pk, failure.problem)
        if not same.update(**changes):
            raise _Overtaken from failure
        raise
    except BaseException:
        same.update(claimed_until=None)
        raise
    version = row.version
    _take(row, tokens, at)
    row.trouble, row.trouble_since = "", None
    fields = (
        "locked_access_token", "access_until", "locked_refresh_token", "ends_at",
        "refreshed_at", "claimed_until", "version", "trouble", "trouble_since",
    )  # fmt: skip
    written = SignIn.objects.filter(pk=row.pk, version=version)
    if not written.update(**{name: getattr(row, name) for name in fields}):
        raise _Overtaken
    log.info("mailbox=%s refreshed", row.pk)
    return tokens.access


def _take(row: SignIn, tokens: Tokens, at: datetime) -> None:
    row.access_token, row.access_until = tokens.access, tokens.access_until
    if tokens.refresh:
        row.refresh_token = tokens.refresh
    row.ends_at = tokens.ends_at or row.ends_at
    row.refreshed_at, row.claimed_until = at, None
    row.version += 1


def _plain(client: OAuthClient) -> Client:
    return Client(client.client_id, client.secret or "")
