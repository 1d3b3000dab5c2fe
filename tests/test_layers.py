"""The picture of ARCHITECTURE.md is checked, and no new folder escapes the check."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The code alone, to be changed."""
    only_code = shutil.ignore_patterns("tests", "migrations", "templates", "static", "locale", "__pycache__")
    shutil.copytree(ROOT / "src" / "dangol", tmp_path / "src" / "dangol", ignore=only_code)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def check(folder: Path) -> tuple[int, str]:
    environment = os.environ | {"PYTHONPATH": str(folder / "src")}
    command = [Path(sys.executable).parent / "lint-imports", "--no-cache"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_a_new_folder_without_a_place_in_the_picture_is_refused(copy: Path) -> None:
    (copy / "src/dangol/novelty").mkdir()
    (copy / "src/dangol/novelty/__init__.py").touch()

    code, said = check(copy)

    assert code != 0
    assert "dangol.novelty" in said


def test_a_folder_that_imports_upwards_is_refused(copy: Path) -> None:
    (copy / "src/dangol/kernel/curious.py").write_text("import dangol.inbox\n")

    code, said = check(copy)

    assert code != 0
    assert "dangol.kernel.curious -> dangol.inbox" in said


def test_folders_beside_each_other_do_not_import_each_other(copy: Path) -> None:
    (copy / "src/dangol/channels/curious.py").write_text("import dangol.customers\n")

    code, said = check(copy)

    assert code != 0
    assert "dangol.channels.curious -> dangol.customers" in said


def test_a_folder_does_not_import_what_puts_the_folders_together(copy: Path) -> None:
    (copy / "src/dangol/inbox/curious.py").write_text("import dangol.settings\n")

    code, said = check(copy)

    assert code != 0
    assert "dangol.inbox.curious -> dangol.settings" in said
