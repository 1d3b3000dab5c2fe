"""Alarms by real servers: Dovecot is stopped, a password is changed; people are told, and told when it is over."""

from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest

from dangol.channels import fetching, outbox
from dangol.channels.certificates import look_at_certificate
from dangol.channels.commands import queue_delivery
from dangol.channels.fetching import fetch_all_once
from dangol.channels.models import Channel, Delivery, Mailbox
from dangol.channels.outbox import deliver_due
from dangol.desk.alarms import watching
from dangol.desk.alarms.checks import look
from dangol.desk.alarms.commands import note_troubles
from dangol.desk.alarms.rules import Kind
from dangol.desk.alarms.telling import tell_of_alarms
from dangol.desk.alarms.watching import try_failing_server
from dangol.desk.alarms.words import say
from dangol.desk.models import Alarm
from dangol.desk.work_words import LOOPS
from dangol.kernel import clock
from dangol.kernel.models import Heartbeat
from dangol.staff.models import Staff
from tests.parts.cast import mail
from tests.parts.mailserver import MailServer

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def shops(mailserver: MailServer, monkeypatch: pytest.MonkeyPatch, minji: Staff) -> list[Mailbox]:
    """Two mailboxes on the real server, and an owner who has one there too."""
    monkeypatch.setenv("SSL_CERT_FILE", str(mailserver.folder / "cert.pem"))
    Staff.objects.update(email=mailserver.new_user("minji", "example.com").address)
    watching._tried.clear()
    return [_mailbox(mailserver, name) for name in ("hello", "catering")]


def _mailbox(server: MailServer, name: str) -> Mailbox:
    user = server.new_user(name)
    channel = Channel.objects.create(name="Moon Burger", created_at=clock.now() - timedelta(days=1))
    box = Mailbox(
        channel=channel, address=user.address, fetched_at=clock.now(),
        imap_host=server.host, imap_port=server.ports.imaps, imap_user=user.address,
        smtp_host=server.host, smtp_port=server.ports.smtps, smtp_user=user.address,
    )  # fmt: skip
    box.imap_password = box.smtp_password = user.password
    box.save()
    return box


@pytest.fixture
def try_to_fetch(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The watching of a mailbox, which gives up after one try that failed."""

    def attempt(box: Mailbox) -> None:
        wanted: Iterator[list[int]] = iter([[box.pk], []])
        with monkeypatch.context() as only:
            only.setattr(fetching, "BACKOFF_SECONDS", (0,))
            only.setattr(fetching, "_wanted", lambda: next(wanted))
            fetching._watch(box.pk)

    return attempt


def turn(at: Any) -> list[str]:
    """A turn of the loop as at that time; the kinds of what is raised."""
    for name in LOOPS:
        Heartbeat.objects.update_or_create(name=name, defaults={"beat_at": at})
    Mailbox.objects.filter(failing_since=None).update(fetched_at=at)
    note_troubles(troubles=look(at=at), at=at)
    tell_of_alarms(at=at)
    Delivery.objects.filter(kind="alarm", state="queued").update(due_at=clock.now())
    while deliver_due():
        pass
    rows = Alarm.objects.filter(ended_at=None, raised_at__isnull=False)
    return list(rows.order_by("id").values_list("kind", flat=True))


def read(raw: bytes) -> Any:
    return message_from_bytes(raw, policy=policy.default)


def test_a_mail_server_that_was_stopped_is_an_alarm_until_it_runs_again(mailserver, shops, try_to_fetch):
    shop, _catering = shops
    mailserver.stop_imap()
    try:
        try_to_fetch(shop)
        began = Mailbox.objects.get(pk=shop.pk).failing_since
        assert turn(began + 9 * MINUTE) == []  # a server that is started anew is no alarm
        assert turn(began + 10 * MINUTE) == [Kind.RECEIVING]
        turn(began + 12 * MINUTE)
        turn(began + 20 * MINUTE)
    finally:
        mailserver.start_imap()
    fetch_all_once()
    assert turn(began + 60 * MINUTE) == [Kind.RECEIVING]  # it may come and go
    assert turn(began + 63 * MINUTE) == []
    both = map(read, mailserver.wait_for_mail(Staff.objects.get().email, 2))
    told, over = sorted(both, key=lambda each: each["Date"].datetime)  # the first waited for Dovecot too
    assert told["Subject"] == f"No mail comes in from {shop.address}"
    assert "nothing answers on this port" in told.get_body(("plain",)).get_content()
    assert f"/settings/mailboxes/{shop.pk}/" in told.get_body(("plain",)).get_content()
    assert over["Subject"] == f"Over: No mail comes in from {shop.address}"


def test_a_password_that_was_changed_is_told_through_the_other_mailbox(mailserver, shops, try_to_fetch):
    shop, catering = shops
    shop.imap_password = shop.smtp_password = "the one of last year"
    shop.save()
    try_to_fetch(shop)
    _write(shop, to=mailserver.new_user("sora", "example.com").address)
    assert deliver_due()
    at = clock.now()
    assert turn(at + 1 * MINUTE) == []
    assert sorted(turn(at + 3 * MINUTE)) == [Kind.RECEIVING, Kind.SENDING]
    turn(at + 5 * MINUTE)
    (told,) = map(read, mailserver.wait_for_mail(Staff.objects.get().email))
    assert told["From"] == f"Dangol <{catering.address}>"
    text = told.get_body(("plain",)).get_content()
    assert f"No mail leaves from {shop.address}" in text
    assert "does not accept the user name and password" in text


def test_a_server_that_sends_again_is_noticed_although_nothing_waits(mailserver, shops):
    shop, _catering = shops
    Mailbox.objects.filter(pk=shop.pk).update(
        sending_failing_since=clock.now(), sending_failure="wrong-password"
    )
    try_failing_server(at=clock.now())
    shop.refresh_from_db()
    assert (shop.sending_failing_since, shop.sending_failure) == (None, "")


def test_a_certificate_that_should_have_been_renewed_is_an_alarm(mailserver, shops):
    assert [look_at_certificate(at=clock.now()) for _box in (*shops, None)] == [True, True, False]
    (until,) = set(Mailbox.objects.values_list("certificate_until", flat=True))
    assert timedelta(days=6) < until - clock.now() < timedelta(days=8)
    turn(clock.now())
    assert Kind.CERTIFICATE_ENDS not in {each.kind for each in look(at=clock.now())}
    found = [each for each in look(at=until - timedelta(hours=10)) if each.kind is Kind.CERTIFICATE_ENDS]
    assert {each.thing for each in found} == {str(box.pk) for box in shops}
    assert say(found)[0].title == "The certificate of localhost ends soon"


def _write(shop: Mailbox, *, to: str) -> None:
    outbox._resting.clear()
    queue_delivery(
        channel=shop.channel, kind=Delivery.Kind.REPLY, content=mail(shop.address, to=to),
        message_id="1@moonburger.test", envelope_from=shop.address, recipients=[("to", to)],
        at=clock.now(), due_at=clock.now(),
    )  # fmt: skip
