"""Where a delivery report stops speaking for itself and gives the message back, and what is to be learned from that.

Servers enclose the returned message as a part, or copy it below their own words: under a divider ("--- Below this line
is a copy of the message."), or without any.
"""

from typing import NamedTuple

from dangol.channels.email import bounce_words, headers
from dangol.channels.email.mime import Part

MAX_TEXT = 200_000
KINDS = frozenset(
    (
        "message/rfc822",
        "text/rfc822-headers",
        "message/rfc822-headers",
        "message/global",
        "message/partial",
        "message/global-headers",
    )
)
_MIN_FIELDS = 3
_LONGEST_SUMMARY = 12


class Divided(NamedTuple):
    """A report's text: what the server says, and what it gives back ("" where nothing)."""

    said: str
    returned: str


def divide(prose: str) -> Divided:
    """The text cut where the returned message begins. Takes linear time."""
    lines = prose.split("\n")
    index = 0
    while index < len(lines):
        if bounce_words.DIVIDER.match(lines[index]):
            return _cut(lines, index, index)
        end, fields = _block(lines, index)
        if fields >= _MIN_FIELDS and not _goes_on(lines, index, end):
            # A few fields that only say which message is meant are the server's word too.
            return _cut(lines, index if _is_raw_block(lines, index, end) else end, index)
        index = max(end, index + 1)
    return Divided(prose, "")


def _cut(lines: list[str], said_to: int, returned_from: int) -> Divided:
    return Divided("\n".join(lines[:said_to]), "\n".join(lines[returned_from:]).lstrip("\n"))


def enclosed(leaves: list[Part]) -> str:
    """The enclosed message, or its headers, as text with plain line ends; "" where none is enclosed."""
    for part in leaves:
        if part.kind in KINDS:
            return plain(part.content()[:MAX_TEXT].decode("utf-8", "replace")).lstrip("\n")
    for part in leaves[1:]:
        head = plain(part.content()[:20_000].decode("utf-8", "replace")).lstrip("\n")
        if _block(head.split("\n"), 0)[1] >= _MIN_FIELDS:
            return head
    return ""


def plain(text: str) -> str:
    """The text with every line end as a line feed."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def is_raw(returned: str) -> bool:
    """Whether these are a message's own headers, as a server has them, and not those that mail programs quote."""
    return bounce_words.RAW_FIELD.search(returned[:20_000]) is not None


def original_id(mail: Part, returned: str, said: str) -> str | None:
    """The Message-ID of what was returned."""
    found = bounce_words.ID_LINE.search(returned) or bounce_words.ID_LINE.search(said)
    if found:
        return headers.message_id(found[1])
    # Some servers reply to the message that they could not deliver.
    answered = headers.message_ids(mail.field("in-reply-to")) or headers.message_ids(mail.field("references"))
    return answered[-1] if answered else None


def _block(lines: list[str], start: int) -> tuple[int, int]:
    """(end, number of fields) of the header lines that begin here; folded lines belong to them."""
    index = start
    fields = 0
    while index < len(lines):
        if bounce_words.HEADER_LINE.match(lines[index]):
            fields += 1
        elif not fields or not _continues(lines[index]):
            break
        index += 1
    return index, fields


def _continues(line: str) -> bool:
    is_folded = line[:1].isspace() and bool(line.strip())
    return is_folded or bounce_words.PART_LINE.match(line) is not None


def _goes_on(lines: list[str], start: int, end: int) -> bool:
    """Whether the header lines only say which message is meant, and the report goes on below them."""
    if _is_raw_block(lines, start, end):
        return False
    below = "\n".join(lines[end : end + 6])
    return (bounce_words.GOES_ON.search(below) or bounce_words.FAILED.search(below)) is not None


def _is_raw_block(lines: list[str], start: int, end: int) -> bool:
    return end - start > _LONGEST_SUMMARY or any(
        bounce_words.TRANSPORT_FIELD.match(line) for line in lines[start:end]
    )
