"""`dangol demo` as a process: it opens, lets somebody in, ends cleanly, and goes on where it was told to."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from dangol.kernel.errors import Refused
from dangol.showcase.demo import MARK, PREFIX, language_of_terminal, run_demo, sweep

SECONDS_TO_OPEN = 120  # two busy cores; docs say what to expect on quiet ones


class Running:
    """A demo in a process of its own, whose temporary folders are below `folder`."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.log = folder / f"demo-{len(list(folder.glob('*.log')))}.log"
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("DANGOL_", "DATABASE_"))
        }
        real = {  # somebody's own installation, which a demo must not touch
            "DATABASE_URL": "postgres://nobody@nowhere.invalid/real",
            "DANGOL_DATA": "/nonexistent",
            "DANGOL_URL": "https://real.example",
        }
        own = {"TMPDIR": str(folder), "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "dangol", "demo", "--port", "0", *arguments],
                env={**kept, **real, **own},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def link(self) -> str:
        """The printed link, once it is there."""
        end = time.monotonic() + SECONDS_TO_OPEN
        while not (found := re.search(r"http://\S+/showcase/enter/\S+", self.log.read_text())):
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.05)
        return found[0]

    def children(self) -> list[int]:
        shown = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True
        )
        return [int(pid) for pid in shown.stdout.split()]

    def end(self, how: signal.Signals = signal.SIGINT) -> int:
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(30)


class Browser:
    """Cookies and redirects, no JavaScript."""

    def __init__(self) -> None:
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def get(self, url: str) -> tuple[str, str]:
        with self.opener.open(url, timeout=60) as answer:
            return answer.url, answer.read().decode()


@pytest.fixture
def start(tmp_path):
    running: list[Running] = []

    def begin(*arguments: str) -> Running:
        running.append(Running(tmp_path, *arguments))
        return running[-1]

    yield begin
    for demo in running:
        if demo.process.poll() is None:
            demo.process.kill()
            demo.process.wait()


def test_two_run_side_by_side_one_leaves_nothing_behind_and_the_kept_one_goes_on_the_next_time(
    start, tmp_path
):
    kept = tmp_path / "moon"
    first, second = start("--keep", str(kept), "--language", "ko"), start()
    url, page = Browser().get(first.link())
    assert "박민지" in page
    assert 'lang="ko"' in page
    assert _it_lets_minji_in(second) != url
    (folder,) = tmp_path.glob(f"{PREFIX}*")
    assert oct(folder.stat().st_mode & 0o777) == "0o700"
    children = _web_and_work(second)

    assert first.end() == 0
    assert second.process.poll() is None
    assert second.end(signal.SIGTERM) == 0
    assert not list(tmp_path.glob(f"{PREFIX}*"))
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
    assert "Traceback" not in first.log.read_text() + second.log.read_text()

    before = _conversations(kept)
    assert before > 900
    again = start("--keep", str(kept))
    _url, page = Browser().get(again.link())
    assert "박민지" in page
    again.end()
    assert before <= _conversations(kept) < before + 5


def _it_lets_minji_in(demo: Running) -> str:
    link = demo.link()
    browser = Browser()
    url, page = browser.get(link)
    assert url == link.partition("/showcase")[0] + "/"
    assert "Minji" in page
    _url, page = browser.get(f"{url}inbox/")
    assert page.index("Sora Kim") < page.index("James Lee")
    _url, page = browser.get(f"{url}showcase/outbox/")
    assert "ana.reyes@northgate.example" in page
    return url


def _web_and_work(demo: Running) -> list[int]:
    """The two that stay, once the one that has told the past is through with its search index."""
    end = time.monotonic() + SECONDS_TO_OPEN
    while len(children := demo.children()) != 2:
        assert time.monotonic() < end, children
        time.sleep(0.05)
    return children


def _conversations(folder: Path) -> int:
    with sqlite3.connect(folder / "dangol.sqlite3") as database:
        return database.execute("SELECT count(*) FROM inbox_conversation").fetchone()[0]


def test_stopped_while_it_opens_it_leaves_nothing_behind(start, tmp_path):
    demo = start()
    end = time.monotonic() + SECONDS_TO_OPEN
    while not list(tmp_path.glob(f"{PREFIX}*/{MARK}")):
        assert time.monotonic() < end
        time.sleep(0.01)
    children = demo.children()
    demo.end(signal.SIGTERM)
    assert not list(tmp_path.glob(f"{PREFIX}*"))
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]


def test_a_port_that_is_taken_is_one_sentence(start, tmp_path):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        demo = start("--port", str(taken.getsockname()[1]))
        assert demo.process.wait(SECONDS_TO_OPEN) == 1
    said = demo.log.read_text()
    assert "Choose another one with --port." in said
    assert "Traceback" not in said
    assert not list(tmp_path.glob(f"{PREFIX}*"))


def test_the_next_demo_clears_up_behind_one_that_was_killed(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead = tmp_path / f"{PREFIX}{ended.pid}-abc"
    alive = tmp_path / f"{PREFIX}{os.getpid()}-abc"
    other = tmp_path / "another-folder"
    for folder in (dead, alive, other):
        folder.mkdir()
        (folder / MARK).touch()
    link = tmp_path / f"{PREFIX}{ended.pid}-link"
    link.symlink_to(other)

    sweep(tmp_path)

    assert not dead.exists()
    assert alive.exists()
    assert (other / MARK).exists()


def test_a_folder_that_is_no_demo_is_refused(tmp_path):
    (tmp_path / "dangol.sqlite3").touch()
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Refused, match="no demo"):
        run_demo(lambda **_: pytest.fail("it must not open"), port=0, keep=tmp_path, language="en")
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(("said", "language"), [("ko_KR.UTF-8", "ko"), ("en_GB.UTF-8", "en"), ("", "en")])
def test_it_speaks_the_language_of_the_terminal(monkeypatch, said, language):
    monkeypatch.setenv("LC_ALL", "")
    monkeypatch.setenv("LC_MESSAGES", "")
    monkeypatch.setenv("LANG", said)
    assert language_of_terminal() == language
