"""What other users of the machine see of a desk: nothing. And what makes no folder."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from dangol.cli import main
from dangol.desk.doctor import examine
from dangol.kernel.keys import make_secret
from dangol.kernel.tests.test_processes import name_of_a_dead_process


def test_the_folder_that_a_desk_makes_is_for_its_user_alone(migrated_folder: Path) -> None:
    assert stat.S_IMODE(migrated_folder.stat().st_mode) == 0o700


def test_so_is_one_that_begins_with_its_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DANGOL_SECRET", raising=False)
    make_secret(tmp_path / "data")
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


@pytest.mark.django_db
@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701])
def test_doctor_tells_of_one_that_others_can_read_and_of_the_command(
    mode: int, tmp_path: Path, settings
) -> None:
    folder = tmp_path / "my desk"
    folder.mkdir()
    settings.DANGOL_DATA = folder

    def said() -> list[tuple[str, str]]:
        findings = examine(servers=False)
        return [(each.health, each.advice) for each in findings if each.area == "Data folder"]

    folder.chmod(0o700)
    assert said() == []
    folder.chmod(mode)
    assert said() == [("warn", f"Run `chmod 700 '{folder}'`.")]


def test_importing_what_is_not_there_makes_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DANGOL_DATA", "")
    folder = tmp_path / "data"
    done = CliRunner().invoke(main, ["--data", str(folder), "mail", "import", str(tmp_path / "archive.mbox")])
    assert done.exit_code == 2
    assert "archive.mbox' does not exist" in done.output
    assert not folder.exists()


def test_each_command_has_an_example() -> None:
    def ask(*names: str) -> str:
        return CliRunner().invoke(main, [*names, "--help"]).output

    assert "Example: dangol mail read" in ask("mail")


def test_a_start_removes_the_halves_of_files_that_a_killed_process_left(
    migrated_folder: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(migrated_folder, data)
    half = (
        data / "files" / ".writing" / f".{name_of_a_dead_process().replace(':', '=').replace('/', '+')}.0a1b"
    )
    half.parent.mkdir(parents=True)
    half.write_bytes(b"half")
    start = [sys.executable, "-c", "from dangol.running import prepare; prepare(quiet=True)"]
    settings = {"DANGOL_DATA": str(data), "DJANGO_SETTINGS_MODULE": "dangol.settings"}
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("DANGOL_", "DATABASE_"))}
    subprocess.run(start, env={**kept, **settings}, check=True)
    assert not half.exists()
