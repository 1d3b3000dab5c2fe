"""Dangol's own settings with a SQLite that waits for a lock for a moment only, so that a test can outlast it."""

from typing import Any

from dangol.settings import *  # noqa: F403
from dangol.settings import DATABASES as _DATABASES

_default: dict[str, Any] = _DATABASES["default"]
if "sqlite" in _default["ENGINE"]:
    _default["OPTIONS"]["timeout"] = 0.2
