from dataclasses import dataclass

from dangol.kernel.events import Happened


@dataclass(frozen=True, kw_only=True)
class DeliverySent(Happened):
    """The server took the mail for at least one recipient; `happened_at` is the hand-over."""

    delivery_id: int
    channel_id: int


@dataclass(frozen=True, kw_only=True)
class DeliveryFailed(Happened):
    """The mail will not be tried again, for all or for some recipients."""

    delivery_id: int
    channel_id: int


@dataclass(frozen=True, kw_only=True)
class DeliveryDropped(Happened):
    """Somebody said that a mail that was set aside after a restore is not to leave."""

    delivery_id: int
    channel_id: int


@dataclass(frozen=True, kw_only=True)
class DeliveryKept(Happened):
    """Somebody took back that it was dropped: it is set aside again."""

    delivery_id: int
    channel_id: int


@dataclass(frozen=True, kw_only=True)
class DeliveryBounced(Happened):
    """A report said that a recipient did not get it for good."""

    delivery_id: int
    channel_id: int


@dataclass(frozen=True, kw_only=True)
class MailSetAside(Happened):
    """A mail could not be read, or its server does not hand it out: it waits in quarantine."""

    raw_id: int
    channel_id: int


@dataclass(frozen=True, kw_only=True)
class MailboxFailing(Happened):
    """Fetching from a mailbox began to fail."""

    channel_id: int


@dataclass(frozen=True, kw_only=True)
class MailboxWorking(Happened):
    """Fetching works again."""

    channel_id: int
