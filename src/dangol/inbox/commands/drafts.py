"""What somebody is writing, kept on the server as it is typed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet, Sum

from dangol.channels.email.addresses import normalise
from dangol.channels.email.compose import reply_to_all
from dangol.channels.incoming import IncomingAttachment, Party
from dangol.channels.models import Mailbox
from dangol.customers.errors import Erased
from dangol.inbox.errors import AddressUnclear, DraftChanged, FileTooLarge
from dangol.inbox.events import DraftDiscarded, DraftOpened
from dangol.inbox.models import Attachment, Conversation, Draft, Message
from dangol.inbox.threading import living
from dangol.kernel.events import emit
from dangol.kernel.prepared import Prepared
from dangol.staff.models import Staff
from dangol.staff.rights import demand

LARGEST_FILES_BYTES: Final = (
    20 * 1024 * 1024
)  # most mail servers refuse more than 25 MB, and base64 adds a third

LINE: Final = "\n\n———\n\n"

Addresses = Sequence[dict[str, Any]]


def save_draft(
    *,
    actor: Staff,
    conversation: Conversation,
    text: str,
    at: datetime,
    base_message_id: int | None = None,
    version: int | None = None,
    page: tuple[int, int | None] | None = None,
    is_note: bool = False,
    to: Addresses | None = None,
    cc: Addresses | None = None,
    bcc: Addresses | None = None,
) -> Draft:
    """Keep what the person has written; a draft begins with everybody who takes part as recipients.

    `base_message_id` is the conversation's last message on the page where the writing began. With `version`
    the draft must still be that one (DraftChanged), so that two windows of one person don't undo each other; 0 is none
    yet, and one with the same words is no other.
    `page` is the conversation on whose page it was typed and the version that the page began with: of a page from
    before two conversations became one it is a part of the draft, and the other text stays beside it.
    Addresses are checked (AddressUnclear).
    """
    demand(actor, "answer")
    text = text.replace("\x00", "")
    with transaction.atomic():
        conversation = living(conversation)
        theirs, begins = Draft.objects.filter(conversation=conversation, staff=actor), version == 0
        while (draft := theirs.select_for_update().first()) is None:
            if conversation.customer.erased_at is not None:
                raise Erased  # a page that was open when it happened
            # Another click or window of the person may begin the same one at the same instant, and use it up.
            begun = _first_draft(actor, conversation, base_message_id, at)
            Draft.objects.bulk_create([begun], ignore_conflicts=True)
            begins = True
        if draft.version == 0:  # begun here: whoever else begins one has saved it before we see it
            _emit_opened(draft, conversation, at)
        elif page is not None and page[1] is not None and page[1] < draft.joined_version:
            whole = _with_part(draft, page[0], text)
            is_note = is_note or (draft.is_note and whole != text)
            text = whole
        elif begins:
            if (draft.text, draft.is_note) != (text, is_note):
                raise DraftChanged
        elif version is not None and version != draft.version:
            raise DraftChanged
        draft.text = text
        draft.is_note = is_note
        for role, parties in (("to", to), ("cc", cc), ("bcc", bcc)):
            if parties is not None:
                setattr(draft, role, checked_parties(parties))
        draft.saved_at = at
        draft.version += 1
        draft.save()
        return draft


def joined_text(texts: Iterable[str]) -> str:
    """The texts with a line between them, each once."""
    return LINE.join(dict.fromkeys(text for text in texts if text.strip()))


def _with_part(draft: Draft, place: int, text: str) -> str:
    """The whole text when the part of one page is this, which is written down in the parts."""
    before = _in_order(draft.parts)
    draft.parts = {**draft.parts, str(place): text}
    if draft.text == before:
        return _in_order(draft.parts)
    # A page that knows of all has been written on since: that stays as it is, too.
    return draft.text if text.strip() in draft.text else joined_text((draft.text, text))


def _in_order(parts: Mapping[str, str]) -> str:
    return joined_text(parts[place] for place in sorted(parts, key=int))


def rebase_draft(*, actor: Staff, draft: Draft, base_message_id: int) -> Draft:
    """The person has read what is new: the draft may be sent against this state."""
    demand(actor, "answer")
    Draft.objects.filter(pk=draft.pk, staff=actor).update(base_message_id=base_message_id)
    draft.base_message_id = base_message_id
    return draft


def discard_draft(
    *, actor: Staff, conversation: Conversation, at: datetime, page: tuple[int, int | None] | None = None
) -> None:
    """Put the person's draft away, with its files. Of a `page` that shows only a part of it, that part alone."""
    demand(actor, "answer")
    with transaction.atomic():
        draft = Draft.objects.filter(conversation=conversation, staff=actor).first()
        if draft is None:
            return
        if page is not None and page[1] is not None and page[1] < draft.joined_version:
            kept = save_draft(actor=actor, conversation=conversation, text="", at=at, page=page)
            if kept.text.strip():
                return
        Attachment.objects.filter(draft=draft, message=None).update(draft=None, filename="")
        draft.delete()
        emit(
            DraftDiscarded(
                happened_at=at,
                actor_id=actor.pk,
                customer_id=conversation.customer_id,
                conversation_id=conversation.pk,
            )
        )


def attach_file(*, actor: Staff, draft: Draft, file: IncomingAttachment) -> Attachment:
    """Add a file to the draft. Refused (FileTooLarge) when all of them together are too large for mail."""
    demand(actor, "answer")
    make_room(draft=draft, size=file.size)
    attachment = Attachment.of(file)
    attachment.draft = draft
    attachment.save()
    return attachment


def make_room(*, draft: Draft, size: int) -> None:
    """Refused (FileTooLarge) when a file of so many bytes does not fit beside those of the draft."""
    sum_so_far = draft.attachments.aggregate(sum=Sum("size"))["sum"] or 0
    if sum_so_far + size > LARGEST_FILES_BYTES:
        raise FileTooLarge


def detach_file(*, actor: Staff, draft: Draft, attachment_id: int) -> None:
    """Take a file off the draft. Its bytes go later, if nothing else has them (`Attachment.left_over`)."""
    demand(actor, "answer")
    draft.attachments.filter(pk=attachment_id, message=None).update(draft=None, filename="")


def recipients_for(conversation: Conversation) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Whom a reply goes to, as (to, cc): all who take part in the last message of the customer."""
    asked = {"conversation_id": conversation.pk}
    last: Message | None = next(iter(_LAST_OF_A_PERSON(**asked) or _LAST(**asked)), None)
    if last is None:
        identity = conversation.customer.identities.filter(kind="email").first()
        return ([{"name": conversation.customer.name, "address": identity.address}] if identity else []), []
    ours = [address for mailbox in _MAILBOXES() for address in mailbox.addresses]
    to, cc = reply_to_all(
        sender=Party(last.from_name, last.from_address),
        reply_to=_as_parties(last.reply_to),
        to=_as_parties(last.to),
        cc=_as_parties(last.cc),
        our_addresses=ours,
    )
    return _as_json(to), _as_json(cc)


def _last_heard(conversation_id: int, **which: str) -> QuerySet[Message]:
    heard = Message.objects.filter(conversation=conversation_id, direction=Message.Direction.IN, **which)
    # Not the texts: a letter may hold a megabyte of HTML.
    heard = heard.only("from_name", "from_address", "reply_to", "to", "cc")
    return heard.order_by("-happened_at", "-id")[:1]


_LAST: Final = Prepared(_last_heard)
_LAST_OF_A_PERSON: Final = Prepared(partial(_last_heard, automatic=""))
_MAILBOXES: Final = Prepared(lambda: Mailbox.objects.only("address", "aliases"))


def checked_parties(parties: Addresses) -> list[dict[str, Any]]:
    """The parties with their addresses normalised. Refused (AddressUnclear) for what is no address."""
    checked = []
    for party in parties:
        typed = str(party.get("address") or "").strip()
        address = normalise(typed)
        if not address:
            raise AddressUnclear(typed)
        checked.append({"name": " ".join(str(party.get("name") or "").split()), "address": address})
    return checked


def _emit_opened(draft: Draft, conversation: Conversation, at: datetime) -> None:
    emit(
        DraftOpened(
            happened_at=at,
            actor_id=draft.staff_id,
            customer_id=conversation.customer_id,
            conversation_id=conversation.pk,
        )
    )


def _first_draft(
    actor: Staff, conversation: Conversation, base_message_id: int | None, at: datetime
) -> Draft:
    to, cc = recipients_for(conversation)
    return Draft(
        conversation=conversation,
        staff=actor,
        to=to,
        cc=cc,
        base_message_id=conversation.last_message_id if base_message_id is None else base_message_id,
        opened_at=at,
        saved_at=at,
        version=0,
    )


def _as_parties(rows: Addresses) -> list[Party]:
    return [Party(row.get("name") or None, row.get("address") or None) for row in rows]


def _as_json(parties: Sequence[Party]) -> list[dict[str, Any]]:
    return [{"name": party.name or "", "address": party.address or ""} for party in parties]
