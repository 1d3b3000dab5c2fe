"""Files that come in by the page and are read by the loop."""

from __future__ import annotations

import os
import signal
import subprocess
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.storage import default_storage

from dangol.kernel import clock
from dangol.kernel.processes import this_process
from dangol.orders import file_import
from dangol.orders.columns import propose_columns
from dangol.orders.files import NoTable
from dangol.orders.import_jobs import Imports, NotNow, keep_upload, preview, reading_of, start_import
from dangol.orders.models import FileImport, Order, OrderLine
from dangol.orders.tests.shop import COLUMNS

pytestmark = pytest.mark.django_db
HEADER = COLUMNS.split(",")


@pytest.fixture
def bring(dongsuk):
    def bring(*lines, **options):
        content = BytesIO("\n".join([COLUMNS, *lines]).encode())
        job = keep_upload(actor=dongsuk, name="C:/shop/orders.csv", content=content, at=clock.now())
        chosen = {"columns": propose_columns(HEADER), "currency": "GBP", "zone": "Europe/London", **options}
        return start_import(actor=dongsuk, job_id=job.pk, options=chosen, at=clock.now())

    return bring


def lines(count, price="5.00"):
    return [f"{n},A,Burger,1,2026-01-05 10:00,{price},{n},UK" for n in range(count)]


def work(imports=None):
    imports = imports or Imports()
    while imports.turn():
        pass


def test_a_file_is_read_and_forgotten(bring):
    job = bring(*lines(3))
    kept = job.path
    done = []
    work(Imports(afterwards=lambda: done.append(1)))
    job.refresh_from_db()
    assert (job.state, job.progress, job.report["written"]["new_orders"], done) == ("done", 100, 3, [1])
    assert Order.objects.count() == 3
    assert (job.path, job.sample, default_storage.exists(kept)) == ("", [], False)


def test_a_dry_run_writes_nothing_and_can_be_done_for_real(bring, dongsuk):
    job = bring(*lines(3), dry_run=True)
    work()
    job.refresh_from_db()
    assert (job.state, job.report["lines"], Order.objects.count()) == ("done", 3, 0)
    start_import(actor=dongsuk, job_id=job.pk, options={**job.options, "dry_run": False}, at=clock.now())
    work()
    assert Order.objects.count() == 3


def test_refused_rows_can_be_fetched_and_all_or_nothing_writes_nothing(bring):
    job = bring(*lines(2), "9,A,Burger,one,2026-01-05 10:00,5.00,7,UK", all_or_nothing=True)
    work()
    job.refresh_from_db()
    assert (job.state, job.report["refused"], Order.objects.count()) == (
        "refused",
        {"quantity_unreadable": 1},
        0,
    )
    with default_storage.open(job.refused_path) as file:
        assert b"Burger,one" in file.read()


def a_killed_process() -> str:
    """The name of a process that was killed."""
    child = subprocess.Popen(["sleep", "60"])
    start = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[19]
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    return f"{this_process().partition(':')[0]}:{child.pid}:{start}"


def test_killed_midway_it_is_begun_again_and_nothing_is_there_twice(bring, monkeypatch):
    monkeypatch.setattr(file_import, "BATCH", 2)
    job = bring(*lines(7))
    broken_off = Imports()
    while Order.objects.count() < 4:
        assert broken_off.turn()
    FileImport.objects.update(claimed_by=a_killed_process())
    work()
    job.refresh_from_db()
    assert (job.state, job.tries) == ("done", 2)
    assert (Order.objects.count(), OrderLine.objects.count()) == (7, 7)
    assert job.report["written"] == {
        "new_orders": 7,
        "changed_orders": 0,
        "new_refunds": 0,
        "changed_refunds": 0,
        "known": 0,
    }


def test_what_another_process_reads_is_left_to_it_until_its_claim_is_old(bring):
    job = bring(*lines(2))
    FileImport.objects.update(state="running", claimed_by="elsewhere/1:7:7", claimed_at=clock.now())
    assert Imports().turn() == 0
    FileImport.objects.update(claimed_at=clock.now() - timedelta(minutes=11))
    work()
    job.refresh_from_db()
    assert job.state == "done"


def test_who_lost_the_claim_writes_no_more(bring, monkeypatch):
    monkeypatch.setattr(file_import, "BATCH", 2)
    bring(*lines(6))
    slow = Imports()
    while Order.objects.count() < 2:
        assert slow.turn()
    FileImport.objects.update(claimed_by="elsewhere/1:7:7")
    work(slow)
    assert Order.objects.count() == 2
    assert FileImport.objects.get().state == "running"


def test_a_file_that_ends_the_program_each_time_is_given_up(bring):
    job = bring(*lines(1))
    FileImport.objects.update(tries=5)
    work()
    job.refresh_from_db()
    assert (job.state, Order.objects.count()) == ("failed", 0)
    assert "again and again" in job.failure


def test_it_is_not_started_twice(bring, dongsuk):
    job = bring(*lines(1))
    with pytest.raises(NotNow):
        start_import(actor=dongsuk, job_id=job.pk, options=job.options, at=clock.now())


def test_a_picture_is_not_kept(dongsuk):
    with pytest.raises(NoTable):
        keep_upload(actor=dongsuk, name="x.png", content=BytesIO(b"\x89PNG\0"), at=clock.now())
    assert not FileImport.objects.exists()


def test_the_preview_is_what_is_then_written(bring):
    job = bring(*lines(2), "C7,A,Burger,-1,2026-01-05 10:00,5.00,7,UK")
    trades, counted = preview(job, reading_of(job.sample[0], job.options))
    assert [(each.number, each.amount) for each in trades] == [("0", 500), ("1", 500), ("C7", 500)]
    assert (counted.orders, counted.cancellations) == (2, 1)
