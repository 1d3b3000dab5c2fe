"""What is asked of Google and Microsoft and what their answers mean, by the values of their documentation."""

import base64
import socket
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from dangol.channels.email import oauth
from dangol.channels.email.oauth import Client, SignInFailed
from dangol.channels.email.problems import Problem

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
CLIENT = Client("dangol.apps.example", "s3cret")
HERE = "https://desk.moonburger.test/settings/mailboxes/sign-in/google/return/"


def asked(provider: oauth.Provider) -> dict[str, str]:
    address = oauth.consent_url(
        provider, CLIENT, redirect=HERE, state="st", verifier="v" * 43, address="hello@moonburger.test"
    )
    assert address.startswith(provider.authorize_url + "?")
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def test_google_is_asked_for_mail_for_good_and_with_a_challenge():
    said = asked(oauth.google())

    assert oauth.google().authorize_url == "https://accounts.google.com/o/oauth2/v2/auth"
    assert oauth.google().token_url == "https://oauth2.googleapis.com/token"
    assert said["scope"] == "https://mail.google.com/"
    assert (said["access_type"], said["prompt"], said["response_type"]) == ("offline", "consent", "code")
    assert (said["redirect_uri"], said["login_hint"], said["state"]) == (HERE, "hello@moonburger.test", "st")
    assert (said["code_challenge"], said["code_challenge_method"]) == (oauth.challenge_of("v" * 43), "S256")
    assert "s3cret" not in str(said)


def test_microsoft_is_asked_for_imap_smtp_and_to_stay_at_the_tenant():
    said = asked(oauth.microsoft())
    tenant = oauth.microsoft("moonburger.onmicrosoft.com")

    assert said["scope"].split() == [
        "offline_access",
        "https://outlook.office.com/IMAP.AccessAsUser.All",
        "https://outlook.office.com/SMTP.Send",
    ]
    assert oauth.microsoft().token_url == "https://login.microsoftonline.com/common/oauth2/v2.0/token"
    assert "/moonburger.onmicrosoft.com/oauth2/v2.0/authorize" in tenant.authorize_url


@pytest.mark.parametrize("text", ["../..", "a b", "common/x", "x?y", ""])
def test_what_would_change_the_address_is_no_tenant(text):
    assert not oauth.is_tenant(text)


def test_the_challenge_is_that_of_the_standard():
    # RFC 7636, appendix B
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert oauth.challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_words_for_the_mail_server_are_those_of_its_documentation():
    said = oauth.xoauth2("someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg")

    assert base64.b64encode(said.encode()).decode() == (
        "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0"
        "Q2cBAQ=="
    )


def test_a_mail_servers_refusal_is_read():
    said = (
        "eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiYmVhcmVyIG1hYyIsInNjb3BlIjoiaHR0cHM6Ly9tYWlsLmdvb2dsZS5jb20vIn0K"
    )

    assert oauth.refusal_in(said) == "status=401 scope=https://mail.google.com/"
    assert oauth.refusal_in(base64.b64decode(said)) == "status=401 scope=https://mail.google.com/"
    assert oauth.refusal_in("no JSON") == oauth.refusal_in("WyJ4Il0=") == ""


def test_tokens_are_read_with_the_day_on_which_the_permission_ends():
    body = (
        b'{"access_token":"ya29.a","expires_in":3599,"refresh_token":"1//r","refresh_token_expires_in":604799,'
        b'"scope":"https://mail.google.com/","token_type":"Bearer"}'
    )
    tokens = oauth.read_tokens(200, body, at=NOW)

    assert (tokens.access, tokens.refresh) == ("ya29.a", "1//r")
    assert tokens.access_until == NOW + timedelta(seconds=3599)
    assert tokens.ends_at == NOW + timedelta(seconds=604799)
    assert "ya29" not in repr(tokens)
    assert "1//r" not in repr(tokens)


def test_a_refresh_token_that_does_not_come_again_stays_good():
    tokens = oauth.read_tokens(200, b'{"access_token":"a","expires_in":"3600"}', at=NOW)

    assert (tokens.refresh, tokens.ends_at) == (None, None)


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (
            400,
            b'{"error":"invalid_grant","error_description":"Token has been expired or revoked."}',
            "sign-in-again",
        ),
        (400, b'{"error":"interaction_required","error_codes":[50076]}', "sign-in-again"),
        (401, b'{"error":"invalid_client","error_description":"AADSTS7000222: expired"}', "client-refused"),
        (400, b'{"error":"unauthorized_client"}', "client-refused"),
        (400, b'{"error":"temporarily_unavailable"}', "server-busy"),
        (429, b"slow down", "server-busy"),
        (503, b"", "server-busy"),
        (200, b"<html>a hotel's sign-in page</html>", "protocol"),
        (200, b'{"access_token":"line\\r\\nbreak"}', "protocol"),
        (200, b"[]", "protocol"),
        (302, b"", "server-busy"),
    ],
)
def test_only_a_clear_refusal_asks_for_a_new_sign_in(status, body, problem):
    with pytest.raises(SignInFailed) as failure:
        oauth.read_tokens(status, body, at=NOW)

    assert failure.value.problem == Problem(problem)


def test_a_network_that_fails_is_no_refusal():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(SignInFailed) as failure:
            oauth.post_form(f"{address}/token", {}, timeout=0.2)
        assert failure.value.problem is Problem.TIMEOUT
    with pytest.raises(SignInFailed) as failure:
        oauth.post_form(f"{address}/token", {})
    assert failure.value.problem is Problem.PORT_CLOSED
    with pytest.raises(SignInFailed) as failure:
        oauth.post_form("https://login.localhost.invalid/token", {})
    assert failure.value.problem is Problem.HOST_NOT_FOUND
