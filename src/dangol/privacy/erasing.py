"""What follows an erasure: mails, copies, files and the places on the disk where they were, a piece at a time.

Each turn is one short transaction that says how far it came, so that a process that is killed costs one turn. The steps
are in the order of STEPS. Files go after the rows that name them, so that a row never names what is not there.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from django.db import OperationalError, connection, transaction
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q

from dangol.channels.erasing import deliveries_to, empty_deliveries, empty_raws, holds, on_their_way
from dangol.channels.models import Delivery, Raw
from dangol.customers.models import Customer
from dangol.customers.queries import ids_of_person
from dangol.goodwill.erasing import empty_wishes
from dangol.goodwill.models import Wish
from dangol.inbox.commands.erasing import (
    blot_out,
    empty_messages,
    is_named_in,
    naming,
    show_anew,
    still_used,
)
from dangol.inbox.models import Message
from dangol.kernel import clock
from dangol.kernel.files import UNTOUCHED_SECONDS, remove_file
from dangol.orders.erasing import forget_files, is_reading_files, take_person_out
from dangol.privacy.models import Erasure
from dangol.search import index

MESSAGES: Final = 200
WINDOW: Final = 5_000
RAWS: Final = 100
FILES: Final = 100
UNTOUCHED = UNTOUCHED_SECONDS
PATIENCE: Final = timedelta(days=3)
"""So long an answer to somebody else that names the person may take to leave: longer than the outbox tries."""
_KINDS: Final = ("message", "conversation", "customer")
_BY_THE_NIGHT: Final = ExpressionWrapper(Q(asked_by=None), output_field=BooleanField())


def erase_further() -> int:
    """Do a piece of the oldest erasure that has something to do; 0 when there is nothing, or only to wait.

    Somebody who asked to be forgotten does not wait behind those whom the night forgets.
    """
    open_ones = Erasure.objects.filter(finished_at=None).order_by(_BY_THE_NIGHT, "id")
    for pk in list(open_ones.values_list("pk", flat=True)):
        with transaction.atomic():
            row = Erasure.objects.select_for_update().get(pk=pk)
            moved = row.step in STEPS and STEPS[row.step](row)
            row.save()
        if row.step == _LAST and empty_the_journal():
            Erasure.objects.filter(pk=pk, finished_at=None).update(finished_at=clock.now())
            moved = True
        if moved:
            return 1
    return 0


def _next(row: Erasure) -> bool:
    names = [*STEPS, _LAST]
    row.step, row.place = names[names.index(row.step) + 1], 0
    if row.step == _LAST:
        row.traces = []  # before the journal is emptied, or they would be in it
    return True


def _ids(row: Erasure) -> list[int]:
    return ids_of_person(Customer.objects.get(pk=row.customer_id))


def _unsent(row: Erasure, deliveries: Sequence[int], *, but_to: Sequence[str] = ()) -> set[int]:
    """Those that others still wait for, and for which the erasure has the patience."""
    is_patient = bool(deliveries) and clock.now() < row.asked_at + PATIENCE
    return on_their_way(deliveries, but_to=but_to) if is_patient else set()


def _keep(row: Erasure, files: set[str]) -> None:
    row.files = sorted({*row.files, *files})


def _own_messages(row: Erasure) -> bool:
    """Messages of the person's conversations."""
    found = Message.objects.filter(conversation__customer__in=_ids(row), pk__gt=row.place)
    ids = list(found.order_by("pk").values_list("pk", flat=True)[:MESSAGES])
    if not ids:
        return _next(row)
    _keep(row, empty_messages(ids))
    row.place = ids[-1]
    return True


def _mentions(row: Erasure) -> bool:
    """What the person wrote in conversations of others, and others who name an address of theirs.

    An answer of ours to somebody else who still waits for it leaves first.
    """
    ends = Message.objects.filter(pk__gt=row.place).order_by("pk").values_list("pk", "delivery")[:WINDOW]
    window = list(ends)
    if not window or not row.traces:
        return _next(row)
    (first, its_delivery), (last, _delivery) = window[0], window[-1]
    if its_delivery and _unsent(row, [its_delivery]):
        return False  # so that all behind it is not looked through again until it has left
    looked = Message.objects.filter(Q(pk__gte=first, pk__lte=last), naming(row.traces)).order_by("pk")
    found = [each for each in looked if is_named_in(each, row.traces)]
    theirs = {each.pk for each in found if each.from_address.lower() in row.traces}
    unsent = _unsent(row, [each.delivery_id for each in found if each.delivery_id and each.pk not in theirs])
    if unsent:
        last = next(each.pk for each in found if each.delivery_id in unsent) - 1
        found = [each for each in found if each.pk <= last]
    written = [each.pk for each in found if each.pk in theirs]
    files = empty_messages(written) if written else set()
    for message in found:
        if message.pk not in theirs:
            files |= blot_out(message, row.traces)
    show_anew((each.conversation_id for each in found), row.traces)
    _keep(row, files)
    is_moving = last > row.place
    row.place = last
    return is_moving


def _other_mails(row: Erasure) -> bool:
    """Mails as they arrived of which no message tells: those that came twice, reports, what could not be read."""
    filed = Message.objects.filter(raw=OuterRef("pk"))
    rows = Raw.objects.filter(~Exists(filed), pk__gt=row.place, stored_at__lte=row.asked_at)
    found = list(rows.exclude(state=Raw.State.NEW).order_by("pk")[:RAWS])
    if not found or not row.traces:
        return _next(row)
    _keep(row, empty_raws(each.pk for each in found if holds(each, row.traces)))
    row.place = found[-1].pk
    return True


def _deliveries(row: Erasure) -> bool:
    """What was sent to the person, and what was sent to the team about them."""
    keys = Wish.objects.filter(customer__in=_ids(row)).values_list("key", flat=True)
    asked = Q(pk__in=[])
    for key in keys:
        asked |= Q(message_id__startswith=f"wish.{key.hex}.")
    sent = deliveries_to(row.traces)
    if _unsent(row, sent, but_to=row.traces):
        return False  # the others get theirs first
    ids = sent + list(Delivery.objects.filter(asked).values_list("pk", flat=True))
    _keep(row, empty_deliveries(ids))
    return _next(row)


def _orders(row: Erasure) -> bool:
    """Orders and wishes without the person."""
    ids = _ids(row)
    take_person_out(customers=ids, traces=row.traces)
    empty_wishes(ids)
    return _next(row)


def _imports(row: Erasure) -> bool:
    """Files that were brought in; one that is just being read is waited for."""
    if is_reading_files():
        return False
    forget_files()
    return _next(row)


def _search(row: Erasure) -> bool:
    """Words leave the index at once, and its file when its pieces are merged."""
    place = row.place
    if index.tidy(_KINDS[place]):
        return True
    row.place = place + 1
    return True if row.place < len(_KINDS) else _next(row)


def _files(row: Erasure) -> bool:
    """Files that nobody else has."""
    batch = row.files[:FILES]
    waiting = remove_unused(batch)
    is_moving = len(waiting) < len(batch) or not batch
    row.files = waiting + row.files[FILES:]
    if not row.files:
        _next(row)
    return is_moving


STEPS: Final[dict[str, Callable[[Erasure], bool]]] = {
    "messages": _own_messages,
    "orders": _orders,
    "mentions": _mentions,
    "mails": _other_mails,
    "deliveries": _deliveries,
    "imports": _imports,
    "search": _search,
    "files": _files,
}
_LAST: Final = "disk"
_PATIENT_MS: Final = 250  # nobody can write while the journal waits for who reads
FIRST_STEP: Final = next(iter(STEPS))


def remove_unused(files: Sequence[str]) -> list[str]:
    """Remove those of the files that no row names any more; returns those that somebody may just be keeping."""
    used = (
        still_used(files)
        | set(Raw.objects.filter(file_sha256__in=files).values_list("file_sha256", flat=True))
        | set(Delivery.objects.filter(file_sha256__in=files).values_list("file_sha256", flat=True))
    )
    return [name for name in files if name not in used and not remove_file(name, untouched_for=UNTOUCHED)]


def empty_the_journal() -> bool:
    """On SQLite: write the journal back into the file and cut it to nothing; whether nobody was reading meanwhile.

    Erased pages are overwritten in the file itself (`secure_delete`), and the journal would hold them as they were
    until it is written over. In no transaction.
    """
    if connection.vendor != "sqlite":
        return True
    try:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout")
            usual = int(cursor.fetchone()[0])
            cursor.execute(f"PRAGMA busy_timeout={_PATIENT_MS}")
            try:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                busy, *_ = cursor.fetchone()
            finally:
                cursor.execute(f"PRAGMA busy_timeout={usual}")
    except OperationalError:  # somebody writes
        return False
    return not busy
