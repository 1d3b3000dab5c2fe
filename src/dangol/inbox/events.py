from dataclasses import dataclass

from dangol.kernel.events import Happened


@dataclass(frozen=True, kw_only=True)
class MessageArrived(Happened):
    """A message came in; `opens` when it began a conversation, `automatic` when a machine wrote it."""

    conversation_id: int
    message_id: int
    channel_id: int
    opens: bool
    automatic: bool


@dataclass(frozen=True, kw_only=True)
class PersonRecognised(Happened):
    """Somebody said that a person wrote what looked like a machine's mail."""

    conversation_id: int
    message_id: int


@dataclass(frozen=True, kw_only=True)
class MachineRecognised(Happened):
    """Somebody took that back: a machine wrote it."""

    conversation_id: int
    message_id: int


@dataclass(frozen=True, kw_only=True)
class ConversationsJoined(Happened):
    """A late message showed that two conversations are one matter."""

    conversation_id: int
    joined_id: int


@dataclass(frozen=True, kw_only=True)
class ReplyQueued(Happened):
    """Somebody pressed Send; for some seconds it can be taken back."""

    conversation_id: int
    message_id: int


@dataclass(frozen=True, kw_only=True)
class ReplyUndone(Happened):
    """The reply was taken back before it left."""

    conversation_id: int
    message_id: int


@dataclass(frozen=True, kw_only=True)
class ReplySent(Happened):
    """The mail server took the reply: the moment that stops the clock."""

    conversation_id: int
    message_id: int
    waited_wall_seconds: int | None = None
    waited_opening_seconds: int | None = None


@dataclass(frozen=True, kw_only=True)
class ReplyFailed(Happened):
    """The reply could not be delivered, to anybody or to one of them; the customer still waits."""

    conversation_id: int
    message_id: int


@dataclass(frozen=True, kw_only=True)
class NoteAdded(Happened):
    """Staff left a note for each other."""

    conversation_id: int
    message_id: int


@dataclass(frozen=True, kw_only=True)
class DraftOpened(Happened):
    """Somebody began to write."""

    conversation_id: int


@dataclass(frozen=True, kw_only=True)
class DraftDiscarded(Happened):
    """Somebody put away what was being written."""

    conversation_id: int


@dataclass(frozen=True, kw_only=True)
class ConversationAssigned(Happened):
    """The conversation is somebody's now, or nobody's."""

    conversation_id: int
    assignee_id: int | None


@dataclass(frozen=True, kw_only=True)
class ConversationPostponed(Happened):
    """It comes back at a later time."""

    conversation_id: int


@dataclass(frozen=True, kw_only=True)
class ConversationReturned(Happened):
    """Its time came: it is waiting again."""

    conversation_id: int


@dataclass(frozen=True, kw_only=True)
class ConversationClosed(Happened):
    """The matter is done."""

    conversation_id: int


@dataclass(frozen=True, kw_only=True)
class ConversationReopened(Happened):
    """The matter was not done after all."""

    conversation_id: int
