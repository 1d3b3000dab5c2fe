"""Pages that only the demo has: its door, and what the customers got."""

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dangol.inbox.letters import letter_policy
from dangol.kernel.places import read_id
from dangol.showcase import outbox as kept
from dangol.showcase.entrance import person_for
from dangol.staff.rights import needs

_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@never_cache
@login_not_required
@require_safe
def entrance(request: HttpRequest, token: str) -> HttpResponse:
    """Sign in whoever holds the link, and lead to Today. Not found for a changed link and outside the demo."""
    person = person_for(token)
    if person is None:
        raise Http404
    login(request, person, backend=_BACKEND)
    return HttpResponseRedirect(reverse(settings.LOGIN_REDIRECT_URL), status=303)


@require_safe
@needs("answer")
def outbox(request: HttpRequest) -> HttpResponse:
    """The mails that would have left, newest first."""
    _only_in_the_demo()
    before = request.GET.get("before", "")
    lines, next_before = kept.kept_mails(read_id(before))
    url = reverse("showcase_outbox")
    context = {
        "lines": lines,
        "url": f"{url}?before={before}" if before else url,
        "next_url": f"{url}?before={next_before}" if next_before else "",
        "first_url": url if before else "",
    }
    template = "showcase/outbox.html"
    return render(request, f"{template}#lines" if request.htmx else template, context)  # type: ignore[attr-defined]


@require_safe
@needs("answer")
def mail(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """One of them, as the customer's program shows it."""
    _only_in_the_demo()
    return render(request, "showcase/mail.html", {"mail": kept.kept_mail(delivery_id)})


@require_safe
@needs("answer")
def mail_of_message(request: HttpRequest, message_id: int) -> HttpResponse:
    """The mail that a reply became."""
    _only_in_the_demo()
    return redirect("showcase_mail", delivery_id=kept.delivery_of(message_id))


@require_safe
@needs("answer")
def mail_html(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Its HTML, for a frame that runs nothing."""
    _only_in_the_demo()
    response = HttpResponse(kept.kept_html(delivery_id))
    response["Content-Security-Policy"] = letter_policy(with_remote_pictures=False)
    return response


@require_safe
@needs("answer")
def mail_raw(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Its bytes, as text to read."""
    _only_in_the_demo()
    response = HttpResponse(kept.delivery(delivery_id).content, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'inline; filename="mail-{delivery_id}.eml.txt"'
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _only_in_the_demo() -> None:
    if not settings.DANGOL_DEMO:
        raise Http404
