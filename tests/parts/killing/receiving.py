"""Mails that come, while what fetches them and takes them in is killed."""

from __future__ import annotations

import os
import random
from datetime import timedelta

from tests.parts.killing import Plan, Report
from tests.parts.killing.count_received import count_received
from tests.parts.killing.count_sent import count_sent
from tests.parts.killing.disk import fill_disk
from tests.parts.killing.mails import deliver, write_mails
from tests.parts.killing.settling import is_quiet, note_beginnings, until
from tests.parts.killing.sink import Sink
from tests.parts.killing.victims import Victims, fetch, fork, work


def receive(plan: Plan, report: Report) -> None:
    mails = write_mails(plan.mails, plan.seed)
    sink = Sink(plan)
    make_mailbox(plan, sink)
    postman = fork(lambda: deliver(plan, mails))
    filler = fork(lambda: fill_disk(plan)) if plan.disk_mb else 0
    victims = Victims({"fetch": fetch, "work": work}, random.Random(plan.seed + 1))
    try:
        victims.kill(plan.kills)
        for child, name in ((postman, "postman"), (filler, "filler")):
            if child and os.waitpid(child, 0)[1]:
                report.wrong.append(f"the {name} broke off")
        wait_until_all_is_in(plan, report)
    finally:
        victims.stop()
        sink.stop()
    count_received(mails, report)
    count_sent(sink, report)


def make_mailbox(plan: Plan, sink: Sink) -> None:
    from dangol.channels.models import Channel, Mailbox
    from dangol.kernel import clock

    channel = Channel.objects.create(
        name="Moon Burger",
        created_at=clock.now() - timedelta(days=1),
        promised_first_seconds=1800,
        acknowledgement="We have your message.",
    )
    mailbox = Mailbox(
        channel=channel,
        address=plan.inbox["address"],
        imap_host="localhost",
        imap_port=plan.inbox["imaps"],
        imap_user=plan.inbox["address"],
        smtp_host="127.0.0.1",
        smtp_port=sink.port,
        smtp_security="none",
    )
    mailbox.imap_password = plan.inbox["password"]
    mailbox.save()
    note_beginnings()


def wait_until_all_is_in(plan: Plan, report: Report) -> None:
    from dangol.channels.commands import retry_raw
    from dangol.channels.models import Raw

    for _ in range(2):
        if not until(
            lambda: Raw.objects.count() >= plan.mails and not Raw.objects.filter(state="new").exists(),
            plan,
            report,
            "taking in",
        ):
            return
        # Who was killed at one mail again and again cannot know that the mail was not the reason: a person says so.
        aside = list(Raw.objects.filter(state="quarantined", reason="filing: died"))
        report.set_aside += len(aside)
        for raw in aside:
            retry_raw(raw=raw)
    if not report.wrong:
        until(is_quiet, plan, report, "acknowledging")
