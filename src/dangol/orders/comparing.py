"""What a source says beside what is known of it: new, changed, known, or older than that."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

from dangol.kernel.rows import update_rows
from dangol.orders.incoming import IncomingOrder, IncomingTrade, fingerprint
from dangol.orders.models import Order, Refund, Source

MANY: Final = 500  # SQLite takes so many parameters at once on every version
_SAME: Final = timedelta(days=1)  # so far may the time of an order be moved without a word of how new that is

TradeRow = TypeVar("TradeRow", Order, Refund)
Key = TypeVar("Key", str, int)
Incoming = TypeVar("Incoming", bound=IncomingTrade)


def newest_of(trades: Iterable[Incoming]) -> dict[str, Incoming]:
    """By its key the newest that is said of each; of two that are as new, what came last."""
    found: dict[str, Incoming] = {}
    for each in trades:
        before = found.get(each.key)
        if before is None or not _is_older(each.revised_at, before.revised_at):
            found[each.key] = each
    return found


def sorted_out(
    model: type[TradeRow], source: Source, come: Mapping[str, Incoming]
) -> tuple[list[Incoming], list[tuple[TradeRow, Incoming]], list[tuple[TradeRow, Incoming]], list[TradeRow]]:
    """(the new ones, those that change a row, those that are known or older than what is there, and which rows of these
    wait for a rate)."""
    rows = {row.key: row for row in by_key(model, source, come)}
    new = [each for key, each in come.items() if key not in rows]
    changed = [
        (row, come[key])
        for key, row in rows.items()
        if not _is_older(come[key].revised_at, row.revised_at) and fingerprint(come[key]) != row.fingerprint
    ]
    touched = {row.pk for row, _ in changed}
    known = [(row, come[key]) for key, row in rows.items() if row.pk not in touched]
    waiting = [row for row, _ in known if row.own_amount is None]
    return new, changed, known, waiting


def note_how_new(known: Sequence[tuple[TradeRow, IncomingTrade]]) -> None:
    """What is told again and is newer makes what comes late in between older, although nothing else changes."""
    newer = []
    for row, come in known:
        told_at = come.revised_at
        if told_at is not None and (row.revised_at is None or told_at > row.revised_at):
            row.revised_at = told_at
            newer.append(row)
    update_rows(newer, ["revised_at"])


def is_of_other_day(row: Order, come: IncomingOrder) -> bool:
    """Whether it is another order of the same number: a day away, and without a word of how new it is."""
    return come.revised_at is None and abs(come.ordered_at - row.ordered_at) > _SAME


def by_key(model: type[TradeRow], source: Source, keys: Iterable[str]) -> list[TradeRow]:
    """The rows of the source that have one of these keys; one query for each 500."""
    return [row for some in some_of(keys) for row in model.objects.filter(source=source, key__in=some)]


def some_of(keys: Iterable[Key]) -> Iterable[list[Key]]:
    """The same in pieces that a statement takes."""
    listed = list(keys)
    return (listed[start : start + MANY] for start in range(0, len(listed), MANY))


def _is_older(revised_at: datetime | None, known_at: datetime | None) -> bool:
    # What does not say how new it is cannot be newer than what does.
    return known_at is not None and (revised_at is None or revised_at < known_at)
