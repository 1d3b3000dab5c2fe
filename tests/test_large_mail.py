"""A mail of 40 MB passes through no memory but that of its own process."""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MOST_MB = 150
PROGRAM = """
import sys
from pathlib import Path
from dangol.running import prepare
prepare(quiet=True)
from dangol.channels.commands import Arrival, store_raw
from dangol.channels.models import Channel, Mailbox, Raw
from dangol.inbox.intake import take_in_batch
from dangol.inbox.models import Attachment
from dangol.kernel import clock
if sys.argv[1] == "store":
    channel = Channel.objects.create(name="Moon Burger", created_at=clock.now())
    Mailbox.objects.create(channel=channel, address="hello@moonburger.test")
    arrival = Arrival(Path(sys.argv[2]).read_bytes(), clock.now())
    store_raw(channel=channel, arrivals=[arrival], at=clock.now())
else:
    take_in_batch()
    file = Attachment.objects.get()
    print(Raw.objects.get().state, file.filename, file.size, file.sha256)
# Not ru_maxrss, which begins at the size of the process that started this one.
print(next(int(line.split()[1]) // 1024 for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@pytest.fixture
def large(tmp_path: Path) -> tuple[Path, bytes]:
    content = os.urandom(1024 * 1024) * 40
    head = (
        b"From: sora@naver.example\nTo: hello@moonburger.test\nSubject: photos\nMIME-Version: 1.0\n"
        b"Content-Type: application/zip; name=photos.zip\nContent-Transfer-Encoding: base64\n\n"
    )
    path = tmp_path / "large.eml"
    path.write_bytes(head + base64.encodebytes(content))
    return path, content


def test_40_mb_are_stored_and_filed_within_150_mb(
    large: tuple[Path, bytes], migrated_folder: Path, tmp_path: Path
) -> None:
    path, content = large
    shutil.copytree(migrated_folder, tmp_path / "data")

    def ran(step: str) -> list[str]:
        env = {
            **os.environ,
            "DANGOL_DATA": str(tmp_path / "data"),
            "DJANGO_SETTINGS_MODULE": "dangol.settings",
            "DANGOL_LOG": "ERROR",
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        env.pop("DATABASE_URL", None)
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, step, str(path)],
            env=env,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.split()

    assert int(ran("store")[-1]) < MOST_MB
    state, name, size, digest, peak = ran("take")
    assert (state, name, int(size)) == ("taken", "photos.zip", len(content))
    assert digest == hashlib.sha256(content).hexdigest()
    assert int(peak) < MOST_MB
