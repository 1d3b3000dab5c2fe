"""The way out to Google or Microsoft and back, as the browser goes it."""

import urllib.error
import urllib.request
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from dangol.channels.models import Channel, Mailbox, OAuthClient, SignIn
from dangol.kernel import clock
from tests.parts.oauth_provider import OAuthServer, Registered

pytestmark = pytest.mark.django_db
ADDRESS = "hello@gmail.com"


@pytest.fixture
def provider(mailserver, settings) -> OAuthServer:
    found = mailserver.provider
    settings.DANGOL_GOOGLE_LOGIN = settings.DANGOL_MICROSOFT_LOGIN = found.url
    settings.DANGOL_URL = "https://desk.moonburger.test"
    found.clients["page"] = Registered(
        "s3cret", f"{settings.DANGOL_URL}{reverse('oauth_return', args=['google'])}"
    )
    return found


@pytest.fixture
def owner(client: Client, minji) -> Client:
    client.force_login(minji)
    return client


@pytest.fixture
def channel(mailserver) -> Channel:
    made = Channel.objects.create(name="Moon Burger", created_at=clock.now())
    box = Mailbox.objects.create(
        channel=made, address=ADDRESS, imap_user=ADDRESS, imap_host="imap.localhost.invalid"
    )
    SignIn.objects.create(mailbox=box, provider="google")
    return made


def begun(owner: Client, channel: Channel) -> dict[str, str]:
    """Press the button, with a client that is registered: what the provider is asked."""
    client = OAuthClient(provider="google", client_id="page")
    client.secret = "s3cret"
    client.save()
    response = owner.post(reverse("mailbox_sign_in", args=[channel.pk]))
    assert response.status_code == 303
    return dict(parse_qsl(urlsplit(response["Location"]).query))


def back(owner: Client, **query: str):
    return owner.get(reverse("oauth_return", args=["google"]) + f"?{urlencode(query)}", follow=True)


def said(response) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def test_whoever_has_no_client_yet_is_led_to_where_it_is_entered_and_on_from_there(owner, provider, channel):
    first = owner.post(reverse("mailbox_sign_in", args=[channel.pk]), follow=True)
    page = first.content.decode()
    assert "https://desk.moonburger.test/settings/mailboxes/sign-in/google/return/" in page
    assert "console.cloud.google.com" in page
    typed = {"client_id": "page", "secret": "s3cret", "mailbox": channel.pk}
    response = owner.post(reverse("oauth_client", args=["google"]), typed)

    assert response["Location"].startswith(f"{provider.url}/o/oauth2/v2/auth?")
    assert OAuthClient.objects.get().secret == "s3cret"
    shown = owner.get(reverse("oauth_client", args=["google"])).content.decode()
    assert "page" in shown
    assert "s3cret" not in shown


def test_the_whole_way_ends_with_tokens(owner, provider, channel):
    asked = begun(owner, channel)
    code = dict(parse_qsl(urlsplit(provider.consent(asked, address=ADDRESS)).query))["code"]
    response = back(owner, code=code, state=asked["state"])

    assert SignIn.objects.get().refresh_token == provider.grants[-1].refresh
    # There is no such server: whoever is let in is told what is wrong with the mailbox at once.
    assert "There is no server named imap.localhost.invalid" in said(response)


@pytest.mark.parametrize("change", ["state", "twice", "elsewhere", "provider", "never"])
def test_what_was_not_begun_here_changes_nothing(owner, provider, channel, change, minji):
    asked = begun(owner, channel)
    code = dict(parse_qsl(urlsplit(provider.consent(asked, address=ADDRESS)).query))["code"]
    state, visitor, name = asked["state"], owner, "google"
    if change == "state":
        state = "x" * len(state)
    elif change == "twice":
        back(owner, error="access_denied", state=state)
    elif change == "elsewhere":
        visitor = Client()
        visitor.force_login(minji)
    elif change == "provider":
        name = "microsoft"
    else:
        session = owner.session
        session.pop("mailbox_sign_in")
        session.save()
    address = reverse("oauth_return", args=[name]) + f"?{urlencode({'code': code, 'state': state})}"
    response = visitor.get(address, follow=True)

    assert "not begun here" in said(response)
    assert SignIn.objects.get().is_lost


def test_a_code_of_somebody_elses_browser_is_refused_by_the_provider(owner, provider, channel):
    asked = begun(owner, channel)
    stolen = provider.consent({**asked, "code_challenge": "of another"}, address="mallory@example.com")
    code = dict(parse_qsl(urlsplit(stolen).query))["code"]
    back(owner, code=code, state=asked["state"])

    assert SignIn.objects.get().is_lost


def test_who_does_not_consent_hears_that_nothing_changed(owner, provider, channel):
    asked = begun(owner, channel)
    assert "nothing has changed" in said(back(owner, error="access_denied", state=asked["state"]))
    asked = begun_again(owner, channel)
    words = said(back(owner, error="<b>bad</b>", state=asked["state"]))
    assert "(bbadb)" in words


def begun_again(owner: Client, channel: Channel) -> dict[str, str]:
    return dict(
        parse_qsl(urlsplit(owner.post(reverse("mailbox_sign_in", args=[channel.pk]))["Location"]).query)
    )


def test_the_form_of_an_outlook_address_offers_microsoft_and_needs_no_password(owner, provider):
    part = owner.get(reverse("mailbox_servers"), {"address": "hello@outlook.com"}).content.decode()
    assert "Sign in with Microsoft" in part
    assert "Sign in with Google" not in part
    response = owner.post(
        reverse("new_mailbox"), {"address": "hello@outlook.com", "sign_in": "microsoft", "do": "save"}
    )

    box = Mailbox.objects.get()
    assert (
        response["Location"]
        == reverse("oauth_client", args=["microsoft"]) + f"?mailbox={box.pk}&then=mailbox"
    )
    assert (box.imap_host, box.smtp_host) == ("outlook.office365.com", "smtp-mail.outlook.com")
    assert box.sign_in.provider == "microsoft"


def test_a_password_for_outlook_is_refused_with_the_way_that_works(owner, provider):
    response = owner.post(
        reverse("new_mailbox"), {"address": "hello@outlook.com", "password": "secret", "do": "save"}
    )
    assert response.status_code == 422
    assert "sign in with Microsoft" in response.content.decode()
    assert not Mailbox.objects.exists()


def test_naver_and_daum_offer_passwords_alone(owner, provider):
    for address in ("hello@naver.com", "hello@daum.net"):
        part = owner.get(reverse("mailbox_servers"), {"address": address}).content.decode()
        assert "Sign in with" not in part


def test_a_domain_of_ones_own_at_google_gets_googles_servers(owner, provider):
    owner.post(reverse("new_mailbox"), {
        "address": "hello@moonburger.test", "sign_in": "google", "do": "save",
        "imap_host": "imap.moonburger.test", "smtp_host": "smtp.moonburger.test",
    })  # fmt: skip

    box = Mailbox.objects.get()
    assert (box.imap_host, box.smtp_host, box.imap_port) == ("imap.gmail.com", "smtp.gmail.com", 993)


def test_a_trial_before_the_first_sign_in_says_what_comes_first(owner, provider):
    response = owner.post(
        reverse("new_mailbox"),
        {"address": "hello@gmail.com", "sign_in": "google", "do": "trial"},
        headers={"hx-request": "true"},
    )
    assert "Nobody has signed in yet" in response.content.decode()


def test_only_pages_that_lead_there_let_the_browser_go_there(owner, provider, channel):
    for name, arguments in (("new_mailbox", []), ("mailbox", [channel.pk]), ("oauth_client", ["google"])):
        policy = owner.get(reverse(name, args=arguments))["Content-Security-Policy"]
        assert f"form-action 'self' {provider.url}" in policy
    assert provider.url not in owner.get(reverse("mailboxes"))["Content-Security-Policy"]


def test_an_address_without_https_is_warned_about(owner, provider, settings):
    settings.DANGOL_URL = "http://desk.moonburger.test"
    page = owner.get(reverse("oauth_client", args=["microsoft"])).content.decode()
    assert "begins with https" in page


def test_a_tenant_that_would_change_the_address_is_refused(owner, provider):
    typed = {"client_id": "page", "secret": "s", "tenant": "../evil"}
    response = owner.post(reverse("oauth_client", args=["microsoft"]), typed)
    assert response.status_code == 422
    assert not OAuthClient.objects.exists()


def test_the_provider_of_the_tests_leads_nobody_to_a_place_that_is_not_registered(provider):
    query = urlencode({"client_id": "page", "redirect_uri": "https://evil.test/", "response_type": "code"})
    request = urllib.request.Request(f"{provider.url}/o/oauth2/v2/auth", data=query.encode())
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(request, timeout=5)
    assert refusal.value.code == 400
