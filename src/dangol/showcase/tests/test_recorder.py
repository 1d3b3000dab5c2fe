"""The recorder against the commands: the same scenes give the same rows."""

from datetime import UTC, datetime, timedelta

import pytest

from dangol.business.queries import calendar_at, current_business
from dangol.inbox.models import Conversation, Wait
from dangol.search import index
from dangol.showcase import odd_letters, people, pictures
from dangol.showcase.present import _arrive, _set_aside
from dangol.showcase.recorder import Recorder
from dangol.showcase.shop import Shop
from dangol.showcase.story import pack
from dangol.showcase.talks import HTML, HTML_ALONE, Step, Talk, perform
from dangol.showcase.tests.played import Commands, Even, rows_as_they_are, write

# The demo is always on SQLite.
pytestmark = [pytest.mark.django_db, pytest.mark.only_sqlite]

NOON = datetime(2026, 11, 18, 3, 0, tzinfo=UTC)  # a Wednesday, 12:00 in Seoul
MINUTE = timedelta(minutes=1)


def scenes(shop: Shop) -> list[Talk]:
    """Everything that can happen to a matter, on one Wednesday and the day after."""
    sora = Talk(people.SORA, shop.counter, "Cold burger", source="showcase cold")
    sora.ask(NOON, "It was cold.\n\nSora", pictures={"IMG_1.png": pictures.cold_burger()})
    sora.note(NOON + 5 * MINUTE, "hana", "My mistake.")
    sora.assign(NOON + 6 * MINUTE, "hana", "minji")
    sora.ask(NOON + 20 * MINUTE, "Hello?")
    sora.reply(
        NOON + 41 * MINUTE, "minji", "Hi Sora,\n\nI'm sorry it came cold. A **new one** is on its way."
    )
    sora.ask(NOON + 60 * MINUTE, "Thank you, Minji.")
    sora.close(NOON + 65 * MINUTE, "minji")
    sora.ask(NOON + 24 * 60 * MINUTE, "It was perfect.")

    jihoon = Talk(people.JIHOON, shop.counter, "포인트로 무료배송 쿠폰 바꿀 수 있나요?")
    jihoon.ask(NOON + MINUTE, "바꿀 수 있나요?", manner="euc-kr")
    jihoon.reply(NOON + 9 * MINUTE, "hana", "박지훈님, 안녕하세요.\n\n네, 바꿔 드렸습니다.")
    jihoon.postpone(NOON + 12 * MINUTE, "hana", NOON + 90 * MINUTE)
    jihoon.bring_back(NOON + 90 * MINUTE + timedelta(seconds=3))
    jihoon.close(NOON + 95 * MINUTE, "tom")

    james = Talk(people.JAMES, shop.counter, "Can I move my booking?")
    james.ask(NOON + 10 * 60 * MINUTE, "Can I?", manner=HTML)  # in the evening, half an hour after closing
    james.reply(NOON + 23 * 60 * MINUTE, "tom", "Hi James,\n\nyou can.")
    james.answer_by_machine(NOON + 23 * 60 * MINUTE + timedelta(seconds=15))
    james.ask(NOON + 23 * 60 * MINUTE + 30 * MINUTE, "Great, thanks!")
    james.reply(NOON + 23 * 60 * MINUTE + 50 * MINUTE, "tom", "Hi James,\n\nsee you.")

    ana = Talk(people.ANA, shop.counter, "Invoice")
    ana.ask(NOON + 2 * MINUTE, "Where is it?", manner=HTML_ALONE)
    ana.postpone(NOON + 3 * MINUTE, "hana", NOON + 48 * 60 * MINUTE)

    gone = Talk(people.Person("Minsu Ryu", "minsu@gmial.example", "en", "plain"), shop.counter, "A job?")
    gone.ask(NOON + 3 * MINUTE, "Are you hiring?")
    gone.reply(NOON + 30 * MINUTE, "dongsuk", "Hi Minsu,\n\nwe are.")
    gone.come_back(NOON + 31 * MINUTE)

    machines = Talk(people.ANA, shop.counter, "")
    letter = odd_letters.newsletter(to=people_party(shop), at=NOON, message_id="autumn@list.example")
    machines.steps.append(Step(NOON + 7 * MINUTE, lambda recorder, at: _arrive(recorder, at, letter)))
    scan = odd_letters.heavy_scan(people.ANA, to=people_party(shop), at=NOON, message_id="scan@list.example")
    machines.steps.append(Step(NOON + 8 * MINUTE, lambda recorder, at: _set_aside(recorder, at, scan)))
    return [sora, jihoon, james, ana, gone, machines]


def people_party(shop):
    from dangol.channels.incoming import Party

    return Party(shop.counter.mailbox.from_name, shop.counter.mailbox.address)


def an_empty_shop() -> Shop:
    shop = Shop("en", NOON - timedelta(days=30))
    write(pack(Recorder(shop, Even()), NOON))
    return shop


@pytest.fixture
def by_commands(monkeypatch, django_db_blocker):
    """The rows of the scenes as the commands write them; the database is as before afterwards."""
    from django.db import transaction

    with transaction.atomic():
        shop = an_empty_shop()
        perform(Commands(shop, monkeypatch), scenes(shop))
        found = rows_as_they_are()
        transaction.set_rollback(True)
    monkeypatch.undo()
    return found


@pytest.mark.only_sqlite  # on PostgreSQL reactions see what is committed, and nothing here is
def test_the_recorder_writes_what_the_commands_would_have_written(by_commands):
    recorder = Recorder(Shop("en", NOON - timedelta(days=30)), Even())
    perform(recorder, scenes(recorder.shop))
    write(pack(recorder, NOON))
    recorded = rows_as_they_are()

    recorded["Event"] = [event for event in recorded["Event"] if event["happened_at"] >= NOON]
    by_commands["Event"] = [event for event in by_commands["Event"] if event["happened_at"] >= NOON]
    for name, expected in by_commands.items():
        assert [sorted(row) for row in recorded[name]] == [sorted(row) for row in expected], name
        for made, row in zip(recorded[name], expected, strict=True):
            assert made == row, f"{name} differs"


def test_the_shop_is_set_up_as_the_first_visit_would_have_done_it():
    from dangol.business.commands import set_up_business
    from dangol.showcase.shop import COUNTRY, CURRENCY, WEEKLY, ZONE

    shop = an_empty_shop()
    recorded = current_business()
    hours = calendar_at(NOON)
    type(recorded).objects.all().delete()
    made = set_up_business(
        actor=None,
        name=shop.name,
        country=COUNTRY,
        language="en",
        currency=CURRENCY,
        time_zone=ZONE.key,
        weekly=WEEKLY,
        at=NOON,
    )
    for field in (
        "name",
        "country",
        "subdivision",
        "language",
        "currency",
        "time_zone",
        "closes_on_holidays",
    ):
        assert getattr(recorded, field) == getattr(made, field), field
    assert recorded.is_set_up
    assert calendar_at(NOON) == hours


def test_what_was_recorded_goes_on_through_the_commands(monkeypatch):
    shop = Shop("en", NOON - timedelta(days=30))
    recorder = Recorder(shop, Even())
    talk = Talk(people.SORA, shop.counter, "Cold burger")
    talk.ask(NOON, "It was cold.")
    talk.reply(NOON + 9 * MINUTE, "hana", "Hi Sora,\n\nsorry.")
    perform(recorder, [talk])
    write(pack(recorder, NOON))
    talk.steps = []
    talk.ask(NOON + 30 * MINUTE, "Thank you!")

    perform(Commands(shop, monkeypatch), [talk])

    conversation = Conversation.objects.get()
    assert (conversation.state, conversation.message_count) == ("waiting", 3)
    assert list(Wait.objects.order_by("pk").values_list("kind", "is_kept")) == [
        ("first", True),
        ("next", None),
    ]
    assert index.find("message", "sorry", limit=5) == [2]
    assert index.find("message", "Thank", limit=5) == [3]
