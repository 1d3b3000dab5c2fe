"""Mails that go, while what sends them is killed."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

from tests.parts.killing import SETTLING, Plan, Report
from tests.parts.killing.count_sent import count_sent, count_settled
from tests.parts.killing.mails import LARGE, customer_mail
from tests.parts.killing.settling import is_quiet, note_beginnings, until
from tests.parts.killing.sink import Sink
from tests.parts.killing.victims import Victims, work


def send(plan: Plan, report: Report) -> None:
    sink = Sink(plan)
    note_beginnings()
    _queue_replies(plan, sink.port)
    victims = Victims({"work": work}, random.Random(plan.seed + 1))
    try:
        victims.kill(plan.kills)
        if plan.puts_off:  # what comes to its end is not what the plan has little patience with
            patient = replace(plan, settling=SETTLING)
            until(lambda: is_quiet(but=plan.puts_off), patient, report, "sending the rest", due_soon=0)
        until(is_quiet, plan, report, "sending")
    finally:
        victims.stop()
        sink.stop()
    count_sent(sink, report)
    count_settled(plan, report)


def _queue_replies(plan: Plan, port: int) -> None:
    """Customers who wrote, each with an answer that a person has just sent."""
    from uuid import UUID

    from dangol.channels.commands import Arrival, store_raw
    from dangol.channels.models import Channel, Mailbox
    from dangol.inbox.commands.drafts import save_draft
    from dangol.inbox.commands.replies import UNDO_SECONDS, send_reply
    from dangol.inbox.intake import take_in_batch
    from dangol.inbox.models import Conversation
    from dangol.kernel import clock
    from dangol.staff.models import Staff

    chance = random.Random(plan.seed)
    at = clock.now() - timedelta(seconds=UNDO_SECONDS + 60)
    channel = Channel.objects.create(name="Moon Burger", created_at=at - timedelta(days=1))
    Mailbox.objects.create(
        channel=channel,
        address="hello@moonburger.test",
        smtp_host="127.0.0.1",
        smtp_port=port,
        smtp_security="none",
    )
    hana = Staff.objects.create_user("hana@moonburger.test", "a long enough word", name="Hana", role="agent")
    for start in range(0, plan.mails, 40):
        mails = [
            customer_mail(
                chance, number, f"{number}@customers.example", (), f"customer{number}@customers.example"
            )
            for number in range(start, min(start + 40, plan.mails))
        ]
        store_raw(channel=channel, arrivals=[Arrival(mail, at) for mail in mails], at=at)
        take_in_batch()
    for conversation in Conversation.objects.order_by("pk"):
        # Long lines: the length of a mail is the matter here, not its marks, which each line is looked at for.
        text = "A fresh one is on its way. " * 3
        if chance.random() < 0.02:
            text = f"{text * 20}\n" * (LARGE // len(text * 20))
        draft = save_draft(actor=hana, conversation=conversation, text=text, at=at)
        send_reply(actor=hana, draft=draft, key=UUID(int=chance.getrandbits(128)), at=at)
