"""Seconds from the command to the first answered request, and the memory of all that runs when idle.

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


def main() -> None:
    """Start `dangol up` three times on a migrated folder and print a table."""
    folder = Path(tempfile.mkdtemp(prefix="dangol-bench-"))
    try:
        _start(folder)  # the first start makes and migrates the folder
        print(f"{'start':>6}{'first answer s':>16}{'PSS MB idle':>13}   each process")
        for number in range(1, 4):
            seconds, memory = _start(folder, measure=True)
            print(
                f"{number:6}{seconds:16.2f}{sum(memory):13.0f}   {' + '.join(f'{each:.0f}' for each in memory)}"
            )
    finally:
        shutil.rmtree(folder)


def _start(folder: Path, *, measure: bool = False) -> tuple[float, list[float]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    began = time.perf_counter()
    desk = subprocess.Popen(
        [sys.executable, "-m", "dangol", "--data", str(folder), "up", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        env={**os.environ, "DANGOL_LOG": "ERROR"},
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
