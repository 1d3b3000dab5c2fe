"""What Moon Burger looks like the moment somebody opens it: who waits, what was put off, what machines have sent."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from dangol.channels.email.parse import parse
from dangol.channels.incoming import Party
from dangol.showcase import odd_letters, open_matters, people
from dangol.showcase.letters import Letter
from dangol.showcase.open_matters import Told, Waiting
from dangol.showcase.recorder import Recorder
from dangol.showcase.rhythm import opening_ago
from dangol.showcase.shop import ZONE, Shop
from dangol.showcase.talks import PLAIN, Step, Talk

_PUT_OFF: Final = 5
_NEWSLETTERS_DAYS_AGO: Final = (38, 16, 1)
_HOST: Final = "hangang-packaging.example"


def talks_of_the_present(shop: Shop, now: datetime) -> Iterator[Talk]:
    """The cast's own matters, the open ones among them, and what only machines have said."""
    for told in open_matters.TOLD:
        yield _told(shop, told, now)
    for waiting in open_matters.WAITING:
        yield _waiting(shop, waiting, now)
    yield _returned(shop, now)
    yield _machines(shop, now)


def put_off(shop: Shop, talks: Sequence[Talk], now: datetime) -> None:
    """Put off some of the matters that were answered last and are not closed yet."""
    answered = [talk for talk in talks if talk.steps and talk.steps[-1].at > now - timedelta(days=4)]
    open_ones = [talk for talk in answered if not talk.is_closed]
    morning = now.astimezone(ZONE).replace(hour=11, minute=0, second=0, microsecond=0)
    for days, talk in enumerate(open_ones[-2 : -2 - 2 * _PUT_OFF : -2], start=1):
        last_at = talk.steps[-1].at
        at = last_at + min((now - last_at) / 2, timedelta(minutes=30))
        talk.postpone(at, "hana" if days % 2 else "tom", until=morning + timedelta(days=days))


def _told(shop: Shop, told: Told, now: datetime) -> Talk:
    talk = Talk(told.person, shop.counter, told.subject, source="showcase cast")
    day = now.astimezone(ZONE) - timedelta(days=told.days_ago)
    while shop.is_closed_on(day.date()):
        day -= timedelta(days=1)
    at = day.replace(hour=17, minute=10 + told.days_ago % 40, second=7, microsecond=0)
    talk.ask(at, told.text)
    talk.reply(at + timedelta(minutes=9 + told.days_ago % 13), told.who, told.answer)
    at += timedelta(minutes=75)
    if told.thanks:
        talk.ask(at, told.thanks)
    talk.close(at + timedelta(minutes=20), told.who)
    return talk


def _waiting(shop: Shop, waiting: Waiting, now: datetime) -> Talk:
    channel = shop.catering if waiting.is_catering else shop.counter
    talk = Talk(waiting.person, channel, waiting.subject, source="showcase cast")
    at = now - timedelta(minutes=waiting.minutes)
    if waiting.is_opening_time:
        at = opening_ago(shop, now, waiting.minutes)
    if waiting.before:
        asked, who, answer = waiting.before
        talk.ask(opening_ago(shop, at, 38), asked)
        talk.reply(opening_ago(shop, at, 21), who, answer)
    pictures = {waiting.picture[0]: waiting.picture[1]()} if waiting.picture else {}
    talk.ask(at, waiting.text, manner=PLAIN, pictures=pictures)
    if waiting.notes:
        talk.note(at + (now - at) / 2, "hana", waiting.notes[shop.language])
    if waiting.assignee:
        talk.assign(at + (now - at) * 0.55, "hana", waiting.assignee)
    return talk


def _returned(shop: Shop, now: datetime) -> Talk:
    subject, text = open_matters.RETURNED_ASKED
    talk = Talk(open_matters.RETURNED_TO, shop.counter, subject, source="showcase job")
    talk.ask(opening_ago(shop, now, 31), text)
    replied_at = opening_ago(shop, now, 8)
    talk.reply(replied_at, "dongsuk", open_matters.RETURNED_ANSWER)
    talk.come_back(replied_at + timedelta(seconds=38))
    return talk


def _machines(shop: Shop, now: datetime) -> Talk:
    # Each step is a conversation of its own, or none: the talk only carries the times.
    talk = Talk(people.ANA, shop.counter, "")
    to = Party(shop.counter.mailbox.from_name, shop.counter.mailbox.address)
    for ago in _NEWSLETTERS_DAYS_AGO:
        at = (now - timedelta(days=ago)).replace(minute=5, second=0, microsecond=0)
        content = odd_letters.newsletter(to=to, at=at, message_id=f"autumn-{ago}@{_HOST}")
        talk.steps.append(Step(at, partial(_arrive, content=content)))
    at = opening_ago(shop, now, 95)
    content = odd_letters.heavy_scan(people.ANA, to=to, at=at, message_id="scan-0001@northgate.example")
    talk.steps.append(Step(at, partial(_set_aside, content=content)))
    return talk


def _arrive(recorder: Recorder, at: datetime, content: bytes) -> None:
    letter = Letter(content, parse(content))
    recorder.arrive(letter, channel=recorder.shop.counter, at=at, source="showcase newsletter")


def _set_aside(recorder: Recorder, at: datetime, content: bytes) -> None:
    recorder.set_aside(content, channel=recorder.shop.counter, reason="reading: too-slow", at=at)
