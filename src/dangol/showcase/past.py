"""Ninety days of Moon Burger, up to now: who wrote when, and what was answered."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Final

from dangol.showcase import people, pictures
from dangol.showcase.people import Person
from dangol.showcase.rhythm import DAYS, answered_at, arrivals_on, soon_after, who_answers, wrote_back_at
from dangol.showcase.shop import ZONE, Shop
from dangol.showcase.talks import HTML, HTML_ALONE, PLAIN, Talk
from dangol.showcase.voices import VOICES
from dangol.showcase.words import Matter, Word, answer_text, fill, letter_text, pick_matter

_FRYER_DAYS_AGO: Final = 10  # an evening on which the fryer failed, and everything came late
_KEPT_OPEN: Final = timedelta(days=4)
_WITH_PICTURE: Final = {"packaging": pictures.torn_box, "cold": pictures.cold_burger}


def talks_of_the_past(shop: Shop, now: datetime, random: Random) -> Iterator[Talk]:
    """All that was written until now and has been answered. Nobody is left waiting by it."""
    everybody = [person for person in people.everybody() if person.weight]
    weights = [person.weight for person in everybody]
    today = now.astimezone(ZONE).date()
    for ago in range(DAYS, -1, -1):
        day = today - timedelta(days=ago)
        arrivals = arrivals_on(day, random)
        if ago == _FRYER_DAYS_AGO:
            arrivals += [at for at in arrivals_on(day, random) if at.hour >= 17]
        for at in arrivals:
            person = random.choices(everybody, weights=weights)[0]
            voice = VOICES[person.language]
            matter = pick_matter(voice, random)
            if ago == _FRYER_DAYS_AGO and at.hour >= 17:
                matter = voice.matter("late") or matter
            talk = _Telling(shop, person, matter, random).from_(at).until(now)
            if talk.steps:
                yield talk


class _Telling:
    """How one matter goes: asked, answered, asked on, thanked, closed."""

    def __init__(self, shop: Shop, person: Person, matter: Matter, random: Random) -> None:
        self.shop, self.person, self.matter, self.random = shop, person, matter, random
        self.voice = VOICES[person.language]
        self.gaps: dict[str, Word] = fill(self.voice, random)
        self.talk = Talk(
            person=person,
            channel=shop.catering if matter.is_catering else shop.counter,
            subject=random.choice(matter.subjects).format_map(self.gaps),
            source=f"showcase {matter.topic}",
            gaps=self.gaps,
        )

    def from_(self, at: datetime) -> Talk:
        """The talk that begins at the instant, to its end."""
        version = self.random.randrange(len(self.matter.asks))
        self.talk.version = version
        text = letter_text(self.voice, self.random, self.matter.asks[version], self.person.name, self.gaps)
        paint = _WITH_PICTURE.get(self.matter.topic) if self.random.random() < 0.2 else None
        shots = {f"IMG_{self.random.randrange(1000, 9999)}.png": paint()} if paint else {}
        self.talk.ask(at, text, manner=self._manner(), pictures=shots)
        who = who_answers(self.shop, at, is_serious=self.matter.is_serious, random=self.random)
        answer_at = answered_at(self.shop, at, who, random=self.random)
        self._between(at, answer_at, who)
        self._reply(answer_at, who, self.matter.answers[version])
        self._afterwards(answer_at, who)
        return self.talk

    def _manner(self) -> str:
        if self.random.random() > 0.07:
            return PLAIN
        if self.person.program == "gmail":
            return HTML if self.random.random() < 0.7 else HTML_ALONE
        if self.person.program == "naver":
            return self.random.choice(("euc-kr", "iso-2022-kr"))
        return PLAIN

    def _between(self, at: datetime, answer_at: datetime, who: str) -> None:
        wait = answer_at - at
        if wait > timedelta(minutes=80) and self.random.random() < 0.2:
            nudge_at = at + wait * self.random.uniform(0.4, 0.6)
            if nudge_at.astimezone(ZONE).hour in range(8, 23):
                self.talk.ask(nudge_at, self.random.choice(self.voice.nudges))
        if self.random.random() < 0.3:
            self.talk.assign(at + wait * self.random.uniform(0.65, 0.9), who)
        notes = self._notes()
        if notes and self.random.random() < 0.6:
            self.talk.note(at + wait * 0.95, who, self.random.choice(notes))

    def _notes(self) -> list[str]:
        # Staff write to each other in their own language, whatever the customer's is.
        voice = VOICES[self.shop.language]
        matter = voice.matter(self.matter.topic)
        gaps = fill(voice, self.random) | {"order": self.gaps["order"]}
        return [note.format_map(gaps) for note in (matter.notes if matter else ())]

    def _afterwards(self, at: datetime, who: str) -> None:
        random = self.random
        if random.random() < 0.008:
            self.talk.answer_by_machine(at + timedelta(seconds=14))
        elif self.matter.more and random.random() < 0.42:
            more, answer = random.choice(self.matter.more)
            at = wrote_back_at(at, random)
            self.talk.ask(at, more.format_map(self.gaps))
            who = (
                who if random.random() < 0.6 else who_answers(self.shop, at, is_serious=False, random=random)
            )
            at = answered_at(self.shop, at, who, random=random)
            self._reply(at, who, answer)
        if random.random() < 0.36:
            self._thank(wrote_back_at(at, random), who)
            return
        if random.random() < 0.04:
            at = soon_after(self.shop, at, random)
            back_at = (at.astimezone(ZONE) + timedelta(days=1)).replace(hour=11, minute=0, second=0)
            self.talk.postpone(at, who, until=back_at)
            at = back_at + timedelta(seconds=3)
            self.talk.bring_back(at)
        self.talk.close(soon_after(self.shop, at + _KEPT_OPEN * random.random(), random), who)

    def _thank(self, at: datetime, who: str) -> None:
        self.talk.ask(at, self.random.choice(self.voice.thanks))
        done_at = soon_after(self.shop, at, self.random)
        if self.random.random() < 0.2:
            self._reply(done_at, who, self.random.choice(self.voice.welcomes))
            done_at = soon_after(self.shop, done_at, self.random, minutes=(200, 900))
        self.talk.close(done_at, who)

    def _reply(self, at: datetime, who: str, body: str) -> None:
        text = answer_text(self.voice, self.random, body, self.person.greeted, self.gaps)
        self.talk.reply(at, who, text)
