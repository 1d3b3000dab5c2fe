"""The real parts that the tests use, how to see whether this machine has them, and how to add each."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass

from tests.parts.browser import find_chromium
from tests.parts.mailserver import why_absent
from tests.parts.postgres import find_programs


@dataclass(frozen=True)
class Part:
    """`name` is what a skipped test says after "needs"; `debian` is what apt installs it by."""

    name: str
    tests: str
    debian: str
    elsewhere: str
    is_present: Callable[[], bool]


PARTS = [
    Part(
        "a mail server",
        "mail in and out, over a real IMAP and SMTP server (Dovecot, exim)",
        "dovecot-imapd dovecot-lmtpd dovecot-submissiond exim4-daemon-light",
        "use Debian in a container: the tests know its places only",
        lambda: why_absent() is None,
    ),
    Part(
        "postgresql",
        "everything that touches the database, on PostgreSQL",
        "postgresql",
        "brew install postgresql",
        lambda: find_programs() is not None,
    ),
    Part(
        "chromium",
        "the pages in a real browser, and their accessibility",
        "chromium fonts-noto-cjk",
        "brew install --cask google-chrome",
        lambda: find_chromium() is not None,
    ),
    Part(
        "gettext",
        "that nothing is missing in Korean",
        "gettext",
        "brew install gettext",
        lambda: bool(shutil.which("xgettext") and shutil.which("msguniq")),
    ),
]


def absent_parts() -> list[Part]:
    """The parts that this machine lacks."""
    return [part for part in PARTS if not part.is_present()]
