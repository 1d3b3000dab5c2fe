"""Refunds that come in by a file of history are in the ledger afterwards, whichever way the file came."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest
from click.testing import CliRunner

from dangol import loops, running
from dangol.cli import main
from dangol.goodwill.commands import refunds
from dangol.goodwill.models import Entry
from dangol.kernel import clock
from dangol.kernel.processes import this_process
from dangol.orders import command_line
from dangol.orders.columns import propose_columns
from dangol.orders.import_jobs import keep_upload, start_import
from dangol.orders.models import FileImport, Refund
from dangol.orders.tests.shop import COLUMNS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("moon_burger")]
LINES = [
    *(f"{n},A,Burger,2,2026-01-05 10:00,5000,{n},KR" for n in range(5)),
    *(f"C9{n},A,Burger,-1,2026-01-06 10:00,5000,{n},KR" for n in range(5)),
]
FILE = "\n".join([COLUMNS, *LINES]) + "\n"


def wait_for_it(person) -> FileImport:
    job = keep_upload(actor=person, name="orders.csv", content=BytesIO(FILE.encode()), at=clock.now())
    options = {"columns": propose_columns(COLUMNS.split(",")), "currency": "KRW", "zone": "Asia/Seoul"}
    return start_import(actor=person, job_id=job.pk, options=options, at=clock.now())


def read_on() -> None:
    """What `dangol work` does with it."""
    turn = next(loop.turn for loop in loops.work_loops() if loop.name == "imports")
    while turn():
        pass


def entries() -> list[int | None]:
    return list(Entry.objects.values_list("booked", flat=True))


def test_by_the_page_each_is_booked_once_also_when_the_file_comes_again(dongsuk):
    for _ in range(2):
        wait_for_it(dongsuk)
        read_on()
        assert Refund.objects.count() == 5
        assert entries() == [5_000] * 5


def test_killed_between_the_orders_and_the_ledger_it_is_made_up_for(dongsuk, monkeypatch):
    class Killed(BaseException):
        pass

    def killed(**_: object) -> None:
        raise Killed

    job = wait_for_it(dongsuk)
    with monkeypatch.context() as broken:
        broken.setattr(refunds, "book_refunds", killed)
        with pytest.raises(Killed):
            read_on()
    assert (Refund.objects.count(), entries()) == (5, [])
    job.refresh_from_db()
    assert (job.state, job.claimed_by) == ("running", this_process())
    FileImport.objects.update(claimed_at=clock.now() - timedelta(days=1))
    read_on()
    assert entries() == [5_000] * 5


def test_by_the_command_each_is_booked_once(tmp_path, monkeypatch):
    # A test's connection is set up already, and in a transaction.
    monkeypatch.setattr(running, "prepare", lambda **_: None)
    monkeypatch.setattr(command_line, "relax_durability", lambda: None)
    file = tmp_path / "orders.csv"
    file.write_text(FILE)
    for _ in range(2):
        done = CliRunner().invoke(main, ["orders", "import", str(file)], catch_exceptions=False)
        assert done.exit_code == 0
        assert entries() == [5_000] * 5
