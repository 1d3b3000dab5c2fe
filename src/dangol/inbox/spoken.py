"""What was said in a conversation, ready to be shown: who, when, the new words, the folded rest, what became of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Final, Literal

from django.db.models import BooleanField, Case, QuerySet, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dangol.channels.commands import DROPPED, PUT_BACK
from dangol.channels.models import Delivery, DeliveryRecipient
from dangol.inbox.commands.authorship import is_known, known_people
from dangol.inbox.invitations import invitation_view, is_calendar
from dangol.inbox.models import Attachment, Conversation, Invitation, Message
from dangol.inbox.pages import Fate, FileView, MessageView
from dangol.inbox.written import write_parties
from dangol.kernel.prepared import Prepared
from dangol.staff.models import Staff

PICTURES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})

AUTOMATIC: Final = {
    "auto-reply": gettext_lazy("automatic answer"),
    "bulk": gettext_lazy("sent to many"),
    "bounce": gettext_lazy("delivery report"),
    "own": gettext_lazy("our own mail came back"),
}
_COLUMNS: Final = (
    "conversation_id",
    "direction",
    "happened_at",
    "staff__name",
    "from_name",
    "from_address",
    "to",
    "cc",
    "bcc",
    "text",
    "text_new",
    "automatic",
    "no_answer",
    "channel_id",
    "undone_at",
    "delivery__state",
    "delivery__tries",
    "delivery__due_at",
    "delivery__sent_at",
    "delivery__may_have_arrived_twice",
    "delivery__server_said",
    "delivery__failure",
)


@dataclass(frozen=True)
class Spoken:
    """The messages as rows, oldest first, with what belongs to them."""

    rows: list[Message]
    files: dict[int, list[Attachment]] = field(default_factory=dict)
    troubles: dict[int, list[DeliveryRecipient]] = field(default_factory=dict)
    known: set[tuple[int, str, str]] = field(default_factory=set)
    invitations: dict[int, list[Invitation]] = field(default_factory=dict)


def newest_messages(conversation: Conversation, *, most: int | None) -> list[Message]:
    """The last `most` messages as `message_views` needs them, or all of them; the newest first."""
    found: list[Message] = _newest(most)(conversation_id=conversation.pk)
    return found


def messages_of(conversation_id: int) -> "QuerySet[Message]":
    """The messages of the conversation as `message_views` needs them, in no order yet."""
    has_html = Case(When(html="", then=Value(False)), default=Value(True), output_field=BooleanField())
    return (
        Message.objects.filter(conversation=conversation_id)
        .select_related("staff", "delivery")
        .only(*_COLUMNS)
        .annotate(has_html=has_html)
    )


def read_beside(conversation: Conversation, rows: list[Message]) -> Spoken:
    """What belongs to these messages. Files, invitations and failed recipients: only where there are any."""
    spoken = Spoken(rows)
    if conversation.file_count:
        files = Attachment.objects.filter(message__in=[row.pk for row in rows], is_inline=False)
        for file in files.order_by("id"):
            spoken.files.setdefault(file.message_id or 0, []).append(file)
        calendars = {file.message_id for some in spoken.files.values() for file in some if is_calendar(file)}
        for invitation in (
            Invitation.objects.filter(message__in=calendars).order_by("id") if calendars else ()
        ):
            spoken.invitations.setdefault(invitation.message_id, []).append(invitation)
    signed = [row for row in rows if row.direction == Message.Direction.IN and row.no_answer]
    spoken.known.update(
        known_people((row.channel_id, row.from_address) for row in signed if not row.automatic)
    )
    sent = [row.delivery_id for row in rows if row.delivery_id]
    if sent:
        for recipient in _TROUBLES(deliveries=tuple(sent)):
            spoken.troubles.setdefault(recipient.delivery_id, []).append(recipient)
    return spoken


@cache
def _newest(most: int | None) -> Prepared:
    return Prepared(
        lambda conversation_id: messages_of(conversation_id).order_by("-happened_at", "-id")[:most]
    )


_WRONG: Final = (DeliveryRecipient.State.REFUSED, DeliveryRecipient.State.BOUNCED)
_TROUBLES: Final = Prepared(
    lambda deliveries: DeliveryRecipient.objects.filter(delivery__in=deliveries, state__in=_WRONG).order_by(
        "id"
    )
)


def message_views(
    spoken: Spoken, *, customer_name: str, person: Staff, at: datetime
) -> Iterator[MessageView]:
    """The messages as one person sees them at the instant."""
    day_before = None
    for row in spoken.rows:
        day = timezone.localtime(row.happened_at).date()
        is_ours = row.direction != Message.Direction.IN
        text, rest = split_text(row.text, row.text_new)
        yield MessageView(
            id=row.pk,
            direction=row.direction,  # type: ignore[arg-type]
            name=_speaker(row, customer_name),
            address="" if is_ours else row.from_address,
            happened_at=row.happened_at,
            opens_day=day != day_before,
            text=text,
            rest=rest,
            has_html=row.has_html and not is_ours,  # type: ignore[attr-defined]
            files=tuple(map(file_view, spoken.files.get(row.pk, ()))),
            invitations=tuple(map(invitation_view, spoken.invitations.get(row.pk, ()))),
            to=write_parties(row.to),
            cc=write_parties(row.cc),
            bcc=write_parties(row.bcc),
            automatic=str(AUTOMATIC.get(row.automatic, "")),
            doubt=_doubt(row, spoken.known),
            is_undone=row.undone_at is not None,
            undo_until=_undo_until(row, person, at),
            fates=tuple(_fates(row, spoken.troubles.get(row.delivery_id or 0, []))),
        )
        day_before = day


def split_text(text: str, new: str) -> tuple[str, str]:
    """What is new, and the rest of the text that is folded away; nothing is lost between the two."""
    whole, fresh = text.strip(), new.strip()
    if not fresh or fresh == whole:
        return whole, ""
    if whole.startswith(fresh):
        return fresh, whole[len(fresh) :].strip()
    return fresh, whole


def file_view(row: Attachment) -> FileView:
    """The file as a page names it."""
    return FileView(row.pk, row.filename or _("file"), row.size, row.content_type.lower() in PICTURES)


def _speaker(row: Message, customer_name: str) -> str:
    if row.direction == Message.Direction.IN:
        return row.from_name or row.from_address or customer_name
    if row.staff:
        return row.staff.name
    return _("Dangol, by itself") if row.automatic else _("Somebody who left")


def _doubt(row: Message, known: set[tuple[int, str, str]]) -> Literal["", "person", "machine"]:
    if row.may_be_a_persons:
        return "person"
    is_said = row.direction == Message.Direction.IN and not row.automatic and is_known(row, known)
    return "machine" if is_said else ""


def _undo_until(row: Message, person: Staff, at: datetime) -> datetime | None:
    delivery = row.delivery
    if delivery is None or row.undone_at is not None or row.staff_id != person.pk:
        return None
    is_held = delivery.state == Delivery.State.QUEUED and delivery.tries == 0 and delivery.due_at > at
    return delivery.due_at if is_held else None


def _fates(row: Message, troubles: list[DeliveryRecipient]) -> Iterator[Fate]:
    delivery = row.delivery
    if row.undone_at:
        yield Fate("", "undo", _("taken back, nobody got it"))
        return
    if delivery is None:
        return
    if delivery.failure == PUT_BACK:
        yield Fate("bad", "warning", _("held back: it may have left before the backup was put back"))
        return
    if delivery.failure == DROPPED:
        yield Fate("", "undo", _("dropped after a backup was put back, it does not leave"))
        return
    yield _delivery_fate(delivery)
    if delivery.may_have_arrived_twice:
        yield Fate("warn", "warning", _("may have arrived twice"))
    for recipient in troubles:
        if recipient.state == DeliveryRecipient.State.REFUSED:
            words = _("%(address)s was refused") % {"address": recipient.address}
        else:
            words = _("came back from %(address)s") % {"address": recipient.address}
        yield Fate("bad", "bounce", words, f"{recipient.status} {recipient.server_said}".strip())


def _delivery_fate(delivery: Delivery) -> Fate:
    match delivery.state:
        case Delivery.State.SENT:
            return Fate("", "done", _("sent"), at=delivery.sent_at)
        case Delivery.State.RETRY:
            words = _("not sent yet, will be tried again")
            return Fate("warn", "refresh", words, delivery.server_said, at=delivery.due_at)
        case Delivery.State.FAILED:
            return Fate("bad", "warning", _("could not be sent"), delivery.server_said)
        case Delivery.State.SENDING:
            return Fate("", "send", _("being handed over"))
    return Fate("", "later", _("on its way"))
