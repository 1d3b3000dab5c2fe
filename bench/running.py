"""Seconds from the command to the first answered request, and the memory of all that runs when idle.

Of a new desk the first page is that of its first visit, which proposes hours and holidays; of one in use it is the
sign-in page, at every start.

python bench/running.py
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

IDLE_SECONDS = 20
SET_UP = """
import django; django.setup()
from django.test import Client
visitor = Client(headers={"host": "localhost"})
hours = {f"hours_{day}": "11:00-22:00" for day in range(7)}
place = {"language": "ko", "country": "KR", "currency": "KRW", "time_zone": "Asia/Seoul", "closes_on_holidays": "on"}
visitor.post("/setup/business/", {"name": "Moon Burger", "do": "next", **place, **hours})
owner = {"name": "Minji", "email": "minji@moonburger.test", "password": "a quiet lunar burger"}
assert visitor.post("/setup/account/", owner).status_code == 303
"""


def main() -> None:
    """Start `dangol up` three times on a migrated folder, set it up, start it three times more; print a table."""
    folder = Path(tempfile.mkdtemp(prefix="dangol-bench-"))
    try:
        _start(folder)  # the first start makes and migrates the folder
        print(f"{'desk':8}{'start':>6}{'first answer s':>16}{'PSS MB idle':>13}   each process")
        _measure(folder, "new")
        subprocess.run([sys.executable, "-c", SET_UP], check=True, env=_environment(folder))
        _measure(folder, "in use")
    finally:
        shutil.rmtree(folder)


def _measure(folder: Path, desk: str) -> None:
    for number in range(1, 4):
        seconds, memory = _start(folder, measure=True)
        each = " + ".join(f"{each:.0f}" for each in memory)
        print(f"{desk:8}{number:6}{seconds:16.2f}{sum(memory):13.0f}   {each}", flush=True)


def _environment(folder: Path) -> dict[str, str]:
    # Compiled code is kept, as everywhere but where a developer forbids it: else each start compiles all of it anew.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {
        **kept,
        "DANGOL_LOG": "ERROR",
        "DANGOL_DATA": str(folder),
        "DJANGO_SETTINGS_MODULE": "dangol.settings",
    }


def _start(folder: Path, *, measure: bool = False) -> tuple[float, list[float]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    began = time.perf_counter()
    desk = subprocess.Popen(
        [sys.executable, "-m", "dangol", "up", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        env=_environment(folder),
    )
    try:
        _first_answer(port)
        seconds = time.perf_counter() - began
        memory = []
        if measure:
            for _ in range(20):
                _first_answer(port)
            time.sleep(IDLE_SECONDS)
            memory = [_pss(pid) for pid in _family(desk.pid)]
        return seconds, memory
    finally:
        desk.send_signal(signal.SIGINT)
        desk.wait(20)


def _first_answer(port: int) -> None:
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/account/login/", timeout=5).read()
            return
        except OSError:
            time.sleep(0.02)


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in _family(int(child)))]


def _pss(pid: int) -> float:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)
    assert found
    return int(found[1]) / 1024


if __name__ == "__main__":
    main()
