"""Orders come in by a file on the page: kept, looked through, started; `dangol work` reads it, and the page follows."""

from collections.abc import Mapping
from typing import Any, Final, cast

from django import forms
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from dangol.business.proposals import currency_choices, zone_choices
from dangol.business.queries import current_business
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
from dangol.orders.columns import FIELDS, propose_columns
from dangol.orders.file_refusals import REASONS
from dangol.orders.import_jobs import keep_upload, preview
from dangol.orders.import_reading import FAILURES, reading_of
from dangol.orders.incoming import IncomingRefund
from dangol.orders.models import FileImport
from dangol.staff.rights import actor, needs

LATEST: Final = 20
SHOWN: Final = 8
METHODS: Final = ["GET", "HEAD", "POST"]


class OptionsForm(ColumnsForm):
    """What the file does not say."""

    currency = forms.ChoiceField(label=gettext_lazy("Currency"))
    zone = forms.ChoiceField(label=gettext_lazy("Time zone"))
    source = forms.CharField(
        label=gettext_lazy("Where the orders are from"),
        max_length=80,
        required=False,
        help_text=gettext_lazy("Only if you sell in several shops whose numbers may be the same."),
    )
    month_first = forms.ChoiceField(
        label=gettext_lazy("A date like 3/4/2026 is"),
        choices=[
            ("", gettext_lazy("as other dates in the file show")),
            ("day", gettext_lazy("3 April: the day comes first")),
            ("month", gettext_lazy("4 March: the month comes first")),
        ],
        required=False,
    )

    total_is = forms.ChoiceField(
        label=gettext_lazy("The same amount in all rows of an order is"),
        choices=[
            ("", gettext_lazy("as quantity and price show")),
            ("order", gettext_lazy("that of the whole order")),
            ("line", gettext_lazy("that of each row")),
        ],
        required=False,
    )

    def __init__(self, header: list[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(header, FIELDS, *args, **kwargs)
        for name, choices in (("currency", currency_choices()), ("zone", zone_choices())):
            cast(forms.ChoiceField, self.fields[name]).choices = choices

    @property
    def options(self) -> dict[str, Any]:
        """What was chosen, as the import keeps it."""
        chosen = self.cleaned_data
        plain = {name: chosen[name] for name in ("currency", "zone", "source", "total_is", "all_or_nothing")}
        month_first = {"day": False, "month": True}.get(chosen["month_first"])
        return {**plain, "month_first": month_first, "columns": self.places(chosen)}


@require_http_methods(METHODS)
@needs("import_orders")
def orders_import(request: HttpRequest) -> HttpResponse:
    """A new file, and those that were brought in before."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            job = keep_upload(actor=actor(request), name=file.name, content=file, at=clock.now())
        except Refused as refused:
            form.add_error("file", str(refused))
        else:
            return see_other("order_import", job.pk)
    jobs = (
        FileImport.objects.filter(kind=FileImport.Kind.ORDERS)
        .select_related("created_by")
        .order_by("-id")[:LATEST]
    )
    status = 422 if request.method == "POST" else 200
    return render(request, "desk/orders_import.html", {"form": form, "jobs": jobs}, status=status)


@require_http_methods(METHODS)
@needs("import_orders")
def order_import(request: HttpRequest, job_id: int) -> HttpResponse:
    """One file: what is proposed and how it would look, how far it is, what became of it."""
    job = job_of(job_id, FileImport.Kind.ORDERS)
    if request.method == "POST":
        return DRAFT.chosen(request, job)
    if job.state != FileImport.State.DRAFT:
        template = "desk/order_import.html#state" if is_part(request) else "desk/order_import.html"
        return render(request, template, {"job": job, **_result(job)})
    header = job.sample[0]
    form = OptionsForm(header, initial=_proposed(header))
    return DRAFT.shown(request, job, form, _options_of(form, _proposed(header)))


@require_safe
@needs("import_orders")
def order_import_refused(request: HttpRequest, job_id: int) -> HttpResponseBase:
    """The refused rows with their reasons."""
    return table_response("refused.csv", *refused_table(job_of(job_id, FileImport.Kind.ORDERS), REASONS))


def _first(job: FileImport, options: Mapping[str, Any]) -> dict[str, Any]:
    trades, counted = preview(job, reading_of(job.sample[0], options))
    return {
        "rows": [(each, isinstance(each, IncomingRefund)) for each in trades[:SHOWN]],
        "refused": in_words(counted.refused, REASONS),
    }


DRAFT: Final = DraftPage("order_import", OptionsForm, _first)


def _proposed(header: list[str]) -> dict[str, Any]:
    business = current_business()
    columns = {f"column_{field}": str(place) for field, place in propose_columns(header).items()}
    return {"currency": business.currency, "zone": business.time_zone, **columns}


def _options_of(form: OptionsForm, initial: Mapping[str, Any]) -> dict[str, Any]:
    return {"currency": initial["currency"], "zone": initial["zone"], "columns": form.places(initial)}


def _result(job: FileImport) -> dict[str, Any]:
    is_open = job.state in {FileImport.State.QUEUED, FileImport.State.RUNNING}
    is_dry = bool(job.options.get("dry_run"))
    return {
        "is_open": is_open,
        "is_dry": is_dry,
        "failure": str(FAILURES.get(job.failure, job.failure)),
        "facts": _facts(job.report, is_written=job.state == FileImport.State.DONE and not is_dry),
        "refused": in_words(job.report.get("refused", {}), REASONS),
    }


def _facts(report: Mapping[str, Any], *, is_written: bool) -> list[tuple[str, object]]:
    if "lines" not in report:
        return []
    facts: list[tuple[str, object]] = [
        (_("Lines"), report["lines"]),
        (_("Orders"), report["orders"]),
        (_("Cancellations"), report["cancellations"]),
        (_("Customers"), report["customers"]),
        (_("Lines without a customer"), report["lines_without_customer"]),
        (_("Quantity times price"), f"{report['sum_exact']} {report['currency']}"),
    ]
    if is_written:
        written = report["written"]
        facts += [
            (_("New orders and refunds"), f"{written['new_orders']} + {written['new_refunds']}"),
            (_("Changed"), f"{written['changed_orders']} + {written['changed_refunds']}"),
            (_("Known already"), written["known"]),
        ]
    return facts
