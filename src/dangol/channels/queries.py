from dataclasses import dataclass

from dangol.channels.email.problems import Problem, sentence
from dangol.channels.models import Channel, Mailbox
from dangol.kernel.errors import Gone


@dataclass(frozen=True)
class MailboxState:
    """A mailbox as the list shows it. The two sentences are empty where all is well."""

    channel: Channel
    mailbox: Mailbox
    receiving_trouble: str
    sending_trouble: str
    needs_sign_in: bool = False

    @property
    def tone(self) -> str:
        """How it is, in one word for the eye: good, warn (paused, or not fetched yet) or bad."""
        if not self.channel.is_active:
            return "warn"
        if self.needs_sign_in or self.receiving_trouble or self.sending_trouble:
            return "bad"
        return "good" if self.mailbox.fetched_at or not self.mailbox.is_fetched else "warn"


def mailbox_states() -> list[MailboxState]:
    """Every mailbox with what is wrong with it, those in use first."""
    rows = Channel.objects.filter(kind=Channel.Kind.EMAIL, mailbox__isnull=False).select_related(
        "mailbox__oauth"
    )
    return [mailbox_state(row) for row in rows.order_by("-is_active", "name", "pk")]


def mailbox_state(channel: Channel) -> MailboxState:
    """One mailbox with what is wrong with it."""
    mailbox = channel.mailbox
    return MailboxState(
        channel=channel,
        mailbox=mailbox,
        receiving_trouble=_in_words(mailbox.failure, mailbox.imap_host) if mailbox.failing_since else "",
        sending_trouble=_in_words(mailbox.sending_failure, mailbox.sender_name)
        if mailbox.sending_failing_since
        else "",
        needs_sign_in=bool(mailbox.sign_in and mailbox.sign_in.is_lost),
    )


def email_channel(pk: int) -> Channel:
    """The channel with its mailbox; Gone when there is none."""
    found = Channel.objects.filter(pk=pk, mailbox__isnull=False).select_related("mailbox__oauth").first()
    if found is None:
        raise Gone
    return found


def _in_words(failure: str, host: str) -> str:
    return sentence(Problem(failure) if failure in set(Problem) else Problem.PROTOCOL, host)
