"""Files that come in by the page and are read by the loop."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import DataError, IntegrityError

from dangol.business.models import Business
from dangol.kernel import clock
from dangol.kernel.processes import this_process
from dangol.kernel.table_files import NoTable, TooLong
from dangol.orders import file_import, import_jobs, import_reading
from dangol.orders.columns import propose_columns
from dangol.orders.import_claims import NotNow, finish_import, sweep_imports
from dangol.orders.import_jobs import Imports, keep_upload, preview, start_import
from dangol.orders.import_reading import reading_of
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
    work(Imports(afterwards=lambda: [done.append(1)]))
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
    assert job.failure == "again_and_again"


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


def test_numbers_are_at_home_where_the_business_is(bring):
    job = bring(*lines(1))
    Business.objects.update_or_create(defaults={"name": "Moon Burger", "country": "KR"})
    assert reading_of(job.sample[0], job.options).country == "KR"


def test_the_preview_decides_by_the_whole_file_as_the_import_does(bring):
    dates = [f"{n},A,Burger,1,3/4/2026,5.00,{n},UK" for n in range(300)]
    job = bring(*dates, "x,A,Burger,1,25/4/2026,5.00,7,UK")
    trades, counted = preview(job, reading_of(job.sample[0], job.options))
    work()
    assert (trades[0].ordered_at, not counted.refused) == (Order.objects.get(number="0").ordered_at, True)
    assert trades[0].ordered_at.month == 4


def test_all_or_nothing_that_is_broken_off_has_written_nothing(bring, monkeypatch):
    monkeypatch.setattr(file_import, "BATCH", 2)
    bring(*lines(5), all_or_nothing=True)
    taken = []
    take = file_import.take_batch

    def killed(**values):
        if taken:
            raise KeyboardInterrupt
        taken.append(take(**values))
        return taken[0]

    monkeypatch.setattr(file_import, "take_batch", killed)
    with pytest.raises(KeyboardInterrupt):
        work()
    assert (len(taken), Order.objects.count()) == (1, 0)


def test_all_or_nothing_of_very_many_lines_is_refused_in_a_sentence(bring, monkeypatch):
    monkeypatch.setattr(import_reading, "MOST_AT_ONCE", 2)
    job = bring(*lines(3), all_or_nothing=True)
    work()
    job.refresh_from_db()
    assert (job.state, job.failure, Order.objects.count()) == ("failed", "too_long_at_once", 0)


@pytest.mark.parametrize("failure", [DataError, IntegrityError, OverflowError])
def test_what_the_database_does_not_take_ends_the_import_and_is_not_tried_for_ever(
    bring, monkeypatch, failure
):
    job = bring(*lines(1))

    def refuse(**_values):
        raise failure("it quotes a customer")

    monkeypatch.setattr(import_reading, "take_batch", refuse)
    work()
    job.refresh_from_db()
    assert (job.state, job.failure) == ("failed", "not_as_expected")


def test_a_file_that_is_too_long_packed_or_unpacked_is_not_kept(dongsuk, monkeypatch):
    content = gzip.compress("\n".join([COLUMNS, *lines(500)]).encode())
    monkeypatch.setattr(import_jobs, "MOST_UNPACKED", 10_000)
    with pytest.raises(TooLong):
        keep_upload(actor=dongsuk, name="x.csv", content=BytesIO(content), at=clock.now())
    monkeypatch.setattr(import_jobs, "MOST_UPLOADED", 100)
    with pytest.raises(TooLong):
        keep_upload(actor=dongsuk, name="x.csv", content=BytesIO(b"a,b\n" * 50), at=clock.now())
    assert not FileImport.objects.exists()


def test_what_was_left_lying_is_swept_after_two_weeks_and_what_waits_is_not(bring, dongsuk):
    waiting = bring(*lines(1))
    old = clock.now() - timedelta(days=15)
    draft = keep_upload(actor=dongsuk, name="x.csv", content=BytesIO(b"Order,Date\n1,2\n"), at=old)
    failed = keep_upload(actor=dongsuk, name="y.csv", content=BytesIO(b"Order,Date\n1,2\n"), at=old)
    FileImport.objects.filter(pk=failed.pk).update(state="failed", finished_at=old)
    FileImport.objects.filter(pk=waiting.pk).update(created_at=old)
    assert sweep_imports(at=clock.now()) == 2
    assert [default_storage.exists(job.path) for job in (waiting, draft, failed)] == [True, False, False]
    assert FileImport.objects.count() == 2
    assert FileImport.objects.get(pk=failed.pk).sample == []


def test_who_lost_the_claim_deletes_nothing(bring):
    job = bring(*lines(2))
    slow = Imports()
    assert slow.turn()
    FileImport.objects.update(claimed_by="elsewhere/1:7:7")
    job.refresh_from_db()
    finish_import(job, "done", report={})
    assert default_storage.exists(job.path or FileImport.objects.get().path)
