"""What makes an alarm of what was seen. Pure: no database, no clock, no settings.

How long a mailbox may be silent has a module of its own, `silence`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from statistics import median
from typing import Any, Final, Literal

Health = Literal["good", "warn", "bad"]
MIB: Final = 1024 * 1024

LITTLE_DISK: Final = 1024 * MIB
NO_DISK: Final = 200 * MIB
LITTLE_INODES: Final = 10_000  # a large mail or an attachment is a file of its own
FULL_SOON_DAYS: Final = 7.0
FEWEST_FALLS: Final = 3
DAYS_READ: Final = 8

LATE: Final = timedelta(minutes=5)  # a queue, a loop
LONGEST_TURN: Final = {"outbox": timedelta(minutes=15)}  # as long as a server may think, and the next one too
NOT_FETCHED: Final = timedelta(minutes=15)
SET_ASIDE_A_DAY: Final = 3  # one broken mail is a broken mail; three in a day have a cause of their own
OLD_BACKUP: Final = timedelta(days=2)
ENDS_SOON: Final = timedelta(days=7)  # a sign-in or a certificate
CLOCK_SLACK: Final = timedelta(minutes=1)

ENDS_AFTER: Final = timedelta(minutes=3)  # what comes and goes within it is one alarm
GATHER: Final = timedelta(minutes=2)  # what has one cause is raised within it, and told in one mail
PACE: Final = (timedelta(0), timedelta(minutes=30), timedelta(hours=4))  # between the mails of a day
A_DAY: Final = timedelta(hours=24)


class Kind(StrEnum):
    """What may be wrong, in the order in which people should hear of it."""

    WORK = "work-stopped"
    KEY = "key-missing"
    DISK = "disk-full"
    INODES = "disk-inodes"
    LOOP = "loop-stopped"
    RECEIVING = "receiving-fails"
    SENDING = "sending-fails"
    NOT_FETCHED = "not-fetched"
    INCOMING = "incoming-stuck"
    OUTGOING = "outgoing-stuck"
    REACTIONS = "reactions-behind"
    SILENT = "mailbox-silent"
    SIGN_IN_ENDS = "sign-in-ends"
    CERTIFICATE_ENDS = "certificate-ends"
    BACKUP = "backup-missing"
    QUARANTINE = "quarantine-grows"
    REPORTS = "reports-unread"
    DISK_FILLS = "disk-fills"
    CLOCK = "clock-behind"


ORDER: Final = {kind: place for place, kind in enumerate(Kind)}
PATIENCE: Final[Mapping[Kind, timedelta]] = {
    # These can be seen for a moment while all goes well, between two steps of the work.
    Kind.INCOMING: timedelta(minutes=2),
    Kind.OUTGOING: timedelta(minutes=2),
    Kind.REACTIONS: timedelta(minutes=2),
    Kind.NOT_FETCHED: timedelta(minutes=2),
    Kind.LOOP: timedelta(minutes=2),
}
# What one thing that stands still brings about by itself: it would be the same alarm once more.
CONSEQUENCES: Final[Mapping[tuple[Kind, str], frozenset[Kind]]] = {
    (Kind.WORK, ""): frozenset({Kind.LOOP, Kind.NOT_FETCHED, Kind.INCOMING, Kind.OUTGOING, Kind.REACTIONS}),
    (Kind.LOOP, "fetch"): frozenset({Kind.NOT_FETCHED}),
    (Kind.LOOP, "intake"): frozenset({Kind.INCOMING}),
    (Kind.LOOP, "outbox"): frozenset({Kind.OUTGOING}),
    (Kind.LOOP, "reactions"): frozenset({Kind.REACTIONS}),
}


@dataclass(frozen=True)
class Trouble:
    """One thing that is not well. `thing` is the id of a channel or the name of a loop, "" where there is one only.

    `since` is None where nobody knows. A larger `level` is worse. `mark` says where a queue stands: while it changes,
    the queue moves. `data` holds numbers and machine words for the sentence.
    """

    kind: Kind
    health: Health = "bad"
    thing: str = ""
    since: datetime | None = None
    level: int = 1
    mark: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[Kind, str]:
        """What makes two sights of it one alarm."""
        return self.kind, self.thing


def without_consequences(troubles: Iterable[Trouble]) -> list[Trouble]:
    """The troubles in the order of `Kind`, without those that another one of them explains."""
    found = sorted(troubles, key=lambda each: (ORDER[each.kind], each.thing))
    explained = {kind for each in found for kind in CONSEQUENCES.get(each.key, ())}
    return [each for each in found if each.kind not in explained]


def disk_trouble(free: int) -> Trouble | None:
    """Too little room for mail, in bytes that this program may still use."""
    if free >= LITTLE_DISK:
        return None
    is_out = free < NO_DISK
    return Trouble(
        Kind.DISK, "bad" if is_out else "warn", level=2 if is_out else 1, data={"free_mib": free // MIB}
    )


def inodes_trouble(free: int | None) -> Trouble | None:
    """Too few files that can still be made; None where the file system does not count them."""
    if free is None or free >= LITTLE_INODES:
        return None
    return Trouble(Kind.INODES, "bad" if free < 100 else "warn", data={"free": free})


def days_until_full(readings: Sequence[tuple[datetime, int]], *, free: int, at: datetime) -> float | None:
    """In how many days the disk is full if it goes on as in the last days: an estimate, or None where none is honest.

    `free / median(fall a day)`, over the days of the last week of which a reading is known (within two hours of
    the same time of day). None with fewer than three falls, or unless two in three days fell: a disk that is filled
    and cleared has no day on which it is full. The median, since a backup or an import is no habit.
    """
    daily = [free]
    for day in range(1, DAYS_READ):
        then = at - timedelta(days=day)
        near = [
            (abs(when - then), value) for when, value in readings if abs(when - then) <= timedelta(hours=2)
        ]
        if not near:
            break
        daily.append(min(near)[1])
    falls = [before - after for after, before in pairwise(daily)]
    has_fallen = sum(falls) > 0 and sum(fall > 0 for fall in falls) * 3 >= len(falls) * 2
    if len(falls) < FEWEST_FALLS or not has_fallen:
        return None
    usual = median(falls)
    return free / usual if usual > 0 else None


def filling_trouble(days: float | None) -> Trouble | None:
    """A disk that will be full within a week."""
    if days is None or days > FULL_SOON_DAYS:
        return None
    whole = max(int(days), 1)
    return Trouble(Kind.DISK_FILLS, "warn", level=3 - min(whole // 3, 2), data={"days": whole})


def loop_troubles(
    beats: Mapping[str, tuple[datetime, str]], *, known: Collection[str], at: datetime
) -> list[Trouble]:
    """Which loops have stopped, from the last heartbeat and failure ("" for none) of each.

    None of them beats: nothing is at work. One that is not `known` was another version's and is nobody's loss.
    """
    seen = {name: beat for name, beat in beats.items() if name in known}
    stopped = [
        Trouble(Kind.LOOP, thing=name, since=beat_at, data={"failure": failure} if failure else {})
        for name, (beat_at, failure) in seen.items()
        if at - beat_at > LONGEST_TURN.get(name, LATE)
    ]
    if len(stopped) == len(seen):
        newest = max((beat_at for beat_at, _failure in seen.values()), default=None)
        return [Trouble(Kind.WORK, since=newest)]
    return stopped


def is_lasting(kind_of_problem: str, failing_for: timedelta) -> bool:
    """Whether a server that fails is more than a hiccup: of the network ten minutes, of anything else two."""
    return failing_for >= timedelta(minutes=10 if kind_of_problem == "network" else 2)


def ends_soon(until: datetime, *, begun: datetime | None, at: datetime) -> bool:
    """Whether a certificate that ends at `until` should have been renewed by now.

    A week before its end or, of one that lasts shorter than ten weeks, a tenth of its time: whoever renews a
    certificate of six days does so in the last two.
    """
    return at >= until - _notice(until, begun, 10)


def sign_in_ends_soon(until: datetime, *, begun: datetime | None, at: datetime) -> bool:
    """Whether a person should sign in anew: a week before the end, or the last third of a shorter permission."""
    return at >= until - _notice(until, begun, 3)


def _notice(until: datetime, begun: datetime | None, parts: int) -> timedelta:
    return ENDS_SOON if begun is None else min(ENDS_SOON, (until - begun) / parts)


def quarantine_trouble(count: int, newest: int) -> Trouble | None:
    """Mails that could not be read within a day: how many, and the id of the newest. Twice as many are worse."""
    if count < SET_ASIDE_A_DAY:
        return None
    return Trouble(Kind.QUARANTINE, "warn", level=count.bit_length(), data={"count": count, "newest": newest})


def reports_trouble(shop_id: int, count: int, since: datetime, newest: int) -> Trouble:
    """Reports of a shop that could not be read: how many, since when, and the id of the newest. Each is an order that
    is missing; twice as many are worse."""
    return Trouble(
        Kind.REPORTS,
        "warn",
        thing=str(shop_id),
        since=since,
        level=count.bit_length(),
        data={"count": count, "newest": newest},
    )


def backup_trouble(
    *, newest: datetime | None, begun: datetime, failure: str, failing_since: datetime | None, at: datetime
) -> Trouble | None:
    """The last try failed (`failure` is a machine word, or ""), or the newest backup is older than two days.

    They are expected from `begun` on. `newest` is None where none was ever made.
    """
    since = max(newest or begun, begun)
    is_old = at - since > OLD_BACKUP
    if not (is_old or failure):
        return None
    return Trouble(
        Kind.BACKUP,
        "bad" if is_old else "warn",
        since=since if is_old else failing_since,
        level=2 if is_old else 1,
        data={"failure": failure, "days": (at - (newest or begun)).days, "is_none": newest is None},
    )


def next_mail_at(sent: Sequence[datetime], *, at: datetime) -> datetime:
    """When the next mail about alarms may leave to somebody who got these: a few a day, and not all at once.

    With `PACE` of nothing, half an hour and four hours, three in any 24 hours.
    """
    lately = sorted(when for when in sent if when > at - A_DAY)
    if not lately:
        return at
    if len(lately) < len(PACE):
        return max(lately[-1] + PACE[len(lately)], at)
    return lately[-len(PACE)] + A_DAY
