"""Signing in to a mailbox with Google or Microsoft (OAuth 2.0, RFC 6749 with PKCE, RFC 7636): what is asked for
and what the answers mean. Of the network there is one function, `post_form`; no database, no settings.

A token request is a form and a small JSON object: urllib does both with the certificates that the machine
trusts, as the mail servers are checked. A library would add its own sessions, its own store of certificates and
its own idea of when to refresh, which must be ours, since several processes share one refresh token.
"""

import base64
import binascii
import hashlib
import http.client
import json
import re
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from urllib.parse import urlencode, urlsplit

from dangol.channels.email.problems import Problem, problem_of

TokenSource = Callable[[str | None], str]  # a token; told which was refused, another one. Raises SignInFailed
ProviderKey = Literal["google", "microsoft"]
ANSWER_BYTES: Final = 256 * 1024
TIMEOUT_SECONDS: Final = 20.0
_LONGEST_LIFE: Final = 10 * 365 * 86_400
_SHORTEST_LIFE: Final = 60
# "Sign in again": the permission was withdrawn, has run out, or needs the person (Microsoft's words are the others).
_AGAIN = {"invalid_grant", "interaction_required", "consent_required", "login_required"}
_CLIENT = {"invalid_client", "unauthorized_client", "invalid_scope", "redirect_uri_mismatch"}


@dataclass(frozen=True)
class Provider:
    """Where and for what to ask. `extra` is what this provider wants besides in the address of its page."""

    key: ProviderKey
    name: str
    authorize_url: str
    token_url: str
    scope: str
    extra: Mapping[str, str]

    @property
    def host(self) -> str:
        """Who is asked for tokens, for messages."""
        return urlsplit(self.token_url).hostname or self.name

    @property
    def origin(self) -> str:
        """Scheme, host and port of the page on which the person consents."""
        parts = urlsplit(self.authorize_url)
        return f"{parts.scheme}://{parts.netloc}"


@dataclass(frozen=True)
class Client:
    """Who we are to the provider: what the owner has registered there."""

    client_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Tokens:
    """What was granted. `refresh` is None where the one we have stays good; `ends_at` is when even that one ends,
    if the provider says so."""

    access: str = field(repr=False)
    access_until: datetime
    refresh: str | None = field(default=None, repr=False)
    ends_at: datetime | None = None


class SignInFailed(Exception):
    """No token. `problem` says why in a word; `detail` is what the provider said."""

    def __init__(self, problem: Problem, detail: str = "") -> None:
        super().__init__(str(problem))
        self.problem, self.detail = problem, detail


def google(base: str = "") -> Provider:
    """Google. `base` replaces its servers, for tests."""
    return Provider(
        key="google",
        name="Google",
        authorize_url=f"{base or 'https://accounts.google.com'}/o/oauth2/v2/auth",
        token_url=f"{base or 'https://oauth2.googleapis.com'}/token",
        scope="https://mail.google.com/",
        # Only "offline" gives a refresh token, and only "consent" gives one the second time as well.
        extra={"access_type": "offline", "prompt": "consent"},
    )


def microsoft(tenant: str = "", base: str = "") -> Provider:
    """Microsoft, for the accounts of one `tenant` or, when it is empty, for all. `base` replaces its servers."""
    start = f"{base or 'https://login.microsoftonline.com'}/{tenant or 'common'}/oauth2/v2.0"
    return Provider(
        key="microsoft",
        name="Microsoft",
        authorize_url=f"{start}/authorize",
        token_url=f"{start}/token",
        scope=(
            "offline_access https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send"
        ),
        extra={"response_mode": "query", "prompt": "select_account"},
    )


def is_tenant(text: str) -> bool:
    """Whether it is a tenant's id, its domain, or one of Microsoft's words for many."""
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]{1,126}", text, re.ASCII) is not None


def consent_url(
    provider: Provider, client: Client, *, redirect: str, state: str, verifier: str, address: str
) -> str:
    """The address of the provider's page on which somebody lets us into the mailbox `address`."""
    fields = {
        "client_id": client.client_id,
        "redirect_uri": redirect,
        "response_type": "code",
        "scope": provider.scope,
        "state": state,
        "code_challenge": challenge_of(verifier),
        "code_challenge_method": "S256",
        "login_hint": address,
        **provider.extra,
    }
    return f"{provider.authorize_url}?{urlencode(fields)}"


def challenge_of(verifier: str) -> str:
    """What the provider is shown of the verifier before it gets the verifier itself (RFC 7636, S256)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def tokens_for_code(
    provider: Provider, client: Client, *, code: str, redirect: str, verifier: str, at: datetime
) -> Tokens:
    """The tokens for a code that came back from the consent page. Raises SignInFailed.

    SIGN_IN_AGAIN also where no refresh token came with it: such a sign-in would end within the hour.
    """
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect,
        "code_verifier": verifier,
    }
    tokens = read_tokens(*_ask(provider, client, fields), at=at)
    if not tokens.refresh:
        raise SignInFailed(Problem.SIGN_IN_AGAIN, "no refresh_token")
    return tokens


def refreshed_tokens(provider: Provider, client: Client, *, refresh: str, at: datetime) -> Tokens:
    """New tokens for the refresh token. Raises SignInFailed: only SIGN_IN_AGAIN means that it is good no more."""
    fields = {"grant_type": "refresh_token", "refresh_token": refresh}
    if provider.key == "microsoft":
        fields["scope"] = provider.scope
    return read_tokens(*_ask(provider, client, fields), at=at)


def read_tokens(status: int, body: bytes, *, at: datetime) -> Tokens:
    """What a token server answered. Raises SignInFailed; what is no clear refusal may be otherwise later."""
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise SignInFailed(Problem.SERVER_BUSY if status != 200 else Problem.PROTOCOL, f"{status}")
    if status == 200 and isinstance(access := said.get("access_token"), str) and _is_token(access):
        refresh = said.get("refresh_token")
        ends_in = _seconds(said.get("refresh_token_expires_in"))
        return Tokens(
            access=access,
            access_until=at
            + timedelta(seconds=max(_seconds(said.get("expires_in")) or 3600, _SHORTEST_LIFE)),
            refresh=refresh if isinstance(refresh, str) and _is_token(refresh) else None,
            ends_at=at + timedelta(seconds=ends_in) if ends_in else None,
        )
    error = str(said.get("error") or "")
    detail = " ".join(f"{error} {said.get('error_description') or ''}".split())[:500]
    if error in _AGAIN:
        raise SignInFailed(Problem.SIGN_IN_AGAIN, detail)
    if error in _CLIENT:
        raise SignInFailed(Problem.CLIENT_REFUSED, detail)
    raise SignInFailed(Problem.SERVER_BUSY if status != 200 else Problem.PROTOCOL, detail or f"{status}")


def xoauth2(user: str, token: str) -> str:
    """What SASL XOAUTH2 says to a mail server, before base64."""
    return f"user={user}\x01auth=Bearer {token}\x01\x01"


def refusal_in(challenge: str | bytes) -> str:
    """What a mail server says of a token that it refuses: JSON in base64, with a status and the scope it wants."""
    data = challenge.encode() if isinstance(challenge, str) else challenge
    for text in (data, _unbase64(data)):
        try:
            said = json.loads(text)
        except ValueError:
            continue
        if isinstance(said, dict):
            return " ".join(
                f"{name}={said[name]}" for name in ("status", "error", "scope") if said.get(name)
            )[:300]
    return ""


def post_form(url: str, fields: Mapping[str, str], *, timeout: float = TIMEOUT_SECONDS) -> tuple[int, bytes]:
    """Send a form and return status and body, at most 256 kB. Raises SignInFailed for a network that fails.

    Follows no redirection: what it carries is for this server alone.
    """
    request = urllib.request.Request(  # noqa: S310  the addresses are the providers' own or the operator's
        url,
        data=urlencode(fields).encode(),
        headers={"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"},
    )
    try:
        with _OPENER.open(request, timeout=timeout) as answer:
            return answer.status, answer.read(ANSWER_BYTES)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _rest(error)
    except urllib.error.URLError as error:
        raise SignInFailed(_network_problem(error.reason)) from error
    except (OSError, http.client.HTTPException) as error:
        raise SignInFailed(_network_problem(error)) from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_OPENER = urllib.request.OpenerDirector()
for _handler in (
    urllib.request.ProxyHandler(),
    urllib.request.HTTPHandler(),
    urllib.request.HTTPSHandler(),
    urllib.request.HTTPDefaultErrorHandler(),
    urllib.request.HTTPErrorProcessor(),
    _NoRedirect(),
):
    _OPENER.add_handler(_handler)


def _ask(provider: Provider, client: Client, fields: Mapping[str, str]) -> tuple[int, bytes]:
    return post_form(
        provider.token_url, {"client_id": client.client_id, "client_secret": client.secret, **fields}
    )


def _rest(error: urllib.error.HTTPError) -> bytes:
    try:
        return error.read(ANSWER_BYTES)
    except (OSError, http.client.HTTPException):
        return b""


def _network_problem(reason: object) -> Problem:
    if isinstance(reason, ssl.SSLError | socket.gaierror | OSError):
        return problem_of(reason)
    return Problem.CONNECTION_LOST


def _is_token(text: str) -> bool:
    # It goes into a line of IMAP and SMTP as it is.
    return re.fullmatch(r"[\x21-\x7e]{1,16000}", text, re.ASCII) is not None


def _seconds(value: object) -> int:
    try:
        return max(0, min(int(str(value)), _LONGEST_LIFE))
    except ValueError:
        return 0


def _unbase64(data: bytes) -> bytes:
    try:
        return base64.b64decode(data, validate=False)
    except (binascii.Error, ValueError):
        return b""
