"""The whole of Moon Burger as rows: the shop itself, its past and its present, told once into an empty database."""

from datetime import datetime, timedelta
from random import Random
from typing import Final

from django.db.models import Model

from dangol.business.events import BusinessChanged, BusinessSetUp, HoursChanged
from dangol.business.models import OpeningCalendar
from dangol.showcase.books import keep_books
from dangol.showcase.past import talks_of_the_past
from dangol.showcase.present import put_off, talks_of_the_present
from dangol.showcase.press import Press
from dangol.showcase.recorder import Recorder
from dangol.showcase.rhythm import DAYS
from dangol.showcase.rows import Packed
from dangol.showcase.shop import Shop
from dangol.showcase.talks import perform

SEED: Final = "moon burger"
_MOVED_IN: Final = timedelta(days=DAYS + 2)


def shop_at(now: datetime, language: str) -> Shop:
    """The shop that has been open for ninety days now."""
    return Shop(language, now - _MOVED_IN)


def tell_story(now: datetime, language: str, press: Press | None = None) -> Packed:
    """Everything that is to be written so that the shop is as it is at `now`. Asks the database for nothing."""
    return pack(recorded_story(shop_at(now, language), now, press), now)


def recorded_story(shop: Shop, now: datetime, press: Press | None = None) -> Recorder:
    """Everything that happened in the shop until `now`, in memory."""
    random = Random(SEED)  # noqa: S311  not for secrets
    recorder = Recorder(shop, random, press)
    talks = list(talks_of_the_past(shop, now, random))
    put_off(shop, talks, now)
    talks += talks_of_the_present(shop, now)
    perform(recorder, talks)
    keep_books(recorder, talks, now)
    recorder.press.finish()
    return recorder


def pack(recorder: Recorder, now: datetime) -> Packed:
    """The recorded rows behind those of the shop."""
    shop = recorder.shop
    calendar = OpeningCalendar(
        pk=1, uid=recorder.rows.uid(), effective_from=shop.opened_at, **shop.hours_as_data
    )
    for event in (
        BusinessChanged(happened_at=shop.opened_at),
        HoursChanged(happened_at=shop.opened_at, calendar_id=1),
        BusinessSetUp(happened_at=shop.opened_at, actor_id=shop.staff["minji"].pk),
    ):
        recorder.rows.tell(event)
    channels = [shop.counter, shop.catering]
    first: list[list[Model]] = [
        [shop.business],
        [calendar],
        list(shop.staff.values()),
        list(channels),
        [channel.mailbox for channel in channels],
    ]
    return recorder.rows.pack(*first, recorded_at=now)
