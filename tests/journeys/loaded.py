"""A desk whose code is loaded already.

Loading it takes most of the time in which a desk starts, and each file of journeys has a desk of its own. So a process
loads it once, as `dangol up` does for its parts, and each command of the desk and each backroom is a fork of that one.
A fork runs the command itself; the imports are done, and the settings, the surroundings and the key are those of the
loading.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any, Final, TextIO

from tests.parts.desk import LiveDesk, ended

ROOT: Final = Path(__file__).resolve().parent.parent.parent
_SECONDS_TO_LOAD = 60


class Fork:
    """A running fork, to be handled as a `subprocess.Popen` is. `line` leads to its input and output."""

    def __init__(self, door: Path, wanted: dict[str, Any]) -> None:
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(door))
            self.line = line.makefile("rw")
        print(json.dumps(wanted), file=self.line, flush=True)
        self.pid = int(self.line.readline())

    def poll(self) -> int | None:
        """None while it runs. The parent of the fork does not tell how it ended."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, 0)
            return None
        return 0

    def send_signal(self, number: int) -> None:
        """As of a `Popen`."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        """As of a `Popen`."""
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float = 30.0) -> int:
        """As of a `Popen`."""
        deadline = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(0.005)
        self.line.close()
        return 0


class LoadedDesk(LiveDesk):
    """One desk after the other in the same folder and at the same address."""

    def __init__(self, folder: Path, migrated_folder: Path) -> None:
        super().__init__(folder)
        self._migrated_folder = migrated_folder
        # Not below TMPDIR: a socket's path may have no more than 107 letters.
        self._door_folder = tempfile.TemporaryDirectory(prefix="dangol-", dir="/tmp")
        self._door = Path(self._door_folder.name) / "door"
        self.begin_anew()
        self._loader = subprocess.Popen(
            [sys.executable, "-m", "tests.journeys.loaded", str(self._door)],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.PIPE,
        )
        deadline = time.monotonic() + _SECONDS_TO_LOAD
        while not self._door.exists():
            assert self._loader.poll() is None, "the code of the desk could not be loaded"
            assert time.monotonic() < deadline, "loading the code of the desk takes too long"
            time.sleep(0.02)

    def begin_anew(self) -> None:
        """Nobody has set this desk up; nothing of it runs yet."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self._migrated_folder, self.folder)
        self.folder.with_suffix(".log").unlink(missing_ok=True)
        ended.discard(self.url)

    def start_command(self, *arguments: str) -> Fork:
        assert not self.settings, "a fork has the settings with which the code was loaded"
        started = Fork(self._door, {"arguments": arguments, "log": str(self.folder.with_suffix(".log"))})
        self._processes.append(started)
        return started

    def open_backroom(self) -> Fork:
        """A backroom of this desk (tests/journeys/backroom)."""
        return Fork(self._door, {"backroom": True})

    def put_away(self) -> None:
        """Load nothing any more."""
        self._loader.communicate()
        self._door_folder.cleanup()


def _load() -> None:
    """All that a desk and a backroom need."""
    import uvicorn  # noqa: F401
    from django.db import connections

    from dangol.running import load_pages, prepare

    prepare(quiet=True)
    load_pages()
    from dangol import asgi  # noqa: F401
    from tests.journeys.backroom.__main__ import find_acts

    find_acts()
    connections.close_all()
    gc.collect()
    gc.freeze()


def _hand_out(door: Path) -> None:
    """Fork for each who comes to the door, until nobody holds the other end of the standard input any more."""
    with socket.socket(socket.AF_UNIX) as listener:
        unfinished = door.with_suffix(".made")
        listener.bind(str(unfinished))
        listener.listen()
        unfinished.rename(door)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # a fork that ended is gone at once
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the tests, and they this
        while listener in select.select([listener, sys.stdin], [], [])[0]:
            line, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                signal.signal(signal.SIGINT, signal.default_int_handler)
                _be_what_is_wanted(line.makefile("rw"))
            line.close()


def _be_what_is_wanted(line: TextIO) -> None:
    code = 1
    try:
        wanted = json.loads(line.readline())
        print(os.getpid(), file=line, flush=True)
        if "log" in wanted:
            log = os.open(wanted["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(log, 1)
            os.dup2(log, 2)
            from dangol.cli import main

            main(wanted["arguments"])
        else:
            from tests.journeys.backroom.__main__ import serve

            serve(line, line)
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _load()
    _hand_out(Path(sys.argv[1]))
