"""How a desk starts: what is not loaded before its first page, and what runs while the rest is loaded."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.parts.desk import LiveDesk

# Each costs time at every start and memory all day.
NOT_NEEDED_YET = {
    "dangol.channels.email.parse": "it belongs to `work`, which is loaded while the pages already answer",
    "dangol.loops": "the same",
    "django.contrib.admin": "Dangol has none",
    "holidays": "a hundred countries, for a change of hours",
    "openpyxl": "a spreadsheet that somebody brings",
}


def test_a_desk_does_not_load_what_its_first_page_can_do_without(live_folder: LiveDesk) -> None:
    printed = live_folder.run_python(
        "import sys; from dangol.running import load_pages, prepare; prepare(); load_pages(); print(*sys.modules)"
    )
    loaded = set(printed.split())

    assert {"dangol.desk.today", "dangol.inbox.views"} <= loaded
    assert loaded & NOT_NEEDED_YET.keys() == set()
    migrations = {name for name in loaded if re.fullmatch(r".*\.migrations\.\d+_.*", name)}
    assert migrations == set(), "a database of this version needs none of them read"


def test_loaded_code_is_not_looked_through_for_garbage_and_what_comes_after_it_is(
    live_folder: LiveDesk,
) -> None:
    printed = live_folder.run_python(
        "import gc; from dangol.running import load_pages, prepare; prepare(); load_pages();"
        "print(gc.isenabled(), gc.get_freeze_count() > len(gc.get_objects()))"
    )
    assert printed.split() == ["True", "True"]


THREE_STARTS = """
import os, signal, sys, threading
from pathlib import Path
from dangol import processes
from dangol.processes import Part, keep_running

folder = Path(sys.argv[1])
processes.RESTART_SECONDS = 0

def say(word):
    print(word, flush=True)

def serve():
    say("pages run")
    (folder / "served").touch()
    threading.Event().wait()

def load():
    while not (folder / "served").exists():
        threading.Event().wait(0.01)
    say("work is loaded")

def work():
    say("work runs")
    if (folder / "died").exists():
        os.kill(os.getppid(), signal.SIGTERM)
        threading.Event().wait()
    (folder / "died").touch()
    sys.exit(1)

keep_running({"web": Part(serve), "work": Part(work, load=load)}, clear_away=lambda: say("cleared away"))
"""


def test_the_pages_answer_while_the_work_is_loaded_which_happens_once(tmp_path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", THREE_STARTS, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ran.stdout.splitlines() == [
        "pages run",
        "work is loaded",
        "work runs",
        "cleared away",
        "work runs",
    ]
