"""Any earlier state becomes the present one in one step, and nothing is lost when that fails."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dangol.kernel import clock
from tests.parts.installation import ALIAS, Installation

ROOT = Path(__file__).resolve().parent.parent
START = "from dangol.running import prepare; prepare()"
NEXT = """
from django.db import migrations

class Migration(migrations.Migration):
    dependencies = [("inbox", "{last}")]
    operations = [migrations.RunSQL("CREATE TABLE half_way (id integer)"), migrations.RunSQL("{operation}")]
"""


@pytest.fixture
def unblocked(django_db_blocker: Any) -> Iterator[None]:
    """Databases that are not the tests' own may be opened."""
    with django_db_blocker.unblock():
        yield


def upgrade_from_states(nowhere: Installation, *, each: int) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.parts.upgrading", str(each)]
    done = subprocess.run(command, cwd=ROOT, env=nowhere.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    *earlier, last, schema = map(json.loads, done.stdout.splitlines())
    assert len(earlier) >= 4
    for state in earlier:
        assert state["rows"], state
        assert state["changed"] == [], state
        assert len(state["backups"]) == 1, "before each upgrade there is a backup"
        assert state["keys_followed"] <= 2, (
            "not after each migration: with a million rows it takes half a minute"
        )
    assert last["backups"] == [], "what is at this version is left alone"
    assert schema["parts"] > 300
    assert schema["unlike"] == [], "the tables are those that Django's own command makes"
    return earlier


def test_earlier_states_are_upgraded_in_one_step(unblocked: None, tmp_path: Path) -> None:
    data = Installation(tmp_path / "data")
    earlier = upgrade_from_states(data, each=6)

    assert min(state["rows"] for state in earlier) < max(state["rows"] for state in earlier) / 2, (
        "old ones too"
    )
    kept = sorted((data.folder / "backups").iterdir())
    assert len(kept) == 5, "the newest five are kept"
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
    back = Installation(tmp_path / "back")
    back.do("restore", str(kept[0]))
    assert sum(map(len, back.rows().values())) >= earlier[-5]["rows"], (
        "a backup of then is restored into this version"
    )


def test_earlier_states_are_upgraded_on_postgresql(new_database: Callable[[], str], tmp_path: Path) -> None:
    data = Installation(tmp_path / "data", new_database())
    upgrade_from_states(data, each=12)

    oldest = min((data.folder / "backups").iterdir())
    Installation(tmp_path / "back", new_database()).do("restore", str(oldest))


def start(installation: Installation, code: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", START],
        env=installation.environment | {"PYTHONPATH": str(code)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture
def kept_mails(migrated_folder: Path, tmp_path: Path, unblocked: None) -> Installation:
    """An installation of this version that somebody uses."""
    shutil.copytree(migrated_folder, tmp_path / "used")
    used = Installation(tmp_path / "used")
    with used.opened():
        from dangol.staff.models import Staff

        Staff(email="minji@moonburger.test", name="Minji").save_base(using=ALIAS, force_insert=True)
    return used


@pytest.fixture
def next_version(tmp_path: Path) -> Callable[[str], Path]:
    """The program as a later version might be, with one more migration that does this."""

    def make(operation: str) -> Path:
        code = tmp_path / f"code-{len(list(tmp_path.iterdir()))}"
        leave = shutil.ignore_patterns("tests", "static", "locale", "templates", "__pycache__")
        shutil.copytree(ROOT / "src" / "dangol", code / "dangol", ignore=leave)
        migrations = code / "dangol" / "inbox" / "migrations"
        last = max(path.stem for path in migrations.glob("0*.py"))
        (migrations / "9999_next.py").write_text(NEXT.format(last=last, operation=operation))
        return code

    return make


def test_an_upgrade_that_fails_names_the_backup_and_the_command(
    kept_mails: Installation, next_version: Callable[[str], Path], tmp_path: Path
) -> None:
    before = kept_mails.rows()

    failing = start(kept_mails, next_version("SELECT nothing FROM nowhere"))

    said, _ = failing.communicate(timeout=60)
    assert failing.returncode != 0
    (kept,) = (kept_mails.folder / "backups").iterdir()
    assert f"dangol --data {kept_mails.folder}-before restore {kept}" in said
    back = Installation(Path(f"{kept_mails.folder}-before"))
    back.do("restore", str(kept))
    assert back.rows()["staff.Staff"] == before["staff.Staff"]
    assert kept_mails.rows() == before, "and what was there is as it was"


def test_a_key_that_leads_nowhere_stops_the_upgrade_until_it_is_mended(
    kept_mails: Installation, next_version: Callable[[str], Path]
) -> None:
    code = next_version("SELECT 1")
    with kept_mails.opened() as connection:
        from dangol.staff.models import Invitation

        connection.disable_constraint_checking()
        at = clock.now()
        of_nobody = Invitation(invited_by_id=999, invited_at=at, expires_at=at)
        of_nobody.save_base(using=ALIAS, force_insert=True)

    for _ in range(2):
        failing = start(kept_mails, code)
        said, _ = failing.communicate(timeout=60)
        assert failing.returncode != 0
        assert "invalid foreign key" in said


def test_what_a_newer_version_used_is_refused_by_this_one(
    kept_mails: Installation, next_version: Callable[[str], Path], tmp_path: Path
) -> None:
    newer = next_version("CREATE TABLE inbox_novelty (id integer)")
    assert start(kept_mails, newer).wait(60) == 0
    archive = tmp_path / "newer.tar.gz"
    write = [sys.executable, "-m", "dangol", "backup", str(archive)]
    subprocess.run(write, env=kept_mails.environment | {"PYTHONPATH": str(newer)}, check=True)
    before = kept_mails.rows()

    started = kept_mails.run("fetch", "--once")
    backed_up = kept_mails.run("backup", str(tmp_path / "other.tar.gz"))
    restored = Installation(tmp_path / "restored").run("restore", str(archive))

    assert "was used by a newer version" in started.stderr
    assert "made by a newer Dangol" in backed_up.stderr
    assert "made by a newer Dangol" in restored.stderr
    assert {started.returncode, backed_up.returncode, restored.returncode} == {1}
    assert kept_mails.rows() == before
    assert not (tmp_path / "restored").exists()
    assert not (tmp_path / "other.tar.gz").exists()


def test_of_several_processes_that_start_at_once_one_upgrades(
    new_database: Callable[[], str], next_version: Callable[[str], Path], tmp_path: Path, unblocked: None
) -> None:
    desk = Installation(tmp_path / "data", new_database())
    assert start(desk, ROOT / "src").wait(60) == 0
    with desk.opened():
        from dangol.staff.models import Staff

        Staff(email="minji@moonburger.test", name="Minji").save_base(using=ALIAS, force_insert=True)
    code = next_version("SELECT pg_sleep(2); CREATE TABLE inbox_novelty (id integer)")

    together = [start(desk, code) for _ in range(3)]

    said = [each.communicate(timeout=60)[0] for each in together]
    assert [each.returncode for each in together] == [0, 0, 0], said
    assert sum("Bringing the database to this version" in each for each in said) == 1
    assert len(list((desk.folder / "backups").iterdir())) == 1
