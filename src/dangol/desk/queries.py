"""Reads that put several apps together for a page of the desk."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from django.conf import settings
from django.db.models import Count, Q, Window
from django.urls import NoReverseMatch, reverse

from dangol.customers.models import Customer, Identity
from dangol.desk.pages import IdentityView, OtherConversation, WhoView
from dangol.inbox.models import Conversation
from dangol.inbox.timeline import WORDS, timeline_lines
from dangol.kernel.models import Event
from dangol.kernel.timeline import TimelineLine

OTHERS: Final = 5
LINES: Final = 12


def who_view(conversation: Conversation) -> WhoView:
    """The person that the conversation is with: addresses, other matters, what happened last."""
    person = surviving(conversation.customer)
    ids = person_ids(person)
    identities = Identity.objects.filter(customer__in=ids).order_by("-is_verified", "id")
    addresses = [IdentityView(row.kind, row.shown or row.address, row.is_verified) for row in identities]
    others = Conversation.objects.filter(customer__in=ids, merged_into=None)
    newest = list(
        others.annotate(count=Window(Count("pk")))
        .order_by("-last_message_at")
        .values("id", "subject", "state", "last_message_at", "count")[: OTHERS + 1]
    )
    subjects = {row["id"]: row["subject"] for row in newest}
    here = reverse("conversation", args=[conversation.pk])
    return WhoView(
        id=person.pk,
        url=url_or_nothing("customer", person.pk),
        name=person.name or (addresses[0].address if addresses else f"#{person.pk}"),
        language=str(dict(settings.LANGUAGES).get(person.language, "")),
        since=person.created_at,
        conversation_count=newest[0]["count"] if newest else 0,
        identities=tuple(addresses),
        others=tuple(
            OtherConversation(
                reverse("conversation", args=[row["id"]]),
                row["subject"],
                str(Conversation.State(row["state"]).label),
                row["last_message_at"],
            )
            for row in newest
            if row["id"] != conversation.pk
        )[:OTHERS],
        timeline=tuple(
            # Lines about the conversation beside it need not name it again.
            replace(line, about="", url="") if line.url == here else line
            for line in customer_timeline(ids, limit=LINES, subjects=subjects)
        ),
    )


def customer_timeline(
    customer_ids: Iterable[int],
    *,
    limit: int,
    before: int | None = None,
    subjects: Mapping[int, str] | None = None,
) -> tuple[TimelineLine, ...]:
    """What happened with the person, newest first: one query for the events, one a kind for the words.

    `subjects` are those of conversations that the caller has read already.
    """
    rows = Event.objects.filter(customer_id__in=list(customer_ids), name__in=WORDS)
    if before is not None:
        rows = rows.filter(id__lt=before)
    events = list(rows.order_by("-happened_at", "-id")[:limit])
    lines = timeline_lines(events, subjects)
    return tuple(lines[event.pk] for event in events if event.pk in lines)


def surviving(customer: Customer) -> Customer:
    """The person that a merged row became; the row itself where it was not merged."""
    while customer.merged_into is not None:
        customer = customer.merged_into
    return customer


def person_ids(customer: Customer) -> list[int]:
    """The ids of all rows that are this person."""
    rows = Customer.objects.filter(
        Q(pk=customer.pk) | Q(merged_into=customer.pk) | Q(merged_into__merged_into=customer.pk)
    )
    return list(rows.values_list("pk", flat=True))


def url_or_nothing(name: str, *arguments: object) -> str:
    """The address of a page that may not be there yet."""
    try:
        return reverse(name, args=arguments)
    except NoReverseMatch:
        return ""
