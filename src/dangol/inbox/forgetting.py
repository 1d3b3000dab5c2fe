"""Mail of people who were erased, that comes once more: an old mailbox that is read again, a late report."""

from collections.abc import Collection, Sequence

from django.db import transaction

from dangol.channels.erasing import empty_raws
from dangol.channels.incoming import IncomingMessage
from dangol.channels.models import Delivery, Raw
from dangol.customers.commands import normal_address
from dangol.customers.erased import erased_among
from dangol.customers.kinds import EMAIL
from dangol.inbox.arrivals import happened_at, other_side
from dangol.inbox.commands.erasing import still_used
from dangol.inbox.models import Message
from dangol.kernel.files import remove_file


def of_the_erased(arrivals: Sequence[tuple[Raw, IncomingMessage]]) -> set[int]:
    """Which of these raws bring back somebody who was erased: history that is older than that, with them as the other
    side, and a report on a mail to them, whenever it comes.

    Whoever writes again is somebody new. Two queries at most, and none more where nobody was erased.
    """
    gone: set[int] = set()
    history = {
        raw.pk: (normal_address(other_side(raw, incoming).address or ""), happened_at(raw, incoming))
        for raw, incoming in arrivals
        if raw.is_silent
    }
    if history:
        erased = erased_among((EMAIL, address) for address, _at in history.values())
        gone |= {
            pk
            for pk, (address, at) in history.items()
            if (found := erased.get((EMAIL, address))) and at <= found.at
        }
    reports = {
        incoming.bounce.original_message_id: raw.pk
        for raw, incoming in arrivals
        if incoming.bounce is not None and incoming.bounce.original_message_id
    }
    if reports:
        theirs = Delivery.objects.filter(
            message_id__in=reports,
            pk__in=Message.objects.filter(
                delivery__message_id__in=reports, conversation__customer__erased_at__isnull=False
            ).values("delivery"),
        )
        gone |= {reports[name] for name in theirs.values_list("message_id", flat=True)}
    return gone


def let_go(raws: Collection[int]) -> None:
    """Empty these mails, in the caller's transaction: that they came is known, so that they do not come again."""
    if not raws:
        return
    files = empty_raws(raws)
    transaction.on_commit(lambda: _remove(files))


def _remove(files: Collection[str]) -> None:
    used = still_used(files) | set(
        Raw.objects.filter(file_sha256__in=files).values_list("file_sha256", flat=True)
    )
    for name in set(files) - used:
        remove_file(name, untouched_for=0)
