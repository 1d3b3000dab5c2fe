"""What customers open without an account."""

from allauth.core import ratelimit
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from dangol.customers.commands.consents import unsubscribe as say_no
from dangol.customers.commands.consents import unsubscribe_whole
from dangol.customers.kinds import kind_words
from dangol.customers.models import Consent
from dangol.customers.queries import living_customer, may_write
from dangol.customers.unsubscribing import read_token
from dangol.kernel import clock
from dangol.kernel.errors import Gone


# The token is all the right that is needed, and mail programs that press the button know nothing of our forms.
@csrf_exempt
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, signed: str) -> HttpResponse:
    """Say no to more of this kind. Looking changes nothing, since scanners follow links; POST says no, at once.

    Whoever tries tokens is stopped after a few; a real one is never refused.
    """
    link = read_token(signed)
    if link is None:
        stopped: HttpResponse | None = ratelimit.consume_or_429(request, action="unsubscribe")
        if stopped is not None:
            return stopped
        raise Gone
    person = living_customer(link.customer_id)
    if request.method == "POST":
        say_no(customer=person, channel=link.channel, purpose=link.purpose, at=clock.now())
        if request.POST.get("all"):
            unsubscribe_whole(customer=person, channel=link.channel, at=clock.now())
    known = {code for code, _name in settings.LANGUAGES}
    language = person.language if person.language in known else translation.get_language()
    with translation.override(language):
        context = {
            "is_over": not may_write(person, link.channel, link.purpose),
            "has_more": any(may_write(person, link.channel, each) for each in Consent.Purpose.values),
            "channel": kind_words(link.channel),
            "purpose": str(Consent.Purpose(link.purpose).label),
        }
        return render(request, "customers/unsubscribe.html", context)
