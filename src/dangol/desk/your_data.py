"""All of the business's data: taken elsewhere as tables, and kept for so long and no longer."""

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from dangol.kernel import clock
from dangol.kernel.audit import record_act
from dangol.kernel.redirects import see_other
from dangol.privacy.commands import RETENTION_FIELDS, change_retention
from dangol.privacy.models import RetentionPolicy
from dangol.privacy.retention import due_customers, due_files, due_talks
from dangol.staff.rights import actor, needs
from dangol.transfer.everything import everything


class RetentionForm(forms.Form):
    """How long what is kept."""

    talk_months = forms.IntegerField(
        label=_("Words and files of conversations that are done: months"),
        min_value=1,
        max_value=1200,
        required=False,
    )
    file_months = forms.IntegerField(
        label=_("Files, and the original mails that hold them: months"),
        min_value=1,
        max_value=1200,
        required=False,
    )
    customer_years = forms.IntegerField(
        label=_("Customers who neither wrote nor bought: years"),
        min_value=1,
        max_value=100,
        required=False,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@needs("export_everything")
def your_data(request: HttpRequest) -> HttpResponse:
    """What can be had, and how long what is kept; with `do=look` what that would erase is counted first."""
    policy = RetentionPolicy.objects.first() or RetentionPolicy()
    form = RetentionForm(
        request.POST if request.method == "POST" else None,
        initial={name: getattr(policy, name) for name in RETENTION_FIELDS},
    )
    if form.is_bound and form.is_valid():
        if request.POST.get("do") != "look":
            change_retention(actor=actor(request), at=clock.now(), **form.cleaned_data)
            messages.success(request, gettext("Saved."))
            return see_other("your_data")
        policy = RetentionPolicy(**form.cleaned_data)
    at = clock.now()
    due = (
        (gettext("Conversations"), due_talks(policy, at)),
        (gettext("Files"), due_files(policy, at)),
        (gettext("Customers"), due_customers(policy, at)),
    )
    is_wrong = form.is_bound and not form.is_valid()
    context = {"form": form, "due": due, "is_any": any(getattr(policy, name) for name in RETENTION_FIELDS)}
    return render(request, "desk/settings/your_data.html", context, status=422 if is_wrong else 200)


@require_GET
@needs("export_everything")
@reauthentication_required(allow_get=False)  # type: ignore[untyped-decorator]
def everything_file(request: HttpRequest) -> StreamingHttpResponse:
    """The zip, for somebody who has signed in lately; that it was taken is on record."""
    at = clock.now()
    record_act(
        actor_id=actor(request).pk,
        at=at,
        act="export_everything",
        thing="Business",
        thing_id=None,
        before={},
        after={},
    )
    return StreamingHttpResponse(
        everything(),
        content_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="dangol-{at:%Y-%m-%d}.zip"',
            "Cache-Control": "private, no-store",
        },
    )
