"""What did not get through, in either direction, as its owner should hear it."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.parser import BytesHeaderParser
from typing import Final, Literal

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dangol.channels.commands import DROPPED, PUT_BACK
from dangol.channels.email import headers
from dangol.channels.email.problems import Problem, sentence
from dangol.channels.models import FOR_NOW, Delivery, DeliveryRecipient, Mailbox, Raw
from dangol.kernel.db import read_rows
from dangol.kernel.errors import Gone

log = logging.getLogger(__name__)

PAGE: Final = 20
MOST_DELIVERIES: Final = 100
REMEMBERED: Final = timedelta(days=30)
HEADER_BYTES: Final = 32 * 1024

TROUBLED: Final = (
    "SELECT delivery_id FROM channels_deliveryrecipient"
    " WHERE state IN ('refused', 'bounced') AND changed_at > %s ORDER BY changed_at DESC LIMIT %s"
)
"""The deliveries of which an address was refused or came back since, the newest first, at most so many."""

# The machine words that intake sets a message aside with, up to the first that fits.
_REASONS: Final = (
    ("reading: too-slow", gettext_lazy("Reading it took too long.")),
    ("reading: too-large", gettext_lazy("It is too large to be read with the memory that a mail may use.")),
    ("reading: MemoryError", gettext_lazy("It is too large to be read with the memory that a mail may use.")),
    ("reading: died", gettext_lazy("Reading it broke off.")),
    ("reading: OSError", gettext_lazy("Its file could not be read from the disk.")),
    ("reading: FileNotFoundError", gettext_lazy("Its file is missing from the data folder.")),
    ("reading", gettext_lazy("Its form is broken, so that it could not be read.")),
    ("filing", gettext_lazy("It was read, but could not be put into a conversation.")),
)


@dataclass(frozen=True)
class SetAside:
    """A mail in quarantine. Sender and subject as far as they can be made out; `detail` is the machine's word."""

    id: int
    received_at: datetime
    mailbox: str
    sender: str
    subject: str
    size: int
    reason: str
    detail: str


@dataclass(frozen=True)
class Unsent:
    """A delivery that did not reach everybody: who is missing, why, and what the server said in its own words."""

    id: int
    kind: str
    fate: Literal["retry", "failed", "bounced", "dropped"]
    missing: tuple[str, ...]
    created_at: datetime
    next_at: datetime | None
    tries: int
    reason: str
    said: str
    is_put_back: bool = False

    @property
    def can_be_tried(self) -> bool:
        """Whether another try can change anything: what came back from an address would come back again."""
        return self.fate in {"retry", "failed"}

    @property
    def can_be_dropped(self) -> bool:
        """Whether somebody may say that it is not to leave: it was set aside after a restore."""
        return self.fate == "failed" and self.is_put_back


@dataclass(frozen=True)
class FailingMailbox:
    """A mailbox that cannot be fetched: since when, and what to do about it."""

    id: int
    address: str
    since: datetime
    reason: str


def mails_set_aside(*, before: int | None = None) -> tuple[list[SetAside], int | None]:
    """A page of the quarantine, newest first, and the id behind which the next one begins."""
    rows = Raw.objects.filter(Raw.IS_SET_ASIDE).select_related("channel")
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows.order_by("-id")[: PAGE + 1])
    return [_set_aside(raw) for raw in found[:PAGE]], found[PAGE - 1].pk if len(found) > PAGE else None


def quarantined_raw(raw_id: int) -> Raw:
    """The mail. Refused (Gone) when it is not in quarantine any more."""
    raw = Raw.objects.filter(pk=raw_id, state=Raw.State.QUARANTINED).first()
    if raw is None:
        raise Gone(_("This mail is not set aside any more. Somebody has seen to it."))
    return raw


def unsent_deliveries(*, at: datetime) -> list[Unsent]:
    """What of the last 30 days did not reach everybody, newest first, at most a hundred."""
    again = Delivery.objects.filter(Delivery.IS_OPEN, state=Delivery.State.RETRY)
    failed = Delivery.objects.filter(Delivery.IS_FAILED, created_at__gt=at - REMEMBERED)
    failed = failed.exclude(failure=DROPPED)
    # By their ids: each kind has an index of its own, and a choice between conditions would use none.
    rows = Delivery.objects.filter(
        Q(pk__in=again.values("pk"))
        | Q(pk__in=failed.values("pk"))
        | Q(pk__in=troubled_delivery_ids(at=at), state__in=[Delivery.State.SENT, Delivery.State.FAILED])
    )
    rows = rows.select_related("channel__mailbox").prefetch_related("recipients").defer("body")
    return [_unsent(row) for row in rows.order_by("-id")[:MOST_DELIVERIES]]


def dropped_deliveries(*, at: datetime) -> list[Unsent]:
    """What was dropped in the last 30 days after a restore, newest first, at most a hundred."""
    lately = DeliveryRecipient.objects.filter(delivery=OuterRef("pk"), changed_at__gt=at - REMEMBERED)
    rows = Delivery.objects.filter(Exists(lately), Delivery.IS_FAILED, failure=DROPPED)
    rows = rows.select_related("channel__mailbox").prefetch_related("recipients").defer("body")
    return [_unsent(row) for row in rows.order_by("-id")[:MOST_DELIVERIES]]


def troubled_delivery_ids(*, at: datetime) -> list[int]:
    """The deliveries of the last 30 days of which an address was refused or came back, newest last."""
    return [delivery for (delivery,) in read_rows(TROUBLED, [at - REMEMBERED, MOST_DELIVERIES])][::-1]


def stuck_delivery(delivery_id: int) -> Delivery:
    """The delivery. Refused (Gone) when there is none."""
    delivery = Delivery.objects.filter(pk=delivery_id).defer("body").first()
    if delivery is None:
        raise Gone
    return delivery


def failing_mailboxes() -> list[FailingMailbox]:
    """The mailboxes in use that cannot be fetched, the longest first."""
    rows = Mailbox.objects.filter(channel__is_active=True, failing_since__isnull=False)
    return [
        FailingMailbox(row.pk, row.address, row.failing_since, problem_in_words(row.failure, row.imap_host))
        for row in rows.order_by("failing_since")
        if row.failing_since
    ]


def problem_in_words(failure: str, host: str) -> str:
    """The machine's word for what is wrong with a server, as a sentence for the owner."""
    return sentence(Problem(failure) if failure in set(Problem) else Problem.PROTOCOL, host)


def reason_in_words(reason: str) -> str:
    """Why a mail was set aside."""
    return str(next((words for start, words in _REASONS if reason.startswith(start)), _REASONS[-2][1]))


def _set_aside(raw: Raw) -> SetAside:
    sender, subject = _glimpse(raw)
    return SetAside(
        id=raw.pk,
        received_at=raw.received_at,
        mailbox=raw.channel.name,
        sender=sender,
        subject=subject,
        size=raw.size,
        reason=reason_in_words(raw.reason),
        detail=raw.reason,
    )


def _glimpse(raw: Raw) -> tuple[str, str]:
    # This very mail could not be read: whatever its header does to us, the page has to come up.
    try:
        found = BytesHeaderParser().parsebytes(raw.content[:HEADER_BYTES])
        return _shown(found["From"]), _shown(found["Subject"])
    except Exception as failure:
        log.info("raw=%s glimpse failed=%s", raw.pk, type(failure).__name__)
        return "", ""


def _shown(value: object) -> str:
    said = headers.text(str(value)) if value is not None else None
    return (said or "").encode("utf-8", "replace").decode()[:200]


def _unsent(delivery: Delivery) -> Unsent:
    recipients = list(delivery.recipients.all())
    missing = [one for one in recipients if one.state != DeliveryRecipient.State.ACCEPTED]
    said = [" ".join(filter(None, (one.status, one.server_said))) for one in missing]
    fate: Literal["retry", "failed", "bounced", "dropped"] = "bounced"
    if delivery.failure == DROPPED:
        fate = "dropped"
    elif delivery.state in {Delivery.State.RETRY, Delivery.State.FAILED}:
        fate = "retry" if delivery.state == Delivery.State.RETRY else "failed"
    return Unsent(
        id=delivery.pk,
        kind=delivery.kind,
        fate=fate,
        missing=tuple(one.address for one in missing or recipients),
        created_at=delivery.created_at,
        next_at=delivery.due_at if fate == "retry" else None,
        tries=delivery.tries,
        reason=_why_unsent(delivery, missing),
        said="\n".join(dict.fromkeys(filter(None, [*said, delivery.server_said]))),
        is_put_back=delivery.failure == PUT_BACK,
    )


def _why_unsent(delivery: Delivery, missing: Iterable[DeliveryRecipient]) -> str:
    if delivery.failure == PUT_BACK:
        return _(
            "It was on its way when the backup was made that was put back here. It may have left already:"
            " make sure that it did not arrive before you send it."
        )
    if delivery.failure == DROPPED:
        return _("It does not leave.")
    if delivery.failure:
        return problem_in_words(delivery.failure, delivery.channel.mailbox.sender_name)
    bounced = [one.status for one in missing if one.state == DeliveryRecipient.State.BOUNCED]
    if bounced and all(status.startswith(FOR_NOW) for status in bounced):
        return _("The mail came back: the server there could not take it for too long. Write again later.")
    if bounced:
        return _("The mail came back: the address does not take it. Is it written correctly?")
    if any(one.state == DeliveryRecipient.State.REFUSED for one in missing):
        return _("The other side refused the mail. Is the address written correctly?")
    return _("The other side has no time just now.")
