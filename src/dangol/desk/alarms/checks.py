"""Everything that is checked, each once: doctor, Today and the alarms read it here. Changes nothing.

The number of queries is the same however much mail there is, and however many mailboxes.
"""

import socket
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q, QuerySet, Subquery

from dangol.api.shops.queries import failed_reports
from dangol.business.hours import Calendar
from dangol.business.queries import calendar_at
from dangol.channels.arrival_hours import mailboxes_with_last_mail, mails_by_hour
from dangol.channels.email.problems import Problem
from dangol.channels.models import Delivery, Mailbox, Raw
from dangol.desk.alarms import machine, rules, silence
from dangol.desk.alarms.rules import Kind, Trouble
from dangol.desk.models import Backup, BackupPlan, Reading
from dangol.desk.work_words import LOOPS, REACTIONS
from dangol.kernel.db import as_instant, read_rows
from dangol.kernel.keys import read_secret
from dangol.kernel.models import Heartbeat
from dangol.kernel.prepared import Prepared

# The past of a mailbox up to its last mail does not change while it is silent: counted once a silence and process.
_pasts: dict[tuple[int, datetime], silence.Past] = {}
MOST_PASTS: Final = 200
# Each the first in the order of its index; the conditions are those of `_incoming` and `_outgoing`.
_FIRST_IN_LINE: Final = """
SELECT * FROM (
    SELECT 'incoming' AS what, CAST(id AS VARCHAR(20)) AS mark,
        CASE WHEN claimed_until > %s THEN NULL ELSE stored_at END AS since  -- somebody is just at it
    FROM channels_raw WHERE state = 'new' AND stored_at < %s ORDER BY id LIMIT 1
) AS incoming
UNION ALL SELECT * FROM (
    SELECT 'outgoing', CAST(delivery.id AS VARCHAR(20)), delivery.due_at
    FROM channels_delivery AS delivery LEFT JOIN channels_mailbox AS box ON box.channel_id = delivery.channel_id
    WHERE (delivery.claimed_until IS NULL OR delivery.claimed_until <= %s)
        AND delivery.state IN ('queued', 'retry', 'sending') AND delivery.state <> 'sending'
        AND delivery.due_at < %s AND box.sending_failing_since IS NULL
    ORDER BY delivery.due_at, delivery.id LIMIT 1
) AS outgoing
UNION ALL SELECT * FROM (
    SELECT 'reactions', CAST(last."transaction" AS VARCHAR(20)) || '.' || CAST(last.event_id AS VARCHAR(20)),
        COALESCE(
            (SELECT recorded_at FROM kernel_event AS event
             WHERE event."transaction" = last."transaction" AND event.id > last.event_id
             ORDER BY event.id LIMIT 1),
            (SELECT recorded_at FROM kernel_event AS event
             WHERE event."transaction" > last."transaction" ORDER BY event."transaction", event.id LIMIT 1)
        )
    FROM (
        SELECT "transaction", event_id FROM kernel_follower WHERE name IN ({followers})
        ORDER BY "transaction", event_id LIMIT 1
    ) AS last
) AS reactions
UNION ALL SELECT 'clock', '', recorded_at FROM kernel_event WHERE id = (SELECT MAX(id) FROM kernel_event)
"""


def look(*, at: datetime) -> list[Trouble]:
    """All that is not well, in the order in which people should hear of it. No mail server is asked."""
    boxes = mailboxes_with_last_mail()
    return rules.without_consequences(
        [
            *_at_a_glance(at, Heartbeat.objects.all()),
            *_mailboxes(boxes, at),
            *_silent(boxes, at),
            *_backups(at),
            *_quarantine(at),
            *_reports(),
            *_filling(at),
        ]
    )


def glance(*, at: datetime, beats: Iterable[Heartbeat]) -> list[Trouble]:
    """What a page looks at itself where nothing is at work that would: all but what takes counting. Two queries."""
    return rules.without_consequences([*_at_a_glance(at, beats), *_mailboxes(_BOXES(), at)])


_BOXES: Final = Prepared(
    lambda: Mailbox.objects.filter(channel__is_active=True).select_related("channel", "oauth").order_by("pk")
)


def _at_a_glance(at: datetime, beats: Iterable[Heartbeat]) -> Iterator[Trouble]:
    yield from _disk()
    yield from _key()
    yield from rules.loop_troubles(
        {beat.name: (beat.beat_at, beat.failure) for beat in beats}, known=LOOPS, at=at
    )
    yield from _queues(at)


def _disk() -> Iterator[Trouble]:
    room = machine.room_at(settings.DANGOL_DATA)
    for trouble in (rules.disk_trouble(room.bytes), rules.inodes_trouble(room.files)):
        if trouble:
            yield trouble


def disk_reading_name() -> str:
    """What readings of the disk are kept under: each machine has its own."""
    return f"disk-free:{socket.gethostname()}"[:80]


def _filling(at: datetime) -> Iterator[Trouble]:
    since = at - timedelta(days=rules.DAYS_READ)
    readings = list(Reading.objects.filter(name=disk_reading_name(), at__gt=since).values_list("at", "value"))
    free = machine.room_at(settings.DANGOL_DATA).bytes
    if trouble := rules.filling_trouble(rules.days_until_full(readings, free=free, at=at)):
        yield trouble


def _key() -> Iterator[Trouble]:
    if read_secret(settings.DANGOL_DATA) is None:
        yield Trouble(Kind.KEY)


def _queues(at: datetime) -> Iterator[Trouble]:
    """What stands first in each queue, and the newest event, in one statement: a page asks for it, too."""
    late = at - rules.LATE
    followers = ", ".join(["%s"] * len(REACTIONS))
    statement = _FIRST_IN_LINE.format(followers=followers)
    for what, mark, kept in read_rows(statement, [at, late, at, late, *REACTIONS]):
        if kept is None:
            continue
        since = as_instant(kept)
        match what:
            case "clock" if since > at + rules.CLOCK_SLACK:
                yield Trouble(Kind.CLOCK, data={"minutes": int((since - at).total_seconds() // 60)})
            case "incoming":
                yield Trouble(Kind.INCOMING, since=since, mark=mark, data={"count": _incoming(late).count()})
            case "outgoing":
                data = {"count": _outgoing(late, at).count()}
                yield Trouble(Kind.OUTGOING, since=since, mark=mark, data=data)
            case "reactions" if since < late:
                yield Trouble(Kind.REACTIONS, since=since, mark=mark)


def _incoming(late: datetime) -> "QuerySet[Raw]":
    return Raw.objects.filter(Raw.IS_NEW, stored_at__lt=late)


def _outgoing(late: datetime, at: datetime) -> "QuerySet[Delivery]":
    # What waits for a server that cannot be used is that server's alarm.
    return Delivery.objects.filter(
        Q(claimed_until=None) | Q(claimed_until__lte=at),
        Delivery.IS_OPEN,
        state__in=[Delivery.State.QUEUED, Delivery.State.RETRY],
        due_at__lt=late,
        channel__mailbox__sending_failing_since=None,
    )


def _quarantine(at: datetime) -> Iterator[Trouble]:
    aside = Raw.objects.filter(Raw.IS_SET_ASIDE, stored_at__gt=at - timedelta(days=1))
    ids = list(aside.order_by("-id").values_list("id", flat=True)[:1000])
    if ids and (trouble := rules.quarantine_trouble(len(ids), ids[0])):
        yield trouble


def _reports() -> Iterator[Trouble]:
    for each in failed_reports():
        yield rules.reports_trouble(each.shop_id, each.count, each.since, each.newest)


def _backups(at: datetime) -> Iterator[Trouble]:
    # One in the future is of a clock that ran ahead: it would keep this silent until then.
    newest = Backup.objects.filter(made_at__lte=at).order_by("-made_at", "-id").values("made_at")[:1]
    for plan in BackupPlan.objects.filter(is_on=True).annotate(newest=Subquery(newest)):
        trouble = rules.backup_trouble(
            newest=plan.newest,
            begun=min(plan.begun_at, at),
            failure=plan.failure,
            failing_since=plan.failing_since,
            at=at,
        )
        if trouble:
            yield trouble


def _mailboxes(boxes: Iterable[Mailbox], at: datetime) -> Iterator[Trouble]:
    for box in boxes:
        thing = str(box.pk)
        if box.failing_since and _is_lasting(box.failure, box.failing_since, at):
            yield Trouble(Kind.RECEIVING, thing=thing, since=box.failing_since, data={"failure": box.failure})
        if box.sending_failing_since and _is_lasting(box.sending_failure, box.sending_failing_since, at):
            yield Trouble(
                Kind.SENDING,
                thing=thing,
                since=box.sending_failing_since,
                data={"failure": box.sending_failure},
            )
        yield from _about_to_end(box, at)
        if box.is_fetched and not box.failing_since:
            yield from _not_fetched(box, at)


def _not_fetched(box: Mailbox, at: datetime) -> Iterator[Trouble]:
    seen, sign_in = box.fetched_at or box.channel.created_at, box.sign_in
    if seen >= at - rules.NOT_FETCHED:
        return
    if sign_in and not sign_in.locked_refresh_token:
        # It is not even tried: a person has to sign in first.
        word = str(Problem.SIGN_IN_FIRST)
        yield Trouble(Kind.RECEIVING, thing=str(box.pk), since=seen, data={"failure": word})
    else:
        yield Trouble(Kind.NOT_FETCHED, thing=str(box.pk), since=seen, mark=str(seen.timestamp()))


def _about_to_end(box: Mailbox, at: datetime) -> Iterator[Trouble]:
    sign_in, until = box.sign_in, box.certificate_until
    ends_at = sign_in.ends_at if sign_in else None
    if sign_in and ends_at and rules.sign_in_ends_soon(ends_at, begun=sign_in.signed_in_at, at=at):
        data = {"until": ends_at.timestamp()}
        yield Trouble(Kind.SIGN_IN_ENDS, "warn", thing=str(box.pk), data=data)
    if until and rules.ends_soon(until, begun=box.certificate_from, at=at):
        data = {"until": until.timestamp()}
        yield Trouble(Kind.CERTIFICATE_ENDS, "warn", thing=str(box.pk), data=data)


def _is_lasting(failure: str, since: datetime, at: datetime) -> bool:
    problem = Problem(failure) if failure in set(Problem) else Problem.PROTOCOL
    return rules.is_lasting(problem.kind, at - since)


def _silent(boxes: Sequence[Mailbox], at: datetime) -> Iterator[Trouble]:
    """Of the mailboxes that are fetched without trouble: what does not come in there is not sent."""
    last = {
        box.pk: box.last_mail_at  # type: ignore[attr-defined]  # annotated
        for box in boxes
        if box.is_fetched and not box.failing_since and box.last_mail_at  # type: ignore[attr-defined]
        and box.fetched_at and box.fetched_at > at - rules.NOT_FETCHED
        and at - box.last_mail_at >= silence.SHORTEST  # type: ignore[attr-defined]
        and silence.weeks_of(box.channel.created_at, box.last_mail_at)  # type: ignore[attr-defined]
    }  # fmt: skip
    if not last:
        return
    created = {box.pk: box.channel.created_at for box in boxes}
    calendar = calendar_at(at)
    cell = cells_of(calendar)
    unknown = {pk: when for pk, when in last.items() if (pk, when) not in _pasts}
    weeks = {pk: silence.weeks_of(created[pk], when) for pk, when in last.items()}
    since = min((when - timedelta(weeks=weeks[pk]) for pk, when in unknown.items()), default=at)
    counts = mails_by_hour(list(unknown), since=since)
    if len(_pasts) > MOST_PASTS:
        _pasts.clear()
    for pk, when in unknown.items():
        _pasts[pk, when] = silence.past_of(counts[pk], last=when, weeks=weeks[pk], cell=cell)
    for pk, when in last.items():
        past = _pasts[pk, when]
        found = silence.judge(past, last=when, at=at, cell=cell)
        if found.is_unusual:
            data = {"expected": round(found.expected), "weeks": past.weeks}
            yield Trouble(Kind.SILENT, "warn", thing=str(pk), since=when, data=data)


def cells_of(calendar: Calendar) -> silence.Cell:
    """The hour of the week on the business's wall; none on a day that is closed out of turn."""
    zone = ZoneInfo(calendar.zone)

    @cache
    def is_out_of_turn(day: date) -> bool:
        return not calendar.spans_on(day) and bool(calendar.weekly[day.weekday()])

    @cache
    def cell(hour: int) -> int | None:
        wall = datetime.fromtimestamp(hour * 3600, zone)
        return None if is_out_of_turn(wall.date()) else wall.weekday() * 24 + wall.hour

    return cell
