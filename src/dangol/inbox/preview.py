"""The line of a message that a list shows."""

from typing import Final

LONGEST: Final = 160


def preview_of(text: str) -> str:
    """The beginning of the text in one line, at most 160 characters."""
    line = " ".join(text[: 4 * LONGEST].split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1].rstrip() + "…"
