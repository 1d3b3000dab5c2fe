"""The whole past at once: is it a past that the program could have had?"""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import Count, F, Q

from dangol.business.queries import calendar_at
from dangol.channels.email.parse import parse
from dangol.channels.models import Delivery, DeliveryRecipient, Raw
from dangol.desk.alarms import machine
from dangol.desk.alarms.checks import look
from dangol.desk.work_words import LOOPS
from dangol.goodwill.models import Entry
from dangol.inbox import promise
from dangol.inbox.measures import median
from dangol.inbox.models import Conversation, Message, Reference, Wait
from dangol.inbox.threading import is_own_message_id
from dangol.inbox.waiting import last_word
from dangol.kernel import events
from dangol.kernel.models import Event, Heartbeat
from dangol.orders.models import Order, OrderLine, Refund
from dangol.search import index
from dangol.showcase.story import recorded_story, shop_at, tell_story
from dangol.showcase.tests.played import NOW

pytestmark = pytest.mark.only_sqlite  # as the demo always is

AT_NIGHT = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)  # Tuesday, 3:00 in Seoul: the shop is closed


@pytest.fixture(scope="module")
def night():
    return recorded_story(shop_at(AT_NIGHT, "ko"), AT_NIGHT)


def test_every_plain_letter_says_what_the_parser_makes_of_it(night):
    messages = [message for message in night.rows.of(Message) if message.raw]
    assert len(messages) > 1000
    for message in messages:
        read = parse(message.raw.content, is_own=is_own_message_id)
        said = (
            read.subject,
            read.sender.name,
            read.text,
            read.text_new,
            read.html or "",
            read.automatic or "",
        )
        kept = (
            message.subject,
            message.from_name,
            message.text,
            message.text_new,
            message.html,
            message.automatic,
        )
        assert said == kept
        assert (read.sender.address, read.message_id) == (message.from_address, message.message_id)
        assert list(read.references) == message.references
        assert [(party.name or "", party.address or "") for party in read.to] == [
            (party["name"], party["address"]) for party in message.to
        ]


def test_the_same_moment_tells_the_same_story_and_gives_the_same_books(packed):
    def of(packed):
        models = (Conversation, Wait, Entry, Order, OrderLine, Refund)
        return [(table.model, table.values) for table in packed.tables if table.model in models]

    again = tell_story(NOW, "en")
    assert len(of(again)) == 6
    assert of(again) == of(packed)
    assert again.texts == packed.texts


@pytest.mark.django_db
@pytest.mark.usefixtures("written")
def test_it_is_as_large_as_a_small_kitchens_three_months():
    assert 900 <= Conversation.objects.count() <= 1500
    assert 150 <= Conversation.objects.values("customer").distinct().count() <= 250
    per_conversation = Counter(Conversation.objects.values_list("message_count", flat=True))
    assert sum(per_conversation[count] for count in range(2, 7)) > 0.95 * sum(per_conversation.values())


@pytest.mark.django_db
@pytest.mark.usefixtures("written")
def test_every_conversation_agrees_with_its_messages():
    spoken = Q(messages__direction__in=["in", "out"])
    counted = Conversation.objects.annotate(
        spoken=Count("messages", filter=spoken, distinct=True),
        files=Count("messages__attachments", filter=Q(messages__attachments__is_inline=False), distinct=True),
    )
    for conversation in counted:
        assert conversation.message_count == conversation.spoken
        assert conversation.file_count == conversation.files
        last = last_word(conversation)
        newest = conversation.messages.exclude(direction="note").order_by("-happened_at", "-id").first()
        assert conversation.last_message_at == newest.happened_at
        assert conversation.last_message_id == (last.pk if last else 0)
        assert conversation.is_machine == (last is None)


@pytest.mark.django_db
@pytest.mark.usefixtures("written")
def test_states_agree_with_the_last_word_and_the_open_waits():
    open_waits = set(
        Wait.objects.filter(answered_at=None, dropped_at=None).values_list("conversation_id", flat=True)
    )
    for conversation in Conversation.objects.all():
        last = last_word(conversation)
        if conversation.state == "waiting":
            came_back = Message.objects.filter(conversation=conversation, automatic="bounce").exists()
            assert conversation.pk in open_waits or came_back
            assert conversation.due_at >= conversation.waiting_since
        elif conversation.state == "answered":
            assert last.direction == "out"
            assert conversation.due_at == last.happened_at
        else:
            assert conversation.pk not in open_waits
        assert (conversation.state == "later") == (
            conversation.due_at > NOW and conversation.state != "waiting"
        )


@pytest.mark.django_db
@pytest.mark.usefixtures("written")
def test_every_wait_was_measured_by_the_promise():
    calendar = calendar_at(NOW)
    for wait in Wait.objects.select_related("message", "answer__delivery"):
        assert wait.started_at == wait.message.happened_at
        assert wait.due_at == promise.due_at(calendar, wait.started_at, wait.promised_seconds)
        if wait.answered_at is None:
            assert wait.is_kept is None
            continue
        assert wait.answered_at == wait.answer.delivery.sent_at
        waited = promise.waited(calendar, wait.started_at, wait.answered_at)
        assert (wait.wall_seconds, wait.opening_seconds) == (waited.wall_seconds, waited.opening_seconds)
        assert wait.is_kept == (wait.answered_at <= wait.due_at)
    first = Wait.objects.filter(kind="first", answered_at__isnull=False)
    assert 4 * 60 < median(first.values_list("opening_seconds", flat=True)) < 20 * 60
    assert 0.75 < first.filter(is_kept=True).count() / first.count() < 0.97


@pytest.mark.django_db
@pytest.mark.usefixtures("written")
def test_every_state_can_be_seen():
    states = Counter(Conversation.objects.values_list("state", flat=True))
    assert states["waiting"] == 7
    assert 5 <= states["answered"] <= 40
    assert states["later"] == 5
    assert Conversation.objects.filter(state="waiting", due_at__lt=NOW).count() == 2
    assert Raw.objects.filter(state="quarantined").count() == 1
    assert DeliveryRecipient.objects.filter(state="bounced").count() == 1
    automatic = Counter(Message.objects.exclude(automatic="").values_list("automatic", flat=True))
    assert automatic["bulk"] == 3
    assert automatic["bounce"] == 1
    assert automatic["auto-reply"] >= 1
    assert Message.objects.exclude(html="").count() > 10
    assert Message.objects.filter(direction="note").count() > 30
    waiting = Conversation.objects.filter(state="waiting").order_by("due_at")
    names = list(waiting.values_list("customer__name", flat=True))
    assert names[0] == "Sora Kim"
    assert {"James Lee", "박지훈", "Ana Reyes", "Tom Wu", "이서연"} < set(names)
    assert waiting[0].assignee.name == "Minji"


@pytest.mark.django_db
@pytest.mark.usefixtures("written")
def test_what_happened_is_on_the_timelines_in_order_and_nobody_reacts_to_it():
    assert not Event.objects.filter(silent=False).exists()
    known = set(events.Happened.known)
    assert set(Event.objects.values_list("name", flat=True)) <= known
    times = list(Event.objects.order_by("pk").values_list("happened_at", flat=True))
    assert times == sorted(times)
    assert times[-1] <= NOW
    replies = Message.objects.filter(direction="out").count()
    for name in ("ReplyQueued", "DeliverySent", "ReplySent"):
        assert Event.objects.filter(name=name).count() == replies


@pytest.mark.django_db
@pytest.mark.usefixtures("written")
def test_replies_are_found_again_by_what_customers_programs_name():
    own = Reference.objects.filter(is_own_id=True)
    assert own.count() == own.values("digest").distinct().count()
    assert Delivery.objects.filter(message__isnull=True).count() == 0
    assert (
        not Message.objects.filter(delivery__isnull=False)
        .exclude(message_id=F("delivery__message_id"))
        .exists()
    )


@pytest.mark.django_db
@pytest.mark.usefixtures("written")
def test_it_can_be_searched_in_both_languages():
    assert index.find("customer", "박지훈", limit=1)
    assert index.find("message", "포인트", limit=1)
    assert index.find("conversation", "gluten", limit=1)


@pytest.mark.django_db
@pytest.mark.usefixtures("written")
def test_a_shop_that_opens_has_no_alarm(monkeypatch):
    monkeypatch.setattr(machine, "room_at", lambda folder: machine.Room(10**12, None))
    for hours in range(0, 24, 3):
        at = NOW + timedelta(hours=hours)
        Heartbeat.objects.bulk_create([Heartbeat(name=name, beat_at=at) for name in LOOPS])
        assert look(at=at) == []
        Heartbeat.objects.all().delete()


def test_at_night_the_longest_wait_is_of_the_evening_before(night):
    waiting = [place for place in night.rows.of(Conversation) if place.state == "waiting"]
    sora = min(waiting, key=lambda place: place.due_at)
    assert sora.customer.name == "Sora Kim"
    assert sora.due_at < AT_NIGHT - timedelta(hours=5)
    assert sum(place.due_at < AT_NIGHT for place in waiting) == 2
