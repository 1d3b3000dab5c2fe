"""Hand a mail to an SMTP server, and know for each recipient what became of it.

SMTP leaves one window open: when the connection dies between the last dot and the server's answer, nobody
can know whether the mail was taken. That outcome has a name of its own here, `uncertain`, and nothing else
is ever called by it. Nothing is logged: every line of the dialogue may hold an address.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dangol.channels.email.addresses import normalise
from dangol.channels.email.problems import Problem, Trial
from dangol.channels.email.smtp_dialogue import (
    Dialogue,
    Envelope,
    Outcome,
    RecipientResult,
    SmtpServer,
    Stop,
)

__all__ = ["Outcome", "RecipientResult", "SendResult", "SmtpServer", "send", "try_sending"]


@dataclass(frozen=True)
class SendResult:
    """What became of an envelope: a result for each recipient in the order given, and what is wrong with the
    server, if that is why. While there is a `problem`, other mail over this server fares no better. `message_ids`
    are names that the other side has given to the mail."""

    recipients: tuple[RecipientResult, ...]
    problem: Problem | None = None
    message_ids: tuple[str, ...] = ()

    def having(self, outcome: Outcome) -> tuple[RecipientResult, ...]:
        """The recipients with this outcome."""
        return tuple(each for each in self.recipients if each.outcome == outcome)


def send(
    server: SmtpServer,
    envelope_from: str,
    recipients: Sequence[str],
    data: bytes,
    *,
    before_end: Callable[[], None] | None = None,
    keeping: Callable[[], None] | None = None,
) -> SendResult:
    """Offer the mail for every recipient and return what the server said to each. Raises nothing of the network.

    One recipient that is refused does not keep it from the others. `before_end` is called once, when at least one
    was accepted and all of the mail is over but the last dot, without which a server takes nothing; `keeping` now and
    then while a large mail goes over. What they raise ends the dialogue and comes out, and nothing was sent then.
    `envelope_from` may be empty, for mail that must not bounce; where the server lets
    an account send only under its own name, that name takes the empty one's place.
    """
    envelope = Envelope(recipients)
    try:
        with Dialogue(server, _own_name(server, envelope_from)) as dialogue:
            dialogue.offer(envelope, envelope_from, data)
            if envelope.accepted:
                dialogue.hand_over(envelope, data, before_end=before_end, keeping=keeping)
    except Stop as stop:
        envelope.settle_rest(stop.outcome, stop.code, stop.text)
        return SendResult(envelope.in_order(), stop.problem)
    return SendResult(envelope.in_order())


def try_sending(server: SmtpServer, sender: str) -> Trial:
    """Go as far as one can without sending: connect, sign in, offer a mail from and to `sender`, take it back."""
    envelope = Envelope([sender])
    try:
        with Dialogue(server, _own_name(server, sender)) as dialogue:
            dialogue.offer(envelope, sender, b"")
    except Stop as stop:
        return Trial(stop.problem or Problem.SENDER_REFUSED, stop.text, server.host)
    refusal = envelope.results.get(sender)
    is_refused = refusal is not None and refusal.outcome == "refused"
    return Trial(Problem.SENDER_REFUSED if is_refused else None, refusal.text if refusal else "", server.host)


def _own_name(server: SmtpServer, sender: str) -> str:
    """What we call ourselves to the server: the domain that the mail is from."""
    address = normalise(sender) or normalise(server.user)
    return address.rpartition("@")[2] if address else "localhost"
