"""Customers › Segments: the list, one segment, its form with a live count, and who is put on a list by hand."""

import re
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dangol.business.queries import current_business
from dangol.customers.commands import normal_address
from dangol.customers.kinds import EMAIL
from dangol.customers.models import Identity, Segment
from dangol.customers.queries import living_customer
from dangol.desk.playbooks import playbook_lines
from dangol.desk.segment_form import SegmentForm, initial_of
from dangol.desk.segment_rule_form import (
    GroupDraft,
    draft_of,
    is_looking,
    named_draft,
    names_for,
    read_draft,
    rule_of,
)
from dangol.kernel import clock
from dangol.kernel.errors import Gone, Refused
from dangol.kernel.models import AuditEntry
from dangol.kernel.places import read_id
from dangol.kernel.redirects import see_other
from dangol.segments.commands import (
    REMOVED,
    change_segment,
    make_segment,
    order_segments,
    put_on_list,
    put_segment_back,
    remove_segment,
    take_off_list,
)
from dangol.segments.errors import RuleUnclear
from dangol.segments.queries import (
    all_segments,
    first_members,
    found_by,
    is_everybody_counted,
    member_count,
)
from dangol.segments.renewing import renewal_left
from dangol.segments.rules import Rule, read_rule
from dangol.segments.words import FACTS, Names, names, rule_words
from dangol.staff.rights import actor, may, needs

METHODS: Final = ["GET", "HEAD", "POST"]
MOST_PASTED: Final = 2000
LIST: Final = Segment.Kind.LIST


class TooManyPasted(Refused):
    message = gettext_lazy("At most 2,000 addresses at once. Paste the first part, and then the rest.")


@require_safe
@needs("answer")
def segments(request: HttpRequest) -> HttpResponse:
    """All segments, the one whose playbook counts first at the top."""
    rows = all_segments()
    rules = {row.segment.pk: _rule(row.segment) for row in rows}
    called = names(current_business().currency, filter(None, rules.values()))
    context = {
        "rows": [
            (row, _words(row.segment, rules[row.segment.pk], called), playbook_lines(row.segment)[:3])
            for row in rows
        ],
        "may_change": may(actor(request), "change_segments"),
        "may_compare": may(actor(request), "see_worth"),
        "is_counted": is_everybody_counted(),
        "renewal_left": renewal_left(),
    }
    return render(request, "desk/segments.html", context)


@require_safe
@needs("answer")
def segment(request: HttpRequest, segment_id: int) -> HttpResponse:
    """One segment: who is in by which rule, and how they are served."""
    found = _segment(segment_id)
    rule = _rule(found)
    context = {
        "segment": found,
        "count": member_count(found),
        "is_list": found.kind == LIST,
        "words": _words(found, rule, names(current_business().currency, [rule] if rule else [])),
        "is_unclear": found.kind != LIST and rule is None,
        "lines": playbook_lines(found),
        "members": first_members(found),
        "may_change": may(actor(request), "change_segments"),
        "is_counted": is_everybody_counted(),
        "renewal_left": renewal_left(),
    }
    return render(request, "desk/segment.html", context)


@require_http_methods(METHODS)
@needs("change_segments")
def new_segment(request: HttpRequest) -> HttpResponse:
    """Make one: by a rule, or a list (`?kind=list`)."""
    return _form(request, None, is_list=request.GET.get("kind") == "list")


@require_http_methods(METHODS)
@needs("change_segments")
def segment_change(request: HttpRequest, segment_id: int) -> HttpResponse:
    """Change its name, rule and playbook."""
    found = _segment(segment_id)
    return _form(request, found, is_list=found.kind == LIST)


@require_POST
@needs("change_segments")
def segment_removal(request: HttpRequest, segment_id: int) -> HttpResponse:
    """Take it away; the message has a button that puts it back."""
    found = _segment(segment_id)
    removal = remove_segment(actor=actor(request), segment=found, at=clock.now())
    undo = format_html(
        '<form class="inline-form" method="post" action="{}"><input type="hidden" name="csrfmiddlewaretoken" '
        'value="{}"><button class="linkish">{}</button></form>',
        reverse("segment_return", args=[removal.pk]),
        get_token(request),
        _("Undo"),
    )
    words = _("The segment %(name)s was removed. Its customers stay.") % {"name": found.name}
    messages.success(request, format_html("{} {}", words, undo))
    return see_other("segments")


@require_POST
@needs("change_segments")
def segment_return(request: HttpRequest, removal_id: int) -> HttpResponse:
    """Put a removed one back."""
    removal = AuditEntry.objects.filter(pk=removal_id, act=REMOVED).first()
    if removal is None:
        raise Gone
    back = put_segment_back(actor=actor(request), removal=removal, at=clock.now())
    messages.success(request, _("The segment is there again."))
    return see_other("segment", back.pk)


@require_POST
@needs("change_segments")
def segment_order(request: HttpRequest) -> HttpResponse:
    """Move one up or down in the order in which playbooks count."""
    ids = list(Segment.objects.order_by("position", "pk").values_list("pk", flat=True))
    up, down = read_id(request.POST.get("up", "")), read_id(request.POST.get("down", ""))
    moved, step = (up, -1) if up is not None else (down, 1)
    if moved in ids:
        place = ids.index(moved)
        other = min(max(place + step, 0), len(ids) - 1)
        ids[place], ids[other] = ids[other], ids[place]
        order_segments(actor=actor(request), ids=ids, at=clock.now())
    return see_other("segments")


@require_POST
@needs("change_segments")
def segment_members(request: HttpRequest, segment_id: int) -> HttpResponse:
    """Put people on a list: those of the addresses that were pasted, or one by id."""
    found = _segment(segment_id)
    one = read_id(request.POST.get("customer", ""))
    if one is not None:
        put_on_list(actor=actor(request), segment=found, customers=[living_customer(one).pk], at=clock.now())
        messages.success(request, _("On the list %(name)s.") % {"name": found.name})
        return see_other("customer", one, fragment="segments")
    wanted = _pasted(request.POST.get("addresses", ""))
    if len(wanted) > MOST_PASTED:
        raise TooManyPasted
    known = dict(
        Identity.objects.filter(kind=EMAIL, address__in=list(wanted)).values_list("address", "customer_id")
    )
    added = put_on_list(actor=actor(request), segment=found, customers=set(known.values()), at=clock.now())
    messages.success(
        request,
        ngettext("%(n)s customer was put on the list.", "%(n)s customers were put on the list.", added)
        % {"n": added},
    )
    if missing := [address for address in wanted if address not in known]:
        words = ngettext(
            "%(n)s address is nobody’s here: %(first)s",
            "%(n)s addresses are nobody’s here: %(first)s",
            len(missing),
        )
        messages.warning(request, words % {"n": len(missing), "first": ", ".join(missing[:5])})
    return see_other("segment", found.pk)


@require_POST
@needs("change_segments")
def segment_member_removal(request: HttpRequest, segment_id: int, customer_id: int) -> HttpResponse:
    """Take somebody off a list."""
    found, person = _segment(segment_id), living_customer(customer_id)
    take_off_list(actor=actor(request), segment=found, customer=person, at=clock.now())
    if "from_customer" in request.POST:
        return see_other("customer", person.pk, fragment="segments")
    return see_other("segment", found.pk)


def _pasted(text: str) -> dict[str, None]:
    """The addresses in what was pasted; of names beside them, as mail programs write them, nothing."""
    words = re.split(r"[\s,;<>]+", text.replace("\0", ""))
    in_brackets = re.findall(r"<\s*([^<>\s]+@[^<>\s]+)\s*>", text)
    typed = [word for word in words if "@" in word] if in_brackets else words
    return dict.fromkeys(normal_address(address, EMAIL) for address in typed if address)


def _form(request: HttpRequest, found: Segment | None, *, is_list: bool) -> HttpResponse:
    business, at = current_business(), clock.now()
    rule = _rule(found) if found else None
    is_posted = request.method == "POST"
    draft = read_draft(request.POST) if is_posted else draft_of(rule, business.currency)
    initial = initial_of(found, business.currency) if found else {}
    form = SegmentForm(request.POST if is_posted else None, initial=initial, currency=business.currency)
    context: dict[str, Any] = {"form": form, "found": found, "is_list": is_list, "status": 200}
    # While somebody types, the part with the count asks for itself, and no button was pressed.
    is_to_save = request.POST.get("act", "save") == "save" and not is_looking(draft)
    if is_posted and not _part(request) and is_to_save:
        done = _save(request, found, form, None if is_list else (draft, business.currency))
        if done is not None:
            return see_other("segment", done.pk)
        context["status"] = 422
    elif is_posted:
        form = context["form"] = SegmentForm(initial=request.POST.dict(), currency=business.currency)
    if not is_list:
        if _part(request) != "#count":
            draft = named_draft(draft, names_for(draft, business.currency))
        context |= {"draft": draft, "facts": tuple(FACTS.items()), "is_counted": is_everybody_counted()}
        try:
            context["people"] = found_by(rule_of(draft, business.currency), business=business, at=at)
        except RuleUnclear as refused:
            context["refusal"] = str(refused) if draft.parts else ""
    return render(request, f"desk/segment_form.html{_part(request)}", context, status=context["status"])


def _save(
    request: HttpRequest, found: Segment | None, form: SegmentForm, asked: tuple[GroupDraft, str] | None
) -> Segment | None:
    if not form.is_valid():
        return None
    person, at = actor(request), clock.now()
    try:
        rule: Rule | None = rule_of(*asked) if asked else None
        name, playbook = form.cleaned_data["name"], form.playbook
        if found is None:
            return make_segment(actor=person, name=name, rule=rule, playbook=playbook, at=at)
        return change_segment(actor=person, segment=found, name=name, rule=rule, playbook=playbook, at=at)
    except Refused as refused:
        form.add_error(None, str(refused))
        return None


def _part(request: HttpRequest) -> str:
    htmx = getattr(request, "htmx", None)
    return f"#{htmx.target}" if htmx and htmx.target in {"rule", "count"} else ""


def _segment(segment_id: int) -> Segment:
    found = Segment.objects.filter(pk=segment_id).first()
    if found is None:
        raise Gone
    return found


def _rule(found: Segment) -> Rule | None:
    if found.kind == LIST:
        return None
    try:
        return read_rule(found.rule)
    except RuleUnclear:
        return None


def _words(found: Segment, rule: Rule | None, called: Names) -> str:
    if found.kind == LIST:
        return _("A list, put together by hand.")
    return (
        rule_words(rule, called) if rule else _("The rule cannot be read: open it and put it together anew.")
    )
