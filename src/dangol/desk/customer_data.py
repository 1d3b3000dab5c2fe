"""What is kept about one person: handed to them as a file, or erased."""

from datetime import datetime
from typing import Any

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from dangol.business.queries import current_business
from dangol.customers.models import Customer
from dangol.customers.queries import living_customer, names_of
from dangol.desk.backups.rules import gone_by
from dangol.desk.models import Backup
from dangol.kernel import clock
from dangol.kernel.errors import Refused
from dangol.kernel.redirects import see_other
from dangol.orders.queries import money_words
from dangol.privacy.commands import erase_customer, note_export
from dangol.privacy.held import erasure_of, held_of
from dangol.privacy.person_file import person_file
from dangol.staff.rights import actor, may, needs


class ErasureForm(forms.Form):
    """The name, to be sure."""

    name = forms.CharField(
        label=gettext_lazy("Type the name to confirm"),
        max_length=330,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


@require_safe
@needs("export_person")
def person_data(request: HttpRequest, customer_id: int) -> HttpResponse:
    """What there is, what would go and what would stay; of one who was erased, how far that is."""
    person = living_customer(customer_id)
    if person.pk != customer_id:
        return redirect("customer_data", person.pk)
    return _page(request, person, ErasureForm())


@require_GET
@needs("export_person")
@reauthentication_required(allow_get=False)  # type: ignore[untyped-decorator]
def person_export(request: HttpRequest, customer_id: int) -> StreamingHttpResponse:
    """The file, for somebody who has signed in lately."""
    person, at = living_customer(customer_id), clock.now()
    note_export(actor=actor(request), customer=person, at=at)
    return StreamingHttpResponse(
        person_file(person, at=at),
        content_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="customer-{person.pk}.zip"',
            "Cache-Control": "private, no-store",
        },
    )


@require_POST
@needs("erase_customers")
def person_erasure(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Erase the person, whose name was typed."""
    person, form = living_customer(customer_id), ErasureForm(request.POST)
    if form.is_valid():
        try:
            erase_customer(
                actor=actor(request), customer=person, name=form.cleaned_data["name"], at=clock.now()
            )
        except Refused as refused:
            form.add_error("name", str(refused))
        else:
            messages.success(request, _("Erased."))
            return see_other("customer_data", person.pk)
    return _page(request, person, form, status=422)


def _page(request: HttpRequest, person: Customer, form: ErasureForm, *, status: int = 200) -> HttpResponse:
    at = clock.now()
    context: dict[str, Any] = {
        "person": person,
        "name": names_of([person])[person.pk],
        "form": form,
        "erasure": erasure_of(person) if person.erased_at else None,
        "backups_until": _backups_until(person.erased_at or at, at=at),
        "may_erase": may(actor(request), "erase_customers"),
    }
    if not person.erased_at:
        held = held_of(person)
        context |= {"held": held, "booked": money_words(held.booked, (get_language() or "en")[:2])}
    is_part = request.method == "GET" and getattr(request, "htmx", False)
    template = "desk/customer_data.html#state" if is_part else "desk/customer_data.html"
    return render(request, template, context, status=status)


def _backups_until(erased_at: datetime, *, at: datetime) -> datetime | None:
    """Until when one of our own backups holds the person; None where none does."""
    made = list(Backup.objects.values_list("made_at", flat=True))
    return gone_by(made, current_business().zone, before=erased_at, at=at)
