"""The list of what is checked."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = Path(sys.executable).parent

_CODE = ("src", "tests", "tools", "bench", "conftest.py", "hatch_build.py")
_JOURNEYS = "tests/journeys"
_PACKAGING = ("tests/test_packaging.py", "tests/test_script.py")

Command = tuple[str | Path, ...]


@dataclass(frozen=True)
class Step:
    """One thing that is checked: commands, run one after the other until one fails, or arguments of pytest.

    A step that is `alone` uses both cores itself; the others run two at a time. `needs` names the part of the
    machine (tools/parts.py) without which the step is left out and reported as absent.
    """

    name: str
    says: str
    commands: tuple[Command, ...] = ()
    pytest: tuple[str, ...] = ()
    alone: bool = False
    needs: str | None = None


def all_steps() -> list[Step]:
    """Every step in the order in which they start: first what finds most mistakes in the least time."""
    code = [path for path in _CODE if (ROOT / path).exists()]
    in_process = tuple(f"--ignore={path}" for path in (_JOURNEYS, *_PACKAGING))
    return [
        Step(
            "format", "code is laid out the same everywhere", (_program("ruff", "format", "--check", *code),)
        ),
        Step("lint", "no known mistakes", (_program("ruff", "check", *code),)),
        Step("types", "types hold, strictly", (_program("mypy"),)),
        Step(
            "layers",
            "each folder imports only what stands below it",
            (_program("lint-imports", "--no-cache"),),
        ),
        Step(
            "templates",
            "templates compile and are sound HTML",
            (_python("tools/templates.py"), _program("djlint", "src", "--lint", "--quiet")),
        ),
        Step(
            "translations", "all is said in Korean too", (_python("tools/translations.py"),), needs="gettext"
        ),
        Step(
            "migrations",
            "every model has its migration",
            (
                _python("-m", "django", "check", "--fail-level=WARNING"),
                _python("-m", "django", "makemigrations", "--check", "--dry-run"),
            ),
        ),
        Step(
            "sqlite",
            "tests, on SQLite",
            pytest=("-n2", "--dist", "worksteal", *in_process, "src", "tests"),
            alone=True,
        ),
        # The longest first, so that the others fill the second core beside it.
        Step(
            "journeys", "ways through the pages in a browser, with axe", pytest=(_JOURNEYS,), needs="chromium"
        ),
        Step(
            "postgres",
            "tests that touch the database, on PostgreSQL",
            pytest=("--database-only", *in_process, "src", "tests"),
            needs="postgresql",
        ),
        Step("packaging", "./dangol and pip install it", pytest=_PACKAGING),
    ]


def _python(*arguments: str) -> Command:
    return (sys.executable, *arguments)


def _program(name: str, *arguments: str) -> Command:
    return (PROGRAMS / name, *arguments)
