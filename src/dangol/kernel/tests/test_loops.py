import threading
import time

import pytest

from dangol.kernel import loops
from dangol.kernel.loops import Loop, is_beating
from dangol.kernel.models import Heartbeat


def run_for(seconds: float, loop: Loop) -> None:
    stop = threading.Event()
    threading.Timer(seconds, stop.set).start()
    loops.run_loops([loop], stop)


@pytest.mark.django_db(transaction=True)
def test_a_loop_that_rests_for_hours_is_still_seen_to_live(monkeypatch):
    monkeypatch.setattr(loops, "HEARTBEAT_SECONDS", 0.05)
    turns = []
    run_for(0.6, Loop("holidays", lambda: len(turns.append(1) or ()), rest_seconds=3600))
    assert len(turns) == 1
    beat = Heartbeat.objects.get(name="holidays")
    assert is_beating(beat)
    assert time.time() - beat.beat_at.timestamp() < 0.4


@pytest.mark.django_db(transaction=True)
def test_a_loop_that_fails_says_why_and_does_not_claim_to_be_well(monkeypatch):
    monkeypatch.setattr(loops, "HEARTBEAT_SECONDS", 0.05)

    def fail() -> int:
        raise ValueError

    run_for(0.4, Loop("intake", fail, rest_seconds=0.2))
    assert Heartbeat.objects.get(name="intake").failure == "ValueError"
