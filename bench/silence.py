"""How often chance alone raises the alarm about a silent mailbox, and how soon a real silence does.

.venv/bin/python bench/silence.py [--years N]

Mail is made up for a shop that is closed on Sundays: most of it from nine to nine, as a Poisson process, and with
`burst` mails at a time. The rule allows one false alarm in ten years a mailbox.
"""

import argparse
import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from sys import path

path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from dangol.desk.alarms.silence import HOURS_A_WEEK, hour_of, judge, past_of, weeks_of

MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
WEIGHTS = [0.0 if place >= 144 else 1.0 if 9 <= place % 24 < 21 else 0.1 for place in range(HOURS_A_WEEK)]
TRIES = 9


def cell(hour: int) -> int:
    """The hour of the week; the first hour of 1970 was on a Thursday."""
    return (hour + 72) % HOURS_A_WEEK


def mails(rate: float, burst: int, weeks: int, chance: random.Random) -> Iterator[float]:
    """When they came, in seconds since 1970: `rate` a week on average."""
    begin = hour_of(MONDAY)
    for hour in range(begin, begin + weeks * HOURS_A_WEEK):
        left = rate / burst * WEIGHTS[cell(hour)] / sum(WEIGHTS)
        at = chance.expovariate(1)
        while at < left:
            start = (hour + chance.random()) * 3600
            yield from (start + 60 * number for number in range(burst))
            at += chance.expovariate(1)


def false_alarms(rate: float, burst: int, years: int, seed: int) -> int:
    """How many of the silences of so many years were called unusual, though nothing was wrong."""
    arrivals = sorted(mails(rate, burst, years * 52, random.Random(seed)))
    counts = _hours(arrivals)
    count = 0
    for before, after in pairwise(arrivals):
        last, at = datetime.fromtimestamp(before, UTC), datetime.fromtimestamp(after, UTC)
        # What would have brought fewer than three mails is far from any limit: the past need not be read for it.
        is_long = (after - before) * rate > 3 * 7 * 24 * 3600 / 2.5
        if is_long and (weeks := weeks_of(MONDAY, last)):
            past = past_of(counts, last=last, weeks=weeks, cell=cell)
            count += judge(past, last=last, at=at, cell=cell).is_unusual
    return count


def hours_until_alarm(rate: float, burst: int, seed: int) -> float:
    """How long a silence from Monday at ten has to last."""
    last = MONDAY + timedelta(weeks=8, hours=10)
    counts = _hours(mails(rate, burst, 8, random.Random(seed)))
    past = past_of(counts, last=last, weeks=8, cell=cell)
    low, high = 0.0, 24.0 * 180
    while high - low > 0.1:
        middle = (low + high) / 2
        is_unusual = judge(past, last=last, at=last + timedelta(hours=middle), cell=cell).is_unusual
        low, high = (low, middle) if is_unusual else (middle, high)
    return high if high < 24 * 179 else math.inf


def _hours(arrivals: Iterator[float] | list[float]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for at in arrivals:
        counts[int(at // 3600)] = counts.get(int(at // 3600), 0) + 1
    return counts


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--years", type=int, default=5, help="for each line")
    years = arguments.parse_args().years
    print("mails a week  at a time  false alarms  hours until the alarm: least, half, most")
    for rate in (3, 10, 30, 100, 300, 1000):
        for burst in (1, 2, 4):
            # The more mail, the more there is to go through: years shrink, and are said.
            span = max(1, years // (1 + rate // 30))
            false = false_alarms(rate, burst, span, seed=rate)
            waits = sorted(hours_until_alarm(rate, burst, seed) for seed in range(TRIES))
            said = ", ".join(f"{hours:.1f}" for hours in (waits[0], median(waits), waits[-1]))
            print(f"{rate:12}  {burst:9}  {false:3} in {span:3} y  {said}", flush=True)


if __name__ == "__main__":
    main()
