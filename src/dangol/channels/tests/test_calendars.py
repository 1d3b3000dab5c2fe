"""Invitations: what, when, where and who, whatever calendar wrote them."""

import time
from datetime import UTC, datetime

import pytest

from dangol.channels.email import calendars
from dangol.channels.email.parse import parse
from dangol.channels.incoming import Guest, Party
from dangol.channels.tests import wrapped

START = "DTSTART:20261130T100000Z"


def only(*lines: str, method: str = "REQUEST", zone: str = ""):
    (found,) = calendars.read(wrapped.calendar(*lines, method=method, zone=zone))
    return found


def test_what_when_where_and_who_is_read() -> None:
    found = only(
        START,
        "DTEND:20261130T113000Z",
        "SUMMARY:시식 모임\\, 2층",
        "LOCATION:Moon Burger\\; back",
        " room",
        "ORGANIZER;CN=김소라:mailto:Sora@Naver.EXAMPLE",
        'ATTENDEE;PARTSTAT=ACCEPTED;CN="Kim, James":MAILTO:james@b.example',
        "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:hello@moonburger.example",
    )
    assert (found.title, found.place) == ("시식 모임, 2층", "Moon Burger; backroom")
    assert (found.starts_at, found.ends_at) == (
        datetime(2026, 11, 30, 10, tzinfo=UTC),
        datetime(2026, 11, 30, 11, 30, tzinfo=UTC),
    )
    assert found.organiser == Party("김소라", "Sora@naver.example")
    assert found.guests == (
        Guest(Party("Kim, James", "james@b.example"), "yes"),
        Guest(Party(None, "hello@moonburger.example"), ""),
    )
    assert (found.method, found.is_changed, found.is_all_day, found.is_local) == (
        "request",
        False,
        False,
        False,
    )


@pytest.mark.parametrize(
    ("zone", "hour"),
    [
        ("Asia/Seoul", 10),
        ("Korea Standard Time", 10),
        ("/freeassociation.sourceforge.net/Asia/Seoul", 10),
        ("(UTC+09:00) Seoul", 10),
        ("W. Europe Standard Time", 18),
        ("Customized Time Zone", 18),
        ("UTC", 19),
    ],
)
def test_times_are_instants_whatever_the_zone_is_called(zone: str, hour: int) -> None:
    found = only(f'DTSTART;TZID="{zone}":20261130T190000', zone=wrapped.OWN_ZONE)
    assert found.starts_at == datetime(2026, 11, 30, hour, tzinfo=UTC)
    assert not found.is_local


@pytest.mark.parametrize(
    ("day", "hour"), [("20260328", 11), ("20260329", 10), ("20261024", 10), ("20261025", 11)]
)
def test_a_zone_of_the_files_own_changes_to_summer_time_when_it_says(day: str, hour: int) -> None:
    found = only(f"DTSTART;TZID=Customized Time Zone:{day}T120000", zone=wrapped.OWN_ZONE)
    assert found.starts_at.hour == hour


def test_what_one_mail_calls_a_zone_is_not_believed_in_the_next() -> None:
    lie = wrapped.OWN_ZONE.replace("Customized Time Zone", "Korea Standard Time")
    assert only("DTSTART;TZID=Korea Standard Time:20261130T190000", zone=lie).starts_at.hour == 10
    own = wrapped.OWN_ZONE.replace("+0100", "-1100")
    only("DTSTART;TZID=Customized Time Zone:20261130T190000", zone=own)
    assert (
        only("DTSTART;TZID=Customized Time Zone:20261130T190000", zone=wrapped.OWN_ZONE).starts_at.hour == 18
    )


@pytest.mark.parametrize("zone", ["Asia", "../../etc/passwd", "Nowhere/Else", ""])
def test_a_time_in_a_zone_that_nobody_knows_is_a_time_of_the_clock(zone: str) -> None:
    found = only(f'DTSTART;TZID="{zone}":20261130T190000')
    assert found.is_local
    assert found.starts_at == datetime(2026, 11, 30, 19, tzinfo=UTC)


def test_whole_days_are_days() -> None:
    found = only("DTSTART;VALUE=DATE:20261130", "DTEND;VALUE=DATE:20261202")
    assert found.is_all_day
    assert (found.starts_at, found.ends_at) == (
        datetime(2026, 11, 30, tzinfo=UTC),
        datetime(2026, 12, 2, tzinfo=UTC),
    )


def test_a_duration_is_an_end() -> None:
    assert only(START, "DURATION:PT45M").ends_at == datetime(2026, 11, 30, 10, 45, tzinfo=UTC)


@pytest.mark.parametrize(
    ("lines", "method", "expected"),
    [
        (["SEQUENCE:0"], "REQUEST", ("request", False)),
        (["SEQUENCE:2"], "REQUEST", ("request", True)),
        (["SEQUENCE:2"], "CANCEL", ("cancel", False)),
        (["STATUS:CANCELLED"], "REQUEST", ("cancel", False)),
        (["SEQUENCE:2"], "REPLY", ("reply", False)),
        ([], "COUNTER", ("counter", False)),
        ([], "", ("publish", False)),
    ],
)
def test_a_change_and_a_cancellation_say_so(
    lines: list[str], method: str, expected: tuple[str, bool]
) -> None:
    found = only(START, *lines, method=method)
    assert (found.method, found.is_changed) == expected


def test_what_comes_again_says_how_often() -> None:
    assert only(START, "RRULE:FREQ=WEEKLY;BYDAY=MO").repeats == "weekly"
    assert only(START, "RRULE:FREQ=SECONDLY").repeats == ""


def test_the_calendar_of_a_mail_is_read_once_and_kept_as_a_file() -> None:
    ics = wrapped.calendar("UID:1", START, "SUMMARY:Tasting", method="")
    alternative = b"Content-Type: text/calendar; charset=utf-8; method=REQUEST\n\n" + ics
    attached = b"Content-Type: application/ics; name=invite.ics\n\n" + ics
    raw = b"From: a@b.example\nContent-Type: multipart/mixed; boundary=cut\n\n--cut\n%s\n--cut\n%s\n--cut--\n"
    message = parse(raw % (alternative, attached))
    assert [(one.title, one.method) for one in message.appointments] == [("Tasting", "request")]
    assert [one.filename for one in message.attachments] == ["invitation.ics", "invite.ics"]


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"BEGIN:VCALENDAR",
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR",
        b"\xff\xfe\x00",
        wrapped.calendar("DTSTART:yesterday"),
        wrapped.calendar("SUMMARY:no time"),
        wrapped.calendar("DTSTART:99991231T235959Z", "DURATION:P9D"),
        wrapped.calendar(START) * 2_000,
        wrapped.calendar(*["X-A:b"] * 40_000),
    ],
)
def test_what_cannot_be_read_is_no_appointment(broken: bytes) -> None:
    assert calendars.read(broken) == ()


@pytest.mark.parametrize(
    "line",
    [
        "X;" + "A=b;" * 50_000 + "C=d:x",
        "SUMMARY:" + "\\," * 100_000,
        "RRULE:FREQ=DAILY;BYDAY=" + "MO," * 60_000 + "MO",
    ],
)
def test_a_calendar_beyond_reason_takes_no_time(line: str) -> None:
    began = time.process_time()
    calendars.read(wrapped.calendar(START, line))
    assert time.process_time() - began < 5


def test_a_zone_beyond_reason_takes_no_time() -> None:
    zone = wrapped.OWN_ZONE.replace("FREQ=YEARLY", "FREQ=SECONDLY")
    began = time.process_time()
    only("DTSTART;TZID=Customized Time Zone:20261130T190000", zone=zone)
    calendars.read(b"BEGIN:VTIMEZONE\n" * 16_000)
    assert time.process_time() - began < 5
