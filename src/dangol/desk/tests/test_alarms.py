"""What is not well becomes an alarm, by the real situation wherever it can be made here."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from dangol.channels.commands import Arrival, set_aside, store_raw
from dangol.channels.models import Channel, Mailbox, Raw, SignIn
from dangol.desk.alarms import checks, machine
from dangol.desk.alarms.checks import look
from dangol.desk.alarms.commands import acknowledge_alarm, bring_alarm_back, keep_readings, note_troubles
from dangol.desk.alarms.queries import alarms_for
from dangol.desk.alarms.rules import Kind
from dangol.desk.models import Alarm, Reading
from dangol.desk.tests.reading import words_of
from dangol.desk.work_words import LOOPS
from dangol.kernel import clock
from dangol.kernel.errors import Gone, NotAllowed
from dangol.kernel.models import Event, Follower, Heartbeat
from tests.parts.cast import NOON, mail

MINUTE = timedelta(minutes=1)
WHOLE_GIB = 1024**3


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Any, settings: Any) -> None:
    checks._pasts.clear()
    monkeypatch.setattr(machine, "room_at", lambda folder: machine.Room(50 * WHOLE_GIB, 1_000_000))
    monkeypatch.setattr(clock, "now", lambda: NOON)


def beat(at: datetime, *, but: str = "") -> None:
    """All loops are at work, but for one perhaps."""
    for name in LOOPS:
        if name not in {but, "visitors"}:
            Heartbeat.objects.update_or_create(name=name, defaults={"beat_at": at})


@pytest.fixture(autouse=True)
def _at_work(db: None) -> None:
    beat(NOON)


def turn(at: datetime, *, stopped: str = "") -> None:
    """One turn of the loop, as at that moment."""
    beat(at, but=stopped)
    note_troubles(troubles=look(at=at), at=at)


def raised() -> list[str]:
    return list(
        Alarm.objects.filter(raised_at__isnull=False, ended_at=None)
        .order_by("id")
        .values_list("kind", flat=True)
    )


def kinds(at: datetime = NOON) -> list[Kind]:
    beat(at)
    return [each.kind for each in look(at=at)]


def happened() -> list[str]:
    return list(Event.objects.filter(name__startswith="Alarm").order_by("id").values_list("name", flat=True))


def test_all_is_well(minji, mailbox, django_assert_num_queries):
    turn(NOON)
    assert raised() == []
    assert alarms_for(minji, at=NOON) == ()


def test_a_tiny_disk_is_an_alarm_and_ends_by_itself(minji, monkeypatch):
    monkeypatch.setattr(machine, "room_at", lambda folder: machine.Room(90 * 1024**2, 1_000_000))
    turn(NOON)
    assert raised() == [Kind.DISK]
    (view,) = alarms_for(minji, at=NOON)
    assert view.said.title == "The disk is almost full: 90 MB are free"
    monkeypatch.setattr(machine, "room_at", lambda folder: machine.Room(50 * WHOLE_GIB, 1_000_000))
    for minutes in (1, 2, 3, 4):
        turn(NOON + minutes * MINUTE)
    assert raised() == []
    assert alarms_for(minji, at=NOON) == ()
    assert happened() == ["AlarmRaised", "AlarmEnded"]


def test_a_disk_without_files_to_make_is_an_alarm(monkeypatch):
    monkeypatch.setattr(machine, "room_at", lambda folder: machine.Room(50 * WHOLE_GIB, 40))
    assert kinds() == [Kind.INODES]


def test_a_disk_that_fills_day_by_day_is_an_alarm_with_its_day(minji, monkeypatch):
    for day in range(5):
        free = (10 - day) * WHOLE_GIB
        monkeypatch.setattr(machine, "room_at", lambda folder, free=free: machine.Room(free, None))
        keep_readings(at=NOON + timedelta(days=day))
    at = NOON + timedelta(days=4)
    (found,) = [each for each in look(at=at) if each.kind is Kind.DISK_FILLS]
    assert found.data == {"days": 6}


def test_readings_are_kept_once_an_hour_and_not_for_ever():
    for minutes in range(0, 180, 10):
        keep_readings(at=NOON + minutes * MINUTE)
    assert Reading.objects.count() == 3
    keep_readings(at=NOON + timedelta(days=30))
    assert Reading.objects.count() == 1


def test_a_loop_that_stopped_is_an_alarm_and_ends_when_it_beats_again():
    turn(NOON + 6 * MINUTE, stopped="intake")
    assert raised() == []  # it may just begin, as all do after a start
    turn(NOON + 8 * MINUTE, stopped="intake")
    assert raised() == [Kind.LOOP]
    for minutes in (9, 12):
        turn(NOON + minutes * MINUTE)
    assert raised() == []


def test_mail_that_nobody_takes_in_is_an_alarm_once_it_stands_still(mailbox):
    store_raw(channel=mailbox, arrivals=[Arrival(mail(), NOON)], at=NOON)
    assert kinds(NOON + 4 * MINUTE) == []
    turn(NOON + 6 * MINUTE)
    turn(NOON + 8 * MINUTE)
    assert raised() == [Kind.INCOMING]


def test_a_long_queue_that_moves_is_no_alarm(mailbox):
    store_raw(
        channel=mailbox, arrivals=[Arrival(mail(subject=f"Matter {n}"), NOON) for n in range(20)], at=NOON
    )
    for minutes in range(6, 20):
        Raw.objects.filter(pk=Raw.objects.filter(state="new").order_by("id").first().pk).update(state="taken")
        turn(NOON + minutes * MINUTE)
    assert raised() == []


def test_reactions_that_lag_are_an_alarm():
    event = Event.objects.create(name="X", happened_at=NOON, recorded_at=NOON)
    Follower.objects.create(name="a sent reply stops the clock", event_id=event.pk - 1)
    Follower.objects.create(name="of an earlier version")
    turn(NOON + 4 * MINUTE)
    assert not Alarm.objects.exists()
    for minutes in (6, 8):
        turn(NOON + minutes * MINUTE)
    assert raised() == [Kind.REACTIONS]
    newest = Event.objects.latest("id")
    Follower.objects.update(transaction=newest.transaction, event_id=newest.pk)
    assert kinds(NOON + 9 * MINUTE) == []


def test_a_quarantine_that_grows_is_an_alarm(mailbox):
    for number in range(3):
        assert kinds() == []
        store_raw(channel=mailbox, arrivals=[Arrival(b"\xff%d" % number, NOON)], at=NOON)
        raw = Raw.objects.order_by("-id").first()
        set_aside(raw=raw, reason="reading: ValueError", at=NOON)
    assert kinds() == [Kind.QUARANTINE]
    assert kinds(NOON + timedelta(days=2)) == []


def test_a_clock_that_went_back_is_an_alarm():
    Event.objects.create(name="X", happened_at=NOON, recorded_at=NOON + 5 * MINUTE)
    assert kinds() == [Kind.CLOCK]


@pytest.fixture
def fetched(mailbox: Channel) -> Mailbox:
    """The shop's mailbox, fetched just now, and there for ten weeks."""
    Channel.objects.update(created_at=NOON - timedelta(weeks=10))
    Mailbox.objects.update(imap_host="imap.example.com", fetched_at=NOON, outgoing="smtp")
    return Mailbox.objects.get()


def ten_a_day(channel: Channel, *, until: datetime, weeks: int = 9) -> None:
    """Ten mails on each day but Sundays, from ten in the morning to eight in the evening in Seoul."""
    days = (until - timedelta(days=day) for day in range(weeks * 7))
    times = [
        day.replace(hour=1, minute=30) + timedelta(hours=number)
        for day in days
        if day.weekday() != 6
        for number in range(10)
    ]
    arrivals = [Arrival(f"{at}".encode(), at) for at in times if at <= until]
    store_raw(channel=channel, arrivals=arrivals, at=until)
    Raw.objects.update(state="taken")


def test_a_mailbox_that_is_silent_for_unusually_long_is_an_alarm(minji, moon_burger, fetched):
    ten_a_day(fetched.channel, until=NOON)
    for hours in (0, 5, 17, 24):
        at = NOON + timedelta(hours=hours)
        Mailbox.objects.update(fetched_at=at)
        assert Kind.SILENT not in kinds(at), hours
    at = NOON + timedelta(hours=40)
    Mailbox.objects.update(fetched_at=at)
    beat(at)
    (found,) = [each for each in look(at=at) if each.kind is Kind.SILENT]
    assert found.thing == str(fetched.pk)
    assert 10 <= found.data["expected"] <= 25
    store_raw(channel=fetched.channel, arrivals=[Arrival(b"at last", at)], at=at)
    Raw.objects.update(state="taken")
    assert kinds(at) == []


def test_a_mailbox_that_is_not_fetched_is_not_called_silent(moon_burger, fetched):
    ten_a_day(fetched.channel, until=NOON)
    at = NOON + timedelta(hours=40)
    assert Kind.SILENT not in kinds(at)
    assert Kind.NOT_FETCHED in kinds(at)


def test_imported_mail_says_nothing_of_how_often_mail_comes(moon_burger, fetched):
    ten_a_day(fetched.channel, until=NOON)
    Raw.objects.update(is_silent=True)
    at = NOON + timedelta(hours=40)
    Mailbox.objects.update(fetched_at=at)
    assert Kind.SILENT not in kinds(at)


def test_the_silence_is_counted_once_and_for_all_mailboxes_together(moon_burger, fetched):
    ten_a_day(fetched.channel, until=NOON)
    at = NOON + timedelta(hours=1)
    Mailbox.objects.update(fetched_at=at)
    beat(at)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            look(at=at)
        return len(captured)

    queries()  # what a process keeps of the opening hours is no part of it
    checks._pasts.clear()
    first = queries()
    assert queries() < first  # the past is counted once a silence
    for number in range(3):
        other = Channel.objects.create(name=f"Shop {number}", created_at=NOON - timedelta(weeks=10))
        Mailbox.objects.create(
            channel=other, address=f"shop{number}@moonburger.test", imap_host="x", fetched_at=at
        )
        ten_a_day(other, until=NOON)
    checks._pasts.clear()
    assert queries() == first
    assert first <= 10


def test_a_sign_in_that_is_about_to_end_is_an_alarm_until_somebody_signs_in_again(minji, fetched):
    SignIn.objects.create(
        mailbox=fetched,
        provider="google",
        locked_refresh_token="locked",
        signed_in_at=NOON - timedelta(days=5),
        ends_at=NOON + timedelta(days=2),
    )
    turn(NOON - timedelta(hours=12))
    assert raised() == []
    turn(NOON)
    assert raised() == [Kind.SIGN_IN_ENDS]
    (view,) = alarms_for(minji, at=NOON)
    assert view.said.title == "The sign-in of hello@moonburger.test ends soon"
    assert "It is good until" in view.said.detail
    SignIn.objects.update(signed_in_at=NOON, ends_at=NOON + timedelta(days=7))
    assert kinds() == []


def test_a_mailbox_to_which_nobody_signed_in_says_so(minji, fetched):
    SignIn.objects.create(mailbox=fetched, provider="google")
    at = NOON + 20 * MINUTE
    turn(at)
    assert raised() == [Kind.RECEIVING]
    (view,) = alarms_for(minji, at=NOON)
    assert "Nobody has signed in yet." in view.said.detail


@pytest.fixture
def little_room(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    def leave(mib: int) -> None:
        monkeypatch.setattr(machine, "room_at", lambda folder: machine.Room(mib * 1024**2, None))

    leave(500)
    return leave


def test_who_knows_of_it_is_left_in_peace_until_it_gets_worse(minji, dongsuk, little_room):
    turn(NOON)
    (view,) = alarms_for(minji, at=NOON)
    acknowledge_alarm(actor=dongsuk, alarm_id=view.id, at=NOON)
    acknowledge_alarm(actor=minji, alarm_id=view.id, at=NOON)
    turn(NOON + MINUTE)
    (view,) = alarms_for(minji, at=NOON)
    assert (view.is_known, view.known_to) == (True, "Dongsuk")
    little_room(100)
    turn(NOON + 2 * MINUTE)
    (view,) = alarms_for(minji, at=NOON)
    assert not view.is_known
    assert happened() == ["AlarmRaised", "AlarmAcknowledged"]


def test_one_can_change_ones_mind(minji, little_room):
    turn(NOON)
    alarm = Alarm.objects.get()
    acknowledge_alarm(actor=minji, alarm_id=alarm.pk, at=NOON)
    bring_alarm_back(actor=minji, alarm_id=alarm.pk, at=NOON)
    (view,) = alarms_for(minji, at=NOON)
    assert not view.is_known
    assert happened() == ["AlarmRaised", "AlarmAcknowledged", "AlarmBroughtBack"]


def test_an_agent_neither_sees_nor_settles_them(hana, little_room):
    turn(NOON)
    assert alarms_for(hana, at=NOON) == ()
    for verb in (acknowledge_alarm, bring_alarm_back):
        with pytest.raises(NotAllowed):
            verb(actor=hana, alarm_id=Alarm.objects.get().pk, at=NOON)


def test_of_what_is_over_nobody_need_know(minji, little_room):
    turn(NOON)
    little_room(50_000)
    for minutes in (1, 5):
        turn(NOON + minutes * MINUTE)
    with pytest.raises(Gone):
        acknowledge_alarm(actor=minji, alarm_id=Alarm.objects.get().pk, at=NOON)


def test_what_comes_and_goes_is_one_alarm(little_room):
    for minutes in range(12):
        little_room(500 if minutes % 2 == 0 else 50_000)
        turn(NOON + minutes * MINUTE)
    assert happened() == ["AlarmRaised"]


def test_today_says_it_first_and_the_buttons_work(client, minji, moon_burger, mailbox, little_room):
    turn(NOON)
    client.force_login(minji)
    page = client.get(reverse("today")).content.decode()
    assert page.index("The disk is almost full: 500 MB are free") < page.index("Good afternoon")
    alarm = Alarm.objects.get()
    assert client.post(reverse("alarm_acknowledgement", args=[alarm.pk])).status_code == 303
    words = words_of(client.get(reverse("today")).content.decode())
    assert words.index("Good afternoon") < words.index("1 alarm that somebody knows of")
    assert "Minji knows of it." in words
    assert client.post(reverse("alarm_reminder", args=[alarm.pk])).status_code == 303
    words = words_of(client.get(reverse("today")).content.decode())
    assert words.index("The disk is almost full") < words.index("Good afternoon")


def test_a_dead_work_process_is_seen_by_the_page_itself(client, minji, moon_burger, mailbox, little_room):
    Heartbeat.objects.update(beat_at=NOON - timedelta(hours=1))
    store_raw(channel=mailbox, arrivals=[Arrival(mail(), NOON)], at=NOON - timedelta(hours=1))
    found = alarms_for(minji, at=NOON)
    assert [view.said.title for view in found] == [
        "Nothing is at work just now",
        "The disk is almost full: 500 MB are free",
    ]
    client.force_login(minji)
    words = words_of(client.get(reverse("today")).content.decode())
    assert words.index("Nothing is at work just now.") < words.index("Good afternoon")


def test_today_asks_as_often_however_many_alarms_there_are(minji, fetched, little_room):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            alarms_for(minji, at=NOON)
        return len(captured)

    assert queries() == 2
    turn(NOON)
    assert queries() == 2
    for number in range(5):
        other = Channel.objects.create(name=f"Shop {number}", created_at=NOON)
        Mailbox.objects.create(
            channel=other,
            address=f"shop{number}@moonburger.test",
            failing_since=NOON - timedelta(hours=1),
            failure="wrong-password",
        )
    turn(NOON)
    assert len(raised()) == 6
    assert queries() == 3
