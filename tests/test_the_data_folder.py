"""What other users of the machine see of a desk: nothing."""

import stat
from pathlib import Path

import pytest

from dangol.kernel.keys import make_secret


def test_the_folder_that_a_desk_makes_is_for_its_user_alone(migrated_folder: Path) -> None:
    assert stat.S_IMODE(migrated_folder.stat().st_mode) == 0o700


def test_so_is_one_that_begins_with_its_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DANGOL_SECRET", raising=False)
    make_secret(tmp_path / "data")
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
