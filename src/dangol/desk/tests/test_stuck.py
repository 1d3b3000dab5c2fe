import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from dangol.channels.commands import (
    Arrival,
    claim_raw,
    set_aside,
    set_aside_after_restore,
    store_raw,
    try_delivery_again,
)
from dangol.channels.models import Delivery, DeliveryRecipient, Mailbox, Raw
from dangol.channels.outbox import claim_delivery
from dangol.channels.stuck import troubled_delivery_ids
from dangol.desk.stuck_reads import LOOPS
from dangol.desk.tests.reading import see
from dangol.inbox.commands.conversations import close_conversation
from dangol.inbox.commands.drafts import save_draft
from dangol.inbox.commands.replies import send_reply, settle_failed_reply
from dangol.inbox.models import Message
from dangol.kernel import clock
from dangol.kernel.models import Event, Heartbeat, Setback
from tests.parts.cast import JIHOON, NOON, mail

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_noon(monkeypatch, request):
    """It is Wednesday noon in Seoul."""
    monkeypatch.setattr(clock, "now", lambda: NOON)
    request.getfixturevalue("moon_burger")


@pytest.fixture
def lead(client, dongsuk):
    client.force_login(dongsuk)
    return client


@pytest.fixture
def aside(mailbox) -> Raw:
    """A mail that could not be read."""
    store_raw(channel=mailbox, arrivals=[Arrival(mail(JIHOON, "배송 문의"), NOON)], at=NOON)
    (raw,) = claim_raw(limit=1, at=NOON)
    set_aside(raw=raw, reason="reading: too-slow", at=NOON)
    return raw


@pytest.fixture
def failed(receive, hana) -> Delivery:
    """An answer of Hana's that the other side refused."""
    talk = receive(mail()).conversation
    draft = save_draft(actor=hana, conversation=talk, text="Sorry!", at=NOON)
    delivery = send_reply(actor=hana, draft=draft, key=uuid4(), at=NOON).delivery
    assert delivery
    Delivery.objects.update(state="failed", tries=1)
    DeliveryRecipient.objects.update(
        state="refused", status="550", server_said="5.1.1 No such user", changed_at=NOON
    )
    settle_failed_reply(delivery_id=delivery.pk, at=NOON)
    return delivery


@pytest.fixture
def put_back(failed) -> Delivery:
    """The same, on its way when a backup was made that is put back now."""
    Delivery.objects.update(state="queued")
    DeliveryRecipient.objects.update(state="waiting", status="", server_said="", changed_at=None)
    set_aside_after_restore(at=NOON)
    failed.refresh_from_db()
    return failed


@pytest.fixture
def setback(receive) -> Setback:
    """The clock that was not stopped."""
    talk = receive(mail(JIHOON, "맛있어요")).conversation
    event = Event.objects.create(
        name="DeliverySent", happened_at=NOON, recorded_at=NOON, data={"conversation_id": talk.pk}
    )
    return Setback.objects.create(
        follower="a sent reply stops the clock", event=event, reason="KeyError", tries=7, first_at=NOON
    )


def test_nothing_stuck_is_good_news(lead, mailbox):
    Heartbeat.objects.create(name="intake", beat_at=NOON)
    words = see(lead, "stuck_work")
    assert "Nothing is stuck All mail was read and sent" in words
    assert "Puts arrived mail into conversations works" in words


def test_a_mail_in_quarantine_says_in_words_why(lead, aside):
    words = see(lead, "stuck_work")
    assert "배송 문의 박지훈 <jihoon@example.kr> Reading it took too long." in words


def test_the_raw_mail_is_saved_and_never_opened(lead, aside):
    response = lead.get(reverse("stuck_mail_file", args=[aside.pk]))
    assert response.content == aside.content
    assert response["Content-Disposition"] == f'attachment; filename="mail-{aside.pk}.eml"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_only_what_is_set_aside_can_be_saved_here(lead, aside):
    Raw.objects.update(state="taken")
    assert lead.get(reverse("stuck_mail_file", args=[aside.pk])).status_code == 404


def press(client, button: str) -> str:
    """Press the button of the page that says so, and read what comes up."""
    page = client.get(reverse("stuck_work")).content.decode()
    form = next(form for form in re.findall(r"<form.*?</form>", page, re.S) if button in form)
    action = re.search(r'action="([^"]+)"', form)
    assert action
    response = client.post(action[1])
    assert (response.status_code, response["Location"]) == (303, reverse("stuck_work"))
    return client.get(response["Location"]).content.decode()


def test_a_mail_is_read_again_at_a_press_of_its_button(lead, aside):
    assert "The mail is being read again." in press(lead, "Read again")
    aside.refresh_from_db()
    assert aside.state == "new"
    assert lead.post(reverse("stuck_mail_retry", args=[aside.pk])).status_code == 404


def test_a_failed_answer_says_to_whom_why_and_what_the_server_said(lead, failed):
    words = see(lead, "stuck_work")
    assert "Sora Kim Cold burger to sora@example.com The other side refused the mail." in words
    assert "by Hana · given up" in words
    assert "550 5.1.1 No such user" in words


def test_a_failed_answer_is_sent_again_at_a_press_of_its_button(lead, failed):
    assert "It is being sent again." in press(lead, "Send now")
    failed.refresh_from_db()
    assert (failed.state, failed.due_at) == ("retry", NOON)
    assert "tried 0 times, again at 12:00" in see(lead, "stuck_work")
    Delivery.objects.update(state="sent")
    response = lead.post(reverse("stuck_delivery_retry", args=[failed.pk]), follow=True)
    assert "There was nothing left to try" in response.content.decode()


def test_an_answer_that_came_back_leads_to_its_conversation(lead, failed):
    Delivery.objects.update(state="sent", sent_at=NOON)
    DeliveryRecipient.objects.update(state="bounced")
    words = see(lead, "stuck_work")
    assert "The mail came back" in words
    assert "Send now" not in words


def test_a_failure_whose_customer_waits_no_more_is_over(lead, failed, dongsuk):
    close_conversation(actor=dongsuk, conversation=failed.message.conversation, at=NOON)
    assert "Nothing is stuck" in see(lead, "stuck_work")


def test_a_mail_set_aside_after_a_restore_is_dropped_and_that_is_taken_back(lead, put_back, dongsuk):
    assert "Drop" in see(lead, "stuck_work")
    page = press(lead, "Drop")
    assert "Dropped: the mail does not leave. For 30 days you can take that back below." in page
    put_back.refresh_from_db()
    assert (put_back.state, put_back.failure) == ("failed", "dropped")
    words = see(lead, "stuck_work")
    assert "Dropped mail" in words
    assert "Mail that did not arrive" not in words
    assert not try_delivery_again(delivery=put_back, at=NOON), "a page from before sends it no more"
    assert claim_delivery(at=NOON + timedelta(days=3)) is None
    assert troubled_delivery_ids(at=NOON) == [], "Today asks nobody to see to it"
    talk = lead.get(reverse("conversation", args=[put_back.message.conversation_id])).content.decode()
    assert "dropped after a backup was put back, it does not leave" in talk

    assert "The mail is set aside again, and can be sent." in press(lead, "Take that back")
    assert "It may have left already" in see(lead, "stuck_work")
    assert troubled_delivery_ids(at=NOON) == [put_back.pk]
    assert try_delivery_again(delivery=put_back, at=NOON)
    assert claim_delivery(at=NOON) == put_back
    told = Event.objects.filter(name__in=["DeliveryDropped", "DeliveryKept"]).order_by("pk")
    assert [(event.name, event.actor_id, event.data["delivery_id"]) for event in told] == [
        ("DeliveryDropped", dongsuk.pk, put_back.pk), ("DeliveryKept", dongsuk.pk, put_back.pk)
    ]  # fmt: skip


def test_what_was_dropped_twice_or_sent_meanwhile_is_said(lead, put_back):
    for name, failure in (("stuck_delivery_drop", "dropped"), ("stuck_delivery_keep", "put-back")):
        Delivery.objects.update(failure=failure)
        response = lead.post(reverse(name, args=[put_back.pk]), follow=True)
        assert "That has been done meanwhile." in response.content.decode()
    assert not Event.objects.filter(name__in=["DeliveryDropped", "DeliveryKept"]).exists()


def test_what_a_server_refused_cannot_be_dropped(lead, failed):
    assert "Drop" not in see(lead, "stuck_work")
    lead.post(reverse("stuck_delivery_drop", args=[failed.pk]))
    failed.refresh_from_db()
    assert failed.failure == ""


def test_a_failed_mail_to_the_staff_is_shown_too(lead, failed):
    Delivery.objects.update(kind="system")
    Message.objects.update(delivery=None)
    assert "Mail to the staff to sora@example.com" in see(lead, "stuck_work")


def test_what_did_not_follow_is_said_in_words_and_tried_again(lead, setback):
    words = see(lead, "stuck_work")
    assert "An answer left, but the customer’s clock was not stopped." in words
    assert "tried 7 times, waits for you" in words
    assert "It is being tried again." in press(lead, "Try again")
    setback.refresh_from_db()
    assert setback.next_at == NOON
    Setback.objects.all().delete()
    response = lead.post(reverse("stuck_setback_retry", args=[setback.pk]), follow=True)
    assert "That has been done meanwhile." in response.content.decode()


def test_work_that_stopped_or_stumbles_is_named(lead, mailbox):
    Heartbeat.objects.create(name="outbox", beat_at=NOON - timedelta(hours=1))
    Heartbeat.objects.create(name="intake", beat_at=NOON, failed_at=NOON, failure="KeyError")
    words = see(lead, "stuck_work")
    assert "Sends what you write It was last seen at 11:00 . Is Dangol running? does not work" in words
    assert "Puts arrived mail into conversations It stumbles" in words


def test_nothing_at_work_is_said(lead, mailbox):
    assert "Nothing is at work: mail is neither fetched nor sent." in see(lead, "stuck_work")


def test_a_mailbox_that_fails_is_shown_with_a_way_to_its_settings(lead, mailbox):
    Mailbox.objects.update(failing_since=NOON, failure="wrong-password", imap_host="imap.example.com")
    words = see(lead, "stuck_work")
    assert "hello@moonburger.test imap.example.com does not accept the user name and password." in words
    page = lead.get(reverse("stuck_work")).content.decode()
    assert f'href="{reverse("mailbox", args=[mailbox.pk])}"' in page


def test_agents_see_and_do_none_of_it(client, hana, aside, failed, setback):
    client.force_login(hana)
    assert client.get(reverse("stuck_work")).status_code == 403
    assert client.get(reverse("stuck_mail_file", args=[aside.pk])).status_code == 403
    for name, thing in (
        ("stuck_mail_retry", aside),
        ("stuck_delivery_retry", failed),
        ("stuck_delivery_drop", failed),
        ("stuck_delivery_keep", failed),
        ("stuck_setback_retry", setback),
    ):
        assert client.post(reverse(name, args=[thing.pk])).status_code == 403
    aside.refresh_from_db()
    assert aside.state == "quarantined"


@pytest.mark.parametrize(
    "name",
    [
        "stuck_mail_retry",
        "stuck_delivery_retry",
        "stuck_delivery_drop",
        "stuck_delivery_keep",
        "stuck_setback_retry",
    ],
)
def test_looking_never_does_anything(lead, name):
    assert lead.get(reverse(name, args=[1])).status_code == 405


def test_every_loop_has_words():
    from dangol.loops import fetch_loops, work_loops

    names = {loop.name for loop in [*work_loops(), *fetch_loops()]}
    assert names <= set(LOOPS)


def test_the_number_of_queries_does_not_grow(lead, mailbox, receive, hana, django_assert_max_num_queries):
    store_raw(channel=mailbox, arrivals=[Arrival(b"%d" % n, NOON) for n in range(9)], at=NOON)
    for raw in claim_raw(limit=9, at=NOON):
        set_aside(raw=raw, reason="reading: ValueError", at=NOON)
    for number in range(9):
        talk = receive(mail(f"<guest{number}@example.com>", f"Matter {number}")).conversation
        draft = save_draft(actor=hana, conversation=talk, text="Sorry!", at=NOON)
        send_reply(actor=hana, draft=draft, key=uuid4(), at=NOON)
    Delivery.objects.update(state="retry")
    with django_assert_max_num_queries(16):
        words = see(lead, "stuck_work")
    assert words.count("Send now") == 9
