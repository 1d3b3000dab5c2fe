"""What a server answers to FETCH, as imaplib hands it out. Pure."""

import datetime
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

FetchData = Sequence[bytes | tuple[bytes, bytes] | None]


@dataclass(frozen=True)
class Listed:
    """One message in an answer: what was said of it, and its bytes where they were asked for."""

    uid: int
    size: int
    internal_date: datetime.datetime | None
    body: bytes | None


def messages_in(parts: FetchData) -> Iterator[Listed]:
    """The FETCH responses in what imaplib returns: a literal comes as (what stands before, the bytes), and what
    stands behind it as the next item. Servers may put UID before or behind the body."""
    text, body = b"", None
    for part in [*parts, b"0 ("]:
        before, literal = part if isinstance(part, tuple) else (part or b"", None)
        if re.match(rb"\d+ \(", before) and text:
            yield from _response(text, body)
            text, body = b"", None
        text += before
        if literal is not None:
            body = literal
            text += b" "


def _response(text: bytes, body: bytes | None) -> Iterator[Listed]:
    uid = re.search(rb"\bUID (\d+)", text, re.IGNORECASE)
    if not uid:
        return
    size = re.search(rb"RFC822\.SIZE (\d+)", text, re.IGNORECASE)
    if body is None and (
        short := re.search(rb'BODY\[\](?:<\d+>)? (NIL|"((?:[^"\\]|\\.)*)")', text, re.IGNORECASE)
    ):
        body = re.sub(rb"\\(.)", rb"\1", short[2] or b"")
    yield Listed(int(uid[1]), int(size[1]) if size else 0, _internal_date(text), body)


_MONTHS = {
    name: at
    for at, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}


def _internal_date(text: bytes) -> datetime.datetime | None:
    match = re.search(
        rb'INTERNALDATE "\s*(\d{1,2})-(\w{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)"',
        text,
        re.IGNORECASE,
    )
    if not match:
        return None
    day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = (
        each.decode() for each in match.groups()
    )
    offset = datetime.timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
    try:
        zone = datetime.timezone(-offset if sign == "-" else offset)
        local = datetime.datetime(
            int(year), _MONTHS[month.lower()], int(day), int(hour), int(minute), int(second), tzinfo=zone
        )
        return local.astimezone(datetime.UTC)
    except (KeyError, ValueError, OverflowError):
        return None


def number_in(data: Sequence[object] | None) -> int | None:
    """The last plain number in an answer, such as that of UIDNEXT; None when there is none."""
    values = [each for each in data or [] if isinstance(each, bytes) and each.strip().isdigit()]
    return int(values[-1]) if values else None
