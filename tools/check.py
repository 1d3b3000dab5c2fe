"""All that must hold before a change is merged: `./dangol test`, which is also what CI runs.

    ./dangol test                            everything, with the real parts that this machine has
    ./dangol test --only types --only lint   some steps; --list names them
    ./dangol test src/dangol/inbox -k reply  anything else goes to pytest (on SQLite, or with --only postgres)

DANGOL_TEST_STRICT=1 makes an absent part and a skipped test a failure.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from tools.parts import Part, absent_parts  # noqa: E402
from tools.running import Result, Runner  # noqa: E402
from tools.steps import all_steps  # noqa: E402


def main() -> int:
    """Run what the command line asks for; 0 if all of it holds."""
    options, pytest_arguments = _read_command_line()
    steps = all_steps()
    if options.list:
        for step in steps:
            print(f"{step.name:14}{step.says}")
        return 0
    wanted = options.only or (["sqlite"] if pytest_arguments else [step.name for step in steps])
    chosen = [step for step in steps if step.name in wanted]
    is_strict = os.environ.get("DANGOL_TEST_STRICT", "") not in {"", "0"}

    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="dangol-"))
    folder.chmod(0o711)  # as root, parts of it are handed to users that may not read the rest
    # Set even where it was ignored (started with & from a script), so that what runs below can be stopped.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    absent = absent_parts()
    runner = Runner(folder, absent, pytest_arguments, is_live=len(chosen) == 1)
    try:
        results = runner.run_all(chosen, lambda result: tell(result, is_live=runner.is_live))
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    finally:
        runner.end()
        shutil.rmtree(folder, ignore_errors=True)

    results.sort(key=lambda result: steps.index(result.step))
    return summarise(results, absent, seconds=time.monotonic() - began, is_strict=is_strict)


def _read_command_line() -> tuple[argparse.Namespace, list[str]]:
    names = [step.name for step in all_steps()]
    parser = argparse.ArgumentParser(
        prog="./dangol test",
        description="Check everything that must hold before a change is merged.",
        epilog="What is not listed here goes to pytest: ./dangol test src/dangol/inbox -k reply -x",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--only", action="append", choices=names, metavar="STEP", help="one step; may be repeated"
    )
    parser.add_argument("--list", action="store_true", help="name the steps")
    return parser.parse_known_args()


def tell(result: Result, *, is_live: bool) -> None:
    """One line about a finished step, and what it printed if that matters."""
    step = result.step
    # Tests always show how they ended; the others only speak up when something is wrong.
    if not is_live and not result.absent and (step.pytest or not result.is_good):
        print(f"\n--- {step.name}: {step.says} ---\n{result.output.strip()}")
    print(_line(result), flush=True)


def summarise(results: list[Result], absent: list[Part], *, seconds: float, is_strict: bool) -> int:
    """Print the closing block; return the exit code."""
    totals: Counter[str] = Counter()
    skipped: list[str] = []
    for result in results:
        totals += result.counts
        skipped += result.skipped
    print("\n=== What was checked ===")
    for result in results:
        print(_line(result))
    print(f"{'':8}{'':14}{seconds:6.1f} s together")

    concerned = [part for part in absent if _concerns(part, results, skipped)]
    if concerned:
        _print_absent(concerned, skipped)
    for line in skipped:
        print(f"skipped: {line}")

    is_good = all(result.is_good for result in results)
    if is_strict and (concerned or skipped):
        print("\nDANGOL_TEST_STRICT is set: an absent part or a skipped test is a failure.")
        is_good = False
    print("\n" + ("All of it holds." if is_good else "Something does not hold; see above."))
    if any(result.step.pytest for result in results):
        print(f"{totals['passed']} passed, {totals['failed']} failed, {totals['skipped']} skipped")
    return 0 if is_good else 1


def _line(result: Result) -> str:
    word = "absent" if result.absent else "ok" if result.is_good else "FAILED"
    counts = ", ".join(f"{number} {kind}" for kind, number in sorted(result.counts.items()))
    note = f"needs {result.absent}" if result.absent else counts or result.step.says
    return f"{word:8}{result.step.name:14}{result.seconds:6.1f} s  {note}"


def _concerns(part: Part, results: list[Result], skipped: list[str]) -> bool:
    return any(result.absent == part.name for result in results) or any(
        f"needs {part.name}" in line.lower() for line in skipped
    )


def _print_absent(parts: list[Part], skipped: list[str]) -> None:
    print("\n=== Parts that this machine does not have ===")
    for part in parts:
        number = sum(f"needs {part.name}" in line.lower() for line in skipped)
        print(f"{part.name}: {part.tests}" + (f" ({number} tests skipped)" if number else ""))
        print(f"    Debian, Ubuntu: sudo apt install {part.debian}    elsewhere: {part.elsewhere}")
    names = " ".join(part.debian for part in parts)
    print(f"All at once on Debian or Ubuntu: sudo apt install {names}")


if __name__ == "__main__":
    sys.exit(main())
