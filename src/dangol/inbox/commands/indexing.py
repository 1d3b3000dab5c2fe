"""All that can be found, put into the search index again."""

from collections.abc import Callable, Iterable, Iterator

from django.db.models import Case, F, TextField, Value, When
from django.db.models.functions import Concat

from dangol.channels.models import Delivery
from dangol.inbox.models import Conversation, Message
from dangol.search import index


def index_all_conversations(*, step: Callable[[int], None] = lambda _: None) -> None:
    """Put every conversation and message into the search index, as after a restore. Each kind in a transaction.

    `step` hears of every row that is done.
    """
    subjects = Conversation.objects.filter(merged_into=None).order_by("pk").values_list("pk", "subject")
    index.put("conversation", _telling(subjects.iterator(chunk_size=500), step))
    said = Message.objects.filter(undone_at=None).exclude(delivery__kind=Delivery.Kind.ACKNOWLEDGEMENT)
    text = Case(
        When(direction=Message.Direction.NOTE, then=F("text")),
        default=F("text_new"),
        output_field=TextField(),
    )
    words = said.annotate(words=Concat("subject", Value(" "), text, output_field=TextField())).order_by("pk")
    index.put("message", _telling(words.values_list("pk", "words").iterator(chunk_size=500), step))


def _telling(rows: Iterable[tuple[int, str]], step: Callable[[int], None]) -> Iterator[tuple[int, str]]:
    for row in rows:
        yield row
        step(1)
