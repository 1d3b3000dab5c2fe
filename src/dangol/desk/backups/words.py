"""Why a backup could not be made and what to do about it, from the machine's word. In the language of the moment."""

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

_FAILED: Final[Mapping[str, str | Promise]] = {
    "no-room": gettext_lazy("There is too little room on the disk."),
    "no-folder": gettext_lazy("The folder for backups is not there: the disk may not be plugged in."),
    "not-writable": gettext_lazy("Dangol may not write into the folder for backups."),
    "refused": gettext_lazy("The installation could not be read as a whole. `dangol doctor` says more."),
    "unreadable": gettext_lazy("Files of the desk itself could not be read."),
    "disk": gettext_lazy("The disk reports a fault."),
}
_TO_DO: Final[Mapping[str, str | Promise]] = {
    "no-room": gettext_lazy("Make room, or name a folder on a larger disk in Settings › Backups."),
    "no-folder": gettext_lazy("Plug the disk in, or name another folder in Settings › Backups."),
    "not-writable": gettext_lazy(
        "Give the user that Dangol runs as the right to, or name another folder in Settings › Backups."
    ),
    "refused": gettext_lazy("Run `dangol doctor`, and make one with `dangol backup`."),
    "unreadable": gettext_lazy(
        "See that the user that Dangol runs as may read the data folder, and have its disk checked."
    ),
    "disk": gettext_lazy("Name a folder on another disk in Settings › Backups, and have this one checked."),
}


def what_failed(word: str) -> str:
    """A sentence; nothing where nothing failed."""
    return str(_FAILED.get(word, ""))


def what_to_do(word: str) -> str:
    """What helps, with where."""
    return str(_TO_DO.get(word) or _("Make one now in Settings › Backups."))
