"""Before every automatic mail: may it be sent? One decision for everything that no person wrote.

Two machines that answer each other fill a mailbox within a night, and the one that does not stop is
blamed. A mail that a person writes never asks here.
"""

from collections.abc import Collection
from dataclasses import dataclass

from dangol.channels.email.addresses import is_one_of, machine_word, normalise

# An acknowledgement and two more on a busy day are welcome; the fourth of a kind is noise, and most likely a loop.
SAME_KIND_PER_ADDRESS = 3
SAME_KIND_SECONDS = 24 * 60 * 60
# All kinds together: whoever provokes more in three hours is a machine that hides it (other desks' caps agree).
ANY_KIND_PER_ADDRESS = 10
ANY_KIND_SECONDS = 180 * 60
# Providers block a small mailbox at some hundreds an hour, and then people's answers stop as well.
PER_MAILBOX = 200
PER_MAILBOX_SECONDS = 60 * 60


@dataclass(frozen=True)
class AlreadySent:
    """Automatic mails that were sent or are queued, counted back from now over the periods above."""

    same_kind_to_address: int
    any_kind_to_address: int
    from_mailbox: int


def why_not(
    *,
    no_answer: str | None,
    is_silent: bool,
    recipient: str | None,
    our_addresses: Collection[str],
    has_bounced: bool,
    already_sent: AlreadySent,
    came_before_restore: bool = False,
) -> str | None:
    """Why this automatic mail must not be sent, as a machine word; None when it may.

    `no_answer` is what the incoming message says of itself (None where nothing provoked the mail),
    `is_silent` is true for imports, `has_bounced` when mail to the recipient was refused for good,
    `came_before_restore` when what provoked it arrived before a backup was put back: the answer may have left then.
    Words: `silent`, `put-back`, `invalid-address`, `own`, `mailer-daemon`, `postmaster`, `no-reply`, `bounced`,
    `cap-kind`, `cap-address`, `cap-mailbox`, and every word that `no_answer` may hold.
    """
    if is_silent:
        return "silent"
    if came_before_restore:
        return "put-back"
    if no_answer:
        return no_answer
    return _about_recipient(recipient, our_addresses, has_bounced) or _about_caps(already_sent)


def _about_recipient(recipient: str | None, our_addresses: Collection[str], has_bounced: bool) -> str | None:
    address = normalise(recipient)
    if address is None:
        return "invalid-address"
    if is_one_of(address, our_addresses):
        return "own"
    return machine_word(address) or ("bounced" if has_bounced else None)


def _about_caps(sent: AlreadySent) -> str | None:
    if sent.same_kind_to_address >= SAME_KIND_PER_ADDRESS:
        return "cap-kind"
    if sent.any_kind_to_address >= ANY_KIND_PER_ADDRESS:
        return "cap-address"
    return "cap-mailbox" if sent.from_mailbox >= PER_MAILBOX else None
