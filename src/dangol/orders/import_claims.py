"""Who reads a file that came in by the page, how far it is, what became of it, and when it is swept away."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db.models import Q
from django.utils.translation import gettext_lazy

from dangol.kernel import clock
from dangol.kernel.errors import Refused
from dangol.kernel.processes import gone_among, this_process
from dangol.orders.models import FileImport

KEPT: Final = timedelta(days=14)
"""So long are files, their first rows and refused ones kept, and drafts."""
_FORGOTTEN: Final = timedelta(minutes=10)  # a claim of another machine that nobody renewed
State = FileImport.State


class NotNow(Refused):
    message = gettext_lazy(
        "This file is being read already, or has been. Load the page again to see how far it is."
    )


def claim_import(*, at: datetime) -> FileImport | None:
    """The next file to read, now this process's: one that waits, or whose process was killed over it."""
    names = FileImport.objects.filter(state=State.RUNNING).values_list("claimed_by", flat=True)
    left = Q(state=State.RUNNING) & (Q(claimed_by__in=gone_among(names)) | Q(claimed_at__lt=at - _FORGOTTEN))
    for job in FileImport.objects.filter(Q(state=State.QUEUED) | left).order_by("id")[:5]:
        mine = FileImport.objects.filter(pk=job.pk, state=job.state, claimed_by=job.claimed_by)
        if mine.update(state=State.RUNNING, claimed_by=this_process(), claimed_at=at, tries=job.tries + 1):
            job.refresh_from_db()
            return job
    return None


def note_progress(job: FileImport, percent: int, **more: Any) -> None:
    """Say how far it is. Refused (NotNow) when it is not this process's any more."""
    job.progress = min(99, percent)
    mine = FileImport.objects.filter(pk=job.pk, state=State.RUNNING, claimed_by=this_process())
    if not mine.update(progress=job.progress, claimed_at=clock.now(), **more):
        raise NotNow  # another process has taken it over


def finish_import(
    job: FileImport, state: str, *, failure: str = "", report: Mapping[str, Any] | None = None
) -> None:
    """Say what became of it, and let go of the file when all is done. Nothing when this process has lost it."""
    job.state, job.failure, job.finished_at = state, failure[:300], clock.now()
    job.report = dict(report or job.report)
    path = job.path
    is_over = state == State.DONE and not job.options.get("dry_run")
    if is_over:
        job.path, job.sample = "", []
    job.progress = 100
    names = (
        "state",
        "failure",
        "finished_at",
        "report",
        "path",
        "sample",
        "progress",
        "refused_path",
    )
    mine = FileImport.objects.filter(pk=job.pk, state=State.RUNNING, claimed_by=this_process())
    if not mine.update(**{name: getattr(job, name) for name in names}):
        _delete(job.refused_path)  # another process has taken it over, and needs the file
    elif is_over:
        _delete(path)


def keep_refused(job: FileImport, folder: Path) -> None:
    """Keep the refused rows, to be downloaded."""
    with (folder / "refused.csv").open("rb") as file:
        job.refused_path = default_storage.save(f"imports/{uuid4().hex}.csv", File(file))


def sweep_imports(*, at: datetime) -> int:
    """Delete what has been kept for long enough: uploads, their first rows, refused rows, and drafts as a whole."""
    old = FileImport.objects.filter(created_at__lt=at - KEPT).exclude(state__in=(State.QUEUED, State.RUNNING))
    over = old.filter(Q(finished_at=None) | Q(finished_at__lt=at - KEPT))
    rows = list(over.filter(~Q(path="") | ~Q(refused_path="") | Q(state=State.DRAFT)).order_by("id")[:100])
    swept = 0
    for job in rows:
        same = over.filter(pk=job.pk, state=job.state, path=job.path)  # nobody starts it meanwhile
        emptied = {"path": "", "refused_path": "", "sample": []}
        if same.delete()[0] if job.state == State.DRAFT else same.update(**emptied):
            _delete(job.path)
            _delete(job.refused_path)
            swept += 1
    return swept


def _delete(path: str) -> None:
    if path:
        default_storage.delete(path)
