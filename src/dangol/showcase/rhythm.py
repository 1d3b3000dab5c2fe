"""When people write and when they are answered. Pure, and the same for the same luck."""

from datetime import date, datetime, time, timedelta
from random import Random
from typing import Final

from dangol.business.hours import after_opening, next_opening
from dangol.showcase.shop import ZONE, Shop

DAYS: Final = 90
_A_DAY: Final = (7, 8, 9, 9, 13, 15, 11)  # conversations, Monday to Sunday
_HOURS: Final = (
    1, 1, 0, 0, 0, 0, 1, 2, 3, 5, 7, 14, 18, 12, 6, 5, 6, 10, 16, 15, 10, 6, 4, 2,
)  # fmt: skip
_RUSH: Final = frozenset({12, 13, 18, 19})
# Minutes of opening time until half of somebody's answers are out, on a calm afternoon.
_PACE: Final = {"hana": 5, "tom": 7, "dongsuk": 9, "minji": 12}


def arrivals_on(day: date, random: Random) -> list[datetime]:
    """When new matters are written on a local day, in order."""
    count = max(2, round(random.gauss(_A_DAY[day.weekday()], 2)))
    hours = random.choices(range(24), weights=_HOURS, k=count)
    times = (time(hour, random.randrange(60), random.randrange(60)) for hour in hours)
    return sorted(datetime.combine(day, at, tzinfo=ZONE) for at in times)


def who_answers(shop: Shop, at: datetime, *, is_serious: bool, random: Random) -> str:
    """Who of the staff takes it: Hana by day, Tom in the evening and at weekends, the others where it burns."""
    if is_serious and random.random() < 0.4:
        return random.choice(("minji", "dongsuk"))
    local = (next_opening(shop.calendar, at) or at).astimezone(ZONE)
    if random.random() < 0.12:
        return "dongsuk"
    return "tom" if local.hour >= 16 or local.weekday() == 6 else "hana"


def answered_at(shop: Shop, asked_at: datetime, who: str, *, random: Random) -> datetime:
    """When the answer is sent: sooner in calm hours, and sooner now than three months ago."""
    ready = next_opening(shop.calendar, asked_at) or asked_at
    local = ready.astimezone(ZONE)
    if ready > asked_at and random.random() < 0.05:
        # Minji reads on the sofa.
        return asked_at + timedelta(minutes=random.uniform(6, 45))
    minutes = _PACE[who] * random.lognormvariate(0, 0.8)
    if local.hour in _RUSH:
        minutes *= 1.8
    if ready > asked_at:
        minutes += random.uniform(1, 20)  # the pile that the night has left
    age = (shop.opened_at + timedelta(days=DAYS) - asked_at) / timedelta(days=DAYS)
    minutes *= 0.8 + 0.55 * max(age, 0)
    return after_opening(shop.calendar, ready, max(round(minutes * 60), 45))


def wrote_back_at(at: datetime, random: Random) -> datetime:
    """When a customer goes on writing: soon, or when there is time, but hardly at night."""
    later = at + timedelta(minutes=random.lognormvariate(3.6, 1.1) + 1)
    local = later.astimezone(ZONE)
    if 1 <= local.hour < 7:
        later += timedelta(hours=8 - local.hour, minutes=random.randrange(55))
    return later


def soon_after(shop: Shop, at: datetime, random: Random, *, minutes: tuple[int, int] = (4, 70)) -> datetime:
    """Some opening minutes later: when somebody of the staff gets round to it."""
    return after_opening(shop.calendar, at, random.randrange(minutes[0] * 60, minutes[1] * 60))


def opening_ago(shop: Shop, now: datetime, minutes: int) -> datetime:
    """The instant since which the shop has been open for so many minutes: last night's, when it is morning."""
    low, high = now - timedelta(days=14), now
    wanted = after_opening(shop.calendar, low, 0)
    while high - low > timedelta(seconds=1):
        wanted = low + (high - low) / 2
        if after_opening(shop.calendar, wanted, minutes * 60) <= now:
            low = wanted
        else:
            high = wanted
    return low
