"""Runs the steps, counts their tests, and leaves nothing running."""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from tests.parts.postgres import PrivatePostgres, find_programs
from tools.parts import Part
from tools.steps import ROOT, Command, Step

_SECONDS_TO_END = 20
# What a person has set for their own desk must not reach the checks.
_NOT_PASSED_ON = (
    "DATABASE_URL",
    "DJANGO_SETTINGS_MODULE",
    "PYTHONDONTWRITEBYTECODE",  # each of a thousand started programs would compile everything anew
    "PYTHONPATH",
    "PYTEST_ADDOPTS",
)


@dataclass
class Result:
    """How a step went. `absent` names the part of the machine for lack of which it was left out."""

    step: Step
    is_good: bool = False
    seconds: float = 0.0
    absent: str | None = None
    output: str = ""
    counts: Counter[str] = field(default_factory=Counter)
    skipped: list[str] = field(default_factory=list)


class Runner:
    """Runs steps in `folder`. With `is_live` they print as they go, else into their result."""

    def __init__(
        self, folder: Path, absent: list[Part], pytest_arguments: list[str], *, is_live: bool
    ) -> None:
        self.folder = folder
        self.absent = {part.name for part in absent}
        self.pytest_arguments = pytest_arguments
        self.is_live = is_live
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._is_ended = False

    def run_all(self, steps: list[Step], tell: Callable[[Result], None]) -> list[Result]:
        """Run the steps in their order; `tell` hears of each at its end."""
        results: list[Result] = []

        def run(step: Step) -> None:
            result = self.run(step)
            results.append(result)
            tell(result)

        for group in _groups(steps):
            with concurrent.futures.ThreadPoolExecutor(1 if self.is_live else 2) as pool:
                try:
                    list(pool.map(run, group))
                except BaseException:
                    self.end()
                    raise
        return results

    def run(self, step: Step) -> Result:
        """Run one step to its end."""
        result = Result(step)
        if step.needs in self.absent:
            result.is_good, result.absent = True, step.needs
            return result
        began = time.monotonic()
        if step.pytest:
            self._run_pytest(step, result)
        else:
            environment = self._environment(step)
            result.is_good = all(self._succeeds(command, environment, result) for command in step.commands)
        result.seconds = time.monotonic() - began
        return result

    def end(self) -> None:
        """Stop all that runs, with what it started; nothing more begins. Tests get time to put things away."""
        self._is_ended = True
        if (
            not self.is_live
        ):  # else the terminal's Ctrl-C has reached it already, and a second one would hurry it
            self._signal_all(signal.SIGINT)
        deadline = time.monotonic() + _SECONDS_TO_END
        while any(process.poll() is None for process in self._processes) and time.monotonic() < deadline:
            time.sleep(0.1)
        self._signal_all(signal.SIGKILL)

    def _signal_all(self, number: signal.Signals) -> None:
        for process in list(self._processes):
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    if self.is_live:
                        process.send_signal(number)
                    else:
                        os.killpg(process.pid, number)

    def _run_pytest(self, step: Step, result: Result) -> None:
        report = self.folder / f"{step.name}.xml"
        chosen = _chosen_tests(step, self.pytest_arguments)
        command = (sys.executable, "-m", "pytest", f"--junitxml={report}", *chosen, *self.pytest_arguments)
        with self._database(step) as database:
            result.is_good = self._succeeds(command, self._environment(step) | database, result)
        if report.exists():
            read_report(report, result)

    @contextlib.contextmanager
    def _database(self, step: Step) -> Iterator[dict[str, str]]:
        programs = find_programs()
        if step.needs != "postgresql" or programs is None:
            yield {}
            return
        with PrivatePostgres(programs) as server:
            yield {"DATABASE_URL": server.url}

    def _environment(self, step: Step) -> dict[str, str]:
        temporary = self.folder / step.name
        temporary.mkdir(exist_ok=True)
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in _NOT_PASSED_ON
            and (not name.startswith("DANGOL_") or name.startswith("DANGOL_TEST_"))
        }
        return kept | {
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
            "TMPDIR": str(temporary),
        }

    def _succeeds(self, command: Command, environment: dict[str, str], result: Result) -> bool:
        if self._is_ended:
            return False
        output = None if self.is_live else subprocess.PIPE
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=None if self.is_live else subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            start_new_session=not self.is_live,  # a group of its own, so that `end` reaches what it starts
        )
        self._processes.add(process)
        printed, _ = process.communicate()
        self._processes.discard(process)
        result.output += (printed or b"").decode(errors="replace")
        return process.returncode == 0


def read_report(path: Path, result: Result) -> None:
    """Count the tests of pytest's JUnit report; an error around a test counts as a failed one."""
    for case in ElementTree.parse(path).iter("testcase"):
        kinds = {child.tag for child in case}
        name = f"{case.get('classname')}::{case.get('name')}"
        if kinds & {"failure", "error"}:
            result.counts["failed"] += 1
        elif "skipped" in kinds:
            result.counts["skipped"] += 1
            result.skipped.append(f"{name}: {next(case.iter('skipped')).get('message')}")
        else:
            result.counts["passed"] += 1


def _chosen_tests(step: Step, arguments: list[str]) -> tuple[str, ...]:
    """The step's own arguments, without its paths where a developer named others."""
    if any((ROOT / argument.partition("::")[0]).exists() for argument in arguments):
        return tuple(argument for argument in step.pytest if argument == "--database-only")
    return step.pytest


def _groups(steps: list[Step]) -> Iterator[list[Step]]:
    """What may run together: neighbours, up to a step that is alone."""
    together: list[Step] = []
    for step in steps:
        if step.alone:
            yield together
            yield [step]
            together = []
        else:
            together.append(step)
    yield together
