"""Exchange rates under Settings: entered by hand; how far what waited for one is counted."""

from typing import Any, Final, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from dangol.business.models import ExchangeRate
from dangol.business.proposals import currency_choices
from dangol.business.queries import current_business
from dangol.desk.file_pages import is_part
from dangol.kernel import clock
from dangol.kernel.errors import Refused
from dangol.kernel.redirects import see_other
from dangol.orders.new_rates import enter_rate, parts_done
from dangol.staff.rights import actor, needs

SHOWN: Final = 50


class RateForm(forms.Form):
    """What one unit of a currency is worth, from a day on."""

    currency = forms.ChoiceField(label=gettext_lazy("Currency"))
    rate = forms.DecimalField(label=gettext_lazy("One of it is worth"), max_digits=18, decimal_places=12)
    since = forms.DateField(
        label=gettext_lazy("From this day on"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["currency"]).choices = currency_choices()


@require_http_methods(["GET", "HEAD", "POST"])
@needs("change_business")
def rates_settings(request: HttpRequest) -> HttpResponse:
    """The rates, and a new one. What waited for it is counted by `dangol work`, and the page follows."""
    if is_part(request):
        return render(request, "desk/settings/rates.html#state", {"counting": parts_done()})
    form = RateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            enter_rate(
                actor=actor(request),
                currency=form.cleaned_data["currency"],
                rate=form.cleaned_data["rate"],
                since=form.cleaned_data["since"],
                at=clock.now(),
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Saved."))
            return see_other("rates_settings")
    rates = ExchangeRate.objects.order_by("currency", "-effective_from", "-id")[:SHOWN]
    context = {"form": form, "rates": rates, "own": current_business().currency, "counting": parts_done()}
    return render(
        request, "desk/settings/rates.html", context, status=422 if request.method == "POST" else 200
    )
