"""Orders stay, for the books: without the person."""

from collections.abc import Sequence
from datetime import datetime

from django.core.files.storage import default_storage
from django.db.models import Q

from dangol.kernel.db import lock_if_free
from dangol.orders.commands import ORDERS
from dangol.orders.models import FileImport, Order, Refund

_OPEN = (FileImport.State.QUEUED, FileImport.State.RUNNING)


def take_person_out(*, customers: Sequence[int], traces: Sequence[str], until: datetime) -> bool:
    """Take out of the orders who bought, in the caller's transaction. Amounts, days and articles stay.

    Who orders with one of the addresses after `until` is somebody new. False when orders are just being written, which
    may have been begun before the person was erased: nothing was done, and it is to be tried again.
    """
    if not lock_if_free(ORDERS):
        return False
    theirs = Q(customer__in=customers) | Q(contact_email__in=traces, recorded_at__lte=until)
    Order.objects.filter(theirs).update(contact_name="", contact_email="", contact_phone="")
    Refund.objects.filter(customer__in=customers).update(reason="")
    return True


def is_reading_files() -> bool:
    """Whether a file of orders is just being brought in, which may name anybody."""
    return FileImport.objects.filter(state__in=_OPEN).exists()


def forget_files() -> None:
    """Forget the files that orders were brought in from, which name whoever bought; what came of them stays.

    Each would be gone after two weeks anyway. In the caller's transaction.
    """
    for job in FileImport.objects.exclude(state__in=_OPEN).exclude(path="", refused_path="", sample=[]):
        for path in (job.path, job.refused_path):
            if path:
                default_storage.delete(path)
        job.path = job.refused_path = ""
        job.sample = []
        if job.state == FileImport.State.DRAFT:
            job.state = FileImport.State.REFUSED
        job.save(update_fields=["path", "refused_path", "sample", "state"])
