"""A desk that makes backups by itself: real files in a real folder."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.db.backends.signals import connection_created

from dangol.desk.backups.commands import (
    begin_plan,
)
from dangol.desk.backups.making import back_up_when_due
from dangol.desk.tests.backups.nights import EVENING
from dangol.kernel import clock
from dangol.transfer.snapshot import ALIAS


@pytest.fixture(autouse=True)
def data(settings: Any, tmp_path: Path, moon_burger: Any) -> Path:
    """A data folder, and a plan from the evening before."""
    settings.DANGOL_DATA = tmp_path / "data"
    settings.DANGOL_DATA.mkdir()
    begin_plan(is_on=True, at=EVENING)
    return tmp_path / "data"


@pytest.fixture(autouse=True)
def _in_memory() -> Iterator[None]:
    """The tests' SQLite is in memory, where whoever reads keeps others from writing; a file has its -wal for that."""

    def opened(connection: Any, **_: Any) -> None:
        if connection.vendor == "sqlite" and connection.alias == ALIAS:
            connection.connection.execute("PRAGMA read_uncommitted = 1")

    connection_created.connect(opened)
    yield
    connection_created.disconnect(opened)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let a turn of the loop happen at a time."""

    def turn(when: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: when)
        back_up_when_due()

    return turn
