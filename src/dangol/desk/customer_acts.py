"""What is done on a customer's page: notes, tags, addresses, consents. Each leads back to the page."""

from datetime import datetime, timedelta
from typing import Final, TypeVar

from django.contrib import messages
from django.core import signing
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dangol.customers.commands.consents import record_consent
from dangol.customers.commands.identities import add_identity, remove_identity
from dangol.customers.commands.introductions import say_who_brought
from dangol.customers.commands.profiles import (
    add_customer_note,
    put_note_back,
    remove_customer_note,
    set_tags,
)
from dangol.customers.errors import AddressKnown
from dangol.customers.forms import ConsentForm, CustomerNoteForm, IdentityForm, TagsForm
from dangol.customers.models import Customer, CustomerNote, Identity
from dangol.customers.queries import customer_called, ids_of_person, living_customer
from dangol.inbox.commands.splitting import split_identity
from dangol.inbox.preview import preview_of
from dangol.kernel import clock
from dangol.kernel.errors import Gone, Refused
from dangol.kernel.redirects import see_other
from dangol.staff.rights import actor, needs

F = TypeVar("F", bound=Form)
NOTE: Final = "note taken away"
UNDO_FOR: Final = timedelta(days=1)


@require_POST
@needs("answer")
def notes(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Write something down for the team."""
    person, form = living_customer(customer_id), _valid(CustomerNoteForm(request.POST))
    add_customer_note(actor=actor(request), customer=person, text=form.cleaned_data["text"], at=clock.now())
    return see_other("customer", person.pk, fragment="serve")


@require_POST
@needs("answer")
def note_removal(request: HttpRequest, customer_id: int, note_id: int) -> HttpResponse:
    """Take a note away."""
    person = living_customer(customer_id)
    note = CustomerNote.objects.filter(pk=note_id, customer__in=ids_of_person(person)).first()
    if note is None:
        raise Gone
    gone = remove_customer_note(actor=actor(request), note=note, at=clock.now())
    undo = format_html(
        '<form class="inline-form" method="post" action="{}"><input type="hidden" name="csrfmiddlewaretoken" '
        'value="{}"><input type="hidden" name="note" value="{}"><button class="linkish">{}</button></form>',
        reverse("customer_note_return", args=[person.pk]),
        get_token(request),
        _sealed(gone),
        _("Undo"),
    )
    words = _("Note taken away: %(text)s") % {"text": preview_of(gone.text)}
    messages.success(request, format_html("{} {}", words, undo))
    return see_other("customer", person.pk, fragment="serve")


@require_POST
@needs("answer")
def note_return(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Write down again what was just taken away."""
    person, note = living_customer(customer_id), _unsealed(request.POST.get("note", ""))
    if note is None or note.customer_id not in ids_of_person(person):
        raise Gone
    put_note_back(actor=actor(request), note=note, at=clock.now())
    messages.success(request, _("The note is there again."))
    return see_other("customer", person.pk, fragment="serve")


@require_POST
@needs("answer")
def tags(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Let these words be on the person."""
    person, form = living_customer(customer_id), TagsForm(request.POST)
    _valid(form)
    set_tags(actor=actor(request), customer=person, names=form.names, at=clock.now())
    return see_other("customer", person.pk, fragment="serve")


@require_POST
@needs("answer")
def introduction(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Say who brought them, or take it back."""
    person = living_customer(customer_id)
    bringer = None if "nobody" in request.POST else customer_called(request.POST.get("by", "")[:320])
    say_who_brought(actor=actor(request), customer=person, by=bringer, at=clock.now())
    return see_other("customer", person.pk, fragment="serve")


@require_POST
@needs("answer")
def identities(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Write an address down."""
    person, form = living_customer(customer_id), _valid(IdentityForm(request.POST))
    try:
        add_identity(actor=actor(request), customer=person, at=clock.now(), **form.cleaned_data)
    except AddressKnown as known:
        merging = reverse("customer_merging", args=[person.pk, known.customer_id])
        messages.warning(
            request,
            format_html('{} <a href="{}">{}</a>', str(known), merging, _("Put them side by side")),
        )
    return see_other("customer", person.pk, fragment="reach")


@require_POST
@needs("answer")
def identity_removal(request: HttpRequest, customer_id: int, identity_id: int) -> HttpResponse:
    """Take an address away that was only written down."""
    person = living_customer(customer_id)
    identity = _identity(person, identity_id)
    remove_identity(actor=actor(request), identity=identity, at=clock.now())
    messages.success(request, _("Taken away: %(address)s") % {"address": identity.shown or identity.address})
    return see_other("customer", person.pk, fragment="reach")


@require_POST
@needs("answer")
def identity_split(request: HttpRequest, customer_id: int, identity_id: int) -> HttpResponse:
    """Make an address a customer of its own."""
    person = living_customer(customer_id)
    made = split_identity(actor=actor(request), identity=_identity(person, identity_id), at=clock.now())
    merging = reverse("customer_merging", args=[person.pk, made.pk])
    messages.success(
        request,
        format_html(
            '{} <a href="{}">{}</a>',
            _("This is a customer of its own now, with its conversations."),
            merging,
            _("Make them one again"),
        ),
    )
    return see_other("customer", made.pk)


@require_POST
@needs("answer")
def consents(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Keep what the person said about being written to."""
    person, form = living_customer(customer_id), _valid(ConsentForm(request.POST))
    record_consent(actor=actor(request), customer=person, at=clock.now(), **form.cleaned_data)
    return see_other("customer", person.pk, fragment="reach")


def _sealed(note: CustomerNote) -> str:
    """The note as it was, for the button that puts it back: it is kept nowhere else, and nobody can make another."""
    return signing.dumps([note.customer_id, note.text, note.by_id, note.at.isoformat()], salt=NOTE)


def _unsealed(text: str) -> CustomerNote | None:
    try:
        customer_id, words, by_id, at = signing.loads(text, salt=NOTE, max_age=UNDO_FOR)
    except signing.BadSignature:
        return None
    return CustomerNote(customer_id=customer_id, text=words, by_id=by_id, at=datetime.fromisoformat(at))


def _identity(person: Customer, identity_id: int) -> Identity:
    identity = Identity.objects.filter(pk=identity_id, customer__in=ids_of_person(person)).first()
    if identity is None:
        raise Gone
    return identity


def _valid(form: F) -> F:
    """The form, or a refusal that says what is wrong: these forms are a line or two on somebody's page."""
    if form.is_valid():
        return form
    name, errors = next(iter(form.errors.items()))
    label = form.fields[name].label if name in form.fields else ""
    raise Refused(f"{label}: {errors[0]}" if label else str(errors[0]))
