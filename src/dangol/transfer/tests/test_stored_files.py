from pathlib import Path
from typing import Any

from dangol.kernel.files import keep_file, passing_folder
from dangol.transfer.backup import count_files


def test_files_of_mail_that_is_just_being_read_are_not_counted(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    keep_file(b"kept")
    with passing_folder() as folder:
        (folder / "0").write_bytes(b"passing")
        assert count_files() == (1, 4)
