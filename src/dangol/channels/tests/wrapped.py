"""What mail programs wrap into mail, written here for tests: winmail.dat of Outlook, calendars of everybody."""

import random
import struct

MESSAGE_OBJECT = bytes.fromhex("0703020000000000c000000000000046")


def attribute(level: int, name: int, value: bytes) -> bytes:
    return struct.pack("<BHHI", level, name, 6, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def properties(**values: object) -> bytes:
    """MAPI properties by identifier (`p3707="name"`): text as UTF-16, bytes as binary, numbers as they are."""
    out = struct.pack("<I", len(values))
    for key, value in values.items():
        identifier = int(key[1:5], 16)
        if isinstance(value, int):
            out += struct.pack("<HHi", 3, identifier, value)
            continue
        kind = 0x0102 if isinstance(value, bytes) else 0x001F
        raw = value if isinstance(value, bytes) else f"{value}\0".encode("utf-16-le")
        kind = 0x000D if key.endswith("object") else kind
        named = bytes(16) + struct.pack("<II", 0, 1) if identifier >= 0x8000 else b""
        out += (
            struct.pack("<HH", kind, identifier)
            + named
            + struct.pack("<II", 1, len(raw))
            + raw
            + bytes(-len(raw) % 4)
        )
    return out


def tnef(*attributes: bytes, codepage: int = 949) -> bytes:
    return (
        struct.pack("<IH", 0x223E9F78, 1)
        + attribute(1, 0x9007, struct.pack("<II", codepage, 0))
        + b"".join(attributes)
    )


def message(**values: object) -> bytes:
    """Properties of the message: p1000 text, p1013 HTML, p1009 RTF, p3FDE code page, p0037 subject."""
    return attribute(1, 0x9003, properties(**values))


def file(title: bytes, content: bytes, **values: object) -> bytes:
    """A file: p3707 long name, p370E content type, p3712 Content-ID, p3701object what it holds instead."""
    out = attribute(2, 0x9002, bytes(14)) + attribute(2, 0x8010, title + b"\0")
    out += attribute(2, 0x800F, content) if content else b""
    return out + (attribute(2, 0x9005, properties(**values)) if values else b"")


def rtf(text: bytes) -> bytes:
    """RTF as MAPI keeps it, not compressed."""
    return struct.pack("<II4sI", len(text) + 12, len(text), b"MELA", 0) + text


def squeezed(text: bytes) -> bytes:
    """RTF as MAPI compresses it, though all of it is literal."""
    body = b"".join(b"\0" + text[at : at + 8] for at in range(0, len(text), 8))
    return struct.pack("<II4sI", len(body) + 12, len(text), b"LZFu", 0) + body


def sample(chance: random.Random) -> bytes:
    """One of several streams, for mutating."""
    inner = tnef(message(p1000="안녕"), file(b"b.txt", b"inner"))
    pieces = [
        message(p1000="주문이 식었어요", p0037="제목"),
        message(p1013="<p>식었어요</p>".encode(), p3FDE=65001),
        message(
            p1009=squeezed(rb"{\rtf1\ansi\ansicpg949\fromhtml1{\*\htmltag64 <p>}\'c8\'af\'ba\'d2 \u54728?}")
        ),
        message(p1009=rtf(rb"{\rtf1{\fonttbl{\f0\fcharset129 x;}}\f0\'c8\'af\par\u-10808?}"), p8001="named"),
        file("메뉴.pdf".encode("cp949"), b"%PDF", p3707="긴 이름의 메뉴.pdf", p370E="application/pdf"),
        file(b"a.png", chance.randbytes(60), p3712="<pic@x>"),
        file(b"message", b"", p3701object=MESSAGE_OBJECT + inner),
    ]
    return tnef(*chance.sample(pieces, k=chance.randrange(1, len(pieces))))


def calendar(*lines: str, method: str = "REQUEST", zone: str = "") -> bytes:
    """A calendar with one event, whose lines these are."""
    every = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"METHOD:{method}" if method else "",
        *zone.splitlines(),
        "BEGIN:VEVENT",
    ]
    return "\r\n".join(line for line in [*every, *lines, "END:VEVENT", "END:VCALENDAR", ""] if line).encode()


OWN_ZONE = """BEGIN:VTIMEZONE
TZID:Customized Time Zone
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE"""


def invitation(chance: random.Random) -> bytes:
    """One of many invitations, for mutating."""
    zone = chance.choice(
        ("Korea Standard Time", "Asia/Seoul", "Customized Time Zone", "Asia", "../x", "(UTC+09:00) Seoul")
    )
    lines = [
        chance.choice(
            (
                f'DTSTART;TZID="{zone}":20261130T190000',
                "DTSTART;VALUE=DATE:20261130",
                "DTSTART:20261130T100000Z",
            )
        ),
        chance.choice(("DTEND:20261130T110000Z", "DURATION:PT1H", "DURATION:P99999999999D", "")),
        "UID:1@x",
        "SUMMARY:시식 모임\\, 2층",
        "LOCATION:Moon",
        "ORGANIZER;CN=Sora:mailto:sora@naver.example",
        'ATTENDEE;PARTSTAT=ACCEPTED;CN="Kim, S":mailto:a@b.example',
        chance.choice(("RRULE:FREQ=WEEKLY", "RRULE:FREQ=SECONDLY", "")),
        f"SEQUENCE:{chance.choice((0, 1, 99999999999))}",
    ]
    method = chance.choice(("REQUEST", "CANCEL", "REPLY", "", "x"))
    return calendar(*lines, method=method, zone=OWN_ZONE if chance.random() < 0.5 else "")
