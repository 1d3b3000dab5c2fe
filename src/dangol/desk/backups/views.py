"""Backups under Settings: how they go, when and where they are made, and each to be saved elsewhere."""

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dangol.desk.backups.commands import ask_for_backup, change_backup_plan, hand_out_backup
from dangol.desk.backups.making import is_on_by_itself
from dangol.desk.backups.queries import backup_at_hand, backups_page
from dangol.desk.backups.saving import open_alone
from dangol.kernel import clock
from dangol.kernel.errors import Refused
from dangol.kernel.redirects import see_other
from dangol.staff.rights import actor, needs


class BackupForm(forms.Form):
    """Whether and where."""

    is_on = forms.BooleanField(label=gettext_lazy("Make a backup every night"), required=False)
    folder = forms.CharField(
        label=gettext_lazy("Folder"),
        max_length=500,
        required=False,
        help_text=gettext_lazy(
            "Best on another disk, such as /mnt/disk/backups. Empty: the folder backups beside the desk’s own data."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@needs("back_up")
def backups(request: HttpRequest) -> HttpResponse:
    """How they go, and the plan."""
    if request.method != "POST":
        return _page(request)
    form = BackupForm(request.POST)
    if form.is_valid():
        try:
            change_backup_plan(actor=actor(request), at=clock.now(), **form.cleaned_data)
        except Refused as refused:
            form.add_error("folder", str(refused))
        else:
            messages.success(request, _("Saved."))
            return see_other("backups")
    return _page(request, form)


@require_POST
@needs("back_up")
def backup_now(request: HttpRequest) -> HttpResponse:
    """Have one made."""
    if not ask_for_backup(actor=actor(request), is_on=is_on_by_itself(), at=clock.now()):
        messages.info(request, _("One is being made already."))
    return see_other("backups")


@require_GET
@needs("back_up")
@reauthentication_required(allow_get=False)  # type: ignore[untyped-decorator]
def backup_file(request: HttpRequest, backup_id: int) -> HttpResponse:
    """The file, for somebody who has signed in lately: it holds everything, the passwords of the mailboxes too."""
    row, path = backup_at_hand(backup_id)
    file = open_alone(path)
    try:
        hand_out_backup(actor=actor(request), backup=row, at=clock.now())
    except BaseException:
        file.close()
        raise
    response = FileResponse(file, as_attachment=True, filename=row.name, content_type="application/gzip")
    response["Cache-Control"] = "private, no-store"
    return response  # type: ignore[return-value]  # it is streamed


def _page(request: HttpRequest, form: BackupForm | None = None) -> HttpResponse:
    page = backups_page(is_on=is_on_by_itself(), at=clock.now())
    shown = form or BackupForm(initial={"is_on": page.is_on, "folder": page.folder})
    is_part = request.method == "GET" and getattr(request, "htmx", False)
    template = "desk/settings/backups.html#state" if is_part else "desk/settings/backups.html"
    return render(request, template, {"page": page, "form": shown}, status=422 if form else 200)
