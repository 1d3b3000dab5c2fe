"""What happened, in the order in which it became true.

An app defines its events as frozen dataclasses below `Happened`; a command calls `emit` in its own transaction;
whoever wants to follow calls `since` with the cursor it kept.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar, Final, NamedTuple

from django.db import connection, transaction
from django.db.models import BigIntegerField, Func, Q, QuerySet

from dangol.kernel import clock
from dangol.kernel.bells import ring_after_commit
from dangol.kernel.models import Event, Follower
from dangol.kernel.prepared import Prepared
from dangol.kernel.rows import insert_rows, update_rows


@dataclass(frozen=True, kw_only=True)
class Happened:
    """Parent of every event: past tense, primitives only (ids and numbers, never text or addresses).

    `actor_id` is the person of the staff who did it, None for a customer or the machine. `silent` events
    (imports, the demo's past) are on the timeline, and nothing reacts to them.
    """

    happened_at: datetime
    actor_id: int | None = None
    customer_id: int | None = None
    silent: bool = False

    known: ClassVar[dict[str, type["Happened"]]] = {}

    def __init_subclass__(cls) -> None:
        Happened.known[cls.__name__] = cls


class Cursor(NamedTuple):
    """A place in the stream of events. As text ("12.34") it is also the id that browsers send back."""

    transaction: int = 0
    event_id: int = 0

    def __str__(self) -> str:
        return f"{self.transaction}.{self.event_id}"

    @classmethod
    def read(cls, text: str) -> "Cursor | None":
        """The cursor that the text names; None when it is not one."""
        first, _dot, second = text.partition(".")
        if not (text.isascii() and first.isdigit() and second.isdigit()):
            return None
        return cls(int(first), int(second))

    @classmethod
    def after(cls, event: Event) -> "Cursor":
        """The cursor of one who has read this event."""
        return cls(event.transaction, event.pk)


class CurrentTransaction(Func):
    """The id of the running transaction on PostgreSQL; 0 on SQLite, where one writer at a time commits in order."""

    template = "0"
    output_field = BigIntegerField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, list[Any]]:
        """`pg_current_xact_id` is 64 bits wide and never wraps."""
        return "pg_current_xact_id()::text::bigint", []


MANY: Final = 5  # events that are worth to ask first which transaction this is
_AT_ONCE: Final = 200
COMMON = frozenset(field.name for field in fields(Happened))


# Behind every transaction that may still write here. Transactions are counted for all databases of a server, so those
# that are known to run in another one are left out: a long one there would hold every page up. Who ended between the
# snapshot and the look at the locks is known of nowhere and is waited for once more.
_SETTLED: Final = """transaction < (
    SELECT coalesce(min(running::text::bigint), pg_snapshot_xmax(pg_current_snapshot())::text::bigint)
    FROM pg_snapshot_xip(pg_current_snapshot()) AS running
    WHERE NOT EXISTS (
        SELECT FROM pg_locks AS held
        JOIN pg_stat_activity AS session ON session.pid = held.pid
        JOIN pg_database AS elsewhere ON elsewhere.oid = session.datid
        WHERE held.locktype = 'transactionid' AND held.mode = 'ExclusiveLock' AND held.granted
            AND held.transactionid::text::bigint = running::text::bigint & 4294967295
            AND elsewhere.datname <> current_database()
    )
)"""


def emit(*events: Happened) -> None:
    """Write the events in the caller's transaction, in the order given."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("emit belongs inside the transaction of the change that it tells of")
    if not all(event.silent for event in events):
        ring_after_commit("events")
    recorded_at = clock.now()
    rows = [as_row(event, recorded_at=recorded_at) for event in events]
    if len(rows) < MANY:
        for row in rows:
            row.transaction = CurrentTransaction()
        Event.objects.bulk_create(rows)
        return
    number = _current_transaction()
    for row in rows:
        row.transaction = number
    insert_rows(rows, with_ids=False)


def _current_transaction() -> int:
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        return int(cursor.fetchone()[0])


def as_row(event: Happened, *, recorded_at: datetime) -> Event:
    """The event as an unsaved row."""
    return Event(
        name=type(event).__name__,
        happened_at=event.happened_at,
        recorded_at=recorded_at,
        actor_id=event.actor_id,
        customer_id=event.customer_id,
        silent=event.silent,
        data={field.name: getattr(event, field.name) for field in fields(event) if field.name not in COMMON},
    )


def load(row: Event) -> Happened | None:
    """The row as the event that was emitted; None for a name that this version does not know."""
    kind = Happened.known.get(row.name)
    if kind is None:
        return None
    wanted = {field.name for field in fields(kind)} - COMMON
    return kind(
        happened_at=row.happened_at,
        actor_id=row.actor_id,
        customer_id=row.customer_id,
        silent=row.silent,
        **{name: value for name, value in row.data.items() if name in wanted},
    )


def since(
    cursor: Cursor, *, limit: int, names: Iterable[str] | None = None, until: Cursor | None = None
) -> list[Event]:
    """At most `limit` events behind the cursor, in commit order: none that commits later is ever skipped.

    On PostgreSQL, rows of a transaction that may still be running, and all behind it, wait for the next call. `until`
    is what `latest` has said: up to there nothing runs any more, and nothing behind it comes.
    """
    rows = _between(cursor, until)
    if names is not None:
        rows = rows.filter(name__in=list(names))
    return list(rows.order_by("transaction", "id")[:limit])


def names_since(cursor: Cursor, *, limit: int, until: Cursor) -> list[str]:
    """What at most `limit` events behind the cursor and up to the other are called, in the order of `since`."""
    rows = _between(cursor, until).order_by("transaction", "id")
    return list(rows.values_list("name", flat=True)[:limit])


def hand_over(
    *, from_customers: Collection[int], to_customer: int, key: str, values: Collection[int]
) -> None:
    """Let what happened with one of the first customers about these things be the other's, in the caller's transaction.

    `key` names the number in the data, as "conversation_id". Nothing else of an event ever changes.
    """
    rows = Event.objects.filter(customer_id__in=from_customers, **{f"data__{key}__in": list(values)})
    rows.update(customer_id=to_customer)


def hand_over_each(
    from_customers: Collection[int | None],
    to_customers: Mapping[int, int | None],
    *,
    key: str,
    names: Collection[str],
) -> None:
    """Let what happened with each of these things be that of the customer beside it, in the caller's transaction.

    `to_customers` is by the number in the data that `key` names. Only events of these names, and of the first
    customers, or of nobody where None is among them.
    """
    wanted = list(to_customers)
    whose = Q(customer_id__in=[each for each in from_customers if each is not None])
    if None in from_customers:
        whose |= Q(customer_id=None)
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        rows = list(Event.objects.filter(whose, name__in=names, **{f"data__{key}__in": some}))
        for row in rows:
            row.customer_id = to_customers[row.data[key]]
        update_rows(rows, ["customer_id"])


def repair_after_restore() -> None:
    """Put what a restored dump brought behind everything that comes: another cluster counts transactions anew."""
    if connection.vendor != "postgresql":
        return
    with transaction.atomic(), connection.cursor() as cursor:
        # In one statement, hence in one snapshot: what it sees was written before its end, or by another cluster.
        # Asked for the time in one and for the rows in the next, a busy desk looks as if it had been restored.
        cursor.execute(_FROM_ANOTHER_CLUSTER)
        if cursor.fetchone()[0]:
            forget_transactions()


def forget_transactions() -> None:
    """Let what happened so far be in the order of ids alone, as on a database that counts no transactions.

    A follower goes back to before the first event that it had not read: it may meet some again, and misses none.
    """
    with transaction.atomic():
        last = Event.objects.order_by("-id").values_list("id", flat=True).first() or 0
        for follower in Follower.objects.select_for_update().exclude(transaction=0):
            unread = Event.objects.filter(_behind(Cursor(follower.transaction, follower.event_id)))
            first = unread.order_by("id").values_list("id", flat=True).first()
            # What it has read with higher numbers than its own stays read.
            last_read = first - 1 if first is not None else max(last, follower.event_id)
            Follower.objects.filter(pk=follower.pk).update(transaction=0, event_id=last_read)
        Event.objects.exclude(transaction=0).update(transaction=0)


_FROM_ANOTHER_CLUSTER: Final = """SELECT EXISTS (
    SELECT FROM kernel_event
    WHERE transaction >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
)"""


def latest() -> Cursor:
    """The cursor of one who has read everything that can be read now."""
    return next((Cursor(*row) for row in _LATEST()), Cursor())


_LATEST: Final = Prepared(
    lambda: _settled(Event.objects.all()).order_by("-transaction", "-id").values_list("transaction", "id")[:1]
)


def _between(cursor: Cursor, until: Cursor | None) -> QuerySet[Event]:
    rows = Event.objects.filter(_behind(cursor))
    if until is None:
        return _settled(rows)
    here = Q(transaction=until.transaction, id__lte=until.event_id)
    return rows.filter(here | Q(transaction__lt=until.transaction))


def _behind(cursor: Cursor) -> Q:
    return Q(transaction=cursor.transaction, id__gt=cursor.event_id) | Q(transaction__gt=cursor.transaction)


def _settled(rows: QuerySet[Event]) -> QuerySet[Event]:
    return rows.extra(where=[_SETTLED]) if connection.vendor == "postgresql" else rows  # noqa: S610  a constant
