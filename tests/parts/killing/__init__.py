"""Kill Dangol's processes at random instants while mail comes and goes, start them again, and count.

    python -m tests.parts.killing receiving '{"mails": 60, "kills": 20, …}'

It is a process of its own, over its own database: it loads the code once, as `dangol up` does, and forks what is to be
killed, so that two hundred kills do not cost two hundred imports. What it found is printed as one line of JSON; `wrong`
says in sentences what does not agree and is empty where all came to its end, nothing was lost and nothing doubled. The
same seed makes the same mails and the same pauses between the kills; where a kill meets the program, the machine
decides.

It goes on for as long as anything moves. What is still under way when nothing has moved for `settling` seconds is
`unfinished`, on which a slow machine may be to blame; `lost` is only what the program was done with and is not there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent.parent.parent
SETTLING: Final = 240.0
LONGEST_SECONDS: Final = 6 * 3600  # of one run, after which it is broken off


@dataclass(frozen=True)
class Plan:
    """What is to happen. `inbox` is the account that is fetched, with the servers' ports and the LMTP socket."""

    seed: int
    mails: int
    kills: int
    folder: str
    inbox: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0  # over which the mails arrive, at least
    disk_mb: int = (
        0  # the data folder is on a disk of this size, which is filled up twice; 0: on that of the machine
    )
    settling: float = SETTLING  # seconds without anything moving, after which no more is waited for
    forgets: int = 0  # so many mails the server that takes them forgets, to see that it is noticed
    puts_off: int = 0  # and so many it does not take now


@dataclass
class Report:
    """What came of it."""

    database: str
    seed: int
    kills: int
    mails: int
    lost: int = 0
    unfinished: int = 0
    doubled: int = 0
    set_aside: int = 0
    sent_again: int = 0
    marked: int = 0
    told: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


def run(
    what: str, plan: Plan, *, database_url: str = "", environment: dict[str, str] | None = None
) -> Report:
    """Run it in a process of its own and return the report."""
    process = begin(what, plan, database_url=database_url, environment=environment)
    return finish(process)


def begin(
    what: str, plan: Plan, *, database_url: str = "", environment: dict[str, str] | None = None
) -> subprocess.Popen[str]:
    """Begin it in a process of its own: `receiving`, `sending` or `many`."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("DANGOL_", "DATABASE_"))}
    own_disk = ["unshare", "--mount", *(["--user", "--map-root-user"] if os.geteuid() else [])]
    return subprocess.Popen(
        [
            *(own_disk if plan.disk_mb else []),
            sys.executable,
            "-m",
            "tests.parts.killing",
            what,
            json.dumps(asdict(plan)),
        ],
        env={
            **kept,
            "DANGOL_DATA": str(Path(plan.folder) / "data"),
            "DJANGO_SETTINGS_MODULE": "dangol.settings",
            "DANGOL_LOG": "CRITICAL",
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
            **({"DATABASE_URL": database_url} if database_url else {}),
            **(environment or {}),
        },
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> Report:
    """The report of what was begun; RuntimeError when it broke off."""
    try:
        printed, _ = process.communicate(timeout=LONGEST_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    if process.returncode:
        raise RuntimeError(f"the killing broke off with {process.returncode}: {printed}")
    return Report(**json.loads(printed.splitlines()[-1]))
