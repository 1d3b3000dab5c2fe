"""Mails that are broken on purpose are read: none raises, none takes long. A failure names its seed.

The same by the hundred thousand: bench/fuzz.py.
"""

import json
import random
import time
from dataclasses import asdict

import pytest

from dangol.channels.email.parse import parse
from dangol.channels.tests.mutations import mail

FIXED = 20261125
MAILS = 800


@pytest.mark.parametrize("part", range(2))
def test_the_broken_mails_of_a_seed_are_read(part: int) -> None:
    for number in range(part * MAILS, (part + 1) * MAILS):
        check(FIXED, number)


def test_the_broken_mails_of_any_seed_are_read() -> None:
    seed = random.SystemRandom().randrange(10**9)
    for number in range(MAILS // 2):
        check(seed, number)


def check(seed: int, number: int) -> None:
    """What bench/fuzz.py checks, with the seed in the failure."""
    raw = mail(seed, number)
    began = time.process_time()
    message = parse(raw)
    seconds = time.process_time() - began
    name = f"seed {seed}, mail {number}"
    assert not [warning for warning in message.warnings if warning.startswith("unreadable")], name
    assert seconds < 10, name
    values = asdict(message)
    for file in values["attachments"]:
        assert isinstance(file.pop("content"), bytes), name
    said = json.dumps(values, default=str, ensure_ascii=False)
    assert "\\u0000" not in said, name
    said.encode("utf-8")


def test_the_mails_of_a_seed_are_always_the_same() -> None:
    assert mail(1, 7) == mail(1, 7)
    assert mail(1, 7) != mail(2, 7)
