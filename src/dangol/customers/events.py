from dataclasses import dataclass

from dangol.kernel.events import Happened


@dataclass(frozen=True, kw_only=True)
class CustomerAdded(Happened):
    """Somebody of the staff wrote a new customer down by hand."""


@dataclass(frozen=True, kw_only=True)
class ProfileChanged(Happened):
    """What is known of a customer was changed: `changed` are the names of the fields, not what is in them."""

    changed: list[str]


@dataclass(frozen=True, kw_only=True)
class IdentityAdded(Happened):
    """An address was written down for a customer by hand: it is not proved."""

    identity_id: int


@dataclass(frozen=True, kw_only=True)
class IdentityRemoved(Happened):
    """An address that was written down by hand was taken away again."""

    identity_id: int


@dataclass(frozen=True, kw_only=True)
class IdentityVerified(Happened):
    """An address was proved to be the customer's."""

    identity_id: int


@dataclass(frozen=True, kw_only=True)
class IdentitySplit(Happened):
    """An address turned out to be somebody else's, who is a customer of their own now, with its conversations."""

    identity_id: int
    new_customer_id: int


@dataclass(frozen=True, kw_only=True)
class CustomersMerged(Happened):
    """Two customers turned out to be one person."""

    merge_id: int
    gone_id: int


@dataclass(frozen=True, kw_only=True)
class MergeUndone(Happened):
    """They were two after all."""

    merge_id: int
    gone_id: int


@dataclass(frozen=True, kw_only=True)
class CustomersToldApart(Happened):
    """Somebody said that two who look alike are two people."""

    other_id: int


@dataclass(frozen=True, kw_only=True)
class CustomerNoteAdded(Happened):
    """Somebody wrote down what the team should know of the customer."""

    note_id: int


@dataclass(frozen=True, kw_only=True)
class CustomerNoteRemoved(Happened):
    """Such a note was taken away."""

    note_id: int


@dataclass(frozen=True, kw_only=True)
class TagsChanged(Happened):
    """The words that are on a customer changed, by their ids."""

    added: list[int]
    removed: list[int]


@dataclass(frozen=True, kw_only=True)
class ConsentRecorded(Happened):
    """A customer said yes or no to being written to without asking; without an actor, they did it themselves."""

    consent_id: int
    is_given: bool


@dataclass(frozen=True, kw_only=True)
class IntroductionChanged(Happened):
    """Somebody of the staff said who brought a customer, or that nobody did."""

    by_id: int | None
