import os
from datetime import timedelta
from pathlib import Path

import pytest

from dangol.desk.doctor import examine
from dangol.kernel import clock


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "days", "health"),
    [
        ("monday.tar.gz", 6, "good"),
        ("monday.tar.gz", 8, "warn"),
        ("before-0.1.0-20261125-120000.tar.gz", 8, None),
        ("monday.txt", 8, None),
    ],
)
def test_doctor_says_when_the_newest_backup_in_the_folder_is_old(
    name: str, days: int, health: str | None, settings, tmp_path: Path
):
    settings.DANGOL_DATA = tmp_path
    (tmp_path / "backups").mkdir()
    kept = tmp_path / "backups" / name
    kept.touch()
    at = (clock.now() - timedelta(days=days, hours=1)).timestamp()
    os.utime(kept, (at, at))

    found = {each.area: each for each in examine(servers=False)}

    assert (found["Backups"].health if "Backups" in found else None) == health
