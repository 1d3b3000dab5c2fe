"""A query that Django puts together once: to write the statement takes it longer than the database to answer it.

_OPEN = Prepared(lambda customer: Conversation.objects.filter(customer=customer, state="waiting"))
rows = _OPEN(customer=7)
"""

from bisect import bisect_left
from collections.abc import Callable
from typing import Any, Final

from django.core.exceptions import EmptyResultSet
from django.db import connection, connections
from django.db.models import QuerySet

from dangol.kernel.db import as_wide_number, read_kept, read_rows

# Of lists that are asked for: each length is a statement of its own, and the last number fills it up.
LENGTHS: Final[tuple[int, ...]] = (*range(1, 9), 16, 32, 64)
LONGEST: Final = LENGTHS[-1]
_LARGEST: Final = 2**63
_FIRST_STAND_IN: Final = -987_654_000

Given = int | str | tuple[int, ...]


class Prepared:
    """The rows of a query, each time as if it were built anew from what is given: numbers, words, lists of numbers.

    What it is built from stands as a value in the statement (`filter(customer=customer)`), and nothing else depends on
    it. A list is what something is among (`customer__in=ids`), where a number may stand twice. A number that no
    database holds finds nothing. Nothing is asked or built before the first call.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Any]]) -> None:
        self._build = build

    def __call__(self, **given: Given) -> list[Any]:
        """The rows now."""
        if _is_beyond(given):
            return []
        statement = self._statement(given)
        return statement.rows(given) if statement else list(self._build(**given))

    def as_kept(self, **given: Given) -> list[tuple[Any, ...]]:
        """The rows of plain values as the database keeps them, where turning them into Django's takes long.

        An instant is to be read with `db.as_instant`, and what is true may be 1.
        """
        if _is_beyond(given):
            return []
        statement = self._statement(given)
        return statement.fetched(given) if statement else rows_as_kept(self._build(**given))

    def _statement(self, given: dict[str, Given]) -> "_Statement | None":
        """None where each time needs one of its own."""
        lengths = tuple(len(value) for value in given.values() if isinstance(value, tuple))
        if not all(1 <= length <= LONGEST for length in lengths):
            return None
        lengths = tuple(map(_length_of_statement, lengths))
        # Of the connection, which is its thread's: a statement that two threads filled in would mix what they ask.
        kept: dict[Any, _Statement] = connections[connection.alias].__dict__.setdefault("dangol_prepared", {})
        statement = kept.get((self, lengths))
        if statement is None:
            statement = kept[self, lengths] = _Statement(self._build, given)
        return statement


def rows_as_kept(rows: QuerySet[Any, Any]) -> list[tuple[Any, ...]]:
    """As `Prepared.as_kept`, for a query that is asked now and then."""
    try:
        return read_rows(*rows.query.sql_with_params())
    except EmptyResultSet:
        return []


def _length_of_statement(length: int) -> int:
    return LENGTHS[bisect_left(LENGTHS, length)]


def _is_beyond(given: dict[str, Given]) -> bool:
    return any(isinstance(value, int) and not -_LARGEST <= value < _LARGEST for value in given.values())


class _Statement:
    """The query with a stand-in for each value, and where in the list of parameters these are."""

    def __init__(self, build: Callable[..., Any], given: dict[str, Given]) -> None:
        stand_ins = {name: _stand_in(place, value) for place, (name, value) in enumerate(given.items())}
        whose = {
            each: (name, place if isinstance(stand_in, tuple) else None)
            for name, stand_in in stand_ins.items()
            for place, each in enumerate(stand_in if isinstance(stand_in, tuple) else (stand_in,))
        }
        self._rows: Any = build(**stand_ins)
        self._compiler: Any = self._rows.query.get_compiler(using=self._rows.db)
        self._sql, self._parameters = self._compiler.as_sql()
        self._places = {n: whose[each] for n, each in enumerate(self._parameters) if each in whose}
        if {name for name, _ in self._places.values()} != given.keys():
            raise ValueError("a value that is given must stand in the statement as it is")
        self._rows.query.get_compiler = lambda *_, **__: self._compiler
        self._keep_converters()

    def rows(self, given: dict[str, Given]) -> list[Any]:
        """The rows for these values."""
        found = self.fetched(given)
        if not found:  # as most are: a customer without notes, a conversation without a draft
            return []
        self._compiler.execute_sql = lambda *_, **__: (found,)
        return list(self._rows._iterable_class(self._rows))

    def fetched(self, given: dict[str, Given]) -> list[tuple[Any, ...]]:
        """The rows for these values as the database keeps them."""
        return read_kept(self._sql, self._filled(given))

    def _filled(self, given: dict[str, Given]) -> tuple[Any, ...]:
        parameters = list(self._parameters)
        for n, (name, place) in self._places.items():
            value: Any = given[name]
            if place is not None:
                value = value[min(place, len(value) - 1)]
            # PostgreSQL's driver has a type of its own for each width of number, which fields choose and keys do not.
            kind = type(parameters[n])
            parameters[n] = as_wide_number(value) if kind is int else kind(value)
        return tuple(parameters)

    def _keep_converters(self) -> None:
        """How each column becomes Django's value follows from the statement: found out once."""
        find, kept = self._compiler.get_converters, list[Any]()

        def converters(columns: Any) -> Any:
            if not kept:
                kept.append(find(columns))
            return kept[0]

        self._compiler.get_converters = converters


def _stand_in(place: int, value: Given) -> Given:
    first = _FIRST_STAND_IN + 100 * place
    if isinstance(value, tuple):
        return tuple(range(first, first + _length_of_statement(len(value))))
    return f"\x01{place}\x01" if isinstance(value, str) else first
