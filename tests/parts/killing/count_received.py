"""Whether each mail that came is there once, with all that belongs to it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.parts.killing import Report
from tests.parts.killing.agreement import agreement
from tests.parts.killing.mails import Written


def count_received(mails: Sequence[Written], report: Report) -> None:
    from django.conf import settings
    from django.db.models import Count, Q

    from dangol.channels.models import Raw
    from dangol.customers.models import Customer, Identity
    from dangol.inbox.models import Attachment, Conversation, Message, Reference, Wait
    from dangol.kernel.files import remove_broken_off
    from dangol.kernel.models import Event
    from dangol.search import index
    from dangol.search.models import CustomerText, MessageText

    arrived = Message.objects.filter(direction="in")
    by_number = Counter(
        int(message_id.partition(".")[0]) for message_id in arrived.values_list("message_id", flat=True)
    )
    missing = [at for at, mail in enumerate(mails) if mail.number not in by_number]
    under_way = _under_way(mails)
    report.unfinished += len(under_way.intersection(missing))
    if lost := sorted(set(missing) - under_way):
        report.lost += len(lost)
        report.wrong.append(f"mails {[mails[at].number for at in lost[:20]]} were fetched and are not there")
    report.doubled = sum(by_number.values()) - len(by_number)
    if report.wrong:
        return  # the sums below are those of the end
    count, threads = len(mails), len({mail.thread for mail in mails})
    agree = agreement(report)
    agree("raw mails", Raw.objects.count(), count)
    agree("raw mails taken in", Raw.objects.filter(state="taken").count(), count)
    agree("conversations", Conversation.objects.filter(merged_into=None).count(), threads)
    odd = Conversation.objects.filter(merged_into=None).annotate(
        really=Count("messages", filter=Q(messages__automatic=""))
    )
    agree(
        "conversations that count their messages wrongly",
        sum(row.message_count != row.really for row in odd),
        0,
    )
    senders = len({mail.sender for mail in mails})
    agree("customers", Customer.objects.count(), senders)
    agree("identities", Identity.objects.count(), senders)
    arrivals = [row.data for row in Event.objects.filter(name="MessageArrived")]
    agree("arrivals told", len(arrivals), count)
    agree("messages told of", len({row["message_id"] for row in arrivals}), count)
    opened = sum(row["opens"] for row in arrivals)
    agree("conversations opened", opened, Conversation.objects.count())
    joined = Event.objects.filter(name="ConversationsJoined").count()
    agree("conversations joined", joined, Conversation.objects.exclude(merged_into=None).count())
    inward = Reference.objects.filter(message__direction="in")
    agree("ids borne", inward.filter(is_own_id=True).count(), count)
    agree("ids named", inward.filter(is_own_id=False).count(), sum(mail.named for mail in mails))
    agree("texts to search", MessageText.objects.filter(ref__in=arrived.values("pk")).count(), count)
    agree("people to search", CustomerText.objects.count(), senders)
    numbers = {
        int(message_id.partition(".")[0]): pk for message_id, pk in arrived.values_list("message_id", "pk")
    }
    missed = sum(index.find("message", mail.word, limit=5) != [numbers.get(mail.number)] for mail in mails)
    agree("mails that a search does not find once", missed, 0)
    agree("waits", Wait.objects.filter(answered_at=None, dropped_at=None).count(), threads)
    agree(
        "conversations waiting",
        Conversation.objects.filter(merged_into=None, state="waiting").count(),
        threads,
    )
    files = [row.content for row in Attachment.objects.all()]
    agree("files", len(files), sum(b"burger.png" in mail.content for mail in mails))
    whole = sum(
        Raw.objects.get(pk=pk).content.count(b"Message-ID") for pk in Raw.objects.values_list("pk", flat=True)
    )
    agree("raw mails that can be read", whole, count)
    remove_broken_off()  # as each start does
    writing = Path(settings.MEDIA_ROOT) / ".writing"
    agree("halves of files", len(list(writing.iterdir())) if writing.exists() else 0, 0)
    answers = Message.objects.filter(automatic="auto-reply")
    agree("acknowledgements of one matter", answers.count(), len({row.message_id for row in answers}))
    per_matter = Counter(answers.values_list("conversation_id", flat=True))
    agree(
        "matters acknowledged more often than opened",
        sum(n > _openings(pk) for pk, n in per_matter.items()),
        0,
    )


def _under_way(mails: Sequence[Written]) -> set[int]:
    """Of which mails, by their place in the order of arrival, taking in has not come to its end.

    Either it stands behind the cursor, or it is stored and has its turn before it. (The account is new: the first mail
    has the number 1.)
    """
    from dangol.channels.models import Mailbox, Raw

    places = {mail.number: at for at, mail in enumerate(mails)}
    not_fetched = set(range(Mailbox.objects.get().last_uid, len(mails)))
    new = [raw.content for raw in Raw.objects.filter(state="new")]
    named = [re.search(rb"^Message-ID: <(\d+)\.", content, re.MULTILINE) for content in new]
    return not_fetched | {places[int(match[1])] for match in named if match}


def _openings(conversation_id: int) -> int:
    """A conversation is opened once, and once more for each that was joined to it."""
    from dangol.inbox.models import Conversation

    return (
        1
        + Conversation.objects.filter(merged_into_id=conversation_id).count()
        + sum(
            _openings(pk) - 1
            for pk in Conversation.objects.filter(merged_into_id=conversation_id).values_list("pk", flat=True)
        )
    )
