"""What is stuck, and how the work goes, in words for the owner of a shop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dangol.api.shops.queries import FailedReports, failed_reports
from dangol.channels.stuck import (
    FailingMailbox,
    SetAside,
    Unsent,
    dropped_deliveries,
    failing_mailboxes,
    mails_set_aside,
    unsent_deliveries,
)
from dangol.desk.work_words import LOOPS, REACTIONS
from dangol.inbox.duties import SentBy, replies_of
from dangol.kernel.loops import is_beating
from dangol.kernel.models import Heartbeat, Setback

MOST_SETBACKS: Final = 50


@dataclass(frozen=True)
class UnsentView:
    """A delivery with the conversation it belongs to; None for what is no answer to a customer."""

    delivery: Unsent
    sent_by: SentBy | None


@dataclass(frozen=True)
class SetbackView:
    """Something that should have followed from what happened. `next_at` is None when it waits for a person."""

    id: int
    words: str
    happened_at: datetime
    tries: int
    next_at: datetime | None
    conversation_id: int | None
    detail: str


@dataclass(frozen=True)
class LoopView:
    """A kind of work: whether it goes on, when it last did, and what stopped it ("" where nothing did)."""

    name: str
    words: str
    is_well: bool
    beat_at: datetime
    failure: str


@dataclass(frozen=True)
class StuckPage:
    """The whole page; `next_mail` is the id behind which more of the quarantine begins."""

    mails: tuple[SetAside, ...]
    next_mail: int | None
    unsent: tuple[UnsentView, ...]
    dropped: tuple[UnsentView, ...]
    setbacks: tuple[SetbackView, ...]
    mailboxes: tuple[FailingMailbox, ...]
    reports: tuple[FailedReports, ...]
    loops: tuple[LoopView, ...]

    @property
    def is_clear(self) -> bool:
        """Whether nothing is stuck; how the work goes is said apart."""
        return not (self.mails or self.unsent or self.setbacks or self.mailboxes or self.reports)


def stuck_page(*, before: int | None, at: datetime) -> StuckPage:
    """All that is stuck; further pages (`before`) hold mails that could not be read, and nothing else."""
    mails, next_mail = mails_set_aside(before=before)
    if before is not None:
        return StuckPage(tuple(mails), next_mail, (), (), (), (), (), ())
    unsent, dropped = unsent_deliveries(at=at), dropped_deliveries(at=at)
    replies = replies_of(delivery.id for delivery in [*unsent, *dropped])
    return StuckPage(
        mails=tuple(mails),
        next_mail=next_mail,
        unsent=tuple(_unsettled(unsent, replies)),
        dropped=tuple(UnsentView(delivery, replies.get(delivery.id)) for delivery in dropped),
        setbacks=tuple(map(_setback, _setbacks())),
        mailboxes=tuple(failing_mailboxes()),
        reports=tuple(failed_reports()),
        loops=tuple(map(_loop, Heartbeat.objects.order_by("name"))),
    )


def _unsettled(deliveries: Sequence[Unsent], replies: Mapping[int, SentBy]) -> list[UnsentView]:
    # Whoever got another answer meanwhile waits for nothing: that failure is history, in its conversation.
    views = [UnsentView(delivery, replies.get(delivery.id)) for delivery in deliveries]
    return [
        view
        for view in views
        if view.delivery.fate == "retry"
        or (not view.sent_by.is_settled if view.sent_by else view.delivery.fate == "failed")
    ]


def _setbacks() -> Sequence[Setback]:
    return list(Setback.objects.select_related("event").order_by("-id")[:MOST_SETBACKS])


def _setback(row: Setback) -> SetbackView:
    words = REACTIONS.get(row.follower)
    return SetbackView(
        id=row.pk,
        words=str(words) if words else row.follower,
        happened_at=row.event.happened_at,
        tries=row.tries,
        next_at=row.next_at,
        conversation_id=row.event.data.get("conversation_id"),
        detail=f"{row.follower}: {row.reason}",
    )


def _loop(row: Heartbeat) -> LoopView:
    words = LOOPS.get(row.name)
    is_well = is_beating(row) and not row.failure
    return LoopView(row.name, str(words) if words else row.name, is_well, row.beat_at, row.failure)
