"""What the pages of files that are brought in have in common: the upload, which column is what, refused rows."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, gettext_lazy, override
from django.utils.translation import gettext as _

from dangol.kernel import clock
from dangol.kernel.columns import Fields
from dangol.kernel.errors import Gone, Refused
from dangol.kernel.redirects import see_other
from dangol.orders.import_jobs import start_import
from dangol.orders.models import FileImport
from dangol.staff.rights import actor


class UploadForm(forms.Form):
    """The file."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy(
            "CSV, also packed as .gz, or an Excel workbook (.xlsx): at most 100 MB, and 500 MB unpacked. "
            "Nothing is written before you have looked at it. "
            "The file is deleted when it is imported, or after 14 days."
        ),
    )


class ColumnsForm(forms.Form):
    """Which column is what. Further questions are the fields of who inherits."""

    all_or_nothing = forms.BooleanField(
        label=gettext_lazy("Write nothing if a row cannot be read"), required=False
    )

    def __init__(self, header: Sequence[str], known: Fields, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = known
        places = [("", "—"), *((str(place), name[:60] or "…") for place, name in enumerate(header))]
        for field, words in known.items():
            self.fields[f"column_{field}"] = forms.ChoiceField(
                label=str(words), choices=places, required=False
            )

    @property
    def options(self) -> dict[str, Any]:
        """What was chosen, as the import keeps it."""
        raise NotImplementedError

    @property
    def columns(self) -> list[forms.BoundField]:
        """The fields that say which column is what."""
        return [self[name] for name in self.fields if name.startswith("column_")]

    def places(self, values: Mapping[str, Any]) -> dict[str, int]:
        """The place of the column for each field that has one, by what was proposed or chosen."""
        return {
            field: int(values[f"column_{field}"]) for field in self.known if values.get(f"column_{field}")
        }


@dataclass(frozen=True)
class DraftPage:
    """The page of a file that was not started yet. `name` is that of its URL and, in `desk`, of its template.

    `first` says how the first rows would be taken by the options, as the template wants it, or refuses.
    """

    name: str
    form: Callable[..., ColumnsForm]
    first: Callable[[FileImport, Mapping[str, Any]], dict[str, Any]]

    def shown(
        self,
        request: HttpRequest,
        job: FileImport,
        form: ColumnsForm,
        options: Mapping[str, Any] | None,
        *,
        status: int = 200,
    ) -> HttpResponse:
        """The page with the form and, where it has options, how the first rows look by them."""
        found: dict[str, Any] = {"job": job, "form": form}
        if options:
            try:
                found |= self.first(job, options)
            except Refused as refused:
                found["trouble"] = str(refused)
        return render(request, f"desk/{self.name}.html", found, status=status)

    def chosen(self, request: HttpRequest, job: FileImport) -> HttpResponse:
        """What was pressed: look again, read it without writing, import. Refused (Gone) when the file is no longer
        there."""
        do = request.POST.get("do", "")
        if do == "for-real":
            return self._started(request, job, {**job.options, "dry_run": False})
        if not job.sample:
            raise Gone
        form = self.form(job.sample[0], request.POST)
        if not form.is_valid():
            return self.shown(request, job, form, None, status=422)
        if do == "look":
            return self.shown(request, job, form, form.options)
        try:
            return self._started(request, job, {**form.options, "dry_run": do == "dry-run"})
        except Refused as refused:
            form.add_error(None, str(refused))
            return self.shown(request, job, form, None, status=422)

    def _started(self, request: HttpRequest, job: FileImport, options: dict[str, Any]) -> HttpResponse:
        start_import(actor=actor(request), job_id=job.pk, options=options, at=clock.now())
        return see_other(self.name, job.pk)


def job_of(job_id: int, kind: str) -> FileImport:
    """The file of this kind. Refused (Gone) when it is not there any more."""
    job = FileImport.objects.filter(pk=job_id, kind=kind).first()
    if job is None:
        raise Gone(_("This import is no longer here."))
    return job


def is_part(request: HttpRequest) -> bool:
    """Whether only how far it is was asked for."""
    htmx = getattr(request, "htmx", None)
    return bool(htmx and htmx.target == "state")


def in_words(refused: Mapping[str, int], reasons: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Why rows were refused, and how many."""
    return [(str(reasons.get(reason, reason)), many) for reason, many in refused.items()]


def refused_table(job: FileImport, reasons: Mapping[str, Any]) -> tuple[list[str], Iterator[list[str]]]:
    """The header and the rows of the file of refused ones, their reasons in the reader's language. Refused: Gone."""
    if not job.refused_path or not default_storage.exists(job.refused_path):
        raise Gone
    rows = _rows_of(job.refused_path)
    header = next(rows, [])
    language = get_language() or "en"

    def said() -> Iterator[list[str]]:
        for row in rows:
            with override(language):  # it is sent when the request is over
                yield [*row[:-1], str(reasons.get(row[-1], row[-1]))]

    return header, said()


def _rows_of(path: str) -> Iterator[list[str]]:
    with (
        default_storage.open(path, "rb") as file,
        io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text,
    ):
        yield from csv.reader(text)
