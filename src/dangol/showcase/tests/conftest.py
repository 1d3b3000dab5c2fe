from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from dangol.showcase import people, urls
from dangol.showcase.recorder import Recorder
from dangol.showcase.rows import Packed
from dangol.showcase.shop import Shop
from dangol.showcase.story import pack, recorded_story, shop_at
from dangol.showcase.talks import Talk, perform
from dangol.showcase.tests.played import NOW, Even, write

assert urls.urlpatterns == [], (
    "read where this is no demo; the fixture below must not be the first to read it"
)


@pytest.fixture
def demo(settings):
    """Pages and addresses as in the demo."""
    settings.DANGOL_DEMO = True
    settings.ROOT_URLCONF = "dangol.showcase.tests.demo_urls"


@pytest.fixture
def shop(db) -> Shop:
    """Moon Burger with two answered matters of an hour ago, 박지훈's and Sora's."""
    now = datetime.now(UTC)
    shop = Shop("en", now - timedelta(days=30))
    recorder = Recorder(shop, Even())
    jihoon = Talk(people.JIHOON, shop.counter, "포인트 문의", source="showcase points-how")
    jihoon.ask(now - timedelta(minutes=62), "포인트로 바꿀 수 있나요?")
    jihoon.reply(now - timedelta(minutes=55), "hana", "박지훈님, 안녕하세요.\n\n네, **됩니다**.")
    sora = Talk(people.SORA, shop.counter, "Cold burger", source="showcase cold")
    sora.ask(now - timedelta(minutes=60), "It was <b>cold</b>.")
    sora.reply(now - timedelta(minutes=50), "minji", "Hi Sora,\n\na new one is on its way.")
    perform(recorder, [jihoon, sora])
    write(pack(recorder, now))
    return shop


@pytest.fixture(scope="session")
def told() -> Recorder:
    """The whole past until NOW, told once for all that only look at it."""
    return recorded_story(shop_at(NOW, "en"), NOW)


@pytest.fixture(scope="session")
def packed(told) -> Packed:
    """The same as it is written."""
    return pack(told, NOW)


@pytest.fixture(scope="module")
def written(scene, packed) -> None:
    """The same in the database, for a module that only reads it."""
    write(packed)
    connection.check_constraints()
