"""Giving from a conversation or an order: one form, three fields; and what waits for somebody's yes."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dangol.business.money import minor_units, money_text
from dangol.business.queries import current_business
from dangol.customers.models import Customer
from dangol.customers.queries import ids_of_person, living_customer, names_of
from dangol.desk.owed import wish_view
from dangol.desk.queries import url_or_nothing
from dangol.desk.suggested import READ, said_of
from dangol.goodwill.causes import CauseChoice, cause_choices, proposed_cause
from dangol.goodwill.commands.causes import begin_causes
from dangol.goodwill.commands.deciding import approve_wish, refuse_wish, take_back_goodwill, withdraw_wish
from dangol.goodwill.commands.entries import About
from dangol.goodwill.commands.giving import Remedy, decline_wish, give_goodwill
from dangol.goodwill.limits import Room, room_for
from dangol.goodwill.models import Cause, Kind, Wish
from dangol.goodwill.rules import GIVEN
from dangol.goodwill.suggesting import own_worth
from dangol.inbox.models import Message
from dangol.inbox.reading import open_conversation
from dangol.kernel import clock
from dangol.kernel.errors import Gone, Refused
from dangol.kernel.redirects import see_other
from dangol.orders.models import Order, OrderLine
from dangol.staff.rights import actor, needs

METHODS: Final = ["GET", "HEAD", "POST"]
STATE = Wish.State


@dataclass(frozen=True)
class OwnLine:
    """A line of an order and what it comes to in the business's own money, by the rate that the order keeps; `theirs`
    is its amount in the money of the order."""

    pk: int
    name: str
    amount: int
    theirs: int


@dataclass(frozen=True)
class Matter:
    """What is given for. `order_worth` is None where no order, or none in our own money of today, is at hand."""

    customer: Customer | None
    back_url: str
    said: str = ""
    conversation_id: int | None = None
    order: Order | None = None
    lines: Sequence[OwnLine] = ()

    @property
    def order_worth(self) -> int | None:
        """What the order cost in the business's own money."""
        if self.order is None or self.order.own_currency != current_business().currency:
            return None
        return self.order.own_amount

    def worth_of(self, theirs: int) -> int:
        """What an amount in the money of the order is in our own."""
        return theirs if self.order is None else own_worth(self.order, theirs)


class GivingForm(forms.Form):
    """What, how much, why. The lines of an order that are ticked say how much where nothing is typed."""

    kind = forms.ChoiceField(label=gettext_lazy("What"))
    amount = forms.CharField(
        label=gettext_lazy("How much it costs us"),
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    cause = forms.ChoiceField(label=gettext_lazy("Why"), required=False)
    what = forms.CharField(label=gettext_lazy("In words"), max_length=200, required=False)
    wished = forms.CharField(
        label=gettext_lazy("They wished for"),
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )

    def __init__(
        self,
        *args: Any,
        causes: Sequence[CauseChoice],
        lines: Sequence[OwnLine],
        worth_of: Callable[[int], int],
        currency: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.currency, self.worth_of = currency, worth_of
        self.fields["kind"] = forms.ChoiceField(
            label=self.fields["kind"].label, choices=[(kind.value, kind.label) for kind in GIVEN]
        )
        self.fields["cause"] = forms.ChoiceField(
            label=self.fields["cause"].label, required=False, choices=_grouped(causes)
        )
        self.line_amounts = {str(line.pk): line.theirs for line in lines}
        self.fields["lines"] = forms.MultipleChoiceField(
            label=_("For these lines"),
            required=False,
            widget=forms.CheckboxSelectMultiple,
            choices=[
                (str(line.pk), f"{line.name} · {money_text(line.amount, currency, _language())}")
                for line in lines
            ],
        )

    def clean(self) -> dict[str, Any]:
        """Amounts in minor units; refusals of theirs are the field's errors."""
        data: dict[str, Any] = super().clean() or {}
        for name in ("amount", "wished"):
            text = (data.get(name) or "").strip()
            try:
                data[name] = minor_units(text, self.currency) if text else None
            except Refused as refusal:
                self.add_error(name, str(refusal))
        if data.get("amount") is None and data.get("lines"):
            # Added before they are converted: rounded one by one they could be more than the order cost.
            data["amount"] = self.worth_of(sum(self.line_amounts[pk] for pk in data["lines"]))
        return data


@require_http_methods(METHODS)
@needs("answer")
def giving(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Give to the customer of a conversation."""
    row = open_conversation(conversation_id)
    arrived = Message.objects.filter(conversation=row, direction=Message.Direction.IN, automatic="")
    said = "\n".join([row.subject, *arrived.order_by("-pk").values_list("text_new", flat=True)[:READ]])
    order = _order_of(request, row.customer)
    matter = Matter(row.customer, reverse("conversation", args=[row.pk]), said, row.pk, order)
    return _giving(request, matter)


@require_http_methods(METHODS)
@needs("answer")
def customer_giving(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Give to a customer, from the customer's own page: whatever it is about."""
    person = living_customer(customer_id)
    arrived = Message.objects.filter(
        conversation__customer__in=ids_of_person(person), direction=Message.Direction.IN, automatic=""
    )
    said = "\n".join(arrived.order_by("-happened_at", "-pk").values_list("text_new", flat=True)[:READ])
    order = _order_of(request, person)
    return _giving(request, Matter(person, reverse("customer", args=[person.pk]), said, order=order))


@require_http_methods(METHODS)
@needs("answer")
def order_giving(request: HttpRequest, order_id: int) -> HttpResponse:
    """Give for an order: all of it, some lines, or an amount."""
    order = Order.objects.select_related("customer", "place").filter(pk=order_id).first()
    if order is None:
        raise Gone
    is_counted = order.own_amount is not None and order.own_currency == current_business().currency
    lines = _lines_in_own_money(order) if is_counted else []
    back = reverse("customer", args=[order.customer_id]) if order.customer_id else reverse("today")
    return _giving(request, Matter(order.customer, _order_url(order) or back, order=order, lines=lines))


@require_safe
@needs("answer")
def wish(request: HttpRequest, wish_id: int) -> HttpResponse:
    """What somebody wants to give, and the buttons for who may decide; the mail leads here. Looking decides nothing."""
    found = _wish(wish_id)
    return render(request, "desk/wish.html", {"wish": wish_view(found, actor(request))})


@require_POST
@needs("approve_giving")
def wish_approval(request: HttpRequest, wish_id: int) -> HttpResponse:
    """Yes, to all of it or to less."""
    found = _wish(wish_id)
    typed = request.POST.get("amount", "").strip()
    amount = minor_units(typed, found.own_currency) if typed else None
    approve_wish(actor=actor(request), wish=found, amount=amount, at=clock.now())
    return _decided(request, found, _("Given. The cost is in the ledger."))


@require_POST
@needs("approve_giving")
def wish_refusal(request: HttpRequest, wish_id: int) -> HttpResponse:
    """No."""
    found = _wish(wish_id)
    refuse_wish(actor=actor(request), wish=found, at=clock.now())
    return _decided(request, found, _("Refused."))


@require_POST
@needs("answer")
def wish_withdrawal(request: HttpRequest, wish_id: int) -> HttpResponse:
    """Not needed any more; or, after it was given, a mistake: then another entry takes it back."""
    found = _wish(wish_id)
    take_back = withdraw_wish if found.state == STATE.ASKED else take_back_goodwill
    take_back(actor=actor(request), wish=found, at=clock.now())
    return _decided(request, found, _("Taken back."))


def _giving(request: HttpRequest, matter: Matter) -> HttpResponse:
    begin_causes()
    at, person, business = clock.now(), actor(request), current_business()
    choices = cause_choices()
    proposed = proposed_cause(matter.said, choices)
    room = room_for(person, matter.customer, order=matter.order, business=business, at=at)
    options: dict[str, Any] = {
        "causes": choices,
        "lines": matter.lines,
        "worth_of": matter.worth_of,
        "currency": business.currency,
    }
    if request.method == "POST":
        form = GivingForm(request.POST, **options)
        key = _key(request.POST.get("key", ""))
        if form.is_valid():
            try:
                done = _do(request, form.cleaned_data, matter, key, at)
            except Refused as refusal:
                form.add_error(None, str(refusal))
            else:
                messages.success(request, said_of(done))
                return see_other(matter.back_url)
        status = 422
    else:
        asked = request.GET
        initial = {
            "kind": asked.get("kind", Kind.REDO),
            "cause": asked.get("cause", str(proposed or "")),
            "amount": asked.get("amount", "")[:30],
        }
        if matter.order_worth and matter.lines:
            initial["kind"] = request.GET.get("kind", Kind.REFUND)
        form, key, status = GivingForm(initial=initial, **options), uuid4(), 200
    context = {
        "form": form,
        "key": key,
        "matter": matter,
        "customer": names_of([matter.customer])[matter.customer.pk] if matter.customer else "",
        "currency": business.currency,
        "room": _room_words(room, business.currency),
        "is_proposed": bool(proposed),
    }
    return render(request, "desk/giving.html", context, status=status)


def _do(request: HttpRequest, data: dict[str, Any], matter: Matter, key: UUID, at: datetime) -> Wish:
    cause = Cause.objects.filter(pk=data["cause"]).first() if data["cause"] else None
    remedy = Remedy(Kind(data["kind"]), data["amount"] or 0, data["wished"], data["what"])
    about = About(cause, matter.customer, matter.order, matter.conversation_id)
    command = decline_wish if "no" in request.POST else give_goodwill
    return command(actor=actor(request), remedy=remedy, about=about, key=key, at=at)


def _room_words(room: Room, currency: str) -> str:
    if room.left is None:
        return _("You may give this without asking.")
    shown = {"amount": money_text(room.left, currency, _language()), "segment": room.segment}
    if not room.left:
        return _("Whatever you give here, somebody who may is asked first.")
    if room.segment:
        return _("You may give up to %(amount)s without asking, by the playbook of %(segment)s.") % shown
    return _("You may give up to %(amount)s without asking.") % shown


def _grouped(causes: Sequence[CauseChoice]) -> list[Any]:
    """Each below the place where service breaks: so a name is short enough to be read whole on a phone."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for cause in causes:
        groups.setdefault(cause.above or cause.name, []).append((str(cause.id), cause.name))
    named = [(above, some) if len(some) > 1 else some[0] for above, some in groups.items()]
    return [("", _("No fault: simply a kindness, or not known yet")), *named]


def _order_of(request: HttpRequest, customer: Customer) -> Order | None:
    """The order that the form was about when it was shown, and at first their newest or the one that is asked for.
    Refused (Gone) when it is somebody else's."""
    theirs = Order.objects.filter(customer__in=ids_of_person(living_customer(customer.pk)))
    if request.method != "POST" and "order" not in request.GET:
        return theirs.filter(cancelled_at=None).order_by("-ordered_at", "-id").first()
    said = request.POST.get("for_order", "") if request.method == "POST" else request.GET["order"]
    if not said:
        return None
    order = theirs.filter(pk=int(said)).first() if said.isdecimal() and len(said) < 19 else None
    if order is None:
        raise Gone
    return order


def _lines_in_own_money(order: Order) -> list[OwnLine]:
    rows: Iterable[OrderLine] = order.lines.order_by("pk")
    return [OwnLine(row.pk, row.name or row.sku, own_worth(order, row.amount), row.amount) for row in rows]


def _order_url(order: Order) -> str:
    return url_or_nothing("order", order.pk)


def _wish(wish_id: int) -> Wish:
    rows = Wish.objects.select_related("customer", "order", "cause", "staff", "decided_by")
    found = rows.filter(pk=wish_id).first()
    if found is None:
        raise Gone
    return found


def _decided(request: HttpRequest, found: Wish, words: str) -> HttpResponse:
    if request.headers.get("HX-Target") != "owed":  # that part of the page shows what became of it
        messages.success(request, words)
    if found.conversation_id:
        return see_other("conversation", found.conversation_id)
    return see_other("wish", found.pk)


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return uuid4()


def _language() -> str:
    return (get_language() or "en")[:2]
