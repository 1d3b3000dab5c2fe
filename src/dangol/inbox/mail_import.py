"""Old mail becomes history: through the same intake, with silent events."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from dangol.channels.commands import Arrival, store_raw
from dangol.channels.email.addresses import normalise
from dangol.channels.models import Channel, Mailbox, Raw
from dangol.inbox.intake import take_in_batch
from dangol.inbox.models import Conversation
from dangol.kernel import clock
from dangol.kernel.errors import Refused

BATCH: Final = 100


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

    Stored first, in batches that commit, then taken in: an import that was stopped goes on where it was.
    """
    before = Conversation.objects.filter(channel=channel, merged_into=None).count()
    read = new = 0
    remaining = iter(messages)
    while batch := list(islice(remaining, BATCH)):
        at = clock.now()
        arrivals = [Arrival(content, at, f"file {name}") for name, content in batch]
        with transaction.atomic():
            new += store_raw(channel=channel, arrivals=arrivals, at=at, is_silent=True)
        while take_in_batch(BATCH):
            pass
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


def _make_unconnected(typed: str) -> Channel:
    address = normalise(typed)
    if address is None:
        raise WhichMailbox
    with transaction.atomic():
        channel = Channel.objects.create(name=address, created_at=clock.now())
        Mailbox.objects.create(channel=channel, address=address)
        return channel
