import threading

import pytest

from dangol.kernel import bells, loops
from dangol.kernel.loops import Loop, is_beating
from dangol.kernel.models import Heartbeat


def run_for(seconds: float, *all_loops: Loop) -> None:
    stop = threading.Event()
    threading.Timer(seconds, stop.set).start()
    loops.run_loops(all_loops, stop)


@pytest.mark.django_db(transaction=True)
def test_a_loop_that_rests_for_hours_is_still_seen_to_live(monkeypatch):
    monkeypatch.setattr(loops, "HEARTBEAT_SECONDS", 0.05)
    turns, beats, stop = [], [], threading.Event()
    known = loops.beat

    def beat(name: str) -> None:
        known(name)
        beats.append(Heartbeat.objects.get(name=name).beat_at)
        if len(beats) == 4:
            stop.set()

    monkeypatch.setattr(loops, "beat", beat)
    timer = threading.Timer(20, stop.set)
    timer.start()
    loops.run_loops([Loop("holidays", lambda: len(turns.append(1) or ()), rest_seconds=3600)], stop)
    timer.cancel()
    assert len(turns) == 1
    assert len(beats) == 4
    assert beats == sorted(set(beats)), "each is later than the one before"


@pytest.mark.django_db(transaction=True)
def test_a_loop_that_fails_says_why_and_does_not_claim_to_be_well(monkeypatch):
    monkeypatch.setattr(loops, "HEARTBEAT_SECONDS", 0.05)

    def fail() -> int:
        raise ValueError

    run_for(0.4, Loop("intake", fail, rest_seconds=0.2))
    assert Heartbeat.objects.get(name="intake").failure == "ValueError"


@pytest.mark.django_db(transaction=True)
def test_spare_loops_without_work_do_not_say_that_the_one_beside_them_is_well(monkeypatch):
    monkeypatch.setattr(loops, "HEARTBEAT_SECONDS", 0.05)
    failed = threading.Event()

    def fail() -> int:
        failed.set()
        raise ValueError

    def idle() -> int:
        failed.wait()
        return 0

    spares = [Loop("outbox", idle, rest_seconds=0.1, is_spare=True) for _ in range(2)]
    run_for(0.6, Loop("outbox", fail, rest_seconds=0.2), *spares)
    assert Heartbeat.objects.get(name="outbox").failure == "ValueError"


@pytest.mark.django_db(transaction=True)
def test_a_spare_loop_that_did_something_lives():
    left = [1]
    run_for(0.3, Loop("outbox", lambda: left.pop() if left else 0, rest_seconds=0.1, is_spare=True))
    assert is_beating(Heartbeat.objects.get(name="outbox"))


@pytest.mark.django_db(transaction=True)
def test_a_loop_that_rests_for_hours_works_as_soon_as_its_bell_rings(settings, tmp_path):
    settings.DANGOL_DATA = tmp_path
    stop, turned = threading.Event(), threading.Event()
    loop = Loop("intake", lambda: int(turned.set() or 0), rest_seconds=3600, rung_by="mail")
    thread = threading.Thread(target=loops.run_loops, args=([loop], stop))
    thread.start()
    try:
        for _ in range(3):
            while not turned.wait(0.05):
                bells.ring("mail")
            turned.clear()
    finally:
        stop.set()
        thread.join()
