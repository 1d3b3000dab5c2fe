"""What follows an erasure: mails, copies, files and the places on the disk where they were, a piece at a time.

Each turn is one short transaction that says how far it came, so that a process that is killed costs one turn. The steps
are in the order of STEPS. Files go after the rows that name them, so that a row never names what is not there.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import OperationalError, connection, transaction
from django.db.models import Exists, OuterRef, Q

from dangol.channels.erasing import (
    Lookout,
    deliveries_to,
    empty_deliveries,
    empty_raws,
    kept_as_files,
    named_in_bytes,
    on_their_way,
)
from dangol.channels.models import Delivery, Raw
from dangol.customers.models import Customer
from dangol.customers.queries import ids_of_person
from dangol.goodwill.erasing import empty_wishes
from dangol.goodwill.models import Wish
from dangol.inbox.commands.erasing import (
    blot_out,
    empty_messages,
    messages_naming,
    show_anew,
    still_used,
)
from dangol.inbox.models import Attachment, Message
from dangol.kernel import clock
from dangol.kernel.db import lock_for_transaction
from dangol.kernel.files import UNTOUCHED_SECONDS, is_just_kept, remove_file
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


def erase_further() -> int:
    """Do a piece of an open erasure that has something to do; 0 when there is nothing, or only to wait.

    Somebody who asked to be forgotten does not wait behind those whom the night forgets. Of these who is least far
    comes first: so they meet where all mail is looked through, which is done once for all who are at one place.
    """
    waiting: set[tuple[str, int]] = set()
    for pk, step, place in _open_ones():
        if step in ALL_MAIL and (step, place) in waiting:
            continue  # it was just looked at for all of them, and has to wait
        with transaction.atomic():
            lock_for_transaction("privacy.erasing")
            row = Erasure.objects.select_for_update().get(pk=pk)
            moved = row.step in STEPS and STEPS[row.step](row)
            row.save()
        if row.step == _LAST and empty_the_journal():
            Erasure.objects.filter(pk=pk, finished_at=None).update(finished_at=clock.now())
            moved = True
        if moved:
            return 1
        waiting.add((step, place))
    return clear_left_over()


def clear_left_over() -> int:
    """Remove files that were taken off drafts, and those of mails that were not filed since their writer was erased;
    how many rows told of them. In no transaction: whoever keeps the same bytes meanwhile is seen by `is_just_kept`.
    """
    rows = Attachment.left_over().order_by("pk").values_list("pk", "sha256")[:FILES]
    found = {pk: name for pk, name in rows if not is_just_kept(name, within=UNTOUCHED)}
    waiting = set(remove_unused(sorted(set(found.values())))) if found else set()
    done = [pk for pk, name in found.items() if name not in waiting]
    Attachment.left_over().filter(pk__in=done).delete()
    return len(done)


def _open_ones() -> list[tuple[int, str, int]]:
    """(id, step, place) of each that is not finished, in the order in which they are looked at."""
    steps = [*STEPS, _LAST]
    rows = Erasure.objects.filter(finished_at=None).order_by("id")
    found = rows.values_list("pk", "asked_by", "step", "place")
    return [
        (pk, step, place)
        for pk, _who, step, place in sorted(
            found,
            key=lambda each: (each[1] is None, (steps.index(each[2]), each[3]) if each[1] is None else ()),
        )
    ]


def _together(row: Erasure) -> list[Erasure]:
    """This one and all others that are at its place in the same step."""
    others = Erasure.objects.select_for_update().filter(finished_at=None, step=row.step, place=row.place)
    return [row, *others.exclude(pk=row.pk).order_by("pk")]


def _advance(row: Erasure, rows: Iterable[Erasure], place: int) -> None:
    """Let these go on behind this place; what is to be known of `row` itself, its caller writes."""
    pks = {each.pk for each in rows}
    if row.pk in pks:
        row.place = place
    Erasure.objects.filter(pk__in=pks - {row.pk}).update(place=place)


def _next(row: Erasure) -> bool:
    names = [*STEPS, _LAST]
    row.step, row.place = names[names.index(row.step) + 1], 0
    if row.step == _LAST:
        row.traces = []  # before the journal is emptied, or they would be in it
    return True


def _ids(row: Erasure) -> list[int]:
    return ids_of_person(Customer.objects.get(pk=row.customer_id))


def _unsent(rows: Iterable[Erasure], deliveries: Sequence[int], *, but_to: Sequence[str] = ()) -> set[int]:
    """Those that others still wait for, and for which one of the erasures has the patience."""
    is_patient = bool(deliveries) and clock.now() < max(row.asked_at for row in rows) + PATIENCE
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
    """What these people wrote in conversations of others, and others who name an address of theirs.

    An answer of ours to somebody else who still waits for it leaves first, and only who is named in it waits for that.
    What comes after they were erased is left alone: who writes again is somebody new.
    """
    ends = Message.objects.filter(pk__gt=row.place).order_by("pk").values_list("pk", "delivery")[:WINDOW]
    window = list(ends)
    if not window or not row.traces:
        return _next(row)
    (first, its_delivery), (last, _delivery) = window[0], window[-1]
    if its_delivery and _unsent([row], [its_delivery]):
        return False  # so that all behind it is not looked through again until it has left
    rows = _together(row)
    found = messages_naming(Lookout(_traces(rows)), first=first, last=last, until=_until(rows))
    if unsent := _leaving(rows, found):
        held = {trace for each, named in found if each.delivery_id in unsent for trace in named}
        going = [each for each in rows if held.isdisjoint(each.traces)]
        if going:
            rows, mine = going, _traces(going)
            found = [(each, kept) for each, named in found if (kept := [t for t in named if t in mine])]
        else:
            last = next(each.pk for each, _named in found if each.delivery_id in unsent) - 1
            found = [(each, named) for each, named in found if each.pk <= last]
    written = [each.pk for each, named in found if _is_by(each, named)]
    files = empty_messages(written) if written else set()
    for message, named in found:
        if not _is_by(message, named):
            files |= blot_out(message, named)
    show_anew((each.conversation_id for each, _named in found), _traces(rows))
    _keep(row, files)
    is_moving = last > row.place
    _advance(row, rows, last)
    return is_moving


def _is_by(message: Message, addresses: Sequence[str]) -> bool:
    return message.from_address.lower() in addresses


def _leaving(rows: Sequence[Erasure], found: Sequence[tuple[Message, list[str]]]) -> set[int]:
    """The deliveries of those that name somebody and have still to leave."""
    others = (each for each, named in found if not _is_by(each, named))
    return _unsent(rows, [each.delivery_id for each in others if each.delivery_id])


def _traces(rows: Iterable[Erasure]) -> list[str]:
    return sorted({trace for row in rows for trace in row.traces})


def _until(rows: Iterable[Erasure]) -> dict[str, datetime]:
    """When who had the address was erased: the last of those who had it one after the other."""
    return {
        trace: row.asked_at for row in sorted(rows, key=lambda each: each.asked_at) for trace in row.traces
    }


def _other_mails(row: Erasure) -> bool:
    """Mails as they arrived of which no message tells: those that came twice, reports, what could not be read."""
    filed = Message.objects.filter(raw=OuterRef("pk"))
    rows = _together(row)
    newest = max(each.asked_at for each in rows)
    raws = Raw.objects.filter(~Exists(filed), pk__gt=row.place, stored_at__lte=newest)
    found = list(raws.exclude(state=Raw.State.NEW).order_by("pk")[:RAWS])
    if not found or not row.traces:
        return _next(row)
    lookout = Lookout(_traces(rows))
    named = {each.pk: set(named_in_bytes(each, lookout)) for each in found}
    theirs = (
        each.pk
        for each in found
        if any(row.asked_at >= each.stored_at and named[each.pk] & set(row.traces) for row in rows)
    )
    _keep(row, empty_raws(theirs))
    _advance(row, rows, found[-1].pk)
    return True


def _deliveries(row: Erasure) -> bool:
    """What was sent to the person, and what was sent to the team about them."""
    keys = Wish.objects.filter(customer__in=_ids(row)).values_list("key", flat=True)
    asked = Q(pk__in=[])
    for key in keys:
        asked |= Q(message_id__startswith=f"wish.{key.hex}.")
    sent = deliveries_to(row.traces, until=row.asked_at)
    if _unsent([row], sent, but_to=row.traces):
        return False  # the others get theirs first
    ids = sent + list(Delivery.objects.filter(asked).values_list("pk", flat=True))
    _keep(row, empty_deliveries(ids))
    return _next(row)


def _orders(row: Erasure) -> bool:
    """Orders and wishes without the person."""
    ids = _ids(row)
    if not take_person_out(customers=ids, traces=row.traces, until=row.asked_at):
        return False
    empty_wishes(ids)
    return _next(row)


def _imports(row: Erasure) -> bool:
    """Files that were brought in; one that is just being read is waited for."""
    if is_reading_files():
        return False
    # An order that was being written while they were erased was not there yet when the others were emptied.
    if not take_person_out(customers=_ids(row), traces=row.traces, until=row.asked_at):
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
ALL_MAIL: Final = frozenset({"mentions", "mails"})
"""The steps that look through all mail, for all who are there at once."""
_LAST: Final = "disk"
_PATIENT_MS: Final = 250  # nobody can write while the journal waits for who reads
FIRST_STEP: Final = next(iter(STEPS))


def remove_unused(files: Sequence[str]) -> list[str]:
    """Remove those of the files that no row names any more; returns those that somebody may just be keeping."""
    used = still_used(files) | kept_as_files(files)
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
