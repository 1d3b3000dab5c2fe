import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

_READS = """
import multiprocessing, sys
from itertools import count
from dangol.inbox.read_ahead import read_ahead

mails = ((str(n), b"From: sora@example.com\\r\\n\\r\\nhello %d" % n) for n in count())
batches = read_ahead(mails)
for _ in range(4):
    next(batches)
print(*(child.pid for child in multiprocessing.active_children()), flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks for the processes in /proc")
def test_processes_that_read_end_when_the_one_that_files_is_killed(tmp_path):
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "dangol.settings", "DANGOL_DATA": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", _READS],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as files:
        assert files.stdout is not None
        readers = [int(word) for word in files.stdout.readline().split()]
        files.kill()
    assert readers
    deadline = time.monotonic() + 30
    while any(_runs(reader) for reader in readers):
        assert time.monotonic() < deadline, "they wait for work for ever"
        time.sleep(0.05)


def _runs(process: int) -> bool:
    """Whether it is there and no corpse that nobody has taken leave of."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
