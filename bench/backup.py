"""Seconds, processor seconds, memory and size of a backup and of putting it back, by number of conversations.

python bench/backup.py --sizes 5000 20000          on SQLite, in a folder that is gone afterwards
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
MIB = 1024 * 1024


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[5_000, 20_000], metavar="CONVERSATIONS")
    sizes = parser.parse_args().sizes
    print(
        f"{'conversations':>13} {'':>8} {'seconds':>8} {'processor':>9} {'peak MB':>8} {'file MB':>8} {'of MB':>8}"
    )
    for size in sizes:
        folder = Path(tempfile.mkdtemp(prefix="dangol-bench-"))
        try:
            _measure(size, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _measure(size: int, folder: Path) -> None:
    desk, archive, back = folder / "desk", folder / "backup.tar.gz", folder / "back"
    fill = [sys.executable, HERE / "fill.py", desk, "--conversations", str(size)]
    subprocess.run(fill, check=True, stdout=subprocess.DEVNULL)
    for name, data, arguments in (
        ("backup", desk, ["backup", archive]),
        ("restore", back, ["restore", archive]),
    ):
        began = time.monotonic()
        seconds, peak = _run([sys.executable, "-m", "dangol", "--data", data, *arguments])
        elapsed = time.monotonic() - began
        of = (desk / "dangol.sqlite3").stat().st_size / MIB
        print(
            f"{size:>13,} {name:>8} {elapsed:>8.1f} {seconds:>9.1f} {peak / 1024:>8.0f}"
            f" {archive.stat().st_size / MIB:>8.1f} {of:>8.1f}",
            flush=True,
        )


def _run(command: list[object]) -> tuple[float, int]:
    """Processor seconds and peak memory in kB of a command."""
    pid = os.posix_spawn(sys.executable, list(map(str, command)), os.environ | {"DANGOL_LOG": "ERROR"})
    _, status, usage = os.wait4(pid, 0)
    if status:
        sys.exit(f"{command} failed")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


if __name__ == "__main__":
    main()
