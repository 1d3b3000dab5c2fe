"""The list of customers, somebody new, and what is known of a person."""

from typing import Final
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from dangol.customers.commands.profiles import add_customer, change_profile
from dangol.customers.errors import AddressKnown
from dangol.customers.forms import NewCustomerForm, ProfileForm
from dangol.customers.kinds import EMAIL, PHONE
from dangol.customers.models import Segment
from dangol.customers.queries import living_customer, names_of
from dangol.desk.customer_list import customer_page
from dangol.desk.finding import LONGEST, find_customers, people_of
from dangol.desk.segment_people import people_page
from dangol.kernel import clock
from dangol.kernel.errors import Refused
from dangol.kernel.places import read_id
from dangol.kernel.redirects import see_other
from dangol.staff.rights import actor, may, needs

FOUND: Final = 40


@require_safe
@needs("answer")
def customers(request: HttpRequest) -> HttpResponse:
    """Everybody, with whom we talked last first; or whom the words find, or who is in a segment, the newest first."""
    query = request.GET.get("q", "").strip()[:LONGEST]
    after = request.GET.get("after", "")
    here = reverse("customers")
    context: dict[str, object] = {"query": query, "may_import": may(actor(request), "import_customers")}
    if query:
        found = find_customers(query, limit=FOUND + 1, before=read_id(after))
        shown = found.ids[:FOUND]
        following = str(shown[-1]) if len(found.ids) > FOUND else ""
        context |= {"people": people_of(shown, query), "is_whole": found.is_whole}
    else:
        segment = Segment.objects.filter(pk=read_id(request.GET.get("segment", "")) or 0).first()
        page = people_page(segment, after=after) if segment else customer_page(after=after)
        context |= {"page": page, "segment": segment}
        following = page.next
    words = _asked(query, context)
    context |= {
        "segments": Segment.objects.order_by("position", "pk"),
        "may_change_segments": may(actor(request), "change_segments"),
        "first_url": f"{here}?{urlencode(words)}" if after else "",
        "next_url": f"{here}?{urlencode(words | {'after': following})}" if following else "",
    }
    template = "desk/customers.html#found" if getattr(request, "htmx", False) else "desk/customers.html"
    return render(request, template, context)


def _asked(query: str, context: dict[str, object]) -> dict[str, str]:
    segment = context.get("segment")
    if query or not isinstance(segment, Segment):
        return {"q": query} if query else {}
    return {"segment": str(segment.pk)}


@require_http_methods(["GET", "HEAD", "POST"])
@needs("answer")
def new_customer(request: HttpRequest) -> HttpResponse:
    """Write somebody down who has not written yet."""
    form = NewCustomerForm(request.POST if request.method == "POST" else None)
    known_id = None
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            made = add_customer(
                actor=actor(request),
                addresses=[(EMAIL, given["email"]), (PHONE, given["phone"])],
                at=clock.now(),
                name=given["name"],
                language=given["language"],
            )
        except AddressKnown as refused:
            known_id = refused.customer_id
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Written down."))
            return see_other("customer", made.pk)
    context = {"form": form, "known_url": reverse("customer", args=[known_id]) if known_id else ""}
    return render(request, "desk/new_customer.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("answer")
def profile(request: HttpRequest, customer_id: int) -> HttpResponse:
    """What is known of the person, to change it."""
    person = living_customer(customer_id)
    if person.pk != customer_id and request.method != "POST":
        return redirect("customer_profile", person.pk)
    form = ProfileForm(request.POST) if request.method == "POST" else ProfileForm.of(person)
    if form.is_bound and form.is_valid():
        try:
            change_profile(actor=actor(request), customer=person, at=clock.now(), **form.cleaned_data)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Saved."))
            return see_other("customer", person.pk)
    context = {"form": form, "person": person, "name": names_of([person])[person.pk]}
    return render(request, "desk/customer_profile.html", context, status=422 if form.is_bound else 200)
