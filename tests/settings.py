"""Dangol's own settings, with a data folder and keys that are only of this run of the tests."""

import os
import tempfile

# Removed by conftest.py.
os.environ["DANGOL_DATA"] = tempfile.mkdtemp(prefix="dangol-tests-")
os.environ["DANGOL_SECRET"] = "only for tests"
os.environ.setdefault("DANGOL_LOG", "ERROR")

from dangol.settings import *  # noqa: F403
