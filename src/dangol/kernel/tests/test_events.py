import threading
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from dangol.kernel import events
from dangol.kernel.events import Cursor, Happened
from dangol.kernel.models import Event

AT = datetime(2026, 11, 18, 3, 0, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class BurgerCooked(Happened):
    """For these tests."""

    burger_id: int


@pytest.mark.django_db
def test_an_event_comes_back_as_it_was_emitted():
    with transaction.atomic():
        (row,) = events.emit(BurgerCooked(happened_at=AT, actor_id=3, customer_id=5, burger_id=7))
    assert events.load(Event.objects.get(pk=row.pk)) == BurgerCooked(
        happened_at=AT, actor_id=3, customer_id=5, burger_id=7
    )


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
            (row,) = events.emit(BurgerCooked(happened_at=AT, burger_id=1))
        assert [each.pk for each in events.since(Cursor(), limit=10)] == [row.pk]
        assert events.latest().event_id == row.pk


@pytest.mark.parametrize("text", ["", "1", "1.", "x.2", "-1.2", "1.2.3", "١.٢"])
def test_what_is_no_cursor_reads_as_none(text):
    assert Cursor.read(text) is None


def test_a_cursor_survives_being_text():
    assert Cursor.read(str(Cursor(12, 34))) == Cursor(12, 34)
