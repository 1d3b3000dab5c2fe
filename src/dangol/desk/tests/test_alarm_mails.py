"""Who is told of an alarm by mail: once, a few a day, past the guard, and never in a loop."""

import threading
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
from django.db import connection

from dangol.channels.commands import record_bounce
from dangol.channels.incoming import Bounce
from dangol.channels.models import Channel, Delivery, DeliveryRecipient, Mailbox
from dangol.desk.alarms import machine
from dangol.desk.alarms.checks import glance
from dangol.desk.alarms.commands import acknowledge_alarm, note_troubles
from dangol.desk.alarms.queries import alarms_for
from dangol.desk.alarms.rules import Kind, Trouble
from dangol.desk.alarms.telling import tell_of_alarms
from dangol.desk.models import Alarm
from dangol.kernel import clock
from dangol.kernel.models import Heartbeat
from dangol.staff.models import Staff
from tests.parts.cast import NOON, SHOP

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
DISK = Trouble(Kind.DISK, data={"free_mib": 90})
KEY = Trouble(Kind.KEY)


@pytest.fixture
def shop(moon_burger: Any, mailbox: Channel, monkeypatch: pytest.MonkeyPatch) -> Channel:
    """The shop, with a mailbox from which mail leaves."""
    monkeypatch.setattr(clock, "now", lambda: NOON)
    Mailbox.objects.update(outgoing="smtp", smtp_host="smtp.moonburger.test")
    Heartbeat.objects.create(name="alarms", beat_at=NOON)
    return mailbox


def turn(minutes: float, *troubles: Trouble) -> int:
    """A turn of the loop so many minutes after noon; how many mails it queued."""
    at = NOON + minutes * MINUTE
    note_troubles(troubles=troubles, at=at)
    return tell_of_alarms(at=at)


def mails() -> list[Any]:
    rows = Delivery.objects.filter(kind="alarm").order_by("id")
    return [message_from_bytes(row.content, policy=policy.default) for row in rows]


def words(mail: Any) -> str:
    return " ".join(mail.get_body(("plain",)).get_content().split())


def sent() -> None:
    Delivery.objects.filter(kind="alarm", state="queued").update(state="sent")


def test_an_alarm_is_mailed_once_and_once_when_it_is_over(minji, shop):
    assert [turn(minutes, DISK) for minutes in (0, 1, 2, 3, 30, 300)] == [0, 0, 1, 0, 0, 0]
    sent()
    assert [turn(minutes) for minutes in (301, 303, 304, 400)] == [0, 0, 1, 0]
    first, last = mails()
    assert first["To"] == "Minji <minji@moonburger.test>"
    assert first["From"] == f"Dangol <{SHOP}>"
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["Subject"] == "Moon Burger: The disk is almost full: 90 MB are free"
    assert "Since Wednesday, 18 November 2026, 12:00." in words(first)
    assert "Make room soon: without it, mail cannot be stored." in words(first)
    assert "http://127.0.0.1:8000/stuck/" in words(first)
    assert last["Subject"] == "Moon Burger: Over: The disk is almost full: 90 MB are free"
    assert "all is well again." in words(last)
    assert all(row.envelope_from == "" and row.is_automatic for row in Delivery.objects.all())


def test_what_has_one_cause_is_one_mail(minji, shop):
    turn(0, DISK)
    assert turn(1.5, DISK, KEY) == 0
    assert turn(2, DISK, KEY) == 1
    (mail,) = mails()
    assert mail["Subject"] == "Moon Burger: The disk is almost full: 90 MB are free (and 1 more)"
    assert "The key of this installation is missing." in words(mail)


def test_each_reads_it_in_their_language_and_zone(minji, dongsuk, shop):
    Staff.objects.filter(pk=dongsuk.pk).update(language="ko", time_zone="Europe/Berlin")
    turn(0, DISK)
    assert turn(2, DISK) == 2
    mail = next(each for each in mails() if "dongsuk" in each["To"])
    assert mail["Subject"] == "Moon Burger: 디스크가 거의 찼습니다. 남은 공간은 90 MB입니다"
    assert "2026년 11월 18일 수요일, 04:00부터입니다." in words(mail)


def test_agents_those_who_left_and_those_who_do_not_want_it_get_none(minji, dongsuk, hana, tom, shop):
    Staff.objects.filter(pk=dongsuk.pk).update(wants_alarms=False)
    turn(0, DISK)
    assert turn(2, DISK) == 1
    assert [each["To"].addresses[0].addr_spec for each in mails()] == [minji.email]


def test_where_nobody_wants_it_today_says_that_nobody_was_told(minji, shop):
    Staff.objects.update(wants_alarms=False)
    turn(0, DISK)
    assert turn(2, DISK) == 0
    (view,) = alarms_for(minji, at=NOON)
    assert view.untold == "Nobody is told by mail: nobody asked for it under My account."


def test_what_somebody_knows_of_is_told_to_nobody(minji, shop):
    turn(0, DISK)
    acknowledge_alarm(actor=minji, alarm_id=Alarm.objects.get().pk, at=NOON)
    assert turn(2, DISK) == 0


def test_what_is_over_before_it_was_told_is_told_to_nobody(minji, shop):
    turn(0, DISK)
    assert [turn(minutes) for minutes in (1, 2, 4, 9)] == [0] * 4


def test_what_gets_worse_is_told_again(minji, shop):
    little = Trouble(Kind.DISK, "warn", level=1, data={"free_mib": 900})
    turn(0, little)
    assert turn(2, little) == 1
    none = Trouble(Kind.DISK, level=2, data={"free_mib": 90})
    assert [turn(minutes, none) for minutes in (10, 31, 32, 60)] == [0, 0, 1, 0]


def test_never_more_than_three_in_a_day_however_much_happens(minji, shop):
    count = 0
    for minute in range(0, 24 * 60 - 10, 20):
        count += turn(minute, Trouble(Kind.DISK, thing=f"{minute // 60}"))
        sent()
    assert count == 3
    assert Delivery.objects.count() == 3


def test_the_only_mailbox_that_cannot_send_is_said_on_today(minji, shop):
    Mailbox.objects.update(sending_failing_since=NOON, sending_failure="wrong-password")
    turn(0, DISK)
    assert turn(2, DISK) == 0
    (view,) = alarms_for(minji, at=NOON)
    assert view.untold == "Nobody could be told by mail: no mailbox can send just now."
    Mailbox.objects.update(sending_failing_since=None, sending_failure="")
    assert turn(9, DISK) == 1
    (view,) = alarms_for(minji, at=NOON)
    assert view.untold == ""


@pytest.fixture
def second(shop: Channel) -> Channel:
    """Another mailbox of the shop."""
    channel = Channel.objects.create(name="Catering", created_at=NOON)
    Mailbox.objects.create(channel=channel, address="catering@moonburger.test", smtp_host="smtp.example.com")
    return channel


def test_another_mailbox_tells_of_the_one_that_cannot_send_and_takes_its_mail_over(minji, shop, second):
    turn(0, DISK)
    assert turn(2, DISK) == 1
    Delivery.objects.update(state="retry", tries=1)  # its server does not let us in
    Mailbox.objects.filter(pk=shop.pk).update(sending_failing_since=NOON, sending_failure="wrong-password")
    fails = Trouble(Kind.SENDING, thing=str(shop.pk), since=NOON, data={"failure": "wrong-password"})
    assert [turn(minutes, DISK, fails) for minutes in (30, 33)] == [0, 1]
    old, new = Delivery.objects.order_by("id")
    assert (old.state, new.channel) == ("undone", second)
    assert f"No mail leaves from {SHOP}." in words(mails()[1])
    assert "The disk is almost full: 90 MB are free." in words(mails()[1])


def test_a_mail_that_never_left_is_not_followed_by_its_end(minji, shop):
    turn(0, DISK)
    assert turn(2, DISK) == 1
    assert [turn(minutes) for minutes in (40, 44, 60)] == [0, 0, 0]
    assert Delivery.objects.get().state == "undone"


def test_an_owner_who_signs_in_with_a_mailbox_of_this_desk_gets_none_and_is_told_why(minji, shop, caplog):
    caplog.set_level("INFO", logger="dangol.channels.automatic")
    Staff.objects.update(email=SHOP)
    turn(0, DISK)
    assert [turn(minutes, DISK) for minutes in (2, 3, 70)] == [0, 0, 0]
    (view,) = alarms_for(minji, at=NOON)
    assert "an address that is a mailbox of this desk" in view.untold
    assert not Delivery.objects.exists()
    assert caplog.text.count("kept_back=own") == 2  # the guard is asked once an hour, not each minute


def test_an_alarm_that_comes_back_raises_no_other_and_is_not_mailed_there_again(minji, shop, monkeypatch):
    monkeypatch.setattr(machine, "room_at", lambda folder: machine.Room(10**12, None))
    turn(0, DISK)
    assert turn(2, DISK) == 1
    sent()
    delivery = Delivery.objects.get()
    bounce = Bounce(
        original_message_id=delivery.message_id, recipient=minji.email, status="5.1.1", is_permanent=True
    )
    record_bounce(bounce=bounce, at=NOON)
    assert DeliveryRecipient.objects.get().state == "bounced"
    assert glance(at=NOON + 4 * MINUTE, beats=Heartbeat.objects.all()) == []
    assert [turn(minutes, DISK, KEY) for minutes in (40, 43)] == [0, 0]
    assert Alarm.objects.get(kind=Kind.KEY).untold == "kept-back"


@pytest.mark.only_postgres
@pytest.mark.django_db(transaction=True)
def test_several_processes_that_tell_at_once_send_one_mail(minji, shop):
    turn(0, DISK)
    barrier = threading.Barrier(4)
    counts: list[int] = []

    def tell() -> None:
        try:
            barrier.wait()
            counts.append(tell_of_alarms(at=NOON + 2 * MINUTE))
        finally:
            connection.close()

    together(tell, 4)
    assert sorted(counts) == [0, 0, 0, 1]
    assert Delivery.objects.count() == 1


def together(act: Callable[[], None], count: int) -> None:
    threads = [threading.Thread(target=act) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
