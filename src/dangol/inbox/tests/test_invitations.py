"""An invitation is a card on the page of its conversation: what, when in the reader's zone, where, who."""

from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from dangol.channels.tests.wrapped import calendar
from dangol.inbox.models import Invitation
from dangol.inbox.spoken import message_views, newest_messages, read_beside
from tests.parts.cast import NOON, mail

pytestmark = pytest.mark.django_db

EVENT = (
    "UID:1@example.com",
    "DTSTART;TZID=Korea Standard Time:20261130T190000",
    "DTEND;TZID=Korea Standard Time:20261130T203000",
    "SUMMARY:Tasting of the new menu",
    "LOCATION:Moon Burger\\, 2F",
    "ORGANIZER;CN=Sora Kim:mailto:sora@example.com",
    "ATTENDEE;CN=James Lee:mailto:james@example.org",
    "ATTENDEE:mailto:hello@moonburger.test",
)


@pytest.fixture
def card(receive, hana):
    def shown(*lines: str, method: str = "REQUEST", zone: str = "Asia/Seoul", language: str = "en"):
        ics = calendar(*EVENT, *lines, method=method)
        conversation = receive(mail(files={"invite.ics": ics})).conversation
        with timezone.override(ZoneInfo(zone)), translation.override(language):
            spoken = read_beside(conversation, newest_messages(conversation, most=None)[::-1])
            (view,) = message_views(spoken, customer_name="Sora Kim", person=hana, at=NOON)
            (invitation,) = view.invitations
            return invitation

    return shown


def test_it_says_what_when_where_and_who(card):
    found = card()
    assert (found.head, found.tone, found.title) == ("Invitation", "", "Tasting of the new menu")
    assert found.when == "Monday, 30 November 2026, 19:00 – 20:30"
    assert (found.place, found.organiser) == ("Moon Burger, 2F", "Sora Kim")
    assert found.guests == "James Lee, hello@moonburger.test"


def test_the_time_is_that_of_the_reader(card):
    assert card(zone="Europe/Berlin").when == "Monday, 30 November 2026, 11:00 – 12:30"


def test_a_korean_reads_it_in_korean(card):
    found = card(language="ko")
    assert (found.head, found.when) == ("초대", "2026년 11월 30일 월요일, 19:00 – 20:30")


@pytest.mark.parametrize(
    ("lines", "method", "head", "tone"),
    [
        (["SEQUENCE:1"], "REQUEST", "Invitation, changed", "warn"),
        ([], "CANCEL", "Called off", "bad"),
        ([], "COUNTER", "Another time is proposed", ""),
        ([], "PUBLISH", "Appointment", ""),
    ],
)
def test_one_that_was_changed_or_called_off_says_so(card, lines, method, head, tone):
    found = card(*lines, method=method)
    assert (found.head, found.tone) == (head, tone)


def test_an_answer_says_who_comes(receive, card):
    lines = [line for line in EVENT if not line.startswith("ATTENDEE")]
    answer = calendar(
        *lines, "ATTENDEE;PARTSTAT=DECLINED;CN=James Lee:mailto:james@example.org", method="REPLY"
    )
    receive(mail(files={"invite.ics": answer}))
    row = Invitation.objects.get()
    assert (row.method, row.guests[0]["answer"]) == ("reply", "no")


def test_whole_days_and_times_without_a_zone_are_said_as_they_were_written(receive, hana):
    days = calendar("DTSTART;VALUE=DATE:20261130", "DTEND;VALUE=DATE:20261202", "SUMMARY:Closed")
    local = calendar("DTSTART:20261130T190000", "RRULE:FREQ=WEEKLY")
    conversation = receive(mail(files={"days.ics": days, "local.ics": local})).conversation
    with timezone.override(ZoneInfo("America/New_York")), translation.override("en"):
        spoken = read_beside(conversation, newest_messages(conversation, most=None)[::-1])
        (view,) = message_views(spoken, customer_name="Sora Kim", person=hana, at=NOON)
    first, second = view.invitations
    assert first.when == "Monday, 30 November 2026 – Tuesday, 1 December 2026"
    assert second.when == "Monday, 30 November 2026, 19:00"
    assert second.note == "every week, time zone not said"


def test_only_a_conversation_with_a_calendar_asks_for_invitations(receive, hana, django_assert_num_queries):
    plain = receive(mail(files={"menu.pdf": b"%PDF"})).conversation
    with django_assert_num_queries(2):
        read_beside(plain, newest_messages(plain, most=None)[::-1])


def test_the_page_shows_the_card(client, hana, receive):
    conversation = receive(mail(files={"invite.ics": calendar(*EVENT, method="CANCEL")})).conversation
    client.force_login(hana)
    page = client.get(f"/inbox/{conversation.pk}/").content.decode()
    assert "Called off" in page
    assert "Tasting of the new menu" in page
    assert "Moon Burger, 2F" in page
