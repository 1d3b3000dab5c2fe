"""Exchange rates from a file, under Settings: looked at first, then written."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from dangol.business.queries import current_business
from dangol.business.rates_file import MOST_BYTES, NoRates, TooManyRates, read_rates
from dangol.kernel import clock
from dangol.kernel.errors import Refused
from dangol.kernel.redirects import see_other
from dangol.orders.new_rates import enter_rates
from dangol.staff.rights import actor, needs

SHOWN: Final = 20


@require_http_methods(["GET", "HEAD", "POST"])
@needs("change_business")
def rates_import(request: HttpRequest) -> HttpResponse:
    """The file, what is in it, and the button that writes it. Nothing is kept in between: the page carries the text."""
    own = current_business().currency
    context: dict[str, Any] = {"own": own}
    if request.method != "POST":
        return render(request, "desk/settings/rates_import.html", context)
    try:
        text = _text(request)
        found = read_rates(text, own_currency=own)
    except Refused as refused:
        return render(
            request, "desk/settings/rates_import.html", {**context, "refused": str(refused)}, status=422
        )
    if request.POST.get("do") != "import":
        shown = {"found": found, "rates": found.rates[:SHOWN], "wrong": found.refused[:SHOWN], "text": text}
        return render(request, "desk/settings/rates_import.html", {**context, **shown})
    written = enter_rates(actor=actor(request), rates=found.rates, at=clock.now())
    said = ngettext("%(n)s new rate was written.", "%(n)s new rates were written.", written)
    messages.success(request, said % {"n": written})
    return see_other("rates_settings")


def _text(request: HttpRequest) -> str:
    file = request.FILES.get("file")
    if file is None:
        return request.POST.get("text", "")
    if (file.size or 0) > MOST_BYTES:
        raise TooManyRates
    raw: bytes = file.read()
    for encoding in ("utf-8-sig", "cp949"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise NoRates
