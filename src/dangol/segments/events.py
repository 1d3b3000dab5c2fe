from dataclasses import dataclass

from dangol.kernel.events import Happened


@dataclass(frozen=True, kw_only=True)
class SegmentMade(Happened):
    """A segment was made, or one that was removed is there again."""

    segment_id: int


@dataclass(frozen=True, kw_only=True)
class SegmentChanged(Happened):
    """A segment's name, rule, playbook or place among the others was changed."""

    segment_id: int


@dataclass(frozen=True, kw_only=True)
class SegmentRemoved(Happened):
    """A segment was removed. Its customers stay."""

    segment_id: int


@dataclass(frozen=True, kw_only=True)
class ListChanged(Happened):
    """Customers were put on a list or taken off it: so many."""

    segment_id: int
    added: int
    removed: int
