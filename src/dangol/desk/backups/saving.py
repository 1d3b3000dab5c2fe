"""A backup on its way to somebody's device: one at a time, since it takes one of the few threads that serve pages."""

import io
import threading
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from dangol.kernel.errors import Refused

# Of this process, as the threads are.
_saving = threading.Lock()


class SavedAlready(Refused):
    message = _("One is being saved already. Try again when it is through.")


class _Alone(io.FileIO):
    """Lets the next one in when it is closed: at its end, when whoever reads goes away, or when it is dropped."""

    def close(self) -> None:
        if self.closed:
            return
        try:
            super().close()
        finally:
            _saving.release()


def open_alone(path: Path) -> io.FileIO:
    """The file, open for reading; Refused while another one is open."""
    if not _saving.acquire(blocking=False):
        raise SavedAlready
    try:
        return _Alone(path, "rb")
    except BaseException:
        _saving.release()
        raise
