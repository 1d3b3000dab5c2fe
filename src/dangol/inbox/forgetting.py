"""Mail of people who were erased, that comes once more: an old mailbox that is read again, a late report."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction

from dangol.channels.erasing import empty_raws, kept_as_files
from dangol.channels.incoming import IncomingMessage
from dangol.channels.models import Delivery, Raw
from dangol.customers.commands import normal_address
from dangol.customers.erased import erased_among
from dangol.customers.kinds import EMAIL
from dangol.inbox.arrivals import happened_at, other_side
from dangol.inbox.commands.erasing import leave_files, still_used
from dangol.inbox.models import Message
from dangol.kernel.files import remove_file


def of_the_erased(arrivals: Sequence[tuple[Raw, IncomingMessage]]) -> set[int]:
    """Which of these raws bring back somebody who was erased: history that is older than that, and mail that was here
    and not filed yet, with them as the other side; and a report on a mail to them, whenever it comes.

    Whoever writes again is somebody new. A fixed number of queries, and two where nobody was erased.
    """
    people = {raw.pk: normal_address(other_side(raw, incoming).address or "") for raw, incoming in arrivals}
    erased = erased_among((EMAIL, address) for address in people.values())
    gone = {
        raw.pk
        for raw, incoming in arrivals
        if (found := erased.get((EMAIL, people[raw.pk]))) and _is_of_before(raw, incoming, found.at)
    }
    reports: dict[str, set[int]] = {}
    for raw, incoming in arrivals:
        if incoming.bounce is not None and incoming.bounce.original_message_id:
            reports.setdefault(incoming.bounce.original_message_id, set()).add(raw.pk)
    if reports:
        theirs = Delivery.objects.filter(
            message_id__in=reports,
            pk__in=Message.objects.filter(
                delivery__message_id__in=reports, conversation__customer__erased_at__isnull=False
            ).values("delivery"),
        )
        for name in theirs.values_list("message_id", flat=True):
            gone |= reports[name]
    return gone


def _is_of_before(raw: Raw, incoming: IncomingMessage, erased_at: datetime) -> bool:
    # Of mail that just comes the hour here counts, and not the server's: what they wrote since then is no history, and
    # after a restore it is fetched once more.
    return happened_at(raw, incoming) <= erased_at if raw.is_silent else raw.stored_at < erased_at


def let_go(arrivals: Sequence[tuple[Raw, IncomingMessage]]) -> None:
    """Empty these mails, in the caller's transaction: that they came is known, so that they do not come again.

    Their attachments may be on the disk already: since they were stored before somebody was erased, by a process that
    was killed, or by one that reads ahead.
    """
    if not arrivals:
        return
    leave_files(file for _raw, incoming in arrivals for file in incoming.attachments)
    files = empty_raws(raw.pk for raw, _incoming in arrivals)
    transaction.on_commit(lambda: _remove(files))


def _remove(files: Collection[str]) -> None:
    for name in set(files) - still_used(files) - kept_as_files(files):
        remove_file(name, untouched_for=0)
