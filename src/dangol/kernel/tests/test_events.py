import random
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from dangol.kernel import events
from dangol.kernel.events import Cursor, Happened
from dangol.kernel.models import Event, Follower

AT = datetime(2026, 11, 18, 3, 0, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class BurgerCooked(Happened):
    """For these tests."""

    burger_id: int


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("count", [1, events.MANY])
def test_events_come_back_as_they_were_emitted_in_one_transaction(count):
    happened = [
        BurgerCooked(happened_at=AT, actor_id=3, customer_id=5, burger_id=number) for number in range(count)
    ]
    before = events.latest()
    with transaction.atomic():
        events.emit(*happened)
    rows = list(Event.objects.order_by("pk"))
    assert [events.load(row) for row in rows] == happened
    assert len({row.transaction for row in rows}) == 1
    assert [row.pk for row in events.since(before, limit=100)] == [row.pk for row in rows]


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_a_bug():
    with pytest.raises(RuntimeError):
        events.emit(BurgerCooked(happened_at=AT, burger_id=1))


@pytest.mark.django_db(transaction=True)
def test_a_follower_gets_each_event_once_and_in_order():
    with transaction.atomic():
        events.emit(*(BurgerCooked(happened_at=AT, burger_id=number) for number in range(5)))
    first = events.since(Cursor(), limit=3)
    second = events.since(Cursor.after(first[-1]), limit=3)
    assert [row.data["burger_id"] for row in [*first, *second]] == [0, 1, 2, 3, 4]
    assert events.since(events.latest(), limit=3) == []


@pytest.mark.only_postgres
@pytest.mark.django_db(transaction=True)
def test_no_late_commit_is_skipped():
    """One transaction emits first and commits last; on SQLite the second writer waits for it by itself."""
    emitted, committed = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            events.emit(BurgerCooked(happened_at=AT, burger_id=1))
            emitted.set()
            committed.wait(10)
        connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    emitted.wait(10)
    with transaction.atomic():
        events.emit(BurgerCooked(happened_at=AT, burger_id=2))
    early = events.since(Cursor(), limit=10)
    assert early == [], "the second event may not be read before the first can be"
    assert events.latest() == Cursor()
    committed.set()
    thread.join()
    assert [row.data["burger_id"] for row in events.since(Cursor(), limit=10)] == [1, 2]


@pytest.mark.only_postgres
@pytest.mark.django_db(transaction=True)
def test_a_long_transaction_in_another_database_of_the_server_holds_nothing_up():
    import psycopg

    given = {**connection.get_connection_params(), "dbname": "postgres"}
    given = {name: given[name] for name in ("dbname", "host", "port", "user", "password") if given.get(name)}
    with psycopg.connect(**given) as neighbour:
        neighbour.execute("SELECT pg_current_xact_id()")
        with transaction.atomic():
            events.emit(BurgerCooked(happened_at=AT, burger_id=1))
            row = Event.objects.latest("pk")
        assert [each.pk for each in events.since(Cursor(), limit=10)] == [row.pk]
        assert events.latest().event_id == row.pk


@pytest.mark.only_postgres
@pytest.mark.django_db(transaction=True)
def test_a_start_beside_a_busy_desk_is_not_taken_for_a_restored_dump():
    """Another process writes between any two questions of the one that starts."""
    written = []

    def meanwhile(execute, sql, parameters, many, context):
        if "SELECT" in sql:
            thread = threading.Thread(target=_cook, args=(len(written),))
            thread.start()
            thread.join()
            written.append(sql)
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(meanwhile):
        events.repair_after_restore()
    assert Event.objects.count() == len(written) > 0
    assert not Event.objects.filter(transaction=0).exists()


@pytest.mark.only_postgres
@pytest.mark.django_db(transaction=True)
def test_after_a_restored_dump_what_was_unread_is_still_unread():
    for burger in range(4):
        _cook(burger)
    first, second, third, fourth = Event.objects.order_by("id")
    # As the other cluster counted: the second began early and committed late.
    for row, number in ((first, 1), (second, 4), (third, 2), (fourth, 5)):
        Event.objects.filter(pk=row.pk).update(transaction=2**50 + number)
    Follower.objects.create(name="cook", transaction=2**50 + 2, event_id=third.pk)
    events.repair_after_restore()
    follower = Follower.objects.get(name="cook")
    unread = events.since(Cursor(follower.transaction, follower.event_id), limit=10)
    assert {second.pk, fourth.pk} <= {row.pk for row in unread}
    _cook(5)
    assert events.since(Cursor(0, fourth.pk), limit=10)[0].data["burger_id"] == 5


@pytest.mark.only_postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", range(2))
def test_whoever_follows_sees_each_event_once_however_transactions_interleave(seed):
    """Cooks begin, write, dawdle, and commit or give up in any order; two readers follow all the while."""
    over = threading.Event()
    seen: dict[int, list[int]] = {1: [], 7: []}
    readers = [threading.Thread(target=_follow, args=(seen[limit], limit, over)) for limit in seen]
    cooks = [threading.Thread(target=_dawdle, args=(100 * seed + cook,)) for cook in range(8)]
    for thread in (*readers, *cooks):
        thread.start()
    for thread in cooks:
        thread.join()
    over.set()
    for thread in readers:
        thread.join()
    written = [row.pk for row in Event.objects.order_by("transaction", "id")]
    assert written
    assert seen == {1: written, 7: written}
    assert written != sorted(written), "some wrote first and committed last"


def _cook(burger: int) -> None:
    with transaction.atomic():
        events.emit(BurgerCooked(happened_at=AT, burger_id=burger))
    if threading.current_thread() is not threading.main_thread():
        connection.close()


def _dawdle(seed: int) -> None:
    chance = random.Random(seed)
    for number in range(6):
        try:
            with transaction.atomic():
                for _ in range(chance.randint(1, 3)):
                    time.sleep(chance.uniform(0, 0.01))
                    events.emit(BurgerCooked(happened_at=AT, burger_id=number))
                time.sleep(chance.uniform(0, 0.02))
                if chance.random() < 0.2:
                    raise LookupError("burnt")
        except LookupError:
            continue
    connection.close()


def _follow(seen: list[int], limit: int, over: threading.Event) -> None:
    cursor = Cursor()
    while True:
        is_last = over.is_set()
        rows = events.since(cursor, limit=limit)
        for row in rows:
            cursor = Cursor.after(row)
            seen.append(row.pk)
        if is_last and not rows:
            break
    connection.close()


@pytest.mark.parametrize("text", ["", "1", "1.", "x.2", "-1.2", "1.2.3", "١.٢"])
def test_what_is_no_cursor_reads_as_none(text):
    assert Cursor.read(text) is None


def test_a_cursor_survives_being_text():
    assert Cursor.read(str(Cursor(12, 34))) == Cursor(12, 34)
