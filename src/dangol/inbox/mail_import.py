"""Old mail becomes history: through the same intake, with silent events."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from dangol.channels.commands import Arrival, store_raw
from dangol.channels.email.addresses import normalise
from dangol.channels.models import Channel, Mailbox, Raw
from dangol.inbox.commands.take_in import take_in
from dangol.inbox.intake import take_in_batch
from dangol.inbox.models import Conversation
from dangol.inbox.read_ahead import ReadMail, read_ahead
from dangol.kernel import clock
from dangol.kernel.errors import Refused
from dangol.kernel.rows import insert_rows

BATCH: Final = 100
FEW: Final = 300

log = logging.getLogger(__name__)


class WhichMailbox(Refused):
    message = _("Say with --mailbox ADDRESS which mailbox this mail belongs to.")


class NoMailbox(Refused):
    message = _(
        "There is no mailbox yet. Say whose mail this is with --mailbox ADDRESS, or set one up first."
    )


@dataclass(frozen=True)
class Imported:
    """What an import did, in numbers of messages; `conversations` are new ones."""

    read: int
    new: int
    known: int
    set_aside: int
    conversations: int


def importing_channel(address: str | None) -> Channel:
    """The mailbox that mail is imported into: the only one, or the one with the address. Refused otherwise.

    Where there is none at all yet, one is made for the address, connected to nothing.
    """
    mailboxes = Mailbox.objects.select_related("channel")
    if address and not mailboxes.exists():
        return _make_unconnected(address)
    if address is None:
        found = list(mailboxes[:2])
        if len(found) == 1:
            return found[0].channel
        raise WhichMailbox if found else NoMailbox
    wanted = address.strip().lower()
    for mailbox in mailboxes:
        if wanted in mailbox.addresses:
            return mailbox.channel
    raise WhichMailbox


def import_mail(
    *,
    channel: Channel,
    messages: Iterable[tuple[str, bytes]],
    on_progress: Callable[[int], None] = lambda _done: None,
) -> Imported:
    """Store and take in the messages (name, bytes), silently. Again is the same as once.

    Each batch is stored and filed in one transaction: an import that was stopped goes on where it was.
    """
    before = Conversation.objects.filter(channel=channel, merged_into=None).count()
    channel = Channel.objects.select_related("mailbox").get(pk=channel.pk)
    read = new = 0
    for batch in _batches(messages):
        new += _file(channel, batch)
        read += len(batch)
        on_progress(len(batch))
    silent = Raw.objects.filter(channel=channel, is_silent=True)
    return Imported(
        read=read,
        new=new,
        known=read - new,
        set_aside=silent.filter(state=Raw.State.QUARANTINED).count(),
        conversations=Conversation.objects.filter(channel=channel, merged_into=None).count() - before,
    )


def _batches(messages: Iterable[tuple[str, bytes]]) -> Iterator[list[ReadMail]]:
    """The first few as they are: starting the processes that read ahead takes longer than reading them."""
    remaining = iter(messages)
    few = [ReadMail(name, content) for name, content in islice(remaining, FEW)]
    yield from (few[start : start + BATCH] for start in range(0, len(few), BATCH))
    if len(few) == FEW:
        gathered: list[ReadMail] = []
        for some in read_ahead(remaining):
            gathered += some
            if len(gathered) >= BATCH:
                yield gathered
                gathered = []
        if gathered:
            yield gathered


def _file(channel: Channel, batch: list[ReadMail]) -> int:
    """Store and take in the batch; how many were new."""
    at = clock.now()
    read = [mail for mail in batch if mail.incoming]
    unread = [mail for mail in batch if not mail.incoming]
    new = 0
    try:
        new += _file_read(channel, read, at)
    except Exception as failure:
        # Whatever was wrong with one of them: the intake meets each on its own and sets it aside.
        log.warning("batch=%d failed=%s", len(read), type(failure).__name__)
        unread = batch
    if unread:
        arrivals = [Arrival(mail.content, at, f"file {mail.name}") for mail in unread]
        new += store_raw(channel=channel, arrivals=arrivals, at=at, is_silent=True)
        while take_in_batch(BATCH):
            pass
    return new


def _file_read(channel: Channel, batch: list[ReadMail], at: datetime) -> int:
    mails = {mail.key: mail for mail in batch}
    if not mails:
        return 0
    with transaction.atomic():
        known = Raw.objects.filter(channel=channel, key__in=mails).values_list("key", flat=True)
        for key in list(known):
            del mails[key]
        raws = [
            Raw(
                channel=channel,
                key=mail.key,
                source=f"file {mail.name}"[:120],
                received_at=at,
                stored_at=at,
                is_silent=True,
                **(mail.fields or {}),
            )
            for mail in mails.values()
        ]
        insert_rows(raws)
        read = zip(raws, mails.values(), strict=True)
        take_in(arrivals=[(raw, mail.incoming) for raw, mail in read if mail.incoming], at=at)
    return len(raws)


def _make_unconnected(typed: str) -> Channel:
    address = normalise(typed)
    if address is None:
        raise WhichMailbox
    with transaction.atomic():
        channel = Channel.objects.create(name=address, created_at=clock.now())
        Mailbox.objects.create(channel=channel, address=address)
        return channel
