from datetime import UTC, datetime, timedelta

import pytest

from dangol.kernel.leases import give_back_lease, keep_lease, take_lease
from dangol.kernel.processes import this_process
from dangol.kernel.tests.test_processes import name_of_a_dead_process

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 18, 3, 0, tzinfo=UTC)


def test_one_has_it_until_it_runs_out():
    assert take_lease("mailbox:1", holder="far:1", seconds=60, at=AT)
    assert not take_lease("mailbox:1", holder="away:2", seconds=60, at=AT + timedelta(seconds=59))
    assert take_lease("mailbox:1", holder="away:2", seconds=60, at=AT + timedelta(seconds=60))


def test_its_holder_renews_it():
    assert take_lease("mailbox:1", holder="far:1", seconds=60, at=AT)
    assert take_lease("mailbox:1", holder="far:1", seconds=60, at=AT + timedelta(seconds=30))
    assert not take_lease("mailbox:1", holder="away:2", seconds=60, at=AT + timedelta(seconds=70))


def test_what_is_given_back_is_free_at_once():
    take_lease("mailbox:1", holder="far:1", seconds=60, at=AT)
    give_back_lease("mailbox:1", holder="far:1")
    assert take_lease("mailbox:1", holder="away:2", seconds=60, at=AT)


def test_nobody_gives_back_what_another_has():
    take_lease("mailbox:1", holder="far:1", seconds=60, at=AT)
    give_back_lease("mailbox:1", holder="away:2")
    assert not take_lease("mailbox:1", holder="away:2", seconds=60, at=AT)


def test_who_keeps_it_renews_it_and_never_takes_what_somebody_else_had():
    take_lease("mailbox:1", holder="far:1", seconds=60, at=AT)
    assert keep_lease("mailbox:1", holder="far:1", seconds=60, at=AT + timedelta(seconds=300))
    assert not take_lease("mailbox:1", holder="away:2", seconds=60, at=AT + timedelta(seconds=359))
    assert take_lease("mailbox:1", holder="away:2", seconds=60, at=AT + timedelta(seconds=360))
    assert not keep_lease("mailbox:1", holder="far:1", seconds=60, at=AT + timedelta(seconds=900))
    give_back_lease("mailbox:1", holder="away:2")
    assert not keep_lease("mailbox:1", holder="far:1", seconds=60, at=AT + timedelta(seconds=900))


def test_a_dead_process_of_this_machine_is_not_waited_for():
    assert take_lease("mailbox:1", holder=f"{name_of_a_dead_process()}:7", seconds=600, at=AT)
    assert take_lease("mailbox:1", holder="far:1", seconds=60, at=AT)


def test_a_living_process_of_this_machine_keeps_it():
    assert take_lease("mailbox:1", holder=f"{this_process()}:thread", seconds=600, at=AT)
    assert not take_lease("mailbox:1", holder="far:1", seconds=60, at=AT)
