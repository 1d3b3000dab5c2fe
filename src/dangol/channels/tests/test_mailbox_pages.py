"""The pages of a mailbox, against a real mail server where one is needed."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse

from dangol.channels.models import Channel, Mailbox
from dangol.staff.models import Staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(client: Client, dongsuk: Staff, minji: Staff) -> Client:
    client.force_login(dongsuk)
    return client


@pytest.fixture
def trusting(mailserver, monkeypatch):
    """This process trusts the test server's certificate, as a machine does its own authorities."""
    monkeypatch.setenv("SSL_CERT_FILE", str(mailserver.folder / "cert.pem"))
    return mailserver


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A server that takes a connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept: list[socket.socket] = []
        threading.Thread(target=lambda: _take_all(server, kept), daemon=True).start()
        yield server.getsockname()[1]
        for each in kept:
            each.close()


def _take_all(server: socket.socket, kept: list[socket.socket]) -> None:
    while True:
        try:
            kept.append(server.accept()[0])
        except OSError:
            return


def typed(mailserver, address: str, password: str, **others: object) -> dict[str, object]:
    return {
        "address": address,
        "password": password,
        "imap_host": mailserver.host,
        "imap_port": mailserver.ports.imaps,
        "imap_security": "tls",
        "smtp_host": mailserver.host,
        "smtp_port": mailserver.ports.smtps,
        "smtp_security": "tls",
        "plus_addressing": "on",
        **others,
    }


class TestTheTrial:
    def test_says_that_both_ways_work_and_sends_nothing(self, manager: Client, trusting):
        user = trusting.user("hello@moonburger.test")
        response = manager.post(
            reverse("new_mailbox"),
            typed(trusting, user.address, user.password, do="trial"),
            headers={"hx-request": "true"},
        )
        page = response.content.decode()
        assert response.status_code == 200, page
        assert "The mailbox opens." in page
        assert "takes mail from this address" in page
        assert "<html" not in page
        assert not Mailbox.objects.exists()

    def test_says_of_each_way_what_is_wrong(self, manager: Client, trusting):
        user = trusting.user("hello@moonburger.test")
        closed = socket.socket()
        closed.bind(("127.0.0.1", 0))
        response = manager.post(
            reverse("new_mailbox"),
            typed(trusting, user.address, "wrong", do="trial", smtp_port=closed.getsockname()[1]),
            headers={"hx-request": "true"},
        )
        page = response.content.decode()
        assert "does not accept the user name and password" in page
        assert "nothing answers on this port" in page

    def test_without_scripts_the_page_comes_back_and_asks_for_no_password_again(
        self, manager: Client, trusting
    ):
        user = trusting.user("hello@moonburger.test")
        response = manager.post(
            reverse("new_mailbox"), typed(trusting, user.address, user.password, do="trial")
        )
        page = response.content.decode()
        assert "The mailbox opens." in page
        assert user.password not in page
        kept = response.context["form"].data["typed_password"]
        saved = manager.post(
            reverse("new_mailbox"),
            typed(trusting, user.address, "", do="save", typed_password=kept),
        )
        assert saved.status_code == 303
        assert Mailbox.objects.get().imap_password == user.password

    def test_what_one_has_typed_is_of_no_use_to_another(self, manager: Client, mailserver, minji: Staff):
        first = manager.post(
            reverse("new_mailbox"), typed(mailserver, "a@moonburger.test", "secret", do="trial")
        )
        kept = first.context["form"].data["typed_password"]
        other = Client()
        other.force_login(minji)
        response = other.post(
            reverse("new_mailbox"), typed(mailserver, "a@moonburger.test", "", do="save", typed_password=kept)
        )
        assert response.status_code == 422
        assert "enter the password" in response.content.decode()

    def test_of_a_known_mailbox_uses_the_password_that_is_kept(self, manager: Client, trusting):
        user = trusting.user("hello@moonburger.test")
        manager.post(reverse("new_mailbox"), typed(trusting, user.address, user.password, do="save"))
        url = reverse("mailbox", args=[Channel.objects.get().pk])
        page = manager.post(url, typed(trusting, user.address, "", do="trial")).content.decode()
        assert "The mailbox opens." in page
        moved = manager.post(url, typed(trusting, user.address, "", do="trial", imap_host="127.0.0.1"))
        assert "enter the password again" in moved.content.decode()

    def test_ends_when_a_server_says_nothing(self, manager: Client, silent_port: int, monkeypatch):
        monkeypatch.setattr("dangol.channels.trial.TRIAL_SECONDS", 1.0)
        monkeypatch.setattr("dangol.channels.trial.STEP_SECONDS", 60.0)
        began = time.monotonic()
        response = manager.post(
            reverse("new_mailbox"),
            {
                "do": "trial",
                "address": "a@moonburger.test",
                "password": "secret",
                **{"imap_host": "localhost", "imap_port": silent_port, "imap_security": "tls"},
                **{"smtp_host": "localhost", "smtp_port": silent_port, "smtp_security": "tls"},
            },
        )
        assert time.monotonic() - began < 20, "the whole trial ends, whatever one step may take"
        assert response.content.decode().count("localhost does not answer") == 2

    def test_nothing_of_it_is_logged(self, manager: Client, trusting, caplog):
        caplog.set_level(0)
        for password in (trusting.user("hello@moonburger.test").password, "an odd password"):
            manager.post(
                reverse("new_mailbox"), typed(trusting, "hello@moonburger.test", password, do="trial")
            )
            assert password not in caplog.text
        assert "an odd password" not in caplog.text

    def test_a_missing_password_is_said_in_the_part(self, manager: Client, mailserver):
        response = manager.post(
            reverse("new_mailbox"),
            typed(mailserver, "a@moonburger.test", "", do="trial"),
            headers={"hx-request": "true"},
        )
        assert response.status_code == 422
        assert "enter the password of the mailbox" in response.content.decode()


class TestThePages:
    def test_an_address_alone_is_enough_for_a_known_provider(self, manager: Client):
        response = manager.post(
            reverse("new_mailbox"), {"address": "shop@gmail.com", "password": "app password", "do": "save"}
        )
        assert response.status_code == 303
        box = Mailbox.objects.get()
        assert (box.imap_host, box.smtp_host, box.imap_user) == (
            "imap.gmail.com",
            "smtp.gmail.com",
            "shop@gmail.com",
        )

    def test_servers_come_up_while_one_types(self, manager: Client):
        page = manager.get(reverse("mailbox_servers"), {"address": "shop@naver.com"}).content.decode()
        assert 'value="imap.naver.com"' in page
        assert "app password" in page

    def test_a_change_keeps_the_password_and_never_shows_it(self, manager: Client, minji: Staff):
        manager.post(
            reverse("new_mailbox"), {"address": "shop@gmail.com", "password": "unseen", "do": "save"}
        )
        channel = Channel.objects.get()
        url = reverse("mailbox", args=[channel.pk])
        page = manager.get(url)
        assert "unseen" not in page.content.decode()
        assert "gAAAA" not in page.content.decode(), "not even locked"
        form = page.context["form"]
        data = {
            name: form[name].value() for name in form.fields if form[name].value() not in (None, False, "")
        }
        response = manager.post(
            url, {**data, "signature": "Moon Burger", "promised_first": "1800", "do": "save"}
        )
        assert response.status_code == 303, response.context["form"].errors
        channel.refresh_from_db()
        assert (channel.signature, channel.promised_first_seconds) == ("Moon Burger", 1800)
        assert channel.mailbox.imap_password == "unseen"

    def test_another_password_for_sending_survives_a_new_one_for_receiving(self, manager: Client):
        data = {
            "address": "shop@gmail.com",
            "password": "one",
            "smtp_user": "relay",
            "smtp_password": "two",
            "do": "save",
        }
        manager.post(reverse("new_mailbox"), data)
        channel = Channel.objects.get()
        manager.post(
            reverse("mailbox", args=[channel.pk]), {**data, "password": "three", "smtp_password": ""}
        )
        box = Mailbox.objects.get()
        assert (box.imap_password, box.smtp_password, box.smtp_user) == ("three", "two", "relay")

    def test_a_server_without_sign_in_gets_no_password(self, manager: Client):
        manager.post(
            reverse("new_mailbox"),
            {"address": "shop@gmail.com", "password": "one", "smtp_no_sign_in": "on", "do": "save"},
        )
        box = Mailbox.objects.get()
        assert (box.smtp_user, box.smtp_password) == ("", "")

    def test_a_bad_alias_is_named(self, manager: Client):
        response = manager.post(
            reverse("new_mailbox"),
            {"address": "shop@gmail.com", "password": "x", "aliases": "a@b.kr\nnothing", "do": "save"},
        )
        assert response.status_code == 422
        assert "“nothing” is no e-mail address" in response.content.decode()

    def test_a_mailbox_that_is_kept_here_can_be_changed_without_servers(
        self, manager: Client, mailbox: Channel
    ):
        url = reverse("mailbox", args=[mailbox.pk])
        assert "nothing that it sends leaves" in manager.get(url).content.decode()
        response = manager.post(
            url,
            {"address": mailbox.mailbox.address, "from_name": "Moon", "promised_first": "900", "do": "save"},
        )
        assert response.status_code == 303
        mailbox.refresh_from_db()
        assert (mailbox.name, mailbox.mailbox.outgoing, mailbox.mailbox.imap_host) == ("Moon", "kept", "")

    def test_the_list_says_what_is_wrong_and_asks_few_questions(
        self, manager: Client, mailbox: Channel, django_assert_max_num_queries
    ):
        Mailbox.objects.update(
            imap_host="imap.moonburger.test", failure="timeout", failing_since=mailbox.created_at
        )
        with django_assert_max_num_queries(9):
            page = manager.get(reverse("mailboxes")).content.decode()
        assert "imap.moonburger.test does not answer" in page

    def test_pause_and_use_again_are_buttons(self, manager: Client, mailbox: Channel):
        manager.post(reverse("mailbox_pause", args=[mailbox.pk]))
        assert "paused" in manager.get(reverse("mailboxes")).content.decode()
        manager.post(reverse("mailbox_resumption", args=[mailbox.pk]))
        mailbox.refresh_from_db()
        assert mailbox.is_active

    def test_a_mailbox_that_is_not_there_is_gone(self, manager: Client):
        assert manager.get(reverse("mailbox", args=[999])).status_code == 404
