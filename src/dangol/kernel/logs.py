"""Logs are key=value, carry the request's id, and never hold the text of a message or an address."""

import logging
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
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line
