"""Every change to orders and refunds. One way in for files, webhooks and the API: `take_orders`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from dangol.kernel.db import lock_for_transaction
from dangol.kernel.events import emit
from dangol.orders.buyers import buyers_of
from dangol.orders.comparing import is_of_other_day, newest_of, note_how_new, sorted_out
from dangol.orders.converting import convert_rows
from dangol.orders.incoming import IncomingOrder, IncomingRefund
from dangol.orders.models import Order, Refund, Source
from dangol.orders.rules import FILES
from dangol.orders.telling import as_emitted
from dangol.orders.writing import Writing, write_orders, write_refunds
from dangol.staff.models import Staff
from dangol.staff.rights import demand

ORDERS: Final = "orders"
"""The name of the lock under which orders and refunds are written: by one at a time, whatever the source.

Each write also locks, on PostgreSQL, the sums of the months that it touches (`orders.months`), until its transaction
ends. Two that touch the same months in another order would wait for each other for ever.
"""


@dataclass(frozen=True)
class Taken:
    """What became of a batch: rows that are new, that have changed, and that were known or newer already."""

    new_orders: int = 0
    changed_orders: int = 0
    new_refunds: int = 0
    changed_refunds: int = 0
    known: int = 0
    other_day: tuple[str, ...] = ()  # keys of those that were not taken: their number is another day's

    def __add__(self, other: "Taken") -> "Taken":
        return Taken(
            self.new_orders + other.new_orders,
            self.changed_orders + other.changed_orders,
            self.new_refunds + other.new_refunds,
            self.changed_refunds + other.changed_refunds,
            self.known + other.known,
            self.other_day + other.other_day,
        )


def source_named(name: str, *, kind: Source.Kind = Source.Kind.FILE, at: datetime) -> Source:
    """The source of that name, made when it is met for the first time."""
    source, _is_new = Source.objects.get_or_create(
        name=" ".join(name.split())[:80] or FILES, defaults={"kind": kind, "created_at": at}
    )
    return source


@transaction.atomic
def take_orders(
    *,
    actor: Staff | None,
    source: Source,
    orders: Iterable[IncomingOrder] = (),
    refunds: Iterable[IncomingRefund] = (),
    silent: bool = False,
    at: datetime,
) -> Taken:
    """Write what a source says of its orders and refunds; the same again changes nothing.

    In any order and however often: of one key the newest `revised_at` counts, without one what came last; a refund may
    come before its order and is joined to it later. What does not say how new it is and moves an order by more than a
    day is another order of the same number: it is not taken, and neither is what was given back of it.
    `silent` for history: it is on the timeline, and nothing reacts.
    The same number of queries however many there are.
    """
    demand(actor, "import_orders")
    lock_for_transaction(ORDERS)  # before anything else: who has it waits for nobody who wants it
    new_orders, changed_orders, known_orders, orders_waiting = sorted_out(Order, source, newest_of(orders))
    others = {come.key for row, come in changed_orders if is_of_other_day(row, come)}
    changed_orders = [(row, come) for row, come in changed_orders if come.key not in others]
    backs = newest_of(each for each in refunds if each.order_key not in others)
    new_refunds, changed_refunds, known_refunds, refunds_waiting = sorted_out(Refund, source, backs)
    note_how_new(known_orders)
    note_how_new(known_refunds)
    convert_rows([*orders_waiting, *refunds_waiting])
    come = [*new_orders, *(each for _, each in changed_orders)]
    gone = [*new_refunds, *(each for _, each in changed_refunds)]
    if come or gone:
        buyers = buyers_of(source, come, gone, at, known=[*changed_orders, *changed_refunds])
        write = Writing(source, come, gone, at, buyers)
        happened = [
            *write_orders(write, new_orders, changed_orders),
            *write_refunds(write, new_refunds, changed_refunds),
        ]
        actor_id = None if actor is None else actor.pk
        emit(*(as_emitted(event, actor_id, silent) for event in happened))
    return Taken(
        len(new_orders),
        len(changed_orders),
        len(new_refunds),
        len(changed_refunds),
        len(known_orders) + len(known_refunds),
        tuple(sorted(others)),
    )
