"""A mailbox without a password: real tokens of a provider that rotates them, a real Dovecot that asks for them."""

import subprocess
import sys
from datetime import timedelta

import pytest

from dangol.channels.email.compose import Outgoing, compose
from dangol.channels.email.imap import Imap, ImapError, try_receiving
from dangol.channels.email.oauth import SignInFailed
from dangol.channels.email.problems import Problem
from dangol.channels.email.smtp import send, try_sending
from dangol.channels.fetching import _note_failure, _wanted, fetch_new, server_of
from dangol.channels.incoming import Party
from dangol.channels.mailbox_settings import Connection, MailboxSettings
from dangol.channels.mailboxes import add_mailbox, change_mailbox
from dangol.channels.models import Channel, Mailbox, Raw, SignIn
from dangol.channels.outbox import outgoing_server
from dangol.channels.queries import email_channel, mailbox_state
from dangol.channels.sign_ins import (
    EARLY,
    ClientIncomplete,
    access_token,
    begin_sign_in,
    finish_sign_in,
    keep_oauth_client,
)
from dangol.channels.trial import try_mailbox
from dangol.desk.doctor import examine
from dangol.kernel import clock
from dangol.kernel.models import Event
from tests.parts.cast import mail
from tests.parts.oauth_provider import OAuthServer, Registered

pytestmark = pytest.mark.django_db
BACK = "http://127.0.0.1:8000/settings/mailboxes/sign-in/google/return/"


@pytest.fixture
def provider(mailserver, monkeypatch, settings) -> OAuthServer:
    """The provider of the mail server, in Google's place; this process trusts the mail server's certificate."""
    found = mailserver.provider
    settings.DANGOL_GOOGLE_LOGIN = found.url
    monkeypatch.setenv("SSL_CERT_FILE", str(mailserver.folder / "cert.pem"))
    found.clients["dangol"] = Registered("s3cret", BACK)
    found.grants.clear()
    found.refreshes, found.is_down, found.access_seconds, found.refresh_seconds = 0, False, 3600, None
    return found


def settings_for(mailserver, address: str, **others) -> MailboxSettings:
    given = {
        "receiving": Connection(mailserver.host, mailserver.ports.imaps, "tls", address),
        "sending": Connection(mailserver.host, mailserver.ports.submission, "starttls", address),
        "sign_in": "google",
        **others,
    }
    return MailboxSettings(address=address, **given)


@pytest.fixture
def channel(mailserver, provider, minji) -> Channel:
    """A mailbox of an account that no other test has; nobody has signed in to it."""
    user = mailserver.new_user("oauth")
    keep_oauth_client(
        actor=minji, provider="google", client_id="dangol", secret="s3cret", tenant="", at=clock.now()
    )
    return add_mailbox(actor=minji, settings=settings_for(mailserver, user.address), at=clock.now())


def let_in(provider: OAuthServer, channel: Channel, minji, *, account: str | None = None) -> SignIn:
    """Through the whole consent, as the browser would."""
    client = keep_oauth_client(
        actor=minji, provider="google", client_id="dangol", secret=None, tenant="", at=clock.now()
    )
    address, state, verifier = begin_sign_in(actor=minji, channel=channel, client=client, redirect=BACK)
    query = dict(pair for pair in _query(address))
    back = provider.consent(query, address=account or channel.mailbox.address)
    said = dict(_query(back))
    assert said["state"] == state
    return finish_sign_in(
        actor=minji, channel=channel, client=client, code=said["code"], verifier=verifier, redirect=BACK,
        at=clock.now(),
    )  # fmt: skip


def _query(address: str) -> list[tuple[str, str]]:
    from urllib.parse import parse_qsl, urlsplit

    return parse_qsl(urlsplit(address).query)


def fresh(channel: Channel) -> Mailbox:
    return email_channel(channel.pk).mailbox


def token_is_over(channel: Channel, ago: timedelta = timedelta(hours=1)) -> None:
    at = clock.now() - ago
    SignIn.objects.filter(pk=channel.pk).update(access_until=at, refreshed_at=at - timedelta(hours=1))


def test_one_token_fetches_from_dovecot_and_sends_over_its_submission(mailserver, provider, channel, minji):
    let_in(provider, channel, minji)
    mailserver.deliver(channel.mailbox.address, mail(message_id="1@example.com"))
    sora = mailserver.new_user("sora", "example.com")

    mailbox = fresh(channel)
    with Imap(server_of(mailbox)) as imap:
        assert fetch_new(mailbox, imap) == 1
    assert Raw.objects.get().channel == channel
    written = Outgoing(
        sender=Party("Moon Burger", mailbox.address), to=(Party(None, sora.address),), subject="Re: Cold burger",
        text="Sorry!", date=clock.now(), message_id="2@moonburger.test",
    )  # fmt: skip
    result = send(outgoing_server(mailbox), mailbox.address, [sora.address], compose(written))
    assert [each.outcome for each in result.recipients] == ["accepted"]
    assert b"<2@moonburger.test>" in mailserver.wait_for_mail(sora.address)[0]
    assert provider.refreshes == 0
    assert try_sending(outgoing_server(mailbox), mailbox.address).is_fine


def test_nothing_is_kept_in_clear_and_no_password_at_all(provider, channel, minji):
    row = let_in(provider, channel, minji)
    row.refresh_from_db()

    grant = provider.grants[0]
    assert row.refresh_token == grant.refresh
    assert grant.refresh not in row.locked_refresh_token
    assert row.access_token not in row.locked_access_token
    assert "s3cret" not in str(vars(channel.mailbox))
    assert fresh(channel).imap_locked_password == fresh(channel).smtp_locked_password == ""


def test_a_token_is_renewed_before_it_runs_out_and_the_new_refresh_token_kept(provider, channel, minji):
    let_in(provider, channel, minji)
    first = access_token(channel.pk)
    for _ in range(2):
        SignIn.objects.update(access_until=clock.now() + EARLY - timedelta(seconds=1))
        assert access_token(channel.pk) != first
    assert provider.refreshes == 2
    assert SignIn.objects.get().refresh_token == provider.grants[0].refresh
    assert not provider.grants[0].is_revoked


def test_a_connection_is_made_anew_when_its_token_runs_low_and_not_before(provider, channel, minji):
    let_in(provider, channel, minji)
    settings = server_of(fresh(channel))
    assert server_of(fresh(channel)) == settings
    SignIn.objects.update(access_until=clock.now() + EARLY - timedelta(seconds=1))
    low = server_of(fresh(channel))
    assert low != settings
    access_token(channel.pk)
    assert server_of(fresh(channel)) == low


def test_a_token_that_dovecot_refuses_is_exchanged_for_one_that_it_takes(provider, channel, minji):
    let_in(provider, channel, minji)
    provider.end_access_tokens()
    SignIn.objects.update(refreshed_at=clock.now() - timedelta(minutes=30))

    assert try_receiving(server_of(fresh(channel)), "INBOX").is_fine
    provider.end_access_tokens()
    SignIn.objects.update(refreshed_at=clock.now() - timedelta(minutes=30))
    assert try_sending(outgoing_server(fresh(channel)), channel.mailbox.address).is_fine
    assert provider.refreshes == 2


def test_the_wrong_account_is_told_and_not_asked_about_without_end(mailserver, provider, channel, minji):
    other = mailserver.new_user("private")
    let_in(provider, channel, minji, account=other.address)

    assert try_receiving(server_of(fresh(channel)), "INBOX").problem is Problem.TOKEN_REFUSED
    assert (
        try_sending(outgoing_server(fresh(channel)), channel.mailbox.address).problem is Problem.TOKEN_REFUSED
    )
    assert provider.refreshes == 0


def test_a_withdrawn_permission_asks_for_a_person_everywhere(provider, channel, minji):
    let_in(provider, channel, minji)
    provider.revoke(channel.mailbox.address)
    token_is_over(channel)

    with pytest.raises(ImapError) as failure, Imap(server_of(fresh(channel))):
        pass
    _note_failure(channel.pk, failure.value)
    assert failure.value.problem is Problem.SIGN_IN_AGAIN
    assert Event.objects.get(name="MailboxFailing").data["channel_id"] == channel.pk
    row = SignIn.objects.get()
    assert (row.trouble, row.is_lost) == ("sign-in-again", True)
    assert row.trouble_since is not None
    state = mailbox_state(email_channel(channel.pk))
    assert state.needs_sign_in
    assert "Sign in again" in state.receiving_trouble
    assert state.tone == "bad"
    said = [each for each in examine() if channel.mailbox.address in each.area and each.health == "bad"]
    assert any("Sign in again" in each.sentence for each in said)
    # Nobody is asked in vain any more, and what cannot be sent now waits.
    result = send(outgoing_server(fresh(channel)), "a@b.test", ["sora@example.com"], b"x: y\r\n\r\nz\r\n")
    assert (result.problem, result.recipients[0].outcome) == (Problem.SIGN_IN_AGAIN, "later")

    let_in(provider, channel, minji)
    assert try_receiving(server_of(fresh(channel)), "INBOX").is_fine
    assert not mailbox_state(email_channel(channel.pk)).needs_sign_in


def test_a_token_server_that_is_away_ends_no_sign_in(provider, channel, minji, settings):
    let_in(provider, channel, minji)
    provider.is_down = True
    SignIn.objects.update(access_until=clock.now() + EARLY - timedelta(seconds=60))
    assert try_receiving(server_of(fresh(channel)), "INBOX").is_fine  # the token is good for minutes yet

    token_is_over(channel)
    assert try_receiving(server_of(fresh(channel)), "INBOX").problem is Problem.SERVER_BUSY
    settings.DANGOL_GOOGLE_LOGIN = "http://127.0.0.1:9"
    assert try_receiving(server_of(fresh(channel)), "INBOX").problem is Problem.PORT_CLOSED
    row = SignIn.objects.get()
    assert (row.trouble, row.is_lost, row.claimed_until) == ("", False, None)

    settings.DANGOL_GOOGLE_LOGIN, provider.is_down = provider.url, False
    assert try_receiving(server_of(fresh(channel)), "INBOX").is_fine


def test_a_client_secret_that_has_run_out_is_named_and_mended_by_a_new_one(provider, channel, minji):
    let_in(provider, channel, minji)
    provider.clients["dangol"] = Registered("another", BACK)
    token_is_over(channel)

    assert try_receiving(server_of(fresh(channel)), "INBOX").problem is Problem.CLIENT_REFUSED
    assert (SignIn.objects.get().trouble, SignIn.objects.get().is_lost) == ("client-refused", False)
    keep_oauth_client(
        actor=minji, provider="google", client_id="dangol", secret="another", tenant="", at=clock.now()
    )
    assert try_receiving(server_of(fresh(channel)), "INBOX").is_fine
    assert SignIn.objects.get().trouble == ""


def test_who_signs_in_anew_while_a_refresh_is_under_way_is_not_overwritten(
    provider, channel, minji, monkeypatch
):
    let_in(provider, channel, minji)
    token_is_over(channel)
    real = OAuthServer._for_refresh

    def slow(self, form):
        answer = real(self, form)
        # What another process does meanwhile; its connection is not ours to use from this thread.
        meanwhile.append(True)
        return answer

    meanwhile: list[bool] = []
    monkeypatch.setattr(OAuthServer, "_for_refresh", slow)
    from dangol.channels import sign_ins
    from dangol.channels.email import oauth

    asked = oauth.refreshed_tokens

    def overtaken(*arguments, **names):
        tokens = asked(*arguments, **names)
        monkeypatch.setattr(sign_ins.oauth, "refreshed_tokens", asked)
        let_in(provider, channel, minji)
        return tokens

    monkeypatch.setattr(sign_ins.oauth, "refreshed_tokens", overtaken)
    token = access_token(channel.pk)

    assert meanwhile == [True]
    assert SignIn.objects.get().refresh_token == provider.grants[1].refresh
    assert token == SignIn.objects.get().access_token
    assert provider.introspect(token)["active"]


def test_while_another_process_refreshes_the_old_token_serves_or_one_waits(
    provider, channel, minji, monkeypatch
):
    let_in(provider, channel, minji)
    old = access_token(channel.pk)
    SignIn.objects.update(claimed_until=clock.now() + timedelta(minutes=1))
    SignIn.objects.update(access_until=clock.now() + timedelta(minutes=1))
    assert access_token(channel.pk) == old

    monkeypatch.setattr("dangol.channels.sign_ins.PATIENCE_SECONDS", 0.3)
    token_is_over(channel)
    with pytest.raises(SignInFailed) as failure:
        access_token(channel.pk)
    assert failure.value.problem is Problem.SERVER_BUSY
    assert provider.refreshes == 0
    SignIn.objects.update(claimed_until=clock.now() - timedelta(seconds=1))  # that process died
    assert access_token(channel.pk) != old


def test_the_day_on_which_the_permission_ends_is_kept_and_told(provider, channel, minji):
    provider.refresh_seconds = 2 * 86_400
    let_in(provider, channel, minji)
    row = SignIn.objects.get()
    assert timedelta(days=1, hours=23) < row.ends_at - clock.now() <= timedelta(days=2)


def test_tokens_go_to_no_other_server_than_the_one_they_were_given_for(mailserver, provider, channel, minji):
    let_in(provider, channel, minji)
    address = channel.mailbox.address
    elsewhere = settings_for(mailserver, address, receiving=Connection("imap.evil.test", 993, "tls", address))

    assert (
        try_mailbox(elsewhere, channel=email_channel(channel.pk)).receiving.problem is Problem.SIGN_IN_FIRST
    )
    change_mailbox(actor=minji, channel=channel, settings=elsewhere, at=clock.now())
    assert SignIn.objects.get().is_lost
    assert SignIn.objects.get().refresh_token == ""
    assert _wanted() == []


def test_a_trial_uses_the_token_where_somebody_has_signed_in(mailserver, provider, channel, minji):
    settings = settings_for(mailserver, channel.mailbox.address)
    assert try_mailbox(settings, channel=email_channel(channel.pk)).receiving.problem is Problem.SIGN_IN_AGAIN
    let_in(provider, channel, minji)
    assert try_mailbox(settings, channel=email_channel(channel.pk)).is_fine


def test_where_nobody_has_signed_in_yet_nothing_is_fetched(provider, channel, minji):
    assert _wanted() == []
    let_in(provider, channel, minji)
    assert _wanted() == [channel.pk]


def test_back_to_a_password_forgets_the_sign_in(mailserver, provider, channel, minji):
    let_in(provider, channel, minji)
    address = channel.mailbox.address
    with_password = settings_for(
        mailserver, address, sign_in="",
        receiving=Connection(mailserver.host, mailserver.ports.imaps, "tls", address, "correct-horse"),
        sending=Connection(mailserver.host, mailserver.ports.smtps, "tls", address, "correct-horse"),
    )  # fmt: skip
    change_mailbox(actor=minji, channel=channel, settings=with_password, at=clock.now())

    assert not SignIn.objects.exists()
    assert try_receiving(server_of(fresh(channel)), "INBOX").is_fine


def test_a_kept_secret_is_for_the_client_it_was_entered_for(provider, channel, minji):
    with pytest.raises(ClientIncomplete):
        keep_oauth_client(
            actor=minji, provider="google", client_id="evil", secret=None, tenant="", at=clock.now()
        )


REFRESH = "from dangol.channels.sign_ins import access_token; print(access_token(1))"


@pytest.mark.only_sqlite
def test_four_processes_at_once_refresh_once(mailserver, provider, live_folder):
    """A rotating refresh token that is used twice would end the sign-in for all."""
    desk = live_folder
    desk.settings = {"DANGOL_GOOGLE_LOGIN": provider.url, "DANGOL_LOG": "ERROR"}
    desk.run_python(
        "from datetime import UTC, datetime\n"
        "from dangol.channels.models import *\n"
        "channel = Channel.objects.create(name='x', created_at=datetime.now(UTC))\n"
        "Mailbox.objects.create(channel=channel, address='hello@moonburger.test')\n"
        "client = OAuthClient(provider='google', client_id='dangol'); client.secret = 's3cret'; client.save()\n"
        "row = SignIn(mailbox_id=channel.pk, provider='google'); row.refresh_token = 'first'; row.save()\n"
        "print(channel.pk)"
    )
    from tests.parts.oauth_provider import Grant

    provider.grants.append(Grant("hello@moonburger.test", "dangol", "first"))
    provider.seconds_to_think = 0.5
    try:
        command = [sys.executable, "-c", f"import django; django.setup()\n{REFRESH}"]
        running = [
            subprocess.Popen(command, env=desk.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for _ in range(4)
        ]
        said = [process.communicate(timeout=60) for process in running]
    finally:
        provider.seconds_to_think = 0

    tokens = {out.decode().strip() for out, _ in said}
    assert len(tokens) == 1, said
    assert provider.refreshes == 1
    assert provider.introspect(tokens.pop())["active"]
