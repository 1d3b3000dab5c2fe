"""Dangol's own settings, with a data folder and keys that are only of this run of the tests."""

import multiprocessing
import os
import tempfile

if (
    multiprocessing.parent_process() is None
):  # else a process that the tests started, which works in their folder
    os.environ["DANGOL_DATA"] = tempfile.mkdtemp(prefix="dangol-tests-")  # removed by conftest.py
os.environ["DANGOL_SECRET"] = "only for tests"
os.environ.setdefault("DANGOL_LOG", "ERROR")

from dangol.settings import *  # noqa: F403

PASSWORD_HASHERS = ["tests.parts.passwords.QuickArgon2"]
