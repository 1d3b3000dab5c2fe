"""Settings › Goodwill: limits, budget, the price of an hour, and the tree of causes."""

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from dangol.business.money import minor_units, typed_amount
from dangol.business.queries import current_business
from dangol.goodwill.causes import cause_choices
from dangol.goodwill.commands.causes import (
    add_cause,
    begin_causes,
    bring_cause_back,
    change_cause,
    retire_cause,
)
from dangol.goodwill.commands.policy import Policy, change_giving
from dangol.goodwill.models import Cause, GivingLimit, GivingPolicy
from dangol.goodwill.rules import SUGGESTED, usual_limits
from dangol.kernel import clock
from dangol.kernel.errors import Gone, Refused
from dangol.kernel.places import read_id
from dangol.kernel.redirects import see_other
from dangol.staff.models import Role
from dangol.staff.rights import actor, needs

METHODS: Final = ["GET", "HEAD", "POST"]


class AmountField(forms.CharField):
    """An amount as people type it; empty is None."""

    def __init__(self, currency: str, **options: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(required=False, max_length=30, widget=widget, **options)
        self.currency = currency

    def clean(self, value: Any) -> Any:
        """Minor units, or None."""
        text = super().clean(value).strip()
        try:
            return minor_units(text, self.currency) if text else None
        except Refused as refusal:
            raise forms.ValidationError(str(refusal)) from refusal


class PolicyForm(forms.Form):
    """Two limits a role, the budget, the price of an hour."""

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for role in Role:
            words = {"role": role.label}
            self.fields[f"{role.value}_act"] = AmountField(currency, label=_("%(role)s, at once") % words)
            self.fields[f"{role.value}_month"] = AmountField(
                currency, label=_("%(role)s, a customer and month") % words
            )
        self.fields["budget"] = AmountField(
            currency,
            label=_("All together in a month"),
            help_text=_("The budget of the business. Above it only an owner says yes."),
        )
        self.fields["hourly_rate"] = AmountField(
            currency,
            label=_("What an hour of work costs you"),
            help_text=_("The wage with all that comes on top. Without it no time is booked."),
        )
        for name, label in (
            ("reply_minutes", gettext_lazy("Minutes for a reply, where nothing says how long it took")),
            ("most_reply_minutes", gettext_lazy("Minutes that a reply counts at most")),
        ):
            self.fields[name] = forms.IntegerField(label=label, min_value=1, max_value=480)

    @property
    def roles(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """The two limits of each role."""
        return [(self[f"{role.value}_act"], self[f"{role.value}_month"]) for role in Role]

    @property
    def policy(self) -> Policy:
        """What the valid form says."""
        data = self.cleaned_data
        return Policy(
            {role.value: (data[f"{role.value}_act"], data[f"{role.value}_month"]) for role in Role},
            data["budget"],
            data["hourly_rate"],
            data["reply_minutes"],
            data["most_reply_minutes"],
        )


@require_http_methods(METHODS)
@needs("change_goodwill")
def goodwill_settings(request: HttpRequest) -> HttpResponse:
    """Limits, budget, price of an hour; and below it the causes."""
    begin_causes()
    currency = current_business().currency
    status = 200
    if request.method == "POST":
        form = PolicyForm(request.POST, currency=currency)
        if form.is_valid():
            try:
                change_giving(actor=actor(request), policy=form.policy, at=clock.now())
            except Refused as refusal:
                form.add_error(None, str(refusal))
            else:
                messages.success(request, _("Saved."))
                return see_other("goodwill_settings")
        status = 422
    else:
        form = PolicyForm(initial=_initial(currency), currency=currency)
    context = {
        "form": form,
        "currency": currency,
        "causes": cause_choices(),
        "remedies": [(kind.value, kind.label) for kind in SUGGESTED],
        "retired": Cause.objects.exclude(retired_at=None).order_by("name"),
    }
    return render(request, "desk/settings/goodwill.html", context, status=status)


@require_POST
@needs("change_goodwill")
def causes(request: HttpRequest) -> HttpResponse:
    """A new cause."""
    add_cause(
        actor=actor(request),
        name=request.POST.get("name", ""),
        parent=_cause(request.POST.get("parent", "")),
        words=request.POST.get("words", ""),
        remedy=request.POST.get("remedy", ""),
        at=clock.now(),
    )
    return see_other("goodwill_settings", fragment="causes")


@require_POST
@needs("change_goodwill")
def cause(request: HttpRequest, cause_id: int) -> HttpResponse:
    """Rename a cause, move it, change its words, retire it or bring it back."""
    found = _cause(str(cause_id))
    if found is None:
        raise Gone
    at, person = clock.now(), actor(request)
    match request.POST.get("do", ""):
        case "retire":
            retire_cause(actor=person, cause=found, at=at)
        case "back":
            bring_cause_back(actor=person, cause=found, at=at)
        case _:
            change_cause(
                actor=person,
                cause=found,
                name=request.POST.get("name", ""),
                parent=_cause(request.POST.get("parent", "")),
                words=request.POST.get("words", ""),
                remedy=request.POST.get("remedy", ""),
                at=at,
            )
    return see_other("goodwill_settings", fragment="causes")


def _cause(text: str) -> Cause | None:
    return Cause.objects.filter(pk=read_id(text) or 0).first()


def _initial(currency: str) -> dict[str, Any]:
    def typed(amount: int | None) -> str:
        return "" if amount is None else typed_amount(amount, currency)

    rows = {row.role: (row.an_act, row.a_customer_a_month) for row in GivingLimit.objects.all()}
    policy = GivingPolicy.objects.first() or GivingPolicy()
    initial: dict[str, Any] = {
        "budget": typed(policy.budget_a_month),
        "hourly_rate": typed(policy.hourly_rate),
        "reply_minutes": policy.reply_minutes,
        "most_reply_minutes": policy.most_reply_minutes,
    }
    for role in Role:
        act, month = rows.get(role.value, usual_limits(role))
        initial |= {f"{role.value}_act": typed(act), f"{role.value}_month": typed(month)}
    return initial
