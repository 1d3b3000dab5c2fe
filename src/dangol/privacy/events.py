from dataclasses import dataclass

from dangol.kernel.events import Happened


@dataclass(frozen=True, kw_only=True)
class CustomerErased(Happened):
    """All that was known of a customer was erased. Whoever keeps something of theirs elsewhere erases it now."""

    erasure_id: int


@dataclass(frozen=True, kw_only=True)
class PersonExported(Happened):
    """Somebody took everything that is known of a customer with them, in one file."""
