"""What an installation needs that went back in time: nothing is done twice, nothing is lost sight of."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from dangol.channels.commands import set_aside_after_restore
from dangol.customers.commands import index_all_customers
from dangol.inbox.commands.indexing import index_all_conversations
from dangol.kernel.audit import PUT_BACK_ACT, record_act
from dangol.kernel.events import forget_transactions


def take_care(*, made_at: datetime, at: datetime, step: Callable[[int], None] = lambda _: None) -> int:
    """Make the search index, put the followers of events right, and set aside what was on its way; how many that were.

    `step` hears of every text that can be found again. The record of administrative acts tells of the restore.
    Automatic mail asks there: what came before `at` may have been answered by the installation that went on.
    """
    with transaction.atomic():
        forget_transactions()
        count = set_aside_after_restore(at=at)
        record_act(
            actor_id=None,
            at=at,
            act=PUT_BACK_ACT,
            thing="backup",
            thing_id=None,
            before={},
            after={"made_at": made_at.isoformat(), "deliveries_set_aside": count},
        )
    index_all_customers()
    index_all_conversations(step=step)
    return count
