"""The standard library's parser without the regular expression that it compiles for each boundary.

Up to Python 3.12 that takes a quarter of the time for reading a mail: every mail has boundaries of its own, so no cache
of expressions knows them. 3.13 compiles none. What is read is the same in all three (tests/test_feeding.py).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from email import feedparser
from email.message import Message
from email.policy import Policy
from types import FunctionType
from typing import Any, Final, TypeVar

_BEFORE: Final = "(?P<sep>"
_BEHIND: Final = r")(?P<end>--)?(?P<ws>[ \t]*)(?P<linesep>\r\n|\r|\n)?$"
_PIECE: Final = 256 * 1024
_END: Final = re.compile(_BEHIND[1:])
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)

M = TypeVar("M", bound="Message[Any, Any]")


def parse(text: str, kind: type[M], policy: Policy, *, is_head_alone: bool = False) -> M:
    """What `email.parser.Parser` makes of the text, with parts of that kind."""
    # The stubs know no policy whose messages are of a class of one's own.
    parser: Any = _Parser(kind, policy=policy)
    if is_head_alone:
        parser._set_headersonly()
    for start in range(0, len(text), _PIECE):
        parser.feed(text[start : start + _PIECE])
    root: M = parser.close()
    return root


@dataclass(frozen=True)
class _Boundary:
    """What the parser asks of a compiled expression."""

    match: Callable[[str], re.Match[str] | None]


class _Expressions:
    """Stands for the module `re` in the one method that compiles boundaries. What it does not know, it compiles."""

    escape = staticmethod(re.escape)

    @staticmethod
    def compile(pattern: str) -> "_Boundary | re.Pattern[str]":
        """The expression that finds the lines of a boundary."""
        escaped = pattern.removeprefix(_BEFORE).removesuffix(_BEHIND)
        if pattern != f"{_BEFORE}{escaped}{_BEHIND}":
            return re.compile(pattern)
        separator = _ESCAPED.sub(r"\1", escaped)
        length = len(separator)

        def match(line: str) -> re.Match[str] | None:
            return _END.match(line, length) if line.startswith(separator) else None

        return _Boundary(match)


_Library: Any = feedparser.FeedParser
_method = _Library._parsegen


class _Parser(_Library):  # type: ignore[misc]
    # The method of the library itself, for this class alone: it looks up `re` here, and all other names where it
    # always did. Python 3.13 compiles nothing there any more, and this is without effect.
    _parsegen = FunctionType(
        _method.__code__, {**vars(feedparser), "re": _Expressions}, _method.__name__, _method.__defaults__
    )
