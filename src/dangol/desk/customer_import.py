"""Customers come in by a file on the page: kept, looked through, started; `dangol work` reads it."""

from collections.abc import Mapping
from typing import Any, Final, cast

from django import forms
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from dangol.business.proposals import zone_choices
from dangol.business.queries import current_business
from dangol.customers.file_import import first_people, reading_of_people
from dangol.customers.file_people import FIELDS, REASONS, IncomingPerson, propose_people
from dangol.desk.file_pages import (
    ColumnsForm,
    DraftPage,
    UploadForm,
    in_words,
    is_part,
    job_of,
    refused_table,
)
from dangol.kernel import clock
from dangol.kernel.errors import Refused
from dangol.kernel.redirects import see_other
from dangol.kernel.spreadsheets import table_response
from dangol.orders.import_jobs import FAILURES, keep_upload
from dangol.orders.models import FileImport
from dangol.staff.rights import actor, needs

LATEST: Final = 20
SHOWN: Final = 8
METHODS: Final = ["GET", "HEAD", "POST"]
KIND: Final = FileImport.Kind.CUSTOMERS


class OptionsForm(ColumnsForm):
    """What the file does not say."""

    overwrites = forms.BooleanField(
        label=gettext_lazy("What the file says replaces what is known"),
        required=False,
        help_text=gettext_lazy(
            "Otherwise it only fills what is missing. An empty cell never replaces anything."
        ),
    )
    wording = forms.CharField(
        label=gettext_lazy("Words that people agreed to"),
        max_length=4_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy(
            "For a column that says who agreed to news. A yes without these words and a day is not kept; a no is."
        ),
    )
    zone = forms.ChoiceField(label=gettext_lazy("Time zone"))

    def __init__(self, header: list[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(header, FIELDS, *args, **kwargs)
        cast(forms.ChoiceField, self.fields["zone"]).choices = zone_choices()

    @property
    def options(self) -> dict[str, Any]:
        """What was chosen, as the import keeps it."""
        plain = {
            name: self.cleaned_data[name] for name in ("zone", "wording", "overwrites", "all_or_nothing")
        }
        return {**plain, "columns": self.places(self.cleaned_data)}


@require_http_methods(METHODS)
@needs("import_customers")
def customers_import(request: HttpRequest) -> HttpResponse:
    """A new file, and those that were brought in before."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            job = keep_upload(actor=actor(request), name=file.name, content=file, kind=KIND, at=clock.now())
        except Refused as refused:
            form.add_error("file", str(refused))
        else:
            return see_other("customer_import", job.pk)
    jobs = FileImport.objects.filter(kind=KIND).select_related("created_by").order_by("-id")[:LATEST]
    status = 422 if request.method == "POST" else 200
    return render(request, "desk/customers_import.html", {"form": form, "jobs": jobs}, status=status)


@require_http_methods(METHODS)
@needs("import_customers")
def customer_import(request: HttpRequest, job_id: int) -> HttpResponse:
    """One file: what is proposed and how it would look, how far it is, what became of it."""
    job = job_of(job_id, KIND)
    if request.method == "POST":
        return DRAFT.chosen(request, job)
    if job.state != FileImport.State.DRAFT:
        template = "desk/customer_import.html#state" if is_part(request) else "desk/customer_import.html"
        return render(request, template, {"job": job, **_result(job)})
    proposed = _proposed(job.sample[0])
    form = OptionsForm(job.sample[0], initial=proposed)
    return DRAFT.shown(request, job, form, {"zone": proposed["zone"], "columns": form.places(proposed)})


@require_safe
@needs("import_customers")
def customer_import_refused(request: HttpRequest, job_id: int) -> HttpResponseBase:
    """The refused rows with their reasons."""
    return table_response("refused.csv", *refused_table(job_of(job_id, KIND), REASONS))


def _first(job: FileImport, options: Mapping[str, Any]) -> dict[str, Any]:
    people, refused = first_people(job.sample, reading_of_people(job.sample[0], options))
    got_zero = sum(each.got_zero for each in people)
    return {
        "rows": [_line(each) for each in people[:SHOWN]],
        "refused": in_words(refused, REASONS),
        "got_zero": got_zero,
    }


DRAFT: Final = DraftPage("customer_import", OptionsForm, _first)


def _line(person: IncomingPerson) -> tuple[str, str]:
    profile, addresses = person.profile, [shown for _kind, _normal, shown in person.addresses]
    name = profile.get("name") or " ".join(
        filter(None, (profile.get("given_name", ""), profile.get("family_name", "")))
    )
    return name or addresses[0], " · ".join([*addresses, *filter(None, [profile.get("company", "")])])


def _proposed(header: list[str]) -> dict[str, Any]:
    columns = {f"column_{field}": str(place) for field, place in propose_people(header).items()}
    return {"zone": current_business().time_zone, **columns}


def _result(job: FileImport) -> dict[str, Any]:
    report = job.report
    facts = [
        (_("Rows"), report.get("rows")),
        (_("New customers"), report.get("new")),
        (_("Changed"), report.get("changed")),
        (_("Known already"), report.get("known")),
        (_("Yes or no to news kept"), report.get("consents")),
        (_("Yes without its day or its words, not kept"), report.get("consents_without_proof")),
    ]
    return {
        "is_open": job.state in {FileImport.State.QUEUED, FileImport.State.RUNNING},
        "is_dry": bool(job.options.get("dry_run")),
        "failure": str(FAILURES.get(job.failure, job.failure)),
        "facts": facts if report else [],
        "refused": in_words(report.get("refused", {}), REASONS),
    }
