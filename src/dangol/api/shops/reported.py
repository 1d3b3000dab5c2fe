"""What a shop's report says, in the form of the orders; and how its values are read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from dangol.business.money import CURRENCIES
from dangol.orders.incoming import IncomingOrder, IncomingRefund
from dangol.orders.values import YEARS, Unreadable, read_minor, read_scaled

Value = TypeVar("Value")


class NotAsDocumented(ValueError):
    """The report lacks something, or has it in another form; `code` is the word for it."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True)
class Reported:
    """What is to be taken from a report, or in `ignored` why nothing is.

    `deleted` are the keys of orders which the shop no longer has; `is_back` says that these were deleted and are there
    again, `tells_all_refunds` that these orders have no other refunds.
    """

    orders: tuple[IncomingOrder, ...] = ()
    refunds: tuple[IncomingRefund, ...] = ()
    deleted: tuple[str, ...] = ()
    tells_all_refunds: bool = False
    is_back: bool = False
    ignored: str = ""


def text_of(thing: Mapping[str, Any], *names: str) -> str:
    """The first of these that says something, as text that every database keeps; "" where none does."""
    for name in names:
        value = thing.get(name)
        if isinstance(value, (str, int, Decimal)) and not isinstance(value, bool) and value != "":
            return str(value).encode("utf-8", "replace").decode().replace("\0", "").strip()
    return ""


def part_of(thing: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The thing within; an empty one where there is none."""
    found = thing.get(name)
    return found if isinstance(found, Mapping) else {}


def parts_of(thing: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The things within."""
    found = thing.get(name)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def currency_of(thing: Mapping[str, Any]) -> str:
    """The currency. Raises NotAsDocumented for one that we do not know."""
    currency = text_of(thing, "currency").upper()
    if currency not in CURRENCIES:
        raise NotAsDocumented("currency_unknown")
    return currency


def money_of(thing: Mapping[str, Any], name: str, currency: str) -> int | None:
    """An amount in minor units; None where there is none."""
    return _number(text_of(thing, name), lambda text: read_minor(text, currency))


def scaled_of(thing: Mapping[str, Any], name: str, digits: int) -> int | None:
    """A number in units of 10 to the minus `digits`; None where there is none."""
    return _number(text_of(thing, name), lambda text: read_scaled(text, digits))


def moment_of(thing: Mapping[str, Any], *names: str) -> datetime | None:
    """An instant as ISO 8601; without an offset it is UTC. None where there is none."""
    text = text_of(thing, *names)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise NotAsDocumented("time_unreadable") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment.year not in YEARS:
        raise NotAsDocumented("time_unreadable")
    return moment


def needed(value: Value | None, code: str) -> Value:
    """The value, which must be there."""
    if value is None or value == "":
        raise NotAsDocumented(code)
    return value


def _number(text: str, read: Any) -> int | None:
    if not text:
        return None
    try:
        return int(read(text))
    except Unreadable:
        raise NotAsDocumented("amount_unreadable") from None
