"""Where time enters the program. Everything below a view, a loop or the command line is handed its time."""

from datetime import UTC, datetime


def now() -> datetime:
    """This instant, aware, in UTC."""
    return datetime.now(UTC)
