"""Work loops: small functions that do what is due and say how much that was."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from dangol.kernel import bells, clock
from dangol.kernel.models import Heartbeat

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 15
LONGEST_BACKOFF_SECONDS = 30
LONGEST_ENDING_SECONDS = 20  # for all loops together
# Django calls a connection that is not there any more an InterfaceError, which is no DatabaseError.
DATABASE_TROUBLE = (DatabaseError, InterfaceError)


@dataclass(frozen=True)
class Loop:
    """`turn` does a bounded piece of what is due and returns how many things it did; 0 lets the loop rest.

    `prepare` runs once in the loop's own thread. `bell` wakes it before its rest is over; `rung_by` is what rings it,
    in whichever process of this machine that happens. A spare one stands beside another of its name: that it has
    nothing to do says nothing of whether that one works.
    """

    name: str
    turn: Callable[[], int]
    rest_seconds: float
    prepare: Callable[[], None] | None = None
    bell: threading.Event = field(default_factory=threading.Event)
    is_spare: bool = False
    rung_by: bells.Name | None = None


def run_loops(loops: Sequence[Loop], stop: threading.Event) -> None:
    """Run every loop in a thread of its own until `stop` is set; a turn that has begun is finished."""
    threads = [
        threading.Thread(target=_run, args=(loop, stop), name=loop.name, daemon=True) for loop in loops
    ]
    rung = {loop.rung_by: loop.bell.set for loop in loops if loop.rung_by}
    if rung:
        threads.append(threading.Thread(target=bells.listen, args=(rung, stop), name="bells", daemon=True))
    for thread in threads:
        thread.start()
    while not stop.wait(1):
        pass  # a signal that reached another thread is acted on when this one wakes, and without a limit it would not
    for loop in loops:
        loop.bell.set()
    deadline = time.monotonic() + LONGEST_ENDING_SECONDS
    for thread in threads:
        thread.join(timeout=max(0.0, deadline - time.monotonic()))


def _run(loop: Loop, stop: threading.Event) -> None:
    failures = 0
    prepared = False
    beat_due = 0.0
    while not stop.is_set():
        try:
            if not prepared and loop.prepare:
                loop.prepare()
            prepared = True
            done = loop.turn()
            if (failures or time.monotonic() >= beat_due) and (done or not loop.is_spare):
                beat(loop.name)
                beat_due = time.monotonic() + HEARTBEAT_SECONDS
            failures = 0
        except Exception as failure:
            # A loop that died would be work that stops unseen: it says why, rests longer each time, goes on.
            log.exception("loop=%s failed=%s", loop.name, type(failure).__name__)
            done, failures = 0, failures + 1
            if isinstance(failure, DATABASE_TROUBLE):
                prepared = False
                connection.close()
            else:
                _stumble(loop.name, failure)
        if not done:
            close_old_connections()
            rest = min(loop.rest_seconds * 2**failures, LONGEST_BACKOFF_SECONDS)
            _rest(loop, max(rest, loop.rest_seconds), stop, is_well=not failures)
    connection.close()


def _rest(loop: Loop, seconds: float, stop: threading.Event, *, is_well: bool) -> None:
    """Wait for the bell, or so long. Who rests for hours still has to be seen to live."""
    end = time.monotonic() + seconds
    while not stop.is_set() and (left := end - time.monotonic()) > 0:
        if loop.bell.wait(min(left, HEARTBEAT_SECONDS)):
            break
        if is_well and not loop.is_spare and left > HEARTBEAT_SECONDS:
            try:
                beat(loop.name)
            except DATABASE_TROUBLE:
                connection.close()
            close_old_connections()
    loop.bell.clear()


def beat(name: str) -> None:
    """Show that the loop lives. One whose turn takes long says it in between."""
    Heartbeat.objects.update_or_create(
        name=name, defaults={"beat_at": clock.now(), "failed_at": None, "failure": ""}
    )


def _stumble(name: str, failure: Exception) -> None:
    at = clock.now()
    try:
        Heartbeat.objects.update_or_create(
            name=name,
            defaults={"failed_at": at, "failure": type(failure).__name__},
            create_defaults={"beat_at": at, "failed_at": at, "failure": type(failure).__name__},
        )
    except DATABASE_TROUBLE:
        connection.close()


def is_beating(heartbeat: Heartbeat) -> bool:
    """Whether the loop finished a turn lately."""
    return heartbeat.beat_at > clock.now() - timedelta(seconds=4 * HEARTBEAT_SECONDS)
