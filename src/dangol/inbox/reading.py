"""One conversation, ready to be read and answered."""

from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from django.db.models import OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dangol.channels.models import Mailbox
from dangol.inbox.commands.drafts import recipients_for
from dangol.inbox.later import later_choices
from dangol.inbox.listing import clock_of, shown_names
from dangol.inbox.models import Conversation, Draft, Wait
from dangol.inbox.pages import (
    Colleague,
    ComposerView,
    ConversationPage,
    LaterChoice,
    MessageView,
)
from dangol.inbox.spoken import file_view, message_views, read_beside
from dangol.inbox.windows import Seen, Window, place_of, seen_through
from dangol.inbox.written import write_parties
from dangol.kernel.addresses import address
from dangol.kernel.errors import Gone
from dangol.kernel.places import Place
from dangol.kernel.prepared import Prepared
from dangol.staff.models import Staff

WRITING: Final = timedelta(minutes=10)
NOTHING_SEEN: Final = 0  # the number of no message: what was written against it is refused
_CONVERSATION: Final = (
    "subject",
    "state",
    "due_at",
    "waiting_since",
    "file_count",
    "last_message_id",
    "merged_into_id",
    "customer__name",
    "customer__language",
    "customer__created_at",
    "customer__merged_into_id",
    "customer__preferred_channel",
    "channel__name",
    "channel__signature",
    "channel__mailbox__address",
    "channel__mailbox__outgoing",
    "channel__mailbox__smtp_host",
    "channel__mailbox__provider",
    "assignee__name",
)
_OPEN_WAIT: Final = Wait.objects.filter(conversation=OuterRef("pk"), answered_at=None, dropped_at=None)
_OPEN: Final = Prepared(
    lambda pk: (
        Conversation.objects.select_related("customer", "channel__mailbox", "assignee")
        .only(*_CONVERSATION)
        .annotate(promised_seconds=Subquery(_OPEN_WAIT.values("promised_seconds")[:1]))
        .filter(pk=pk)
    )
)
_DRAFTS: Final = Prepared(
    lambda conversation_id: Draft.objects.select_related("staff").filter(conversation=conversation_id)
)
_COLLEAGUES: Final = Prepared(
    lambda: Staff.objects.filter(is_active=True).order_by("name").values_list("id", "name")
)
LATER: Final = {
    "afternoon": gettext_lazy("This afternoon"),
    "evening": gettext_lazy("This evening"),
    "tomorrow": gettext_lazy("Tomorrow morning"),
    "monday": gettext_lazy("Next Monday"),
}


def open_conversation(conversation_id: int) -> Conversation:
    """The conversation with all that its page names. Refused (Gone) when there is none."""
    row: Conversation | None = next(iter(_OPEN(pk=conversation_id)), None)
    if row is None:
        raise Gone
    return row


def conversation_page(
    conversation: Conversation, *, person: Staff, at: datetime, window: Window | None = None
) -> ConversationPage:
    """What `open_conversation` found, with its newest messages and what it began with, or with those in the window."""
    seen = seen_through(window or Window(), conversation)
    spoken = read_beside(conversation, [*([seen.first] if seen.first else []), *seen.rows])
    customer = conversation.customer
    merged = [customer.pk] if customer.merged_into_id is not None else []
    name = shown_names({customer.pk: customer.name}, merged=merged)[customer.pk]
    views = tuple(message_views(spoken, customer_name=name, person=person, at=at))
    now = timezone.localtime(at)
    mailbox = conversation.channel.mailbox
    here = address("conversation", conversation.pk)
    return ConversationPage(
        id=conversation.pk,
        subject=conversation.subject,
        channel=conversation.channel.name,
        address=mailbox.address,
        customer_id=conversation.customer_id,
        customer_name=name,
        clock=clock_of(
            conversation.state,
            conversation.waiting_since,
            conversation.due_at,
            at,
            # By the mailbox or by a playbook; else it is due some time, and no more.
            is_promised=getattr(conversation, "promised_seconds", None) is not None,
        ),
        assignee=conversation.assignee.name if conversation.assignee else "",
        colleagues=_colleagues(conversation, person),
        later_choices=tuple(LaterChoice(key, str(LATER[key]), when) for key, when in later_choices(now)),
        later_earliest=_next_five_minutes(now).strftime("%Y-%m-%dT%H:%M"),
        first=views[0] if seen.first else None,
        messages=views[1:] if seen.first else views,
        earlier_url=f"{here}?before={place_of(seen.rows[0])}" if seen.first else "",
        later_url=_later_url(here, seen, window) if seen.has_later else "",
        newest_url=here,
        since=str(place_of(seen.rows[0])) if seen.first and not seen.has_later else "",
        last_message_id=conversation.last_message_id,
    )


def _later_url(here: str, seen: Seen, window: Window | None) -> str:
    if window and window.before:
        return f"{here}?from={window.before}#message-{window.before.id}"
    # Behind the last one that is shown.
    last = place_of(seen.rows[-1])
    return f"{here}?from={Place(last.at, last.id + 1)}"


def _next_five_minutes(now: datetime) -> datetime:
    # Told to the minute, the page would differ from itself each minute.
    return now + timedelta(minutes=5 - now.minute % 5)


def composer_view(
    conversation: Conversation, *, person: Staff, at: datetime, shows_newest: bool = True
) -> ComposerView:
    """The person's own draft, or an empty one that goes to everybody who takes part.

    On a page that does not show the newest messages nothing was read that a new text could be sent against.
    """
    drafts: list[Draft] = _DRAFTS(conversation_id=conversation.pk)
    draft = next((one for one in drafts if one.staff_id == person.pk), None)
    to, cc = (draft.to, draft.cc) if draft else recipients_for(conversation)
    mailbox = conversation.channel.mailbox
    seen = conversation.last_message_id if shows_newest else NOTHING_SEEN
    base = draft.base_message_id if draft else seen
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
        files=tuple(map(file_view, draft.attachments.order_by("id"))) if draft else (),
        is_behind=base != conversation.last_message_id,
        last_message_id=conversation.last_message_id,
        writers=tuple(
            one.staff.name
            for one in drafts
            if one.staff_id != person.pk and one.saved_at > at - WRITING and one.text.strip()
        ),
        why_not=_why_not(mailbox),
        store_key=f"dangol:draft:{conversation.pk}:{person.pk}",
        draft_url=address("draft", conversation.pk),
    )


def _colleagues(conversation: Conversation, person: Staff) -> tuple[Colleague, ...]:
    everybody = [
        Colleague(pk, name, pk == person.pk, pk == conversation.assignee_id) for pk, name in _COLLEAGUES()
    ]
    return tuple(sorted(everybody, key=lambda one: not one.is_me))


def _why_not(mailbox: Mailbox) -> str:
    if not mailbox.can_send:
        return _("This mailbox can't send yet. Add its outgoing server in Settings.")
    return ""


def newest_undoable(page: ConversationPage) -> MessageView | None:
    """The message that the person can still take back."""
    return next((one for one in reversed(page.messages) if one.undo_until), None)


def draft_of(person: Staff, conversation: Conversation) -> Draft | None:
    """What the person is writing here."""
    return Draft.objects.filter(staff=person, conversation=conversation).first()
