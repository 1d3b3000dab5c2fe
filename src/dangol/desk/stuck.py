"""Stuck work: what did not get through, each with a button that tries again."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from dangol.channels.commands import drop_delivery, keep_delivery, try_delivery_again
from dangol.channels.fetching import retry_mail
from dangol.channels.stuck import quarantined_raw, stuck_delivery
from dangol.desk.stuck_reads import stuck_page
from dangol.kernel import clock
from dangol.kernel.errors import Gone
from dangol.kernel.models import Setback
from dangol.kernel.places import read_id
from dangol.kernel.reacting import retry_now
from dangol.kernel.redirects import see_other
from dangol.staff.rights import actor, may, needs


@require_safe
@needs("see_stuck_work")
def stuck_work(request: HttpRequest) -> HttpResponse:
    """All that is stuck, and how the work goes."""
    after = request.GET.get("after", "")
    before = read_id(after)
    page = stuck_page(before=before, at=clock.now())
    here = reverse("stuck_work")
    context = {
        "page": page,
        "may_retry_reports": may(actor(request), "change_connections"),
        "is_first": before is None,
        "first_url": here if before is not None else "",
        "next_url": f"{here}?after={page.next_mail}" if page.next_mail else "",
    }
    template = "desk/stuck.html#stuck" if getattr(request, "htmx", False) else "desk/stuck.html"
    return render(request, template, context)


@require_safe
@needs("see_stuck_work")
def stuck_mail_file(request: HttpRequest, raw_id: int) -> HttpResponse:
    """The mail exactly as it arrived, to be saved and never opened here."""
    raw = quarantined_raw(raw_id)
    try:
        content = raw.content
    except FileNotFoundError as gone:
        raise Gone(_("The file is missing from the data folder. Restore it from a backup.")) from gone
    return HttpResponse(
        content,
        content_type="message/rfc822",
        headers={
            "Content-Disposition": f'attachment; filename="mail-{raw.pk}.eml"',
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "private, no-store",
        },
    )


@require_POST
@needs("see_stuck_work")
def stuck_mail_retry(request: HttpRequest, raw_id: int) -> HttpResponse:
    """Let the mail be read again."""
    if retry_mail(quarantined_raw(raw_id)):
        messages.success(
            request, _("The mail is being read again. If that fails once more, it is back here.")
        )
    return see_other("stuck_work")


@require_POST
@needs("see_stuck_work")
def stuck_delivery_retry(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Try to send it at once."""
    if try_delivery_again(delivery=stuck_delivery(delivery_id), at=clock.now()):
        messages.success(
            request, _("It is being sent again. What the server answers stands here in a moment.")
        )
    else:
        messages.info(request, _("There was nothing left to try: it has been sent, or is just being sent."))
    return see_other("stuck_work")


@require_POST
@needs("see_stuck_work")
def stuck_delivery_drop(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Say that it is not to leave."""
    if drop_delivery(actor=actor(request), delivery=stuck_delivery(delivery_id), at=clock.now()):
        words = _("Dropped: the mail does not leave. For 30 days you can take that back below.")
        messages.success(request, words)
    else:
        messages.info(request, _("That has been done meanwhile."))
    return see_other("stuck_work")


@require_POST
@needs("see_stuck_work")
def stuck_delivery_keep(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Take back that it was dropped."""
    if keep_delivery(actor=actor(request), delivery=stuck_delivery(delivery_id), at=clock.now()):
        messages.success(request, _("The mail is set aside again, and can be sent."))
    else:
        messages.info(request, _("That has been done meanwhile."))
    return see_other("stuck_work")


@require_POST
@needs("see_stuck_work")
def stuck_setback_retry(request: HttpRequest, setback_id: int) -> HttpResponse:
    """Do at once what should have followed."""
    setback = Setback.objects.filter(pk=setback_id).first()
    if setback is None:
        messages.info(request, _("That has been done meanwhile."))
    else:
        retry_now(setback)
        messages.success(request, _("It is being tried again. If that fails once more, it is back here."))
    return see_other("stuck_work")
