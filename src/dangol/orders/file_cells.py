"""The cells of an order's rows in a file."""

from collections.abc import Sequence
from typing import Any

from dangol.orders.file_refusals import NotTaken
from dangol.orders.rules import plain_number


class Cells:
    """The cells of an order's rows: what is said of the whole order stands in each of them, or in one."""

    def __init__(self, fields: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        self._places = {name: place for place, name in enumerate(fields, start=3)}
        self._rows = rows

    def first(self, name: str) -> str:
        """The first that is not empty, "" where all are or the file has no such column."""
        place = self._places.get(name)
        if place is None:
            return ""
        return next((text for row in self._rows if (text := row[place].strip())), "")

    def all(self, name: str) -> list[str]:
        """Those of all rows."""
        place = self._places.get(name)
        return [] if place is None else [row[place] for row in self._rows]

    def row_of(self, name: str, text: str = "") -> int:
        """The number of the first row with this in it, or with anything; 0 where there is none."""
        place = self._places.get(name)
        if place is None:
            return 0
        wanted = text.strip()
        return next(
            (row[1] for row in self._rows if (row[place].strip() == wanted if text else row[place].strip())),
            0,
        )

    def name(self) -> str:
        """The customer's name, of two cells where there are two."""
        name = self.first("name") or f"{self.first('given_name')} {self.first('family_name')}"
        return " ".join(name.split())


def refuse_customers_that_differ(cells: Cells) -> None:
    """Refuse rows of different customers: a number that begins anew each month is no number of one order."""
    for name, most in (("customer_number", 120), ("email", 320)):
        said = {plain_number(text).lower() for text in cells.all(name) if text.strip()}
        if len(said) > 1:
            raise NotTaken("customers_differ")
        if any(len(text) > most for text in said):
            raise NotTaken("customer_too_long", cells.row_of(name))
