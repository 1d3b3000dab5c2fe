"""Dangol's own settings, with a data folder and keys that are only of this run of the tests."""

import atexit
import os
import shutil
import tempfile

_data = tempfile.mkdtemp(prefix="dangol-tests-")
atexit.register(shutil.rmtree, _data, ignore_errors=True)

os.environ["DANGOL_DATA"] = _data
os.environ["DANGOL_SECRET"] = "only for tests"
os.environ.setdefault("DANGOL_LOG", "ERROR")

from dangol.settings import *  # noqa: E402, F403
