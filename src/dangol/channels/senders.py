"""Several senders a process: a server that hangs holds up its own mail, and that of no other server.

Each mail is claimed as ever, in its row, by one. Here stands only by which servers this process is sending just now:
by each one mail at a time, so that the order of a conversation is what it is with one sender.
"""

import threading
from functools import reduce
from typing import Final

from django.db.models import Q

from dangol.channels.models import Mailbox
from dangol.channels.outbox import claim_delivery, deliver
from dangol.kernel import clock

SENDERS: Final = 4  # so many servers may hang at once before the mail of others waits

Server = tuple[str, str, int, str]


class Senders:
    """The senders of one process, each a thread that calls `turn` or `spare_turn` again and again."""

    def __init__(self) -> None:
        self._looking = threading.Lock()
        self._busy: dict[
            int, tuple[int, Server]
        ] = {}  # by delivery: its channel, and by which server it goes

    def turn(self) -> int:
        """Hand over one delivery whose time has come, by a server by which nothing goes just now; 1 or 0."""
        with self._looking:
            delivery = claim_delivery(at=clock.now(), but=_channels_of(list(self._busy.values())))
            if delivery is None:
                return 0
            self._busy[delivery.pk] = delivery.channel_id, _server_of(delivery.channel.mailbox)
        try:
            deliver(delivery)
        finally:
            del self._busy[delivery.pk]
        return 1

    def spare_turn(self) -> int:
        """The same while another is at work. Where nobody is, one who looks is enough: it asks the database nothing."""
        return self.turn() if self._busy else 0


def _server_of(mailbox: Mailbox) -> Server:
    return mailbox.outgoing, mailbox.smtp_host, mailbox.smtp_port, mailbox.provider


def _channels_of(busy: list[tuple[int, Server]]) -> list[int]:
    """The channels by which something goes, whatever their server is by now, and those whose mail goes by the same."""
    if not busy:
        return []
    rows = (
        Q(outgoing=outgoing, smtp_host=host, smtp_port=port, provider=provider)
        for outgoing, host, port, provider in {server for _, server in busy}
    )
    sharing = Mailbox.objects.filter(reduce(Q.__or__, rows)).values_list("pk", flat=True)
    return [*{*(channel for channel, _ in busy), *sharing}]
