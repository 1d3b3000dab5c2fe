"""What forms and addresses name: an id, or where the next page of a list begins, so that no page is counted."""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

_DIGITS: Final = 19  # of the largest 64-bit number
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Place(NamedTuple):
    """A row of a list that is ordered by an instant and then by id."""

    at: datetime
    id: int

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // timedelta(microseconds=1)}.{self.id}"

    @classmethod
    def read(cls, text: str) -> "Place | None":
        """The place that was written so; None of anything else."""
        microseconds, _dot, pk = text.partition(".")
        try:
            return cls(_EPOCH + timedelta(microseconds=int(microseconds)), int(pk))
        except (ValueError, OverflowError):
            return None


def read_id(text: str) -> int | None:
    """The id that was written so; None of anything else, also of a number that no database holds."""
    return int(text) if text.isdecimal() and len(text) < _DIGITS else None
