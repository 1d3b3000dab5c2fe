"""The program itself, running: its own process, port and data folder, as a person would start it.

def test_somebody_signs_in(live_desk, browser_page):
    live_desk.run_python("from dangol.staff.models import Staff; ...")
    browser_page.goto(live_desk.url)
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

import dangol

_SECONDS_TO_START = 30
_SECONDS_TO_END = 10

# Addresses of desks that a test has ended: a page that still wants its icon from one is right to complain of it.
ended: set[str] = set()


class Process(Protocol):
    """What is asked of a process that was started: all of it a `subprocess.Popen` has."""

    def poll(self) -> int | None: ...
    def send_signal(self, sig: int, /) -> None: ...
    def wait(self, timeout: float = ..., /) -> int: ...
    def kill(self) -> None: ...


class LiveDesk:
    """A running Dangol over SQLite in `folder`, reachable at `url`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # The same port for each start, as after a restart on a real machine: pages that are open find it again.
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings: dict[str, str] = {}  # more of the environment, before it starts
        self._processes: list[Process] = []

    @property
    def environment(self) -> dict[str, str]:
        """What every process of this desk sees."""
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("DANGOL_", "DATABASE_"))
        }
        return {
            **kept,
            "DANGOL_DATA": str(self.folder),
            "DANGOL_URL": self.url,
            "DJANGO_SETTINGS_MODULE": "dangol.settings",
            "PYTHONPATH": str(Path(dangol.__file__).parent.parent),
            "PYTHONUNBUFFERED": "1",
            **self.settings,
        }

    @property
    def log(self) -> str:
        """What its processes have printed so far."""
        path = self.folder.with_suffix(".log")
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self) -> None:
        """Serve the pages; return when they answer."""
        server = self.start_command("web", "--port", str(self.port))
        deadline = time.monotonic() + _SECONDS_TO_START
        while not self._answers(deadline - time.monotonic()):
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Dangol did not start:\n{self.log}")
            time.sleep(0.05)

    def start_command(self, *arguments: str) -> Process:
        """Run a `dangol` command beside the pages, such as `work`; it ends with the desk."""
        return self._launch([sys.executable, "-m", "dangol", *arguments])

    def run_command(self, *arguments: str, stdin: bytes | None = None) -> str:
        """Run a `dangol` command to its end and return what it printed; fails the test if the command fails."""
        return self._run([sys.executable, "-m", "dangol", *arguments], stdin=stdin)

    def run_python(self, source: str) -> str:
        """Run Python with Django set up on this desk's database and return what it printed.

        In a process of its own, because the tests' own Django belongs to another database.
        """
        return self._run([sys.executable, "-c", f"import django; django.setup()\n{source}"])

    def stop(self, *, how: signal.Signals = signal.SIGTERM) -> None:
        """End all that was started; `signal.SIGKILL` is the power cut. `start` may follow."""
        ended.add(self.url)
        for process in self._processes:
            process.send_signal(how)
        for process in self._processes:
            try:
                process.wait(_SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()

    def _answers(self, seconds: float) -> bool:
        # The first page loads what all of them need: whoever gives it up and asks again makes it load beside itself.
        try:
            with urllib.request.urlopen(f"{self.url}/account/login/", timeout=max(1.0, seconds)):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    def _launch(self, command: list[str]) -> subprocess.Popen[bytes]:
        with self.folder.with_suffix(".log").open("ab") as log:
            process = subprocess.Popen(
                command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._processes.append(process)
        return process

    def _run(self, command: list[str], stdin: bytes | None = None) -> str:
        done = subprocess.run(
            command, env=self.environment, input=stdin or b"", capture_output=True, timeout=120
        )
        printed = done.stdout.decode()
        assert done.returncode == 0, f"{command[1:4]} failed:\n{printed}\n{done.stderr.decode()}"
        return printed


@pytest.fixture(scope="session")
def migrated_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with an empty, migrated database and keys; copied, never used itself."""
    folder = tmp_path_factory.mktemp("migrated") / "data"
    desk = LiveDesk(folder)
    desk.run_python("from dangol.running import prepare; prepare(quiet=True)")
    return folder


@pytest.fixture
def live_folder(migrated_folder: Path, tmp_path: Path) -> LiveDesk:
    """A desk of which nothing runs: a data folder for commands."""
    folder = tmp_path / "desk"
    shutil.copytree(migrated_folder, folder)
    return LiveDesk(folder)


@pytest.fixture
def live_desk(migrated_folder: Path, tmp_path: Path) -> Iterator[LiveDesk]:
    """A desk that nobody has set up yet, serving its pages; its log is shown when the test fails."""
    folder = tmp_path / "desk"
    shutil.copytree(migrated_folder, folder)
    desk = LiveDesk(folder)
    try:
        desk.start()
        yield desk
    finally:
        desk.stop()
        if desk.log:
            print(f"--- what the desk printed ---\n{desk.log}")
