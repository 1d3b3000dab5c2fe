"""What the inbox has to say on a customer's timeline."""

from collections.abc import Iterable, Mapping
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dangol.inbox.models import Conversation
from dangol.kernel.addresses import address
from dangol.kernel.durations import short_duration
from dangol.kernel.prepared import Prepared
from dangol.kernel.timeline import Happened, TimelineLine, Tone

GROUP: Final = "talk"
# Drafts and the outbox's steps are for the page, not for the story.
WORDS: Final[dict[str, tuple[Tone, object]]] = {
    "MessageArrived": ("", gettext_lazy("Wrote")),
    "ReplySent": ("good", gettext_lazy("We answered")),
    "ReplyFailed": ("bad", gettext_lazy("Our answer did not arrive")),
    "NoteAdded": ("", gettext_lazy("Note for the team")),
    "ConversationPostponed": ("", gettext_lazy("Put off until later")),
    "ConversationReturned": ("warn", gettext_lazy("Back on the list")),
    "ConversationClosed": ("", gettext_lazy("Done")),
    "ConversationReopened": ("", gettext_lazy("Reopened")),
    "PersonRecognised": ("", gettext_lazy("Recognised as a person’s mail")),
    "MachineRecognised": ("", gettext_lazy("Recognised as a machine’s mail")),
    "ConversationsJoined": ("", gettext_lazy("Two conversations became one")),
}


def timeline_lines(
    events: Iterable[Happened], subjects: Mapping[int, str] | None = None
) -> dict[int, TimelineLine]:
    """The lines for those of the events that the inbox knows, by event id.

    One query for the subjects of the conversations that are not among `subjects`.
    """
    known = [event for event in events if event.name in WORDS]
    ids = {event.data.get("conversation_id") for event in known} - {None}
    named = dict(subjects or {})
    if unnamed := ids - named.keys():
        named |= dict(_SUBJECTS(ids=tuple(sorted(unnamed))))
    # Many lines say the same of few conversations.
    said = {name: str(WORDS[name][1]) for name in {event.name for event in known}}
    urls = {pk: address("conversation", pk) for pk in ids & named.keys()}
    return {event.pk: _line(event, said[event.name], named, urls) for event in known}


_SUBJECTS: Final = Prepared(lambda ids: Conversation.objects.filter(pk__in=ids).values_list("pk", "subject"))


def _line(event: Happened, said: str, subjects: dict[int, str], urls: dict[int, str]) -> TimelineLine:
    conversation_id = event.data.get("conversation_id", 0)
    if event.name == "MessageArrived" and event.data.get("automatic"):
        said = _("A machine wrote")
    waited = event.data.get("waited_wall_seconds")
    if waited is not None:
        said = _("We answered after %(duration)s") % {"duration": short_duration(waited)}
    return TimelineLine(
        at=event.happened_at,
        words=said,
        about=subjects.get(conversation_id, ""),
        tone=WORDS[event.name][0],
        url=urls.get(conversation_id, ""),
        actor_id=event.actor_id,
    )
