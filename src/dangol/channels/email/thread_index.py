"""Thread-Index, by which Outlook and Exchange put mail together (MS-OXOMSG 2.2.1.3, PidTagConversationIndex).

A root of 22 bytes that all of a thread share: one reserved byte, five of the time, a GUID. Behind it five bytes
for each answer: how long after the root it was written, and one byte so that two of one moment differ.
"""

import base64
import binascii
import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Final

ROOT_BYTES: Final = 22
CHILD_BYTES: Final = 5
MOST_CHILDREN: Final = 140  # a thread with more answers stays one thread: what is cut is only their order
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)  # of FILETIME, which counts 100 nanoseconds
_LONG_AGO = 0x00FE0000 << 32  # 1.7 years and more: the time is then kept coarser, in the same 31 bits
_PREFIX = re.compile(
    r"\s*(?:re|aw|sv|vs|antw|res|fwd?|wg|tr|rv|enc|답장|회신|전달|返信|転送|回复|回覆|转发|轉寄)"
    r"\s*(?:\[\d+\]|\(\d+\)|\^\d+)?\s*[:：]",
    re.IGNORECASE,
)


def read_index(value: str | None) -> str | None:
    """The field in base64 without folds, of whole blocks; None where it is none."""
    try:
        data = base64.b64decode(re.sub(r"\s+", "", (value or "")[:4000]), validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(data) < ROOT_BYTES or data[0] != 1:
        return None
    children = min((len(data) - ROOT_BYTES) // CHILD_BYTES, MOST_CHILDREN)
    return base64.b64encode(data[: ROOT_BYTES + CHILD_BYTES * children]).decode()


def root_of(index: str) -> bytes:
    """What all mail of the thread has in common. `index` as `read_index` returns it."""
    return base64.b64decode(index)[:ROOT_BYTES]


def child_of(index: str, at: datetime, unique: str) -> str:
    """The index of an answer, written at `at`, to the mail with this one. The same input gives the same index.

    Time goes by the first six bytes read as the upper part of a FILETIME, as Outlook does, also where Exchange
    has written them one byte further: there the distance is always "long ago".
    """
    data = base64.b64decode(index)
    if len(data) >= ROOT_BYTES + CHILD_BYTES * MOST_CHILDREN:
        return index
    began = int.from_bytes(data[:6], "big") << 16
    passed = max((at - _EPOCH) // timedelta(microseconds=1) * 10 - began, 0)
    is_long_ago = bool(passed & _LONG_AGO)
    delta = passed >> (23 if is_long_ago else 18) & 0x7FFFFFFF
    block = (is_long_ago << 31 | delta).to_bytes(4, "big") + hashlib.sha256(unique.encode()).digest()[:1]
    return base64.b64encode(data + block).decode()


def topic_of(subject: str | None) -> str:
    """The subject without the prefixes of answers and forwarded mail, as Thread-Topic has it."""
    topic = subject or ""
    while found := _PREFIX.match(topic):
        topic = topic[found.end() :]
    return " ".join(topic.split())
