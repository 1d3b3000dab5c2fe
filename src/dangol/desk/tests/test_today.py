from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from dangol.channels.commands import Arrival, claim_raw, set_aside, store_raw
from dangol.channels.models import Delivery, DeliveryRecipient, Mailbox
from dangol.channels.outbox import deliver_due
from dangol.desk.tests.reading import see, words_of
from dangol.desk.today_reads import today_page
from dangol.inbox.commands.conversations import assign_conversation, close_conversation
from dangol.inbox.commands.drafts import save_draft
from dangol.inbox.commands.replies import send_reply, settle_failed_reply, settle_sent_reply
from dangol.inbox.models import Conversation, Wait
from dangol.kernel import clock
from dangol.kernel.models import Event, Heartbeat, Setback
from dangol.staff.models import Staff
from tests.parts.cast import JAMES, JIHOON, NOON, mail

pytestmark = pytest.mark.django_db
EARLY = NOON - timedelta(hours=1)  # 11:00, when the doors open


@pytest.fixture(autouse=True)
def at_noon(monkeypatch, request):
    """It is Wednesday noon in Seoul, and everything is at work."""
    monkeypatch.setattr(clock, "now", lambda: NOON)
    request.getfixturevalue("moon_burger")
    Heartbeat.objects.create(name="intake", beat_at=NOON)


@pytest.fixture
def enter(client):
    def come_in(person: Staff):
        client.force_login(person)
        return client

    return come_in


def answer(staff: Staff, talk: Conversation, *, at) -> None:
    talk.refresh_from_db()
    draft = save_draft(actor=staff, conversation=talk, text="Sorry! A fresh one is on its way.", at=at)
    message = send_reply(actor=staff, draft=draft, key=uuid4(), at=at)
    Delivery.objects.filter(pk=message.delivery_id).update(due_at=at - timedelta(days=1))
    assert deliver_due()
    Delivery.objects.filter(pk=message.delivery_id).update(sent_at=at)
    settle_sent_reply(delivery_id=message.delivery_id, at=at)


def fail(staff: Staff, talk: Conversation, *, bounced: bool = False) -> Delivery:
    draft = save_draft(actor=staff, conversation=talk, text="We are sorry.", at=EARLY)
    delivery = send_reply(actor=staff, draft=draft, key=uuid4(), at=EARLY).delivery
    assert delivery
    Delivery.objects.filter(pk=delivery.pk).update(
        state="sent" if bounced else "failed", sent_at=EARLY if bounced else None
    )
    DeliveryRecipient.objects.filter(delivery=delivery).update(
        state="bounced" if bounced else "refused", changed_at=NOON
    )
    settle_failed_reply(delivery_id=delivery.pk, at=NOON)
    return delivery


def test_nobody_waits_and_nobody_was_answered(enter, minji, mailbox):
    words = see(enter(minji), "today")
    assert (
        "Good afternoon, Minji. All answered. Nobody is waiting. Nobody has been answered yet today." in words
    )
    assert "Nothing is left for you" in words
    assert "This week" not in words


def test_the_first_sentence_names_who_waits_the_longest_in_opening_time(enter, minji, receive):
    receive(mail(message_id="1@x"), at=NOON - timedelta(minutes=41))
    assert "One person is waiting : Sora Kim , for 41 minutes." in see(enter(minji), "today")
    receive(mail(JAMES), at=NOON - timedelta(minutes=5))
    assert "Two people are waiting , Sora Kim the longest: 41 minutes." in see(enter(minji), "today")


def test_a_night_is_no_waiting_time(enter, minji, receive):
    receive(mail(), at=NOON - timedelta(hours=10))  # at two, when all are asleep; open since eleven
    assert "Sora Kim , for 1 hour of opening time." in see(enter(minji), "today")


def test_who_wrote_while_closed_has_not_waited_yet(enter, minji, receive, monkeypatch):
    early = NOON - timedelta(hours=4)
    receive(mail(), at=early - timedelta(minutes=30))
    monkeypatch.setattr(clock, "now", lambda: early)
    words = see(enter(minji), "today")
    assert "Good morning, Minji. One person is waiting : Sora Kim , who wrote while you were closed." in words


def test_the_person_and_the_list_are_a_click_away(enter, minji, receive):
    talk = receive(mail(), at=EARLY).conversation
    page = enter(minji).get(reverse("today")).content.decode()
    assert f'<a href="{reverse("conversation", args=[talk.pk])}">Sora Kim</a>' in page
    assert f'<a href="{reverse("inbox")}"><b>One person is waiting</b></a>' in page


def test_todays_first_answers_are_told_with_the_promise(enter, minji, hana, receive):
    answer(hana, receive(mail(message_id="1@x"), at=EARLY).conversation, at=EARLY + timedelta(minutes=9))
    assert "Today’s first answer came after 9 minutes , as promised." in see(enter(minji), "today")
    answer(hana, receive(mail(JAMES), at=EARLY).conversation, at=EARLY + timedelta(minutes=45))
    words = see(enter(minji), "today")
    assert "a first answer within 27 minutes , 1 of 2 as promised." in words


def test_an_answer_of_yesterday_is_not_of_today(enter, minji, hana, receive):
    before = NOON - timedelta(days=1)
    answer(hana, receive(mail(), at=before).conversation, at=before + timedelta(minutes=9))
    assert "Nobody has been answered yet today." in see(enter(minji), "today")


def test_an_answer_of_this_morning_to_yesterdays_mail_is_of_today(enter, minji, hana, receive, client):
    talk = receive(mail(), at=NOON - timedelta(hours=15)).conversation  # at nine in the evening
    answer(hana, talk, at=EARLY + timedelta(minutes=5))
    page = today_page(minji, at=NOON)
    assert (page.answered.count, page.answered.in_time) == (1, 0)
    assert "Sora Kim" in see_url(enter(minji), page.answered.url)


def see_url(client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return words_of(response.content.decode())


def test_where_nothing_is_promised_no_promise_is_told(enter, minji, hana, receive, mailbox):
    mailbox.promised_first_seconds = None
    mailbox.save()
    answer(hana, receive(mail(), at=EARLY).conversation, at=EARLY + timedelta(minutes=9))
    assert "Today’s first answer came after 9 minutes ." in see(enter(minji), "today")


def jobs(person: Staff) -> list[str]:
    return [job.title for job in today_page(person, at=NOON).jobs]


def test_mine_and_due_are_mine_to_do(hana, tom, receive):
    talk = receive(mail(), at=EARLY).conversation
    assign_conversation(actor=tom, conversation=talk, assignee=hana, at=NOON)
    (job,) = today_page(hana, at=NOON).jobs
    assert (job.title, job.is_urgent, job.tone) == ("Answer Sora Kim", True, "bad")
    assert job.detail == "Cold burger · 30 min late"
    assert jobs(tom) == []


def test_what_is_due_another_day_is_not_for_today(hana, tom, receive):
    talk = receive(mail(), at=EARLY).conversation
    assign_conversation(actor=tom, conversation=talk, assignee=hana, at=NOON)
    Conversation.objects.update(due_at=NOON + timedelta(days=1))
    assert jobs(hana) == []


def test_the_oldest_that_nobody_took_can_be_taken_with_one_button(enter, hana, receive):
    talk = receive(mail(), at=EARLY).conversation
    receive(mail(JAMES), at=NOON)
    assert jobs(hana) == ["Nobody has taken Sora Kim’s mail"]
    (job,) = today_page(hana, at=NOON).jobs
    response = enter(hana).post(job.url, dict(job.fields))
    assert response.status_code == 303
    talk.refresh_from_db()
    assert talk.assignee == hana


def test_a_draft_that_one_left_is_shown_to_its_writer_alone(hana, tom, receive):
    talk = receive(mail(), at=EARLY).conversation
    save_draft(actor=hana, conversation=talk, text="Dear Sora,  we\nare", at=NOON - timedelta(minutes=11))
    assign_conversation(actor=tom, conversation=talk, assignee=tom, at=NOON)
    (job,) = [job for job in today_page(hana, at=NOON).jobs if job.key.startswith("draft")]
    assert job.title == "Finish what you began to write to Sora Kim"
    assert job.detail == "“Dear Sora, we are”"
    assert jobs(tom) == ["Answer Sora Kim"]


def test_what_one_is_just_writing_is_not_left(hana, receive):
    talk = receive(mail(), at=EARLY).conversation
    save_draft(actor=hana, conversation=talk, text="Dear Sora", at=NOON - timedelta(minutes=2))
    assert not [title for title in jobs(hana) if title.startswith("Finish")]


@pytest.mark.parametrize(
    ("bounced", "title"),
    [(False, "Your answer to Sora Kim could not be sent"), (True, "Your answer to Sora Kim came back")],
)
def test_an_answer_of_mine_that_failed_is_mine(hana, tom, receive, bounced, title):
    talk = receive(mail(), at=EARLY).conversation
    fail(hana, talk, bounced=bounced)
    assert title in jobs(hana)
    assert title not in jobs(tom)


def test_a_failure_that_was_answered_since_is_history(hana, receive):
    talk = receive(mail(), at=EARLY).conversation
    fail(hana, talk)
    answer(hana, talk, at=NOON)
    receive(mail(text="Thanks, but it is cold again.", date=NOON, headers={"In-Reply-To": "<1@x>"}), at=NOON)
    Conversation.objects.update(state="waiting")
    assert not [title for title in jobs(hana) if title.startswith("Your answer")]


def test_a_failure_in_a_closed_matter_is_history(hana, receive):
    talk = receive(mail(), at=EARLY).conversation
    fail(hana, talk)
    close_conversation(actor=hana, conversation=talk, at=NOON)
    assert jobs(hana) == []


@pytest.fixture
def trouble(mailbox):
    """A mail in quarantine, a mailbox that fails, a thing that did not follow, and a loop that stopped."""
    store_raw(channel=mailbox, arrivals=[Arrival(b"\xff", NOON)], at=NOON)
    (raw,) = claim_raw(limit=1, at=NOON)
    set_aside(raw=raw, reason="reading: ValueError", at=NOON)
    Mailbox.objects.update(failing_since=EARLY, failure="wrong-password", imap_host="imap.example.com")
    Heartbeat.objects.update(beat_at=EARLY)
    event = Event.objects.create(name="X", happened_at=NOON, recorded_at=NOON)
    Setback.objects.create(follower="x", event=event, reason="KeyError", first_at=NOON)


def test_whoever_leads_hears_of_what_is_stuck(enter, minji, dongsuk, trouble):
    for person in (minji, dongsuk):
        words = see(enter(person), "today")
        assert "No mail comes in from hello@moonburger.test" in words
        assert "imap.example.com does not accept the user name and password." in words
        assert "1 mail could not be read" in words
        assert "1 thing that should have followed did not happen" in words
        assert "Nothing is at work just now. Since Wednesday, 18 November 2026, 11:00." in words


def test_agents_are_left_in_peace(enter, hana, trouble):
    assert jobs(hana) == []
    assert "imap.example.com" not in see(enter(hana), "today")


def test_every_button_leads_somewhere(enter, minji, receive, trouble):
    talk = receive(mail(), at=EARLY).conversation
    receive(mail(JAMES), at=EARLY)
    assign_conversation(actor=minji, conversation=talk, assignee=minji, at=NOON)
    client = enter(minji)
    page = today_page(minji, at=NOON)
    assert (len(page.jobs), len(page.alarms)) >= (4, 2)
    for alarm in page.alarms:
        assert client.get(alarm.said.url).status_code == 200, alarm
    for job in page.jobs:
        response = (
            client.post(job.url, dict(job.fields)) if job.fields else client.get(job.url.partition("#")[0])
        )
        assert response.status_code in {200, 303}, job


def test_the_number_of_queries_stays_the_same(minji, receive, enter, trouble, django_assert_max_num_queries):

    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            today_page(minji, at=NOON)
        return len(queries)

    def add(number: int) -> None:
        sender = f"Guest <guest{number}@example.com>"
        talk = receive(mail(sender, f"Matter {number}"), at=EARLY).conversation
        other = receive(mail(f"<nameless{number}@example.com>", f"More {number}"), at=EARLY).conversation
        assign_conversation(actor=minji, conversation=talk, assignee=minji, at=NOON)
        save_draft(actor=minji, conversation=talk, text="Dear", at=EARLY)
        fail(minji, other)

    add(1)
    first = count()
    for number in range(2, 9):
        add(number)
    assert count() == first
    assert first <= 14, first


def test_the_week_stands_beside_the_week_before(minji, hana, receive):
    for days, minutes in ((1, 10), (2, 20), (4, 30), (8, 40), (9, 50)):
        began = NOON - timedelta(days=days) + timedelta(hours=1)
        talk = receive(mail(f"<guest{days}@example.com>"), at=began).conversation
        answer(hana, talk, at=began + timedelta(minutes=minutes))
    receive(mail(), at=NOON - timedelta(minutes=3))
    median, promise, answered, waiting = today_page(minji, at=NOON).facts
    assert (median.value, median.change, median.says) == (
        "20 min", "−25 min", "25 minutes less than in the week before",
    )  # fmt: skip
    assert (promise.value, promise.change) == ("100 %", "+100")
    assert (answered.value, answered.change) == ("3", "+1")
    assert (waiting.value, waiting.change, waiting.says) == ("1", "+1", "0 people waited a week ago")


def test_a_difference_that_may_be_chance_has_no_colour(minji, hana, receive):
    for days, minutes in ((1, 10), (8, 40)):
        began = NOON - timedelta(days=days) + timedelta(hours=1)
        talk = receive(mail(f"<guest{days}@example.com>"), at=began).conversation
        answer(hana, talk, at=began + timedelta(minutes=minutes))
    median, promise, *_rest = today_page(minji, at=NOON).facts
    assert (median.tone, promise.tone) == ("", "")


def test_each_figure_of_the_week_opens_what_it_counts(enter, minji, hana, receive):
    answer(hana, receive(mail(), at=EARLY).conversation, at=EARLY + timedelta(minutes=5))
    receive(mail(JIHOON), at=EARLY)
    median, promise, answered, waiting = today_page(minji, at=NOON).facts
    assert "Sora Kim" in see_url(enter(minji), median.url)
    assert "박지훈" not in see_url(enter(minji), answered.url)
    assert "박지훈" in see_url(enter(minji), promise.url)  # late by now: it is of the share
    assert waiting.url == reverse("inbox")


def test_a_new_installation_says_what_to_do(enter, minji, hana):
    words = see(enter(minji), "today")
    assert "Nobody can write to you here yet." in words
    assert "Connect a mailbox" in words
    page = enter(minji).get(reverse("today")).content.decode()
    assert f'href="{reverse("new_mailbox")}"' in page
    words = see(enter(hana), "today")
    assert "The owner can do this." in words


def test_in_korean_people_are_counted_as_koreans_do(enter, minji, receive):
    minji.language = "ko"
    minji.save()
    for number in range(6):
        receive(mail(f"손님{number} <guest{number}@example.kr>"), at=NOON - timedelta(minutes=41))
    with translation.override("ko"):
        words = see(enter(minji), "today")
    assert (
        "Minji 님, 안녕하세요. 여섯 분이 기다리고 계십니다 . 손님0 님이 가장 오래 기다리셨습니다: 41분."
        in words
    )
    assert "오늘은 아직 답변드린 분이 없습니다." in words


def test_it_reads_without_javascript_and_loads_its_part_with_it(enter, minji, mailbox):
    part = enter(minji).get(reverse("today"), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "All answered." in part


def test_waits_are_read_as_they_were_a_week_ago(minji, hana, receive):
    began = NOON - timedelta(days=8)
    talk = receive(mail(), at=began).conversation
    answer(hana, talk, at=NOON - timedelta(days=3))
    assert Wait.objects.get().answered_at
    *_others, waiting = today_page(minji, at=NOON).facts
    assert (waiting.value, waiting.change, waiting.tone) == ("0", "−1", "good")
