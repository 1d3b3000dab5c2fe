from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from dangol.kernel import clock, events, reacting
from dangol.kernel.events import Cursor, Happened
from dangol.kernel.models import Follower, Setback
from dangol.kernel.reacting import BATCH, Reaction, react

pytestmark = pytest.mark.django_db(transaction=True)
AT = datetime(2026, 11, 18, 3, 0, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class BellRang(Happened):
    """For these tests."""

    bell_id: int


def ring(*bells: int, silent: bool = False) -> None:
    with transaction.atomic():
        events.emit(*(BellRang(happened_at=AT, bell_id=bell, silent=silent) for bell in bells))


@pytest.fixture
def heard() -> list[int]:
    return []


@pytest.fixture
def listen(heard) -> Reaction:
    reaction = Reaction("listen", BellRang, lambda event: heard.append(event.bell_id))
    react((reaction,))  # the first turn only notes where it begins
    return reaction


def test_a_reaction_gets_each_event_once(listen, heard):
    ring(1, 2)
    assert react((listen,)) == 2
    assert react((listen,)) == 0
    assert heard == [1, 2]


def test_a_new_reaction_does_not_react_to_the_past(heard):
    ring(1)
    react((Reaction("late", BellRang, lambda event: heard.append(event.bell_id)),))
    assert heard == []


def test_nothing_reacts_to_silent_events(listen, heard):
    ring(1, silent=True)
    react((listen,))
    assert heard == []


def test_more_than_a_batch_is_read_to_the_end(listen, heard):
    ring(*range(BATCH + 5))
    react((listen,))
    react((listen,))
    assert heard == list(range(BATCH + 5))


def test_what_fails_is_set_aside_and_the_others_go_on(heard):
    def picky(event: BellRang) -> None:
        if event.bell_id == 2:
            raise ValueError("no")
        heard.append(event.bell_id)

    reaction = Reaction("picky", BellRang, picky)
    react((reaction,))
    ring(1, 2, 3)
    react((reaction,))
    assert heard == [1, 3]
    setback = Setback.objects.get()
    assert (setback.reason, setback.tries) == ("ValueError", 1)


def test_what_was_set_aside_is_tried_again_and_then_forgotten(heard):
    working = False

    def moody(event: BellRang) -> None:
        if not working:
            raise ValueError("not now")
        heard.append(event.bell_id)

    reaction = Reaction("moody", BellRang, moody)
    react((reaction,))
    ring(1)
    react((reaction,))
    Setback.objects.update(next_at=clock.now() - timedelta(seconds=1))
    react((reaction,))
    assert Setback.objects.get().tries == 2
    working = True
    Setback.objects.update(next_at=clock.now() - timedelta(seconds=1))
    react((reaction,))
    assert heard == [1]
    assert not Setback.objects.exists()


def test_what_a_failing_reaction_wrote_is_rolled_back_with_it():
    def half(event: BellRang) -> None:
        Follower.objects.create(name="left over")
        raise ValueError("no")

    reaction = Reaction("half", BellRang, half)
    react((reaction,))
    ring(1)
    react((reaction,))
    assert not Follower.objects.filter(name="left over").exists()


def test_what_happens_while_one_looks_is_handed_on_once(listen, heard, monkeypatch):
    """More may commit between the look at the end of the events and the reading of them."""
    real = events.latest

    def late_news():
        end = real()
        ring(2)
        return end

    ring(1)
    monkeypatch.setattr(reacting.events, "latest", late_news)
    react((listen,))
    monkeypatch.undo()
    while react((listen,)):
        pass
    assert heard == [1, 2]


def test_two_processes_that_both_believe_to_have_the_lease_do_nothing_twice(heard):
    """One read an event and paused for longer than its lease; the other went on with it."""
    reaction = Reaction("same", BellRang, lambda event: heard.append(event.bell_id))
    react((reaction,))
    before = _reached("same")
    ring(1, 2)
    (paused_at,) = events.since(before, limit=1)
    end = events.latest()
    assert reacting._follow(reaction, before, end) == 2, "the other one"
    with pytest.raises(reacting.MovedByAnother):
        reacting._hand_over(reaction, paused_at, before)
    assert heard == [1, 2]
    assert _reached("same") == end, "and its place does not go back"


def test_those_that_nothing_concerns_go_on_together(listen, heard):
    @dataclass(frozen=True, kw_only=True)
    class LightWentOut(Happened):
        pass

    queries = set()
    for others in (1, 9):
        dark = [
            Reaction(f"dark {number}", LightWentOut, lambda _: heard.append(0)) for number in range(others)
        ]
        reactions = (listen, *dark)
        react(reactions)
        ring(others)
        with CaptureQueriesContext(connection) as asked:
            assert react(reactions) == 1
        queries.add(len(asked))
        assert {_reached(each.name) for each in reactions} == {events.latest()}
    assert heard == [1, 9]
    assert len(queries) == 1, "not three more for each"


def test_where_more_has_happened_than_is_looked_at_each_goes_on_by_itself(listen, heard, monkeypatch):
    @dataclass(frozen=True, kw_only=True)
    class DoorShut(Happened):
        pass

    shut = Reaction("shut", DoorShut, lambda _: heard.append(0))
    react((listen, shut))
    monkeypatch.setattr(reacting, "WINDOW", 2)
    ring(1, 2)
    with transaction.atomic():
        events.emit(DoorShut(happened_at=AT))
    assert react((listen, shut)) == 3
    assert sorted(heard) == [0, 1, 2]
    assert _reached("listen") == _reached("shut") == events.latest()


def test_one_that_another_process_has_moved_on_stays_where_it_is(listen):
    """The other one saw more than this one, which had paused between its look at the end and its going on."""
    before = _reached("listen")
    ring(1)
    end = events.latest()
    ring(2)
    later = events.latest()
    reacting._move_together({"listen": before}, later)
    reacting._move_together({"listen": before}, end)
    assert _reached("listen") == later


@pytest.mark.only_postgres
def test_what_was_settled_is_handed_on_though_it_seems_to_be_under_way_again(listen, heard, monkeypatch):
    """The server's look at who still writes can be older than the one by which the end was found."""
    react((listen,))
    ring(1)
    known = events.latest

    def latest() -> Cursor:
        end = known()
        monkeypatch.setattr(events, "_SETTLED", "FALSE")
        return end

    monkeypatch.setattr(events, "latest", latest)
    assert react((listen,)) == 1
    assert heard == [1]


def test_a_setback_that_another_process_has_just_done_is_not_done_again(heard):
    broken = True

    def moody(event: BellRang) -> None:
        if broken:
            raise ValueError("not now")
        heard.append(event.bell_id)

    reaction = Reaction("moody", BellRang, moody)
    react((reaction,))
    ring(1)
    react((reaction,))
    broken = False
    Setback.objects.update(next_at=clock.now())

    def taken_meanwhile(execute, sql, parameters, many, context):
        if sql.startswith("SELECT") and "kernel_setback" in sql and "INNER JOIN" in sql:
            result = execute(sql, parameters, many, context)
            with connection.cursor() as other:
                other.execute("DELETE FROM kernel_setback")
            return result
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(taken_meanwhile):
        react((reaction,))
    assert heard == []
    assert not Setback.objects.exists()


def test_a_database_that_is_away_costs_a_setback_no_try(heard):
    def fail(event: BellRang) -> None:
        raise failure

    failure: Exception = ValueError("no")
    reaction = Reaction("away", BellRang, fail)
    react((reaction,))
    ring(1)
    react((reaction,))
    Setback.objects.update(next_at=clock.now())
    failure = OperationalError("the server is gone")
    with pytest.raises(OperationalError):
        react((reaction,))
    assert Setback.objects.get().tries == 1


def _reached(name: str) -> Cursor:
    row = Follower.objects.get(name=name)
    return Cursor(row.transaction, row.event_id)
