"""Processes are killed and databases go away at random instants: nothing is lost and nothing doubled.

What is done here a few times is done two hundred times by bench/kills.py. A failure names its seed:

    KILL_SEED=12345 .venv/bin/pytest tests/test_nothing_is_lost.py
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from tests.parts import killing
from tests.parts.killing import Plan, Report
from tests.parts.mailserver import MailServer
from tests.parts.postgres import PrivatePostgres

KILLS = 20
MAILS = 40
DATABASES = ["sqlite", "postgres"]


@pytest.fixture
def seed() -> int:
    return int(os.environ.get("KILL_SEED") or random.SystemRandom().randrange(10**6))


@pytest.fixture
def inbox(mailserver: MailServer) -> dict[str, object]:
    user = mailserver.new_user("hello")
    return {
        "address": user.address,
        "password": user.password,
        "imaps": mailserver.ports.imaps,
        "lmtp": str(mailserver.folder / "lmtp"),
        "config": str(mailserver.folder / "dovecot.conf"),
    }


@pytest.fixture
def trusting(mailserver: MailServer) -> dict[str, str]:
    """Makes the product trust the server's certificate, and check it."""
    return {"SSL_CERT_FILE": str(mailserver.folder / "cert.pem")}


@pytest.fixture
def folder(migrated_folder: Path, tmp_path: Path) -> Path:
    """A folder whose `data` is that of a desk that nobody has set up yet."""
    shutil.copytree(migrated_folder, tmp_path / "data")
    return tmp_path


def url_of(database: str, request: pytest.FixtureRequest) -> str:
    if database == "sqlite":
        return ""
    return cast(str, request.getfixturevalue("new_desk_database")())


def demand_all(report: Report) -> None:
    assert not report.wrong, f"KILL_SEED={report.seed} on {report.database}: {'; '.join(report.wrong)}"
    assert (report.lost, report.unfinished, report.doubled) == (0, 0, 0)


def test_what_was_lost_is_told_apart_from_what_did_not_come_to_its_end(seed, folder):
    """Of the count itself: one mail the server takes and forgets, two it puts off for longer than is waited."""
    report = killing.run("sending", Plan(seed, 5, 0, str(folder), settling=0.5, forgets=1, puts_off=2))
    assert (report.lost, report.unfinished, report.doubled) == (1, 2, 0)
    assert any("never arrived" in wrong for wrong in report.wrong)
    assert any("unfinished: sending did not go on" in wrong for wrong in report.wrong)


@pytest.mark.parametrize("database", DATABASES)
def test_mail_that_comes_in_while_processes_are_killed_is_all_there_once(
    database, request, seed, folder, inbox, trusting
):
    plan = Plan(seed, MAILS, KILLS, str(folder), inbox)
    report = killing.run("receiving", plan, database_url=url_of(database, request), environment=trusting)
    demand_all(report)


@pytest.mark.parametrize("database", DATABASES)
def test_answers_that_leave_while_the_process_is_killed_arrive_and_twice_only_marked(
    database, request, seed, folder
):
    plan = Plan(seed, MAILS, KILLS, str(folder))
    report = killing.run("sending", plan, database_url=url_of(database, request))
    demand_all(report)


def test_a_database_that_stops_and_starts_again_loses_and_doubles_nothing(
    postgres: PrivatePostgres, request, seed, folder, inbox, trusting
):
    url = url_of("postgres", request)
    plan = Plan(seed, 40, 0, str(folder), inbox, seconds=4)
    running = killing.begin("receiving", plan, database_url=url, environment=trusting)
    try:
        for _ in range(2):
            wait_for_more_mail(running, folder)
            postgres.halt()
            time.sleep(0.7)
            postgres.resume()
    finally:
        report = killing.finish(running)
    demand_all(report)
    assert (report.sent_again, report.marked) == (0, 0), (
        "what the server said was known, and is written down later"
    )


def test_a_database_that_is_locked_for_longer_than_one_waits_loses_and_doubles_nothing(
    seed, folder, inbox, trusting
):
    plan = Plan(seed, 40, 0, str(folder), inbox, seconds=4)
    impatient = {**trusting, "DJANGO_SETTINGS_MODULE": "tests.parts.impatient"}
    running = killing.begin("receiving", plan, environment=impatient)
    try:
        for _ in range(3):
            wait_for_more_mail(running, folder)
            with closing(sqlite3.connect(folder / "data" / "dangol.sqlite3", timeout=20)) as other:
                other.execute("BEGIN IMMEDIATE")
                time.sleep(0.7)
                other.rollback()
    finally:
        report = killing.finish(running)
    demand_all(report)
    assert (report.sent_again, report.marked) == (0, 0), (
        "what the server said was known, and is written down later"
    )


def test_two_of_each_process_share_the_work_and_go_on_when_one_of_each_is_killed(
    request, seed, folder, inbox, trusting
):
    """One fetches a mailbox at any time, no event is skipped, and every page shows each event once."""
    plan = Plan(seed, 40, 0, str(folder), inbox, seconds=4)
    report = killing.run("many", plan, database_url=url_of("postgres", request), environment=trusting)
    demand_all(report)


def wait_for_more_mail(running: subprocess.Popen[str], folder: Path) -> None:
    """Until the desk is at work: a further acknowledgement has left it."""
    sink = folder / "sink.jsonl"
    size = sink.stat().st_size if sink.exists() else 0
    deadline = time.monotonic() + 60
    while (sink.stat().st_size if sink.exists() else 0) <= size:
        assert running.poll() is None or running.returncode == 0, "the desk broke off"
        if running.poll() is not None:
            return
        assert time.monotonic() < deadline, "no mail left the desk"
        time.sleep(0.02)
