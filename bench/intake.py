"""How fast mail is taken in.

python bench/intake.py --mails 2000
python bench/intake.py --mails 100000 --only import --postgres
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from desks import postgres_server

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Make a Maildir, take it in as live mail and as an import, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=2000)
    parser.add_argument("--postgres", action="store_true", help="on a private server")
    parser.add_argument("--only", choices=["live", "import"])
    wanted = parser.parse_args()
    with postgres_server(None) if wanted.postgres else contextlib.nullcontext() as url:
        if url:
            os.environ["DATABASE_URL"] = url
        _measure(wanted.mails, wanted.only)


def _measure(mails: int, only: str | None) -> None:
    work = Path(tempfile.mkdtemp(prefix="dangol-bench-"))
    try:
        expected = _make_maildir(work / "maildir", mails)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dangol.settings")
        os.environ["DANGOL_DATA"] = str(work / "data")
        from dangol.running import prepare

        prepare(quiet=True)
        from django.db import connection

        print(f"{mails} mails, {expected} conversations, {connection.vendor}")
        print(
            f"{'':8}{'mails/s':>9}{'seconds':>9}{'conversations':>15}{'right':>7}   "
            "processor seconds and peak MB of each process"
        )
        for name, way in (("live", _live), ("import", _import)):
            if only in (None, name):
                with _watching() as processes:
                    began = time.perf_counter()
                    found = way(work / "maildir")
                    seconds = time.perf_counter() - began
                print(
                    f"{name:8}{mails / seconds:9.0f}{seconds:9.1f}{found:15d}"
                    f"{'yes' if found == expected else 'NO':>7}   "
                    + ", ".join(
                        f"{each.cpu - each.cpu_before:.1f} s {each.peak:.0f} MB"
                        for each in processes.values()
                    )
                )
    finally:
        shutil.rmtree(work)


def _make_maildir(folder: Path, mails: int) -> int:
    """In a process of its own, so that its memory is none of what is measured; the number of conversations."""
    command = f"from mailmaker import write_maildir; print(write_maildir(Path({str(folder)!r}), {mails}))"
    made = subprocess.run(
        [sys.executable, "-c", f"from pathlib import Path; {command}"],
        cwd=Path(__file__).parent,
        check=True,
        stdout=subprocess.PIPE,
    )
    return int(made.stdout)


class _Process:
    """Processor seconds and the highest memory of a process, as last seen."""

    def __init__(self) -> None:
        self.cpu_before = self.cpu = self.peak = 0.0

    def look(self, pid: int) -> None:
        with contextlib.suppress(OSError, IndexError, StopIteration):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            status = Path(f"/proc/{pid}/status").read_text().splitlines()
            self.peak = int(next(line for line in status if line.startswith("VmHWM")).split()[1]) / 1024
            self.cpu = (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


@contextlib.contextmanager
def _watching() -> Iterator[dict[int, _Process]]:
    """This process and those that it starts, looked at while the block runs."""
    found: dict[int, _Process] = {}
    is_over = threading.Event()

    def look() -> None:
        for pid in [os.getpid(), *_children()]:
            found.setdefault(pid, _Process()).look(pid)

    def watch() -> None:
        while not is_over.wait(0.25):
            look()

    # The highest memory since now, not since the start.
    Path("/proc/self/clear_refs").write_text("5")
    look()
    found[os.getpid()].cpu_before = found[os.getpid()].cpu
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield found
    finally:
        is_over.set()
        watcher.join()
        look()


def _children() -> list[int]:
    found = []
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            found += [int(pid) for pid in (task / "children").read_text().split()]
    return found


def _live(maildir: Path) -> int:
    """Stored in batches as the fetcher does, then taken in by the intake loop: both are in the time."""
    from dangol.channels.commands import Arrival, store_raw
    from dangol.channels.email.files import messages_in
    from dangol.channels.fetching import BATCH
    from dangol.inbox.intake import take_in_batch
    from dangol.kernel import clock
    from dangol.kernel.db import relax_durability

    channel = _mailbox("live@moonburger.test")
    relax_durability()
    batch: list[Arrival] = []
    for _name, content in messages_in(maildir):
        batch.append(Arrival(content, clock.now()))
        if len(batch) == BATCH:
            store_raw(channel=channel, arrivals=batch, at=clock.now())
            batch = []
    if batch:
        store_raw(channel=channel, arrivals=batch, at=clock.now())
    while take_in_batch():
        pass
    return _conversations(channel)


def _import(maildir: Path) -> int:
    """As `dangol mail import` does it, the start of its processes included."""
    from dangol.channels.email.files import messages_in
    from dangol.inbox.mail_import import import_mail
    from dangol.kernel.db import relax_durability

    channel = _mailbox("import@moonburger.test")
    relax_durability()
    import_mail(channel=channel, messages=messages_in(maildir))
    return _conversations(channel)


def _mailbox(address: str):  # type: ignore[no-untyped-def]
    from dangol.channels.models import Channel, Mailbox
    from dangol.kernel import clock

    channel = Channel.objects.create(name=address, created_at=clock.now())
    Mailbox.objects.create(channel=channel, address=address)
    return Channel.objects.select_related("mailbox").get(pk=channel.pk)


def _conversations(channel: object) -> int:
    from dangol.inbox.models import Conversation

    return Conversation.objects.filter(channel=channel, merged_into=None).count()


if __name__ == "__main__":
    main()
