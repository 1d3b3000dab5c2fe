"""Worth › Causes to name: what was paid for a failure and nobody has said why. One cause for one entry or for many."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from dangol.business.money import money_text
from dangol.customers.queries import names_of
from dangol.desk.queries import url_or_nothing
from dangol.goodwill.causes import CauseChoice, cause_choices, proposed_cause
from dangol.goodwill.commands.causes import begin_causes
from dangol.goodwill.commands.entries import name_causes
from dangol.goodwill.commands.refunds import REFUND
from dangol.goodwill.models import Cause, Entry, Kind
from dangol.goodwill.queries import asking_for_cause
from dangol.inbox.models import Conversation
from dangol.kernel import clock
from dangol.kernel.errors import Refused
from dangol.kernel.places import Place, read_id
from dangol.kernel.redirects import see_other
from dangol.orders.models import Refund
from dangol.staff.rights import actor, needs

PAGE: Final = 50


@dataclass(frozen=True)
class Asking:
    """An entry that asks why. `proposed` is the cause that the words about it speak of, "" for none."""

    id: int
    url: str
    what: str
    amount: str
    customer: str
    happened_at: datetime
    words: str
    order: str
    order_url: str
    conversation_url: str
    proposed: str
    proposed_id: int | None


class CauseUnchosen(Refused):
    """The button was pressed without a cause."""

    message = gettext_lazy("Choose a cause first.")


class NothingTicked(Refused):
    """The button was pressed without an entry."""

    message = gettext_lazy("Tick at least one entry.")


@require_http_methods(["GET", "HEAD", "POST"])
@needs("see_worth")
def causes_to_name(request: HttpRequest) -> HttpResponse:
    """The entries that ask for a cause, the newest first; ticked ones get the chosen one."""
    begin_causes()
    failure = ""
    if request.method == "POST":
        try:
            done = _name(request)
        except Refused as refusal:
            failure = str(refusal)
        else:
            words = ngettext("%(n)d entry has its cause now.", "%(n)d entries have their cause now.", done)
            messages.success(request, words % {"n": done})
            return see_other("causes_to_name")
    after = request.GET.get("after", "")
    rows = asking_for_cause()
    place = Place.read(after)
    if place:
        rows = rows.filter(Q(happened_at__lt=place.at) | Q(happened_at=place.at, id__lt=place.id))
    found = list(rows.select_related("customer", "order").order_by("-happened_at", "-id")[: PAGE + 1])
    last = found[PAGE - 1] if len(found) > PAGE else None
    choices = cause_choices()
    here = reverse("causes_to_name")
    context = {
        "rows": tuple(_views(found[:PAGE], choices)),
        "count": asking_for_cause().count(),
        "causes": choices,
        "failure": failure,
        "ticked": set(request.POST.getlist("entry")),
        "chosen": read_id(request.POST.get("cause", "")),
        "first_url": here if after else "",
        "next_url": f"{here}?after={Place(last.happened_at, last.pk)}" if last else "",
    }
    return render(request, "desk/causes_to_name.html", context, status=422 if failure else 200)


def _name(request: HttpRequest) -> int:
    one = request.POST.get(
        "one", ""
    )  # "entry.cause": the button beside an entry, for what its words speak of
    entry_id, _dot, cause_id = one.partition(".")
    ticked = [entry_id] if one else request.POST.getlist("entry")
    ids = [pk for pk in map(read_id, ticked[:PAGE]) if pk is not None]
    if not ids:
        raise NothingTicked
    chosen = read_id(cause_id if one else request.POST.get("cause", ""))
    cause = Cause.objects.filter(pk=chosen).first() if chosen else None
    if cause is None:
        raise CauseUnchosen
    return name_causes(actor=actor(request), entry_ids=ids, cause=cause, at=clock.now())


def _views(rows: list[Entry], choices: tuple[CauseChoice, ...]) -> Iterator[Asking]:
    names = names_of(row.customer for row in rows if row.customer)
    reasons = _reasons(rows)
    talks = [row.conversation_id for row in rows if row.conversation_id]
    subjects = dict(Conversation.objects.filter(pk__in=talks).values_list("pk", "subject"))
    said = {choice.id: choice.name for choice in choices}
    for row in rows:
        words = reasons.get(row.pk) or subjects.get(row.conversation_id or 0, "")
        proposed = proposed_cause(words, choices) if words else None
        yield Asking(
            id=row.pk,
            url=url_or_nothing("worth_entry", row.pk),
            what=str(Kind(row.kind).label),
            amount=money_text(row.booked or 0, row.own_currency, (get_language() or "en")[:2]),
            customer=names.get(row.customer_id or 0, ""),
            happened_at=row.happened_at,
            words=words,
            order=row.order.number if row.order else "",
            order_url=reverse("order", args=[row.order_id]) if row.order_id else "",
            conversation_url=reverse("conversation", args=[row.conversation_id])
            if row.conversation_id
            else "",
            proposed=said.get(proposed or 0, ""),
            proposed_id=proposed,
        )


def _reasons(rows: list[Entry]) -> dict[int, str]:
    """What the shop's system says of the refunds behind these entries, by the entry; one query."""
    keys = {row.pk: read_id(row.source_key.partition(".")[0]) for row in rows if row.source_kind == REFUND}
    refunds = Refund.objects.filter(pk__in=[pk for pk in keys.values() if pk is not None])
    reasons = dict(refunds.values_list("pk", "reason"))
    return {entry: reasons.get(refund or 0, "") for entry, refund in keys.items()}
