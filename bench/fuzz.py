"""Mails that are broken on purpose, read by the hundred thousand: none may raise, none may take long.

python bench/fuzz.py --mails 2000 --seed 7
"""

import argparse
import json
import multiprocessing
import os
import resource
import secrets
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))

from dangol.channels.email.parse import parse
from dangol.channels.tests.mutations import mail

MOST_SECONDS = 10.0
MOST_BYTES = 1024**3
REPORT_EVERY = 20_000


def main() -> None:
    """Read the mails of a seed in two processes and print a table; what offends is kept in a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=2_000)
    parser.add_argument("--seed", type=int, help="by chance when left out, and printed")
    parser.add_argument("--first", type=int, default=0, help="the number of the first mail")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--keep", type=Path, default=Path("fuzz-found"), help="where offending mails are kept"
    )
    parser.add_argument("--take-in", action="store_true", help="file them, too (DATABASE_URL: in PostgreSQL)")
    wanted = parser.parse_args()
    seed = secrets.randbelow(10**9) if wanted.seed is None else wanted.seed
    if wanted.take_in:
        take_in(seed, range(wanted.first, wanted.first + wanted.mails))
        return
    began = time.perf_counter()
    readers = [
        Reader(seed, range(wanted.first + number, wanted.first + wanted.mails, wanted.processes), wanted.keep)
        for number in range(wanted.processes)
    ]
    print(f"seed {seed}, mails {wanted.first} to {wanted.first + wanted.mails - 1}", flush=True)
    shown = 0
    while any(reader.is_busy() for reader in readers):
        time.sleep(0.2)
        done = sum(reader.done.value for reader in readers)
        if done // REPORT_EVERY > shown:
            shown = done // REPORT_EVERY
            print(f"  {done:,} after {time.perf_counter() - began:,.0f} s", flush=True)
    found = [reader.result() for reader in readers]
    total = {name: sum(one[name] for one in found) for name in ("mails", "crashed", "slow", "cpu")}
    most = {name: max(one[name] for one in found) for name in ("slowest", "peak")}
    print(
        f"{'mails':>10}{'crashed':>9}{'too slow':>10}{'slowest s':>11}{'CPU s':>9}{'seconds':>9}{'peak MB':>9}"
    )
    print(
        f"{total['mails']:10,}{total['crashed']:9}{total['slow']:10}{most['slowest']:11.2f}{total['cpu']:9.0f}"
        f"{time.perf_counter() - began:9.0f}{most['peak']:9.0f}"
    )
    if any(one["crashed"] or one["slow"] for one in found):
        print(f"The offending mails are in {wanted.keep}.")
        sys.exit(1)


def take_in(seed: int, numbers: range) -> None:
    """Store and file the mails through a database in a folder of its own, and say what became of them."""
    with tempfile.TemporaryDirectory(prefix="dangol-bench-") as folder:
        os.environ.update(
            {"DANGOL_DATA": folder, "DJANGO_SETTINGS_MODULE": "dangol.settings", "DANGOL_LOG": "ERROR"}
        )
        from dangol.running import prepare

        prepare(quiet=True)
        from django.db import connection

        from dangol.channels.commands import Arrival, store_raw
        from dangol.channels.models import Channel, Mailbox, Raw
        from dangol.inbox.intake import take_in_batch
        from dangol.kernel import clock

        channel = Channel.objects.create(name="Moon Burger", created_at=clock.now())
        Mailbox.objects.create(channel=channel, address="hello@moonburger.test")
        began = time.process_time()
        for start in range(0, len(numbers), 100):
            arrivals = [Arrival(mail(seed, number), clock.now()) for number in numbers[start : start + 100]]
            store_raw(channel=channel, arrivals=arrivals, at=clock.now(), is_silent=start % 200 == 0)
            while take_in_batch():
                pass
        states = Counter(Raw.objects.values_list("state", "reason"))
        print(f"seed {seed}, {connection.vendor}, {time.process_time() - began:.0f} CPU s")
        for (state, reason), count in sorted(states.items()):
            print(f"{count:10,} {state} {reason}")
        if any(state in ("new", "quarantined") for state, _reason in states):
            sys.exit(1)


class Reader:
    """A process that reads, and the watch over it: one that is stuck is killed, and goes on behind the mail."""

    def __init__(self, seed: int, numbers: range, keep: Path) -> None:
        self.seed, self.numbers, self.keep = seed, numbers, keep
        self.done: Synchronized[int] = multiprocessing.Value("q", 0)  # type: ignore[assignment]
        self.crashed: Synchronized[int] = multiprocessing.Value("q", 0)  # type: ignore[assignment]
        self.slow: Synchronized[int] = multiprocessing.Value("q", 0)  # type: ignore[assignment]
        self.slowest: Synchronized[float] = multiprocessing.Value("d", 0.0)  # type: ignore[assignment]
        self.cpu: Synchronized[float] = multiprocessing.Value("d", 0.0)  # type: ignore[assignment]
        self.peak: Synchronized[float] = multiprocessing.Value("d", 0.0)  # type: ignore[assignment]
        self.since: Synchronized[float] = multiprocessing.Value("d", 0.0)  # type: ignore[assignment]
        self._start()

    def is_busy(self) -> bool:
        """Whether there is more to read; kills and restarts what is stuck or died."""
        if self.done.value >= len(self.numbers):
            return False
        seconds = _cpu_of(self.process.pid) - self.since.value
        if self.process.is_alive() and (self.since.value == 0 or seconds < MOST_SECONDS):
            return True
        if self.done.value < len(self.numbers):
            self.process.kill()
            self.process.join()
            number = self.numbers[self.done.value]
            _keep(self.keep, self.seed, number, "stuck or died")
            self.slow.value += 1
            self.slowest.value = max(self.slowest.value, seconds)
            self.done.value += 1
            self._start()
        return True

    def result(self) -> dict[str, float]:
        """What came of it."""
        self.process.join()
        names = ("crashed", "slow", "slowest", "cpu", "peak")
        return {"mails": self.done.value, **{name: getattr(self, name).value for name in names}}

    def _start(self) -> None:
        self.since.value = 0
        self.process = multiprocessing.get_context("fork").Process(target=self._read)
        self.process.start()

    def _read(self) -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
        began = time.process_time()
        for number in self.numbers[self.done.value :]:
            raw = mail(self.seed, number)
            self.since.value = start = time.process_time()
            try:
                check(raw)
            except Exception as failure:
                self.crashed.value += 1
                _keep(self.keep, self.seed, number, repr(failure))
            seconds = time.process_time() - start
            self.slowest.value = max(self.slowest.value, seconds)
            if seconds > MOST_SECONDS:
                self.slow.value += 1
                _keep(self.keep, self.seed, number, f"{seconds:.1f} s")
            self.done.value += 1
        self.cpu.value += time.process_time() - began
        self.peak.value = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def check(raw: bytes) -> None:
    """Raises where reading raises, where what catches everything caught something, or where the result is unsound."""
    message = parse(raw)
    unreadable = [warning for warning in message.warnings if warning.startswith("unreadable")]
    assert not unreadable, unreadable
    assert message.date is None or message.date.tzinfo is not None
    values = asdict(message)
    for file in values["attachments"]:
        assert isinstance(file.pop("content"), bytes)
    said = json.dumps(values, default=str, ensure_ascii=False)
    said.encode("utf-8")  # no half of a character
    assert "\\u0000" not in said


def _keep(folder: Path, seed: int, number: int, why: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{seed}-{number}.eml").write_bytes(mail(seed, number))
    with (folder / "why.txt").open("a") as file:
        file.write(f"{seed}-{number}: {why}\n")


def _cpu_of(pid: int | None) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
