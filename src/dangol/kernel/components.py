"""A part of a page whose HTML follows from the values that it is given and from nothing else: made once for equal ones.

`{% component "inbox/_item.html" item=item %}` renders the template with these values alone. It sees no request and
nothing else of the page around it, so the values are the key, and what is kept never has to be thrown away: other
values are another key. What templates read besides is in each key: the language, the time zone, and what day it is.
A template that says how long something has been is handed the words. The form token is put in afterwards.
"""

import marshal
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cache
from operator import attrgetter
from sys import getsizeof
from threading import Lock
from typing import Any, Final

from django.conf import settings
from django.template import Context, Template
from django.urls import get_script_prefix, get_urlconf
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from dangol.kernel import clock

MOST_BYTES: Final = (
    8 * 1024 * 1024
)  # of a process, keys included; a line of the inbox takes about two thousand
LARGEST_BYTES: Final = 256 * 1024  # a letter beyond that would drive hundreds of others out
_ENTRY_BYTES: Final = 200  # of the table itself
# Stands in what is kept where the form token of the request belongs. Nobody can know it and write it into a mail.
_TOKEN: Final = secrets.token_urlsafe(24)


class Memo:
    """HTML by all that it was made from, at most `most_bytes` of both; what was not asked for longest goes first."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.most_bytes = most_bytes
        self.size = 0
        self._kept: OrderedDict[bytes, str] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: bytes) -> str | None:
        """What is kept under the key."""
        with self._lock:
            html = self._kept.get(key)
            if html is not None:
                self._kept.move_to_end(key)
            return html

    def put(self, key: bytes, html: str) -> None:
        """Keep it, and let go of others until all of it fits."""
        size = _size(key, html)
        if size > min(LARGEST_BYTES, self.most_bytes):
            return
        with self._lock:
            if key in self._kept:
                return
            self._kept[key] = html
            self.size += size
            while self.size > self.most_bytes:
                self.size -= _size(*self._kept.popitem(last=False))

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
            self.size = 0


memo: Final = Memo()


def render_component(
    template: Template,
    values: Mapping[str, Any],
    csrf_token: object,
    around: tuple[object, ...] | None = None,
) -> SafeString:
    """The template with these values and no others, from the memo where it was made from equal ones before.

    Values are words, numbers, instants, tuples and dataclasses of these. TypeError for anything else: it could change
    without its key. `around` are the `surroundings` where the page has asked for them already.
    """
    around = around or surroundings()
    key = _key(template, values, around)
    html = memo.get(key)
    if html is None:
        html = render_anew(template, values)
        if _day() == around[0]:  # not so when it ended meanwhile
            memo.put(key, html)
    return with_token(html, csrf_token)


def surroundings() -> tuple[object, ...]:
    """What templates read besides their values; it stays as it is while a page is made."""
    return (
        _day(),
        get_language(),
        timezone.get_current_timezone_name(),
        get_urlconf() or settings.ROOT_URLCONF,
        get_script_prefix(),
    )


def _day() -> int:
    return timezone.localdate(clock.now()).toordinal()


def render_anew(template: Template, values: Mapping[str, Any]) -> str:
    """The template with these values and no others."""
    return str(template.render(Context({**values, "csrf_token": _TOKEN})))


def with_token(html: str, csrf_token: object) -> SafeString:
    """The HTML for one request."""
    return SafeString(html.replace(_TOKEN, str(csrf_token)) if _TOKEN in html else html)  # a template's


def _key(template: Template, values: Mapping[str, Any], around: tuple[object, ...]) -> bytes:
    # Written down, because `==` does not tell 1 from True, nor an instant from the same one in another zone. In version
    # 2 of the format what is alike is written alike, and nothing is left out that stood there before.
    written: Any = (template.origin.name, around, [(name, _as_key(value)) for name, value in values.items()])
    return marshal.dumps(written, 2)


def _as_key(value: Any) -> Any:
    if type(value) in _AS_THEY_ARE:
        return value
    if not is_dataclass(value):
        return _written(value)
    # Nothing in it can change, or `_written` would refuse it: a line of a list that is shown again is written once.
    kept: dict[str, Any] = vars(value)
    if _KEY not in kept:
        kept[_KEY] = marshal.dumps(_written(value), 2)
    return kept[_KEY]


_KEY: Final = "_written_as_key"


def _written(value: Any) -> Any:
    kind: Any = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if kind is datetime:
        return (value.isoformat(),)
    if kind is tuple:
        return [each if type(each) in _AS_THEY_ARE else _written(each) for each in value]
    name, read = _reader(kind)
    return (name, [each if type(each) in _AS_THEY_ARE else _written(each) for each in read(value)])


_AS_THEY_ARE: Final = frozenset({str, int, bool, float, type(None)})


@cache
def _reader(kind: type) -> tuple[str, Callable[[Any], tuple[Any, ...]]]:
    """The name of such values, and what gives their fields."""
    name = f"{kind.__module__}.{kind.__qualname__}"
    if kind is SafeString:
        return name, lambda words: (words + "",)
    if not is_dataclass(kind) or not kind.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise TypeError(f"a component takes plain values, not {kind.__qualname__}")
    names = [field.name for field in fields(kind)]
    return name, attrgetter(*names) if len(names) > 1 else lambda value: (getattr(value, names[0]),)


def _size(key: bytes, html: str) -> int:
    return getsizeof(key) + getsizeof(html) + _ENTRY_BYTES
