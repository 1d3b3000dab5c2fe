"""Answer times over many waits, counted by the database a day, mailbox and kind at a time.

The figures are those of `measures`, which says what they mean and is what the tests hold them against.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import (
    Aggregate,
    Case,
    Count,
    F,
    Func,
    IntegerField,
    Max,
    Min,
    Q,
    TextField,
    Value,
    When,
)
from django.db.models.expressions import Combinable

from dangol.inbox.measures import Share, median, median_range, percentile, share_of
from dangol.inbox.waits import Waits, all_waits_in, outcome_of
from dangol.kernel.db import read_rows

DAY_SECONDS: Final = 86400
_FIRST_DAY: Final = date(1970, 1, 1)
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Cell:
    """The waits of one kind that began on one day in one mailbox: the seconds of each that was answered, in order."""

    day: date
    mailbox_id: int
    kind: str
    opening: Sequence[int]
    wall: Sequence[int]
    kept: int
    late: int
    overdue: int  # of the late: nobody has answered yet
    undecided: int
    dropped: int
    unpromised: int
    promised: tuple[int, int] | None  # the shortest and the longest promise, in seconds of opening time


@dataclass(frozen=True)
class Figures:
    """The figures of a group of waits, None where there is nothing to measure; see `measures.Measures`.

    `middle` is where the true median lies (95 %). `late` counts those that still wait past their time, which are
    `overdue`. `dropped` were closed without an answer: they are in no other figure. To `unpromised` ones nothing
    was promised; they are measured against a day of opening time. `promised` is the shortest and the longest of what
    was promised to the others, in seconds of opening time, as it was kept with each wait.
    """

    answered: int
    median: float | None
    middle: tuple[float, float] | None
    ninetieth: float | None
    median_wall: float | None
    ninetieth_wall: float | None
    within: Share | None
    kept: int
    late: int
    overdue: int
    undecided: int
    dropped: int
    unpromised: int
    promised: tuple[int, int] | None = None

    @property
    def open(self) -> int:
        """How many nobody has answered yet."""
        return self.overdue + self.undecided

    @property
    def is_empty(self) -> bool:
        """Whether nobody waited at all."""
        return not (self.kept or self.late or self.undecided or self.dropped)


@dataclass(frozen=True)
class Glance:
    """The few figures of a stretch of days that Today tells; of `first` answers the time, of all the rest."""

    first_median: float | None
    first_middle: tuple[float, float] | None
    answered: int
    kept: int
    within: Share | None
    unpromised: int
    is_empty: bool


def read_glances(stretches: Sequence[Waits], *, at: datetime) -> list[Glance]:
    """The figures of each of them, as they stand at the instant; one query. The outcome is not looked at.

    One sum over all waits of a stretch: to part them by day first, as `read_cells` does, takes the database twice as
    long.
    """
    joined = "GROUP_CONCAT({})" if connection.vendor == "sqlite" else "STRING_AGG(({})::text, ',')"
    parts, values = [], []
    for place, which in enumerate(stretches):
        moment = "answered_at" if which.by_answer else "started_at"
        kind, box = " AND kind = %s" if which.kind else "", " AND channel_id = %s"
        narrowed = kind + (box if which.mailbox_id is not None else "")
        first = joined.format("CASE WHEN kind = 'first' THEN opening_seconds END")
        parts.append(
            f"""SELECT {place}, {first}, COUNT(*), COUNT(is_kept), COUNT(CASE WHEN is_kept THEN 1 END),
                COUNT(CASE WHEN answered_at IS NULL AND dropped_at IS NULL AND due_at < %s THEN 1 END),
                COUNT(CASE WHEN promised_seconds IS NULL AND dropped_at IS NULL THEN 1 END)
            FROM inbox_wait WHERE {moment} >= %s AND {moment} < %s{narrowed}"""  # noqa: S608  (constants)
        )
        values += [at, which.begin, which.end, *filter(None, [which.kind, which.mailbox_id])]
    return [_glance(row) for row in sorted(read_rows(" UNION ALL ".join(parts), values))]


def _glance(row: tuple[Any, ...]) -> Glance:
    _place, joined, count, answered, kept, overdue, unpromised = row
    first = _numbers(joined)
    return Glance(
        first_median=median(first),
        first_middle=median_range(first),
        answered=answered,
        kept=kept,
        within=share_of(kept, answered + overdue),
        unpromised=unpromised,
        is_empty=not count,
    )


def read_cells(which: Waits, *, at: datetime) -> list[Cell]:
    """The waits that are meant, as they stand at the instant, counted; one query. The outcome is not looked at."""
    is_open = outcome_of("open", at)
    moment = "answered_at" if which.by_answer else "started_at"
    rows = (
        all_waits_in(which)
        .annotate(day=_local_day(moment, which.begin, which.end, which.zone))
        .values("day", "channel_id", "kind")
        .annotate(
            opening=_Joined("opening_seconds"),
            wall=_Joined("wall_seconds"),
            kept=Count("id", filter=Q(is_kept=True)),
            answered_late=Count("id", filter=Q(is_kept=False)),
            overdue=Count("id", filter=is_open & Q(due_at__lt=at)),
            undecided=Count("id", filter=is_open & Q(due_at__gte=at)),
            dropped=Count("id", filter=outcome_of("dropped", at)),
            unpromised=Count("id", filter=Q(promised_seconds=None, dropped_at=None)),
            shortest=Min("promised_seconds", filter=Q(dropped_at=None)),
            longest=Max("promised_seconds", filter=Q(dropped_at=None)),
        )
        .order_by()
    )
    return [_cell(row) for row in rows]


def figures_of(cells: Iterable[Cell]) -> Figures:
    """The figures of all these cells together."""
    cells = list(cells)
    opening = sorted(chain.from_iterable(cell.opening for cell in cells))
    wall = sorted(chain.from_iterable(cell.wall for cell in cells))
    kept, late = sum(cell.kept for cell in cells), sum(cell.late for cell in cells)
    return Figures(
        answered=len(opening),
        median=median(opening),
        middle=median_range(opening),
        ninetieth=percentile(opening, 90),
        median_wall=median(wall),
        ninetieth_wall=percentile(wall, 90),
        within=share_of(kept, kept + late),
        kept=kept,
        late=late,
        overdue=sum(cell.overdue for cell in cells),
        undecided=sum(cell.undecided for cell in cells),
        dropped=sum(cell.dropped for cell in cells),
        unpromised=sum(cell.unpromised for cell in cells),
        promised=_spanned(cell.promised for cell in cells),
    )


def by_day(cells: Iterable[Cell]) -> dict[date, Figures]:
    """The figures of each day on which anybody waited, newest first."""
    days = _grouped(cells, lambda cell: cell.day)
    return {day: figures_of(days[day]) for day in sorted(days, reverse=True)}


def by_mailbox(cells: Iterable[Cell]) -> dict[int, Figures]:
    """The figures of each mailbox, by its id."""
    boxes = _grouped(cells, lambda cell: cell.mailbox_id)
    return {mailbox: figures_of(boxes[mailbox]) for mailbox in sorted(boxes)}


class _Joined(Aggregate):
    """All numbers of a group in one text: a row a group is read, not a row a wait."""

    function = "GROUP_CONCAT"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(
            compiler, connection, function="STRING_AGG", template="%(function)s((%(expressions)s)::text, ',')"
        )


class _UnixSeconds(Func):
    """The instant as whole seconds since 1970."""

    template = "CAST(strftime('%%%%s', %(expressions)s) AS INTEGER)"
    output_field = IntegerField()

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="FLOOR(EXTRACT(EPOCH FROM %(expressions)s))::bigint"
        )


def _cell(row: Mapping[str, Any]) -> Cell:
    return Cell(
        day=_FIRST_DAY + timedelta(days=row["day"]),
        mailbox_id=row["channel_id"],
        kind=row["kind"],
        opening=_numbers(row["opening"]),
        wall=_numbers(row["wall"]),
        kept=row["kept"],
        late=row["answered_late"] + row["overdue"],
        overdue=row["overdue"],
        undecided=row["undecided"],
        dropped=row["dropped"],
        unpromised=row["unpromised"],
        promised=None if row["shortest"] is None else (row["shortest"], row["longest"]),
    )


def _spanned(promises: Iterable[tuple[int, int] | None]) -> tuple[int, int] | None:
    """From the shortest of all to the longest."""
    known = [each for each in promises if each is not None]
    return (min(low for low, _ in known), max(high for _, high in known)) if known else None


def _numbers(text: str | None) -> list[int]:
    return sorted(map(int, text.split(","))) if text else []


def _local_day(moment: str, begin: datetime, end: datetime, zone: ZoneInfo) -> Combinable:
    """The day in the zone, in days since 1970: the clock is changed a few times a year, in between it is a sum."""
    changes = _offsets(begin, end, zone)
    days = [(_UnixSeconds(F(moment)) + Value(offset)) / Value(DAY_SECONDS) for _until, offset in changes]
    if len(days) == 1:
        return days[0]
    cases = [
        When(Q(**{f"{moment}__lt": until}), then=day)
        for (until, _offset), day in zip(changes[:-1], days[:-1], strict=True)
    ]
    return Case(*cases, default=days[-1], output_field=IntegerField())


def _offsets(begin: datetime, end: datetime, zone: ZoneInfo) -> list[tuple[datetime, int]]:
    """Until when which offset from UTC (in seconds) holds between two instants, in order."""
    found: list[tuple[datetime, int]] = []
    low, last = int(begin.timestamp()), int(end.timestamp())
    while low < last:
        offset = _offset(low, zone)
        high = min(low + DAY_SECONDS, last)
        while high < last and _offset(high, zone) == offset:
            high = min(high + DAY_SECONDS, last)
        if _offset(high, zone) != offset:
            same, other = max(high - DAY_SECONDS, low), high
            while other - same > 1:
                middle = (same + other) // 2
                same, other = (middle, other) if _offset(middle, zone) == offset else (same, middle)
            high = other
        found.append((datetime.fromtimestamp(high, zone), offset))
        low = high
    return found


def _offset(second: int, zone: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(second, zone).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def _grouped(cells: Iterable[Cell], key: Callable[[Cell], Key]) -> dict[Key, list[Cell]]:
    groups: dict[Key, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(key(cell), []).append(cell)
    return groups
