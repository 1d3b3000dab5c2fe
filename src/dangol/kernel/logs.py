"""Logs are key=value, carry the request's id, and never hold the text of a message or an address."""

import logging
import traceback
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime

request_id: ContextVar[str] = ContextVar("request_id", default="-")


class KeyValueFormatter(logging.Formatter):
    """One line a record: at, level, from, request, what."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line; a traceback follows on lines of its own."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = (
            f"at={at} level={record.levelname.lower()} from={record.name} "
            f"request={request_id.get()} {record.getMessage()}"
        )
        if record.exc_info and record.exc_info[1]:
            line += "\n" + "\n".join(_frames(record.exc_info[1]))
        return line


def _frames(failure: BaseException) -> Iterator[str]:
    """Where it failed and with what kind of exception, the cause first.

    Not what it says: a database quotes the whole row that it refuses, with the customer's words.
    """
    told = traceback.TracebackException.from_exception(failure, compact=True)
    chain = [told]
    while (before := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(before)
    for each in reversed(chain):
        yield from (line.rstrip("\n") for line in each.stack.format())
        yield f"{each.exc_type.__module__}.{each.exc_type.__qualname__}" if each.exc_type else "?"
