"""What runs for as long as the desk does: the whole table."""

import threading

from dangol.api.shops.taking_in import forget_what_is_over, take_in_reports
from dangol.business.commands import renew_holidays
from dangol.channels.fetching import watch_mailboxes
from dangol.channels.senders import SENDERS, Senders
from dangol.desk.alarms.watching import watch
from dangol.desk.backups.making import back_up_when_due
from dangol.goodwill.commands.new_rates import use_new_rates
from dangol.goodwill.commands.refunds import book_all_refunds
from dangol.inbox.commands.conversations import return_due_conversations
from dangol.inbox.intake import take_in_batch
from dangol.kernel import clock
from dangol.kernel.db import relax_durability
from dangol.kernel.loops import Loop
from dangol.kernel.reacting import react
from dangol.orders.import_jobs import Imports
from dangol.privacy.erasing import erase_further
from dangol.privacy.retention import keep_no_longer
from dangol.reactions import REACTIONS
from dangol.segments.following import keep_counted


def work_loops() -> list[Loop]:
    """Everything that `dangol work` does."""
    senders = Senders()
    ending = threading.Event()  # rung when all loops end: nobody waits for a backup then
    return [
        Loop("intake", take_in_batch, rest_seconds=0.3, prepare=relax_durability, rung_by="mail"),
        Loop("outbox", senders.turn, rest_seconds=0.5),
        *(Loop("outbox", senders.spare_turn, rest_seconds=0.5, is_spare=True) for _ in range(SENDERS - 1)),
        Loop("reactions", lambda: react(REACTIONS), rest_seconds=0.4),
        Loop("segments", lambda: keep_counted(at=clock.now()), rest_seconds=0.6),
        Loop("schedule", lambda: return_due_conversations(at=clock.now()), rest_seconds=5),
        Loop(
            "imports",
            Imports(afterwards=lambda: book_all_refunds(at=clock.now())).turn,
            rest_seconds=2,
        ),
        Loop("rates", lambda: use_new_rates(at=clock.now()), rest_seconds=2),
        Loop("erasures", erase_further, rest_seconds=5),
        Loop("shops", lambda: take_in_reports(at=clock.now()), rest_seconds=1),
        Loop("forgetting", lambda: forget_what_is_over(at=clock.now()), rest_seconds=3600),
        Loop("retention", keep_no_longer, rest_seconds=600),
        Loop("alarms", watch, rest_seconds=60),
        Loop(
            "backups",
            lambda: back_up_when_due(is_ending=ending.is_set),
            rest_seconds=3,
            bell=ending,
        ),
        Loop("holidays", _renew_holidays, rest_seconds=24 * 3600),
    ]


def fetch_loops() -> list[Loop]:
    """Everything that `dangol fetch` does."""
    return [Loop("fetch", watch_mailboxes, rest_seconds=3)]


def _renew_holidays() -> int:
    renew_holidays(at=clock.now())
    return 0
