"""Reads that put several apps together for a page of the desk."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db.models import Count, QuerySet, Value
from django.urls import NoReverseMatch
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dangol.customers.kinds import kind_words
from dangol.customers.models import Identity
from dangol.customers.profile import notes_of, source_words, tags_of
from dangol.customers.queries import identities_of, ids_of_person, living_customer
from dangol.desk.owed import owed_to
from dangol.desk.pages import IdentityView, OtherConversation, WhoView
from dangol.desk.playbooks import playbook_for
from dangol.desk.suggested import suggestion_beside, suggestion_view
from dangol.desk.timeline import newest_lines
from dangol.inbox.models import Conversation
from dangol.kernel.addresses import address
from dangol.kernel.prepared import Prepared
from dangol.orders.queries import orders_of
from dangol.staff.models import Staff

OTHERS: Final = 5
LINES: Final = 12
ORDERS: Final = 3


def who_view(conversation: Conversation, *, staff: Staff, at: datetime) -> WhoView:
    """The person that the conversation is with: addresses, other matters, what happened last, and what this one of the
    staff could give them now."""
    person = conversation.customer
    if person.merged_into_id is not None:
        person = living_customer(person.pk)
    ids = ids_of_person(person)
    addresses = [identity_view(row) for row in identities_of(ids)]
    notes = notes_of(ids)
    newest = _NEWEST(ids=tuple(ids))
    subjects = {row["id"]: row["subject"] for row in newest}
    here = address("conversation", conversation.pk)
    orders = orders_of(ids, limit=ORDERS)
    # Without an order nothing can be said, and nothing is asked.
    suggested = suggestion_beside(conversation, ids, person=staff, at=at) if orders else None
    return WhoView(
        id=person.pk,
        talk_id=conversation.pk,
        url=url_or_nothing("customer", person.pk),
        name=person.name or (addresses[0].address if addresses else f"#{person.pk}"),
        language=str(dict(settings.LANGUAGES).get(person.language, "")),
        prefers=kind_words(person.preferred_channel) if person.preferred_channel else "",
        tags=tags_of(ids),
        note=notes[0].text if notes else "",
        so_far=_so_far(
            sum(many for (many,) in _COUNT(ids=tuple(ids))) if len(newest) > OTHERS else len(newest),
            person.created_at,
        ),
        identities=tuple(addresses),
        others=tuple(
            OtherConversation(
                address("conversation", row["id"]),
                row["subject"],
                str(Conversation.State(row["state"]).label),
                row["last_message_at"],
            )
            for row in newest
            if row["id"] != conversation.pk
        )[:OTHERS],
        orders=orders,
        timeline=tuple(
            # Lines about the conversation beside it need not name it again.
            replace(line, about="", url="") if line.url == here else line
            for line in newest_lines(ids, limit=LINES, subjects=subjects)
        ),
        owed=owed_to(ids, staff),
        suggested=suggestion_view(suggested, conversation.pk) if suggested else None,
        playbook=playbook_for(ids),
        give_url=address("giving", conversation.pk),
    )


def _so_far(many: int, since: datetime) -> str:
    if many < 2:
        return _("Writes for the first time")
    words = ngettext("%(many)s conversation since %(month)s", "%(many)s conversations since %(month)s", many)
    return words % {"many": many, "month": date_format(timezone.localtime(since), _("F Y"))}


def identity_view(row: Identity) -> IdentityView:
    """An address as the pages show it."""
    return IdentityView(
        kind=row.kind,
        address=row.shown or row.address,
        is_verified=row.is_verified,
        id=row.pk,
        kind_words=kind_words(row.kind),
        source=source_words(row),
        may_be_removed=row.may_be_removed,
    )


def _of(ids: Collection[int]) -> QuerySet[Conversation]:
    return Conversation.objects.filter(customer__in=ids, merged_into=None)


_NEWEST: Final = Prepared(
    lambda ids: (
        _of(ids)
        .order_by("-last_message_at", "-id")
        .values("id", "subject", "state", "last_message_at")[: OTHERS + 1]
    )
)
# Of all together, as `count()` has it, which cannot be prepared. Of nothing there is no row.
_COUNT: Final = Prepared(
    lambda ids: _of(ids).annotate(all=Value(1)).values("all").annotate(many=Count("id")).values_list("many")
)


def url_or_nothing(name: str, *arguments: int | str) -> str:
    """The address of a page that may not be there yet."""
    try:
        return address(name, *arguments)
    except NoReverseMatch:
        return ""
