"""One conversation, ready to be read and answered."""

from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dangol.channels.models import Delivery, DeliveryRecipient, Mailbox
from dangol.inbox.commands.drafts import recipients_for
from dangol.inbox.later import later_choices
from dangol.inbox.listing import clock_of, shown_names
from dangol.inbox.models import Attachment, Conversation, Draft, Message
from dangol.inbox.pages import (
    Colleague,
    ComposerView,
    ConversationPage,
    Fate,
    FileView,
    LaterChoice,
    MessageView,
)
from dangol.inbox.written import write_parties
from dangol.kernel.errors import Gone
from dangol.staff.models import Staff

SHOWN: Final = 40  # messages; earlier ones are a click away
WRITING: Final = timedelta(minutes=10)
PICTURES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})

AUTOMATIC: Final = {
    "auto-reply": gettext_lazy("automatic answer"),
    "bulk": gettext_lazy("sent to many"),
    "bounce": gettext_lazy("delivery report"),
    "own": gettext_lazy("our own mail came back"),
}
LATER: Final = {
    "afternoon": gettext_lazy("This afternoon"),
    "evening": gettext_lazy("This evening"),
    "tomorrow": gettext_lazy("Tomorrow morning"),
    "monday": gettext_lazy("Next Monday"),
}


def open_conversation(conversation_id: int) -> Conversation:
    """The conversation with all that its page names. Refused (Gone) when there is none."""
    row = (
        Conversation.objects.select_related("customer", "channel__mailbox", "assignee")
        .filter(pk=conversation_id)
        .first()
    )
    if row is None:
        raise Gone
    return row


def conversation_page(
    conversation: Conversation, *, person: Staff, at: datetime, all_messages: bool = False
) -> ConversationPage:
    """The conversation with its last messages, or with all of them."""
    rows = _messages(conversation, all_messages)
    has_earlier = len(rows) > SHOWN and not all_messages
    rows = rows[-SHOWN:] if has_earlier else rows
    name = shown_names([conversation])[conversation.customer_id]
    now = timezone.localtime(at)
    mailbox = conversation.channel.mailbox
    promised = (
        conversation.channel.promised_first_seconds is not None
        or conversation.channel.promised_next_seconds is not None
    )
    return ConversationPage(
        id=conversation.pk,
        subject=conversation.subject,
        channel=conversation.channel.name,
        address=mailbox.address,
        customer_id=conversation.customer_id,
        customer_name=name,
        clock=clock_of(conversation, at, is_promised=promised),
        assignee=conversation.assignee.name if conversation.assignee else "",
        colleagues=_colleagues(conversation, person),
        later_choices=tuple(LaterChoice(key, str(LATER[key]), when) for key, when in later_choices(now)),
        later_earliest=(now + timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M"),
        messages=_views(rows, name, person, at),
        earlier_url=f"{reverse('conversation', args=[conversation.pk])}?all=1" if has_earlier else "",
        last_message_id=conversation.last_message_id,
    )


def composer_view(conversation: Conversation, *, person: Staff, at: datetime) -> ComposerView:
    """The person's own draft, or an empty one that goes to everybody who takes part."""
    drafts = list(conversation.drafts.select_related("staff"))
    draft = next((one for one in drafts if one.staff_id == person.pk), None)
    to, cc = (draft.to, draft.cc) if draft else recipients_for(conversation)
    mailbox = conversation.channel.mailbox
    base = draft.base_message_id if draft else conversation.last_message_id
    return ComposerView(
        conversation_id=conversation.pk,
        key=str(uuid4()),
        text=draft.text if draft else "",
        is_note=draft.is_note if draft else False,
        to=write_parties(to),
        cc=write_parties(cc),
        bcc=write_parties(draft.bcc) if draft else "",
        sender=mailbox.address,
        signature="\n\n".join(
            filter(None, (text.strip() for text in (person.signature, conversation.channel.signature)))
        ),
        base_message_id=base,
        version=draft.version if draft else 0,
        saved_at=draft.saved_at if draft else None,
        files=tuple(map(_file, draft.attachments.order_by("id"))) if draft else (),
        is_behind=base != conversation.last_message_id,
        last_message_id=conversation.last_message_id,
        writers=tuple(
            one.staff.name
            for one in drafts
            if one.staff_id != person.pk and one.saved_at > at - WRITING and one.text.strip()
        ),
        why_not=_why_not(mailbox),
        store_key=f"dangol:draft:{conversation.pk}:{person.pk}",
    )


def _messages(conversation: Conversation, all_messages: bool) -> list[Message]:
    rows = (
        conversation.messages.select_related("staff", "delivery")
        .defer("html", "delivery__body")
        .prefetch_related("attachments", "delivery__recipients")
        .extra(select={"has_html": "inbox_message.html <> ''"})
        .order_by("-happened_at", "-id")
    )
    return list(rows if all_messages else rows[: SHOWN + 1])[::-1]


def _views(rows: list[Message], customer_name: str, person: Staff, at: datetime) -> tuple[MessageView, ...]:
    views = []
    day_before = None
    for row in rows:
        day = timezone.localtime(row.happened_at).date()
        views.append(_view(row, customer_name, person, at, opens_day=day != day_before))
        day_before = day
    return tuple(views)


def _view(row: Message, customer_name: str, person: Staff, at: datetime, *, opens_day: bool) -> MessageView:
    is_ours = row.direction != Message.Direction.IN
    text, rest = split_text(row.text, row.text_new)
    delivery = row.delivery
    is_undoable = (
        delivery is not None
        and row.undone_at is None
        and delivery.state == Delivery.State.QUEUED
        and delivery.tries == 0
        and delivery.due_at > at
        and row.staff_id == person.pk
    )
    return MessageView(
        id=row.pk,
        direction=row.direction,  # type: ignore[arg-type]
        name=_speaker(row, customer_name),
        address="" if is_ours else row.from_address,
        happened_at=row.happened_at,
        opens_day=opens_day,
        text=text,
        rest=rest,
        has_html=bool(row.has_html) and not is_ours,  # type: ignore[attr-defined]
        files=tuple(_file(file) for file in row.attachments.all() if not file.is_inline),
        to=write_parties(row.to),
        cc=write_parties(row.cc),
        bcc=write_parties(row.bcc),
        automatic=str(AUTOMATIC.get(row.automatic, "")),
        is_undone=row.undone_at is not None,
        undo_until=delivery.due_at if is_undoable and delivery else None,
        fates=tuple(_fates(row, at)),
    )


def _speaker(row: Message, customer_name: str) -> str:
    if row.direction == Message.Direction.IN:
        return row.from_name or row.from_address or customer_name
    if row.staff:
        return row.staff.name
    return _("Dangol, by itself") if row.automatic else _("Somebody who left")


def split_text(text: str, new: str) -> tuple[str, str]:
    """What is new, and the rest of the text that is folded away; nothing is lost between the two."""
    whole, fresh = text.strip(), new.strip()
    if not fresh or fresh == whole:
        return whole, ""
    if whole.startswith(fresh):
        return fresh, whole[len(fresh) :].strip()
    return fresh, whole


def _fates(row: Message, at: datetime) -> list[Fate]:
    delivery = row.delivery
    if row.undone_at:
        return [Fate("", "undo", _("taken back, nobody got it"))]
    if delivery is None:
        return []
    fates = [_delivery_fate(delivery, at)]
    if delivery.may_have_arrived_twice:
        fates.append(Fate("warn", "warning", _("may have arrived twice")))
    for recipient in delivery.recipients.all():
        if recipient.state == DeliveryRecipient.State.REFUSED:
            words = _("%(address)s was refused") % {"address": recipient.address}
        elif recipient.state == DeliveryRecipient.State.BOUNCED:
            words = _("came back from %(address)s") % {"address": recipient.address}
        else:
            continue
        fates.append(Fate("bad", "bounce", words, f"{recipient.status} {recipient.server_said}".strip()))
    return fates


def _delivery_fate(delivery: Delivery, at: datetime) -> Fate:
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


def _file(row: Attachment) -> FileView:
    return FileView(row.pk, row.filename or _("file"), row.size, row.content_type.lower() in PICTURES)


def _colleagues(conversation: Conversation, person: Staff) -> tuple[Colleague, ...]:
    rows = Staff.objects.filter(is_active=True).order_by("name").values_list("id", "name")
    everybody = [Colleague(pk, name, pk == person.pk, pk == conversation.assignee_id) for pk, name in rows]
    return tuple(sorted(everybody, key=lambda one: not one.is_me))


def _why_not(mailbox: Mailbox) -> str:
    if mailbox.outgoing == Mailbox.Outgoing.SMTP and not mailbox.smtp_host:
        return _("This mailbox can't send yet. Add its outgoing server in Settings.")
    return ""


def newest_undoable(page: ConversationPage) -> MessageView | None:
    """The message that the person can still take back."""
    return next((one for one in reversed(page.messages) if one.undo_until), None)


def draft_of(person: Staff, conversation: Conversation) -> Draft | None:
    """What the person is writing here."""
    return Draft.objects.filter(staff=person, conversation=conversation).first()
