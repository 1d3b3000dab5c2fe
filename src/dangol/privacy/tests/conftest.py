"""Erasing, as tests see it."""

import pytest

from dangol.privacy import erasing


@pytest.fixture
def files_go_at_once(monkeypatch):
    """Nobody keeps the same file meanwhile, and what was written stays in the journal."""
    monkeypatch.setattr(erasing, "UNTOUCHED", 0)
    # Not within the transaction of a test; the last of test_erasing.py does it for real.
    monkeypatch.setattr(erasing, "empty_the_journal", lambda: True)
