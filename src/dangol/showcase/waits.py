"""The waits of the recorded past: what `inbox.waiting` does with rows, done in memory with the same rules."""

from collections import Counter
from datetime import datetime

from dangol.inbox import promise
from dangol.inbox.models import Conversation, Message, Wait
from dangol.inbox.waiting import new_wait
from dangol.showcase.rows import Rows
from dangol.showcase.shop import Shop


class Waits:
    """Who waits, since when, and what came of it."""

    def __init__(self, shop: Shop, rows: Rows) -> None:
        self._calendar, self._rows = shop.calendar, rows
        self._open: dict[int, Wait] = {}
        self._ended: dict[int, Wait] = {}  # by the message that answered
        self._answers: Counter[int] = Counter()  # by conversation

    def open_in(self, conversation: Conversation) -> Wait | None:
        """The wait that nobody has answered yet."""
        return self._open.get(conversation.pk)

    def begin(self, conversation: Conversation, message: Message) -> Wait:
        """The open wait; begun by this message when there is none."""
        found = self._open.get(conversation.pk)
        if found:
            return found
        answered_before = self._answers[conversation.pk] > 0
        wait = new_wait(conversation, message, self._calendar, answered_before=answered_before)
        self._open[conversation.pk] = wait
        return self._rows.add(wait)

    def end(self, answer: Message, at: datetime) -> Wait | None:
        """The open wait ends with this answer, which left at the instant; None when there is none."""
        wait = self._open.pop(answer.conversation_id, None)
        if wait:
            took = promise.waited(self._calendar, wait.started_at, at)
            wait.answered_at, wait.answer, wait.answered_by = at, answer, answer.staff
            wait.wall_seconds, wait.opening_seconds = took.wall_seconds, took.opening_seconds
            wait.is_kept = promise.is_kept(wait.due_at, at)
            self._ended[answer.pk] = wait
            self._answers[answer.conversation_id] += 1
        return wait

    def resume(self, answer: Message) -> Wait | None:
        """The answer reached nobody: what it had ended goes on."""
        wait = self._ended.pop(answer.pk, None)
        if wait:
            wait.answered_at = wait.answer = wait.answered_by = None
            wait.wall_seconds = wait.opening_seconds = wait.is_kept = None
            self._open[answer.conversation_id] = wait
            self._answers[answer.conversation_id] -= 1
        return wait

    def drop(self, conversation: Conversation, at: datetime) -> None:
        """The matter is closed: who still waited was not answered."""
        wait = self._open.pop(conversation.pk, None)
        if wait:
            wait.dropped_at = at
