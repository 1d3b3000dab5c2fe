"""An honest OAuth 2.0 server for tests, with the addresses of Google's and Microsoft's: consent page, code, PKCE,
refresh tokens that are good once, expiry, revocation, and introspection for a mail server.

    provider.clients["id"] = Registered("secret", "http://…/return/")
    provider.revoke("hello@moonburger.test")
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit


@dataclass(frozen=True)
class Registered:
    """A client that somebody has registered: its secret, and where it may be led back to."""

    secret: str
    redirect: str


@dataclass
class Grant:
    """What somebody has consented to. Each refresh token is good once; an old one that comes again ends it all."""

    address: str
    client_id: str
    refresh: str
    used: set[str] = field(default_factory=set)
    is_revoked: bool = False


@dataclass
class OAuthServer:
    """The provider, running. `access_seconds` and `refresh_seconds` are what the next tokens are given."""

    url: str = ""
    access_seconds: int = 3600
    refresh_seconds: int | None = None
    is_down: bool = False
    seconds_to_think: float = 0
    clients: dict[str, Registered] = field(default_factory=dict)
    grants: list[Grant] = field(default_factory=list)
    refreshes: int = 0
    asked: list[dict[str, str]] = field(default_factory=list)  # the consent pages that were opened
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)
    _access: dict[str, tuple[Grant, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def revoke(self, address: str) -> None:
        """As when the owner takes the permission back: no token of this address is good from now on."""
        for grant in self.grants:
            if grant.address == address:
                grant.is_revoked = True

    def end_access_tokens(self) -> None:
        """Every access token is refused from now on; the refresh tokens are good."""
        self._access.clear()

    def consent(self, query: dict[str, str], *, address: str) -> str:
        """Somebody presses Allow: the address that leads back. ValueError for what must not lead anywhere."""
        client = self.clients.get(query.get("client_id", ""))
        if client is None or query.get("redirect_uri") != client.redirect:
            raise ValueError("redirect_uri_mismatch")
        if query.get("response_type") != "code" or query.get("code_challenge_method") != "S256":
            raise ValueError("invalid_request")
        code = secrets.token_urlsafe(16)
        self._codes[code] = {**query, "address": address}
        return f"{client.redirect}?{urlencode({'code': code, 'state': query.get('state', '')})}"

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """What the token address answers to a form."""
        if self.is_down:
            return 503, {}
        time.sleep(self.seconds_to_think)
        with self._lock:
            client = self.clients.get(form.get("client_id", ""))
            if client is None or form.get("client_secret") != client.secret:
                return 401, {"error": "invalid_client", "error_description": "The client is unknown."}
            if form.get("grant_type") == "authorization_code":
                return self._for_code(form)
            if form.get("grant_type") == "refresh_token":
                return self._for_refresh(form)
            return 400, {"error": "unsupported_grant_type"}

    def introspect(self, token: str) -> dict[str, Any]:
        """Whether an access token is good now, and whose mailbox it opens."""
        grant, until = self._access.get(token, (None, 0.0))
        if grant is None or grant.is_revoked or time.time() >= until:
            return {"active": False}
        return {"active": True, "username": grant.address}

    def _for_code(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        asked = self._codes.pop(form.get("code", ""), None)
        shown = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(shown).decode().rstrip("=")
        if (
            asked is None
            or asked["client_id"] != form["client_id"]
            or asked["redirect_uri"] != form.get("redirect_uri")
            or asked["code_challenge"] != challenge
        ):
            return 400, {"error": "invalid_grant", "error_description": "The code is not good."}
        grant = Grant(asked["address"], form["client_id"], secrets.token_urlsafe(16))
        self.grants.append(grant)
        return 200, self._tokens(grant)

    def _for_refresh(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        token = form.get("refresh_token", "")
        for grant in self.grants:
            if token in grant.used:
                grant.is_revoked = True
            if grant.refresh == token and grant.client_id == form["client_id"] and not grant.is_revoked:
                grant.used.add(token)
                grant.refresh = secrets.token_urlsafe(16)
                self.refreshes += 1
                return 200, self._tokens(grant)
        return 400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}

    def _tokens(self, grant: Grant) -> dict[str, Any]:
        access = secrets.token_urlsafe(24)
        self._access[access] = (grant, time.time() + self.access_seconds)
        said: dict[str, Any] = {
            "access_token": access,
            "expires_in": self.access_seconds,
            "refresh_token": grant.refresh,
            "token_type": "Bearer",
        }
        if self.refresh_seconds is not None:
            said["refresh_token_expires_in"] = self.refresh_seconds
        return said


@contextmanager
def running_provider() -> Iterator[OAuthServer]:
    """The provider on a free port of 127.0.0.1."""
    state = OAuthServer()

    class Handler(_Handler):
        provider = state

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    provider: OAuthServer

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = _flat(parts.query)
        if not parts.path.endswith(("/auth", "/authorize")):
            self._answer(404, b"", "text/plain")
            return
        self.provider.asked.append(query)
        hidden = "".join(
            f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
            for name, value in query.items()
        )
        hint = html.escape(query.get("login_hint", ""))
        page = (
            '<!doctype html><html lang="en"><title>Sign in</title><link rel="icon" href="data:,">'
            "<h1>Dangol wants to read and send mail</h1>"
            f'<form method="post"><label>Account <input name="account" value="{hint}"></label>{hidden}'
            '<button name="do" value="allow">Allow</button><button name="do" value="deny">Cancel</button>'
            "</form></html>"
        )
        self._answer(200, page.encode(), "text/html; charset=utf-8")

    def do_POST(self) -> None:
        form = _flat(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())
        path = urlsplit(self.path).path
        if path == "/introspect":
            self._answer(200, json.dumps(self.provider.introspect(form.get("token", ""))).encode())
        elif path.endswith("/token"):
            status, said = self.provider.token(form)
            self._answer(status, json.dumps(said).encode() if said else b"out of order")
        else:
            self._decide(form)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _decide(self, form: dict[str, str]) -> None:
        try:
            to = self.provider.consent(form, address=form.get("account", ""))
        except ValueError as error:
            self._answer(400, str(error).encode(), "text/plain")
            return
        if form.get("do") == "deny":
            to = f"{form['redirect_uri']}?{urlencode({'error': 'access_denied', 'state': form.get('state', '')})}"
        self.send_response(302)
        self.send_header("Location", to)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _flat(text: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True).items()}
