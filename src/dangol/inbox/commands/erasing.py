"""A person's conversations: that they were, and how long somebody waited, stays; every word of them goes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from dangol.channels.erasing import Lookout, empty_deliveries, empty_raws, pattern_of
from dangol.channels.incoming import IncomingAttachment
from dangol.inbox.models import (
    Attachment,
    Conversation,
    Draft,
    Invitation,
    KnownPerson,
    Message,
    Reference,
    Wait,
)
from dangol.inbox.preview import preview_of
from dangol.search import index

GONE: Final = "[…]"
"""In place of an address in somebody else's words."""
_AT_ONCE: Final = 200
_PARTIES: Final = ("to", "cc", "bcc", "reply_to")
_TEXTS: Final = ("subject", "text", "text_new", "html")


def close_talks_for_good(*, customers: Sequence[int], addresses: Sequence[str], at: datetime) -> set[str]:
    """End the person's conversations and empty what is on them, in the caller's transaction.

    A mail that answers one of theirs later begins a new matter. Returns the names of the files of drafts.
    """
    talks = Conversation.objects.filter(customer__in=customers)
    Wait.objects.filter(conversation__in=talks, answered_at=None, dropped_at=None).update(dropped_at=at)
    Reference.objects.filter(message__conversation__in=talks).delete()
    files = _put_drafts_away(talks)
    KnownPerson.objects.filter(address__in=addresses).delete()
    index.remove("conversation", list(talks.values_list("pk", flat=True)))
    talks.filter(~Q(state=Conversation.State.DONE)).update(due_at=at)
    talks.update(
        subject="", preview="", file_count=0, state=Conversation.State.DONE, waiting_since=None, assignee=None
    )
    return files


def empty_shown(conversations: Sequence[int]) -> set[str]:
    """Take out what lists, search and drafts tell of these conversations, in the caller's transaction.

    Returns the names of the files of drafts.
    """
    talks = Conversation.objects.filter(pk__in=conversations)
    files = _put_drafts_away(talks)
    talks.update(subject="", preview="", file_count=0)
    index.remove("conversation", conversations)
    return files


def empty_messages(ids: Sequence[int]) -> set[str]:
    """Take every word, name and file out of these messages, in the caller's transaction; returns the files' names."""
    rows = Message.objects.filter(pk__in=ids)
    attached = Attachment.objects.filter(message__in=ids)
    files = set(attached.values_list("sha256", flat=True))
    attached.delete()
    Invitation.objects.filter(message__in=ids).delete()
    Reference.objects.filter(message__in=ids).delete()
    files |= empty_raws(pk for pk in rows.values_list("raw", flat=True) if pk)
    files |= empty_deliveries(pk for pk in rows.values_list("delivery", flat=True) if pk)
    rows.update(
        identity=None,
        from_name="",
        from_address="",
        **{field: [] for field in _PARTIES},
        **dict.fromkeys(_TEXTS, ""),
        message_id="",
        references=[],
        thread_index="",
    )
    index.remove("message", ids)
    return files


def remove_files(ids: Sequence[int]) -> set[str]:
    """Take the files off these messages, in the caller's transaction, and the mails in which they came or left.

    What was said stays. Returns the names of files.
    """
    rows = Message.objects.filter(pk__in=ids)
    attached = Attachment.objects.filter(message__in=ids)
    files = set(attached.values_list("sha256", flat=True))
    attached.delete()
    files |= empty_raws(pk for pk in rows.values_list("raw", flat=True) if pk)
    files |= empty_deliveries(pk for pk in rows.values_list("delivery", flat=True) if pk)
    left = Attachment.objects.filter(message__conversation=OuterRef("pk"), is_inline=False).order_by()
    counted = left.values("message__conversation").annotate(n=Count("pk")).values("n")
    Conversation.objects.filter(pk__in=rows.values("conversation")).update(
        file_count=Coalesce(Subquery(counted), 0)
    )
    return files


def messages_naming(
    lookout: Lookout, *, first: int, last: int, until: Mapping[str, datetime]
) -> list[tuple[Message, list[str]]]:
    """Of the messages with these numbers those in which one of the addresses stands, and which stand there: of what
    came or was written until the time of each address."""
    rows = Message.objects.filter(pk__gte=first, pk__lte=last).order_by("pk")
    said = rows.values_list("pk", "from_address", *_PARTIES, *_TEXTS)
    likely: dict[int, list[str]] = {}
    for pk, sender, *values in said.iterator(chunk_size=_AT_ONCE):
        parties, texts = values[: len(_PARTIES)], values[len(_PARTIES) :]
        if found := lookout.likely_in("\n".join([sender, *_words_of(parties), *texts])):
            likely[pk] = found
    looked = Message.objects.annotate(
        here_since=Coalesce("raw__stored_at", "delivery__created_at", "happened_at")
    ).in_bulk(list(likely))
    found_in = (
        (
            looked[pk],
            _named_in(looked[pk], (each for each in addresses if looked[pk].here_since <= until[each])),
        )
        for pk, addresses in likely.items()
    )
    return [(message, addresses) for message, addresses in found_in if addresses]


def _named_in(message: Message, addresses: Iterable[str]) -> list[str]:
    """Those that stand there as themselves: kim@x.kr is not in hakim@x.kr."""
    parties = _words_of(getattr(message, field) for field in _PARTIES)
    texts = [message.from_address, *parties, *(getattr(message, field) for field in _TEXTS)]
    return [each for each in addresses if any(map(pattern_of([each]).search, texts))]


def _words_of(parties: Iterable[Any]) -> list[str]:
    """The names and addresses that stand in columns of people."""
    people = (party for column in parties for party in column if isinstance(party, dict))
    return [str(value or "") for party in people for value in party.values()]


def blot_out(message: Message, addresses: Sequence[str]) -> set[str]:
    """Take the addresses out of a message of somebody else's, in the caller's transaction.

    What it says otherwise is theirs. Its mail as it arrived or left goes whole, since it cannot be changed without
    being another. Returns the names of files.
    """
    pattern = pattern_of(addresses)
    for field in _TEXTS:
        setattr(message, field, pattern.sub(GONE, getattr(message, field)))
    for field in _PARTIES:
        setattr(message, field, [each for each in getattr(message, field) if not _is_of(each, addresses)])
    message.save(update_fields=[*_TEXTS, *_PARTIES])
    words = message.text_new if message.direction == Message.Direction.IN else message.text
    index.put("message", [(message.pk, f"{message.subject} {words}")])
    files = empty_raws([message.raw_id]) if message.raw_id else set()
    return files | (empty_deliveries([message.delivery_id]) if message.delivery_id else set())


def show_anew(conversations: Iterable[int], addresses: Sequence[str]) -> None:
    """What lists show of conversations of others after something in them was taken out, in the caller's transaction."""
    pattern = pattern_of(addresses)
    for talk in Conversation.objects.filter(pk__in=set(conversations)):
        newest = talk.messages.filter(undone_at=None).order_by("-happened_at", "-id").first()
        talk.preview = preview_of(newest.text_new or newest.text) if newest else ""
        subject = pattern.sub(GONE, talk.subject)
        if subject != talk.subject:
            talk.subject = subject
            index.put("conversation", [(talk.pk, subject)])
        talk.save(update_fields=["preview", "subject"])


def leave_files(files: Iterable[IncomingAttachment]) -> None:
    """Note, in the caller's transaction, files of mails that are not filed: their bytes may have been stored already,
    and no row would name them. Clearing away (privacy.erasing) finds them here."""
    Attachment.objects.bulk_create(
        Attachment(filename="", content_type="", size=file.size, sha256=file.sha256) for file in files
    )


def still_used(files: Iterable[str]) -> set[str]:
    """Those that a message or a draft still has."""
    rows = Attachment.objects.filter(sha256__in=list(files)).exclude(message=None, draft=None)
    return set(rows.values_list("sha256", flat=True))


def _put_drafts_away(talks: "QuerySet[Conversation]") -> set[str]:
    written = Attachment.objects.filter(draft__conversation__in=talks)
    files = set(written.values_list("sha256", flat=True))
    written.delete()
    Draft.objects.filter(conversation__in=talks).delete()
    return files


def _is_of(party: Any, addresses: Sequence[str]) -> bool:
    return isinstance(party, dict) and str(party.get("address") or "").lower() in addresses
