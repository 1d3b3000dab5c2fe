import errno
import os
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dangol.kernel import files, keys
from dangol.kernel.processes import this_process
from dangol.kernel.secrets import lock_secret, unlock_secret


def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path, monkeypatch):
    monkeypatch.delenv("DANGOL_SECRET", raising=False)
    made = keys.make_secret(tmp_path)
    assert keys.make_secret(tmp_path) == made == keys.read_secret(tmp_path)
    assert stat.S_IMODE((tmp_path / keys.FILE_NAME).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [keys.FILE_NAME]


def test_on_a_disk_without_hard_links_processes_that_start_together_have_one_secret(tmp_path, monkeypatch):
    monkeypatch.delenv("DANGOL_SECRET", raising=False)

    def no_links(*_):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    together = threading.Barrier(8)

    def start(_number):
        together.wait()
        return keys.make_secret(tmp_path)

    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(start, range(8)))
    assert made == {keys.read_secret(tmp_path)}
    assert [path.name for path in tmp_path.iterdir()] == [keys.FILE_NAME]


def test_a_start_that_was_cut_off_is_named_with_its_file(tmp_path, monkeypatch):
    monkeypatch.delenv("DANGOL_SECRET", raising=False)
    monkeypatch.setattr(os, "link", lambda *_: os.stat(tmp_path / "no links here"))
    monkeypatch.setattr(keys, "WAITED_SECONDS", 0)
    mark = tmp_path / f".{keys.FILE_NAME}.making"
    mark.touch()
    with pytest.raises(OSError, match="Delete this file") as refusal:
        keys.make_secret(tmp_path)
    assert refusal.value.filename == str(mark)


def test_each_purpose_has_a_key_of_its_own():
    assert keys.derive_key("secret", "mail") != keys.derive_key("secret", "django")
    assert keys.derive_key("secret", "mail") != keys.derive_key("other", "mail")


def test_a_locked_password_opens_only_with_the_same_key(settings):
    locked = lock_secret("열려라 참깨")
    assert "참깨" not in locked
    assert unlock_secret(locked) == "열려라 참깨"
    settings.DANGOL_SECRET = "another"
    assert unlock_secret(locked) is None
    assert unlock_secret("") == lock_secret("") == ""


@pytest.fixture
def media(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def test_the_same_bytes_are_one_file(media):
    assert files.keep_file(b"burger") == files.keep_file(b"burger")
    assert [path.read_bytes() for path in media.rglob("*") if path.is_file()] == [b"burger"]


def test_what_was_kept_is_read_again(media):
    assert files.read_file(files.keep_file(b"burger")) == b"burger"
    with pytest.raises(FileNotFoundError):
        files.read_file("0" * 64)


_WRITES_FOR_EVER = """
import os, time
from django.conf import settings
settings.configure(MEDIA_ROOT={folder!r})
os.fsync = lambda _: (print("half", flush=True), time.sleep(600))
from dangol.kernel.files import keep_file
keep_file(b"burger" * 100_000)
"""
_LEAVES_A_FOLDER = """
import os
from django.conf import settings
settings.configure(MEDIA_ROOT={folder!r})
from dangol.kernel.files import passing_folder
with passing_folder() as folder:
    (folder / "part").write_bytes(b"part")
    print(folder, flush=True)
    os._exit(1)
"""


def begin_to_write(folder: Path) -> "subprocess.Popen[str]":
    """A process that is in the middle of writing a file."""
    program = [sys.executable, "-c", _WRITES_FOR_EVER.format(folder=str(folder))]
    child = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
    assert child.stdout
    assert child.stdout.readline() == "half\n"
    return child


def halves(folder: Path) -> int:
    return len([path for path in folder.rglob(".*") if path.is_file()])


def test_what_a_killed_process_was_writing_is_removed_and_what_a_living_one_writes_stays(media):
    whole = files.keep_file(b"whole")
    killed, living = begin_to_write(media), begin_to_write(media)
    try:
        assert halves(media) == 2
        assert files.remove_broken_off() == 0
        killed.kill()
        killed.wait()
        assert files.remove_broken_off() == 1
        assert halves(media) == 1
    finally:
        for child in (killed, living):
            child.kill()
            child.wait()
    assert files.remove_broken_off() == 1
    assert halves(media) == 0
    assert files.read_file(whole) == b"whole"


def test_what_another_machine_writes_stays_until_it_was_left_for_a_day(media):
    files.keep_file(b"whole")
    place, rest = this_process().replace(":", "=").replace("/", "+").split("=", 1)
    theirs, ours = (media / ".writing" / f".{host}={rest}.0a1b" for host in (f"else-{place}", place))
    for path in (theirs, ours):
        path.write_bytes(b"half")
    assert files.remove_broken_off() == 0
    for path in (theirs, ours):
        os.utime(path, (0, 0))
    assert files.remove_broken_off() == 1
    assert ours.exists(), "this process lives, however long it takes"


def test_a_folder_for_the_while_is_gone_afterwards_and_so_is_one_that_a_kill_left(media):
    with files.passing_folder() as folder:
        (folder / "part").write_bytes(b"part")
        assert files.remove_broken_off() == 0
    assert not folder.exists()
    program = [sys.executable, "-c", _LEAVES_A_FOLDER.format(folder=str(media))]
    left = Path(subprocess.run(program, stdout=subprocess.PIPE, text=True).stdout.strip())
    assert (left / "part").exists()
    assert files.remove_broken_off() == 1
    assert not left.exists()


def test_where_nothing_was_ever_written_nothing_is_removed(media):
    assert files.remove_broken_off() == 0
