"""From a customer's mail on a real server to the answer in the customer's mailbox, and back again."""

import smtplib
from datetime import timedelta
from email import message_from_bytes, policy
from uuid import uuid4

import pytest

from dangol.channels.fetching import fetch_all_once
from dangol.channels.models import Channel, Delivery, Mailbox, Raw
from dangol.channels.outbox import CLAIM_SECONDS, claim_delivery, deliver_due, hand_over
from dangol.inbox.commands.drafts import save_draft
from dangol.inbox.commands.replies import send_reply
from dangol.inbox.intake import take_in_batch
from dangol.inbox.models import Conversation, Message, Wait
from dangol.kernel import clock
from dangol.kernel.reacting import react
from dangol.reactions import REACTIONS
from tests.parts.cast import mail

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(mailserver, monkeypatch):
    """A mailbox of the shop on the real server; the product trusts the server's certificate, and checks it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(mailserver.folder / "cert.pem"))
    user = mailserver.new_user("hello")
    channel = Channel.objects.create(
        name="Moon Burger",
        created_at=clock.now() - timedelta(days=1),
        promised_first_seconds=1800,
    )
    mailbox = Mailbox(
        channel=channel,
        address=user.address,
        from_name="Moon Burger",
        imap_host=mailserver.host,
        imap_port=mailserver.ports.imaps,
        imap_user=user.address,
        smtp_host=mailserver.host,
        smtp_port=mailserver.ports.smtps,
        smtp_user=user.address,
    )
    mailbox.imap_password = mailbox.smtp_password = user.password
    mailbox.save()
    react(REACTIONS)
    return mailbox


@pytest.fixture
def sora(mailserver):
    return mailserver.new_user("sora", "example.com")


def work() -> None:
    """What the loops do, until nothing is due."""
    Delivery.objects.filter(state="queued").update(due_at=clock.now())
    while deliver_due() or take_in_batch() or react(REACTIONS):
        pass


def write(mailserver, shop, sender: str, *arguments, **more) -> None:
    """Somebody's mail reaches the shop's mailbox."""
    raw = mail(f"Sora <{sender}>", *arguments, to=shop.address, **more)
    mailserver.deliver(shop.address, raw, sender=sender)


def answer(staff, text: str = "A fresh one is on its way.", **recipients) -> Message:
    conversation = Conversation.objects.latest("id")
    draft = save_draft(actor=staff, conversation=conversation, text=text, at=clock.now(), **recipients)
    return send_reply(actor=staff, draft=draft, key=uuid4(), at=clock.now())


def test_mail_is_answered_and_the_answer_threads_on_both_sides(mailserver, shop, sora, hana):
    write(mailserver, shop, sora.address, message_id="1@example.com")
    assert fetch_all_once() == 1
    work()
    message = answer(hana)
    work()

    (received,) = mailserver.wait_for_mail(sora.address)
    got = message_from_bytes(received, policy=policy.default)
    assert got["Message-ID"] == f"<{message.message_id}>"
    assert got["In-Reply-To"] == got["References"] == "<1@example.com>"
    wait = Wait.objects.get()
    assert wait.answered_by == hana
    assert wait.wall_seconds >= 0

    # Sora's program drops every reference; the address that she answers to still finds the conversation.
    back = mail(f"Sora <{sora.address}>", "thanks", to=got["Reply-To"].addresses[0].addr_spec)
    with smtplib.SMTP(mailserver.host, mailserver.ports.smtp) as smtp:
        smtp.sendmail(sora.address, [got["Reply-To"].addresses[0].addr_spec], back)
    mailserver.wait_for_mail(shop.address, 2)
    assert fetch_all_once() == 1
    work()
    assert Conversation.objects.count() == 1
    assert Conversation.objects.get().message_count == 3


def test_nothing_on_the_server_changes_and_nothing_comes_twice(mailserver, shop, sora):
    for number in range(3):
        write(mailserver, shop, sora.address, f"matter {number}")
    before = mailserver.flags(shop.address)
    assert fetch_all_once() == 3
    assert fetch_all_once() == 0
    assert mailserver.flags(shop.address) == before
    assert not any("Seen" in flag for flags in before.values() for flag in flags)


def test_a_renumbered_mailbox_is_read_again_and_doubles_nothing(mailserver, shop, sora):
    write(mailserver, shop, sora.address)
    fetch_all_once()
    validity = Mailbox.objects.get().uid_validity
    mailserver.renumber(shop.address)
    write(mailserver, shop, sora.address, "another")
    assert fetch_all_once() == 1
    assert Mailbox.objects.get().uid_validity != validity
    assert Raw.objects.count() == 2


def test_what_the_mailbox_held_long_before_is_history(mailserver, shop, sora):
    Channel.objects.update(created_at=clock.now() + timedelta(days=8))
    write(mailserver, shop, sora.address)
    fetch_all_once()
    work()
    assert Conversation.objects.get().state == "done"
    assert not Wait.objects.exists()


def test_a_bounce_comes_back_to_its_reply_and_the_customer_waits_again(mailserver, shop, hana):
    write(mailserver, shop, "nobody-here@moonburger.test")
    fetch_all_once()
    work()
    answer(hana)
    work()
    if Delivery.objects.get().state == "sent":  # the server took it, and finds out later
        mailserver.wait_for_mail(shop.address, 2)
        assert fetch_all_once() == 1
        work()
        assert Delivery.objects.get().recipients.get().state == "bounced"
    else:
        assert Delivery.objects.get().recipients.get().state == "refused"
    assert Conversation.objects.count() == 1
    assert Conversation.objects.get().state == "waiting"


def test_one_bad_recipient_keeps_the_mail_from_nobody_else(mailserver, shop, sora, hana):
    write(mailserver, shop, sora.address)
    fetch_all_once()
    work()
    answer(hana, to=[{"address": sora.address}], cc=[{"address": "nobody-here@moonburger.test"}])
    work()
    assert len(mailserver.wait_for_mail(sora.address)) == 1


def test_a_process_that_dies_after_the_data_sends_the_same_mail_again_and_says_so(
    mailserver, shop, sora, hana, monkeypatch
):
    write(mailserver, shop, sora.address)
    fetch_all_once()
    work()
    message = answer(hana)
    at = clock.now() + timedelta(minutes=1)
    monkeypatch.setattr("dangol.channels.outbox._record", _die)
    with pytest.raises(SystemExit):
        hand_over(claim_delivery(at=at))
    monkeypatch.undo()
    monkeypatch.setenv("SSL_CERT_FILE", str(mailserver.folder / "cert.pem"))
    assert Delivery.objects.get().state == "sending"
    assert claim_delivery(at=at) is None, "it may still be under way in the other process"

    hand_over(claim_delivery(at=at + timedelta(seconds=CLAIM_SECONDS + 1)))
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.may_have_arrived_twice) == ("sent", True)
    first, second = (
        message_from_bytes(raw, policy=policy.default) for raw in mailserver.wait_for_mail(sora.address, 2)
    )
    assert first["Message-ID"] == second["Message-ID"] == f"<{message.message_id}>"
    assert first["Date"] == second["Date"]


def test_a_mail_that_cannot_be_read_is_set_aside_and_the_others_go_on(mailserver, shop, sora, monkeypatch):
    from dangol.inbox import intake

    for number in range(3):
        write(mailserver, shop, sora.address, f"matter {number}")
    fetch_all_once()
    real = intake.parse

    def picky(content: bytes, **options):
        if b"matter 1" in content:
            raise ValueError("a bug of ours")
        return real(content, **options)

    monkeypatch.setattr(intake, "parse", picky)
    work()
    assert Conversation.objects.count() == 2
    bad = Raw.objects.get(state="quarantined")
    assert bad.reason == "reading: ValueError"
    assert b"matter 1" in bad.content


def _die(*_: object) -> None:
    raise SystemExit


def test_a_server_in_trouble_holds_up_nothing_but_its_own_mail(mailserver, shop, sora, hana):
    write(mailserver, shop, sora.address)
    fetch_all_once()
    work()
    answer(hana)
    Mailbox.objects.update(smtp_port=1)  # nothing listens there
    work()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.failure) == ("retry", "port-closed")
    Delivery.objects.update(due_at=clock.now())
    assert claim_delivery(at=clock.now()) is None, "its server is left alone for a minute"
    Mailbox.objects.update(smtp_port=mailserver.ports.smtps)
    hand_over(claim_delivery(at=clock.now() + timedelta(seconds=61)))
    assert Delivery.objects.get().state == "sent"
