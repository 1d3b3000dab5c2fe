"""The owner lets Dangol into a mailbox at a real provider of tokens, and mail comes in from a real Dovecot by them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.journeys.test_setting_up import account, go_on
from tests.parts.browser import check_accessibility
from tests.parts.cast import mail
from tests.parts.desk import LiveDesk
from tests.parts.mailserver import MailServer
from tests.parts.oauth_provider import Registered

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def desk(live_folder: LiveDesk, mailserver: MailServer) -> Iterator[LiveDesk]:
    """A desk that nobody has set up, which asks the tests' provider in Google's place."""
    live_folder.settings = {
        "DANGOL_GOOGLE_LOGIN": mailserver.provider.url,
        "SSL_CERT_FILE": str(mailserver.folder / "cert.pem"),
    }
    mailserver.provider.access_seconds, mailserver.provider.refresh_seconds = 3600, 7 * 86_400
    try:
        live_folder.start()
        yield live_folder
    finally:
        live_folder.stop()
        print(live_folder.log)


def test_the_first_mailbox_is_google_mail_and_its_permission_is_withdrawn_and_given_again(
    desk: LiveDesk, mailserver: MailServer, browser_page: Page
) -> None:
    from playwright.sync_api import expect

    page = browser_page
    user, provider = mailserver.new_user("hello"), mailserver.provider
    page.goto(desk.url)
    page.fill("[name=name]", "Moon Burger")
    go_on(page)
    account(page, "Minji", "minji@moonburger.test")
    go_on(page)

    page.fill("[name=address]", user.address)
    page.get_by_label("Sign in with Google").check()
    expect(page.locator("[name=password]")).to_be_hidden()
    expect(page.locator("[name=imap_host]")).to_have_value("imap.moonburger.test")  # it comes from the server
    expect(page.get_by_label("Sign in with Google")).to_be_checked()
    page.fill("[name=imap_host]", mailserver.host)
    page.fill("[name=imap_port]", str(mailserver.ports.imaps))
    page.fill("[name=smtp_host]", mailserver.host)
    page.fill("[name=smtp_port]", str(mailserver.ports.submission))
    page.select_option("[name=smtp_security]", "starttls")
    go_on(page)

    page.wait_for_url("**/settings/mailboxes/sign-in/google/**")
    check_accessibility(page)
    provider.clients["moon"] = Registered("burger", page.input_value("#redirect"))
    page.fill("[name=client_id]", "moon")
    page.fill("[name=secret]", "burger")
    page.get_by_role("button", name="Save and sign in with Google").click()
    page.wait_for_url(f"{provider.url}/**")
    assert page.input_value("[name=account]") == user.address
    page.click("button[value=allow]")

    page.wait_for_url("**/setup/ready/")
    expect(page.locator("body")).to_contain_text("Signed in")
    mailserver.deliver(user.address, mail(message_id="1@example.com"), sender="sora@example.com")
    assert "1" in desk.run_command("fetch", "--once")
    assert desk.run_python("from dangol.inbox.intake import take_in_batch; print(take_in_batch())") == "1\n"
    page.goto(f"{desk.url}/inbox/")
    expect(page.locator("main")).to_contain_text("Cold burger")

    provider.revoke(user.address)
    desk.run_python(
        "from dangol.channels.models import SignIn\n"
        "from datetime import UTC, datetime\n"
        "SignIn.objects.update(access_until=datetime.now(UTC))\n"
        "from dangol.channels.sign_ins import access_token\n"
        "try: access_token(SignIn.objects.get().pk)\n"
        "except Exception as failure: print(failure)"
    )
    page.goto(f"{desk.url}/settings/mailboxes/")
    expect(page.locator("main")).to_contain_text("The sign-in has ended")
    page.get_by_role("link", name="Change Moon Burger").click()
    check_accessibility(page)
    page.get_by_role("button", name="Sign in with Google").click()
    page.click("button[value=deny]")
    expect(page.locator("body")).to_contain_text("nothing has changed")
    page.get_by_role("button", name="Sign in with Google").click()
    page.click("button[value=allow]")
    page.wait_for_url("**/settings/mailboxes/*/")
    expect(page.locator("main")).to_contain_text("Signed in with Google since")
    expect(page.locator("main")).to_contain_text("The permission ends")
