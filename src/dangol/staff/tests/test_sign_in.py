"""Signing in as it is done here: allauth's pages with our words, and none of those that we don't want."""

import re
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dangol.staff.models import Staff

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough word"  # of the cast


@pytest.fixture(autouse=True)
def _fresh_counts():
    from django.core.cache import cache

    cache.clear()


def sign_in(client: Client, person: Staff, password: str = PASSWORD):
    return client.post(reverse("account_login"), {"login": person.email, "password": password})


class TestSigningIn:
    def test_leads_to_the_desk_and_lasts_for_weeks(self, client: Client, hana: Staff):
        response = sign_in(client, hana)
        assert (response.status_code, response.url) == (302, reverse("today"))
        assert client.session.get_expiry_age() > 14 * 86400

    def test_a_page_that_was_asked_for_comes_after_it(self, client: Client, minji: Staff):
        wanted = client.get("/settings/staff/")
        assert wanted.url == "/account/login/?next=/settings/staff/"
        response = client.post(
            wanted.url, {"login": minji.email, "password": PASSWORD, "next": "/settings/staff/"}
        )
        assert response.url == "/settings/staff/"

    def test_never_leads_to_another_site(self, client: Client, minji: Staff):
        url = reverse("account_login") + "?next=https://evil.example/"
        response = client.post(url, {"login": minji.email, "password": PASSWORD})
        assert response.url == reverse("today")

    def test_after_five_failures_it_says_to_wait_and_the_right_password_waits_too(
        self, client: Client, hana: Staff
    ):
        for _ in range(5):
            assert "don't go together" in _errors(sign_in(client, hana, "wrong password"))
        assert "wait five minutes" in _errors(sign_in(client, hana, "wrong password"))
        assert "wait five minutes" in _errors(sign_in(client, hana))
        assert "_auth_user_id" not in client.session

    def test_one_persons_failures_lock_nobody_else_out(self, client: Client, hana: Staff, tom: Staff):
        for _ in range(5):
            sign_in(client, hana, "wrong password")
        assert sign_in(client, tom).status_code == 302

    def test_an_unknown_address_gets_the_same_answer_as_a_wrong_password(self, client: Client, hana: Staff):
        stranger = Staff(email="nobody@moonburger.test")
        assert _errors(sign_in(client, stranger)) == _errors(sign_in(client, hana, "wrong password"))

    def test_who_was_sent_away_stays_out(self, client: Client, hana: Staff):
        Staff.objects.filter(pk=hana.pk).update(is_active=False)
        sign_in(client, hana)
        assert "_auth_user_id" not in client.session

    def test_signing_out_takes_a_click(self, client: Client, hana: Staff):
        client.force_login(hana)
        client.get(reverse("account_logout"))
        assert "_auth_user_id" in client.session
        client.post(reverse("account_logout"))
        assert "_auth_user_id" not in client.session


class TestLanguages:
    @pytest.mark.parametrize(
        ("accepted", "language"),
        [("ko-KR,ko;q=0.9,en;q=0.5", "ko"), ("en-GB", "en"), ("fr", "en"), ("", "en")],
    )
    @pytest.mark.parametrize(
        "name", ["account_login", "account_reset_password", "account_reset_password_done"]
    )
    def test_before_signing_in_the_browser_decides(
        self, minji: Staff, name: str, accepted: str, language: str
    ):
        response = Client(headers={"accept-language": accepted}).get(reverse(name))
        assert response.status_code == 200
        assert f'<html lang="{language}">' in response.content.decode()
        assert response.headers["Content-Language"] == language

    def test_the_refusal_after_five_failures_speaks_korean(self, hana: Staff):
        client = Client(headers={"accept-language": "ko"})
        for _ in range(6):
            response = sign_in(client, hana, "wrong password")
        assert "5분 뒤에" in response.content.decode()


class TestForgottenPasswords:
    def test_a_link_by_mail_sets_a_new_one(self, client: Client, hana: Staff):
        response = client.post(reverse("account_reset_password"), {"email": hana.email})
        assert response.url == reverse("account_reset_password_done")
        (letter,) = mail.outbox
        assert letter.to == [hana.email]
        path = re.search(r"http://127\.0\.0\.1:8000(/account/password/reset/key/\S+)", letter.body)[1]
        page = client.get(path, follow=True)
        assert page.status_code == 200
        client.post(
            page.redirect_chain[-1][0],
            {"password1": "another quiet burger", "password2": "another quiet burger"},
        )
        assert Staff.objects.get(pk=hana.pk).check_password("another quiet burger")
        assert sign_in(Client(), hana, "another quiet burger").status_code == 302
        again = client.get(path, follow=True).content.decode()
        assert "does not work any more" in again

    def test_the_mail_speaks_the_persons_language_and_names_the_configured_host(self, hana: Staff):
        Staff.objects.filter(pk=hana.pk).update(language="ko")
        client = Client(headers={"accept-language": "en", "host": "localhost"})
        client.post(reverse("account_reset_password"), {"email": hana.email})
        assert "비밀번호" in mail.outbox[0].subject
        assert "http://127.0.0.1:8000/account/" in mail.outbox[0].body
        assert "localhost" not in mail.outbox[0].body

    def test_a_stranger_gets_no_mail_and_the_same_page(self, client: Client, minji: Staff):
        response = client.post(reverse("account_reset_password"), {"email": "stranger@example.com"})
        assert response.url == reverse("account_reset_password_done")
        assert not mail.outbox

    def test_who_was_sent_away_gets_none_either(self, client: Client, hana: Staff):
        Staff.objects.filter(pk=hana.pk).update(is_active=False)
        client.post(reverse("account_reset_password"), {"email": hana.email})
        assert not mail.outbox

    def test_it_goes_out_through_the_one_outbox(self, client: Client, hana: Staff, mailbox, settings):
        from dangol.channels.models import Delivery

        settings.EMAIL_BACKEND = "dangol.channels.backend.OutboxBackend"
        client.post(reverse("account_reset_password"), {"email": hana.email})
        delivery = Delivery.objects.get()
        assert (delivery.kind, delivery.channel) == ("system", mailbox)
        assert [row.address for row in delivery.recipients.all()] == [hana.email]


class TestClosedDoors:
    @pytest.mark.parametrize(
        "path",
        [
            "/account/signup/",
            "/account/email/",
            "/account/confirm-email/",
            "/account/confirm-email/abc/",
            "/account/password/set/",
            "/account/login/code/",
            "/account/login/code/confirm/",
            "/account/social/login/cancelled/",
            "/accounts/login/",
            "/admin/",
        ],
    )
    def test_what_we_do_not_want_is_not_there(self, client: Client, minji: Staff, path: str):
        client.force_login(minji)
        assert client.get(path).status_code == 404
        assert client.post(path, {"email": "x@example.com"}).status_code == 404

    def test_nobody_signs_up(self, client: Client, minji: Staff):
        client.post(
            "/account/signup/",
            {"email": "x@example.com", "password1": PASSWORD, "password2": PASSWORD},
        )
        assert Staff.objects.count() == 1


class TestSecondFactors:
    def test_an_app_can_be_set_up_though_no_address_was_ever_proved(self, client: Client, hana: Staff):
        sign_in(client, hana)
        asked = client.get(reverse("mfa_activate_totp"), follow=True)
        assert asked.request["PATH_INFO"] == reverse("account_reauthenticate")
        page = client.post(asked.redirect_chain[-1][0], {"password": PASSWORD}, follow=True)
        assert page.status_code == 200
        assert page.request["PATH_INFO"] == reverse("mfa_activate_totp")

    def test_with_an_app_the_password_alone_signs_nobody_in(self, client: Client, hana: Staff):
        from allauth.mfa.totp.internal.auth import (
            TOTP,
            generate_totp_secret,
            hotp_value,
            yield_hotp_counters_from_time,
        )

        secret = generate_totp_secret()
        TOTP.activate(hana, secret)
        response = sign_in(client, hana)
        assert response.url.startswith(reverse("mfa_authenticate"))
        assert client.get(reverse("inbox")).status_code == 302
        code = f"{hotp_value(secret, next(iter(yield_hotp_counters_from_time()))):06d}"
        response = client.post(reverse("mfa_authenticate"), {"code": code})
        assert client.get(reverse("inbox")).status_code == 200


def _errors(response) -> str:
    assert response.status_code in {200, 422}
    return " ".join(text for texts in response.context["form"].errors.values() for text in texts)


def test_a_session_that_is_over_signs_nobody_in(client: Client, hana: Staff):
    client.force_login(hana)
    assert client.get(reverse("today")).status_code == 200

    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert client.get(reverse("today")).status_code == 302


def test_somebody_who_left_is_signed_out_and_one_who_never_was_is_not_found(client: Client, hana: Staff):
    client.force_login(hana)
    Staff.objects.filter(pk=hana.pk).update(is_active=False)
    assert client.get(reverse("today")).status_code == 302

    assert Staff.objects.get(pk=hana.pk) == hana
    with pytest.raises(Staff.DoesNotExist):
        Staff.objects.get(pk=hana.pk + 1000)
