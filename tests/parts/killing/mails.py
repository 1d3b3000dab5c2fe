"""Mails of customers, and the postman who brings them."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.parts.killing import Plan

LARGE: Final = 330_000  # of noise: too large for the row, so that it becomes a file


@dataclass(frozen=True)
class Written:
    """A mail and what is to become of it."""

    number: int
    content: bytes
    sender: str
    thread: int
    named: int

    @property
    def word(self) -> str:
        """Stands in this mail and in no other."""
        return _word(self.number)


def write_mails(count: int, seed: int) -> list[Written]:
    """Mails of customers: a third are answers, a few carry a file, fewer one so large that it is kept as a file."""
    chance = random.Random(seed)
    threads: list[list[str]] = []
    mails = []
    for number in range(count):
        thread = chance.randrange(len(threads)) if threads and chance.random() < 0.35 else len(threads)
        if thread == len(threads):
            threads.append([])
        message_id = f"{number}.{seed}@customers.example"
        named = list(threads[thread][-3:])
        sender = f"customer{thread % max(3, count // 5)}@customers.example"
        mails.append(
            Written(
                number, customer_mail(chance, number, message_id, named, sender), sender, thread, len(named)
            )
        )
        threads[thread].append(message_id)
    # They arrive out of order, as over several ways: an answer before what it answers.
    for at in range(0, count, 7):
        chance.shuffle(window := mails[at : at + 7])
        mails[at : at + 7] = window
    return mails


def customer_mail(
    chance: random.Random, number: int, message_id: str, named: Sequence[str], sender: str
) -> bytes:
    from email.message import EmailMessage
    from email.utils import format_datetime

    from dangol.kernel import clock

    mail = EmailMessage()
    mail["From"] = f"Customer <{sender}>"
    mail["To"] = "hello@moonburger.test"
    mail["Subject"] = f"Matter {number}"
    mail["Date"] = format_datetime(clock.now())
    mail["Message-ID"] = f"<{message_id}>"
    if named:
        mail["In-Reply-To"] = f"<{named[-1]}>"
        mail["References"] = " ".join(f"<{name}>" for name in named)
    mail.set_content(f"The burger was cold. {_word(number)}\n" * chance.randint(1, 5))
    if chance.random() < 0.1:
        size = LARGE if chance.random() < 0.2 else 2_000
        mail.add_attachment(chance.randbytes(size), maintype="image", subtype="png", filename="burger.png")
    return mail.as_bytes()


def _word(number: int) -> str:
    return "word" + "".join(chr(ord("a") + int(digit)) for digit in f"{number:05d}")


def deliver(plan: Plan, mails: Sequence[Written]) -> None:
    import smtplib

    pause = plan.seconds / max(1, len(mails))
    with smtplib.LMTP(plan.inbox["lmtp"]) as lmtp:
        for mail in mails:
            lmtp.sendmail(mail.sender, [plan.inbox["address"]], re.sub(rb"\r?\n", b"\r\n", mail.content))
            time.sleep(pause)
