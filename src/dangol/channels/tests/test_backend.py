"""Django's mail through the outbox."""

from email import message_from_bytes
from email.policy import default

import pytest
from django.core.mail import EmailMessage, get_connection, send_mail

from dangol.channels.models import Channel, Delivery

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _our_backend(settings):
    settings.EMAIL_BACKEND = "dangol.channels.backend.OutboxBackend"


@pytest.mark.parametrize("name", ["Moon Burger", "달버거, 서울점", 'Moon "The" Burger'])
def test_a_mail_is_queued_whole_and_as_automatic(mailbox: Channel, name: str):
    mailbox.mailbox.from_name = name
    mailbox.mailbox.save()
    assert send_mail("초대합니다", "안녕하세요,\n\n여기로 오세요.\n", None, ["hana@moonburger.test"]) == 1
    delivery = Delivery.objects.get()
    written = message_from_bytes(delivery.content, policy=default)
    assert written["From"].addresses[0].display_name == name
    assert written["From"].addresses[0].addr_spec == mailbox.mailbox.address
    assert written["Subject"] == "초대합니다"
    assert written["Auto-Submitted"] == "auto-generated"
    assert written["Message-ID"] == f"<{delivery.message_id}>"
    assert "여기로 오세요." in written.get_content()
    assert b"\n" not in delivery.content.replace(b"\r\n", b"")


def test_blind_copies_are_on_the_envelope_only(mailbox: Channel):
    EmailMessage("Hello", "text", None, ["a@example.com"], bcc=["b@example.com"]).send()
    delivery = Delivery.objects.get()
    assert {row.address for row in delivery.recipients.all()} == {"a@example.com", "b@example.com"}
    assert b"b@example.com" not in delivery.content


def test_without_a_mailbox_nothing_is_sent_and_it_says_so():
    assert get_connection().send_messages([EmailMessage("Hello", "text", None, ["a@example.com"])]) == 0


def test_a_paused_mailbox_sends_nothing(mailbox: Channel):
    Channel.objects.filter(pk=mailbox.pk).update(is_active=False)
    assert send_mail("Hello", "text", None, ["a@example.com"]) == 0
