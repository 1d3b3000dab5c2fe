"""Composing mail beside the telling: a third of the work, done by the other core."""

import os
import pickle
from typing import Any, Protocol

from dangol.channels.email.compose import Outgoing, compose
from dangol.channels.models import Delivery
from dangol.kernel.forks import fork


class Press(Protocol):
    """Gives deliveries their content, at once or by the time that `finish` returns."""

    def print(self, delivery: Delivery, mail: Outgoing) -> None: ...

    def finish(self) -> None: ...


class HandPress:
    """Composes here and now."""

    def print(self, delivery: Delivery, mail: Outgoing) -> None:
        """Fill the delivery."""
        _fill(delivery, Delivery.fields_for(compose(mail)))

    def finish(self) -> None:
        """Nothing is left to do."""


class PressNextDoor:
    """Composes in a process of its own, which ends with this one, whatever ends this one."""

    def __init__(self) -> None:
        orders, self._ordering = os.pipe()
        self._receiving, goods = os.pipe()
        self._deliveries: list[Delivery] = []
        self._pid = fork(ignores_interrupt=True)  # the end of the orders is the end, however it comes
        if self._pid == 0:
            os.close(self._ordering)
            os.close(self._receiving)
            _work(orders, goods)
        os.close(orders)
        os.close(goods)
        self._order_book = os.fdopen(self._ordering, "wb")

    def print(self, delivery: Delivery, mail: Outgoing) -> None:
        """Order the content; the delivery is filled by `finish`."""
        self._deliveries.append(delivery)
        pickle.dump(mail, self._order_book, protocol=pickle.HIGHEST_PROTOCOL)

    def finish(self) -> None:
        """Wait for what was ordered. EOFError when the other process died over it."""
        self._order_book.close()
        with os.fdopen(self._receiving, "rb") as goods:
            contents = pickle.load(goods)  # noqa: S301  written by our own child
        os.waitpid(self._pid, 0)
        for delivery, fields in zip(self._deliveries, contents, strict=True):
            _fill(delivery, fields)


def _work(orders: int, goods: int) -> None:
    code = 1
    try:
        contents = []
        with os.fdopen(orders, "rb") as book:
            while True:
                try:
                    mail = pickle.load(book)  # noqa: S301  written by our own parent
                except EOFError:
                    break
                contents.append(Delivery.fields_for(compose(mail)))
        with os.fdopen(goods, "wb") as pipe:
            pickle.dump(contents, pipe, protocol=pickle.HIGHEST_PROTOCOL)
        code = 0
    finally:
        os._exit(code)


def _fill(delivery: Delivery, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        setattr(delivery, name, value)
