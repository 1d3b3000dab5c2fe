# ruff: noqa: E501, SIM905  tables
"""Mails that are broken on purpose: made whole, then mutated by their structure; the same for the same seed.

`mail(seed, number)` is the number-th of a seed. What is broken: fields, labels, encodings, boundaries, nesting,
lengths, HTML, quoted text, winmail.dat, calendars; and, over all that, bytes.
"""

import base64
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path

from dangol.channels.tests import wrapped

Chance = random.Random

LABELS = [
    *"utf-8 us-ascii iso-8859-1 euc-kr ks_c_5601-1987 korean windows-949 gb2312 gbk x-gbk big5 shift_jis x-sjis".split(),
    *"iso-2022-jp iso-2022-jp-ms iso-2022-kr utf-7 utf-16 utf-16le utf-32 hz cp037 koi8-r windows-1251".split(),
    *"x-unknown unknown-8bit base64 rot13 idna punycode unicode_escape mbcs undefined johab utf-8-sig".split(),
    *("", " ", '"', "utf-8;", "=?utf-8?Q?utf-8?=", "a" * 500, "\u00e9", "utf-8\x00", "../../etc/passwd"),
]
CODECS = "utf-8 cp949 gb18030 cp932 iso-2022-jp iso2022_kr utf-7 utf-16 big5 cp1252 cp1251 euc_jp".split()
ENCODINGS = [
    "base64",
    "quoted-printable",
    "7bit",
    "8bit",
    "binary",
    "x-uuencode",
    "BASE64 ",
    "base64;",
    "",
    "gzip64",
    "quotedprintable",
]
KINDS = [
    *"text/plain text/html text/enriched text/calendar text/x-amp-html text/rtf application/ms-tnef image/png".split(),
    *"application/pdf message/rfc822 message/delivery-status message/partial multipart/mixed multipart/alternative".split(),
    *"multipart/related multipart/signed multipart/report multipart/digest multipart/x-mixed-replace".split(),
    *(
        "text",
        "/",
        "text/",
        "text/html/x",
        "multipart",
        "",
        "\x00/\x00",
        "a" * 300 + "/b",
        "application/octet-stream",
    ),
]
WORDS = "주문 배송 환불 예약 안녕하세요 hello order cold burger 您好 订单 注文 Привет café 😀 똠방각하 \u200b \ufeff \u202e".split()
TOKENS = [
    *(
        b"\x00",
        b"\xff",
        b"\x1b$B",
        b"\x1b$)C\x0e",
        b"=?",
        b"?=",
        b"=?utf-8?B?",
        b"=?x?Q?",
        b"=?=?=?",
        b'"',
        b"<",
        b">",
        b"(",
    ),
    *(
        b")",
        b"\\",
        b",",
        b";",
        b":",
        b"@",
        b"\r",
        b"\n",
        b"\r\n",
        b"\n\n",
        b"\r\r\n",
        b"\n ",
        b"\n\t",
        b"\t",
        b"--",
        b"-- \n",
    ),
    *(
        b"*0*=",
        b"*999999999999=",
        b"%",
        b"%E",
        b"''",
        b"boundary=",
        b"charset=utf-16",
        b"charset=",
        b"> ",
        b"From ",
    ),
    *(
        b"<table>",
        b"</",
        b"<!--",
        b"<![CDATA[",
        b"&#x110000;",
        b"&#0;",
        b"&amp",
        b"<a href='",
        b"cid:",
        b"\xed\xa0\x80",
    ),
    *(
        b"begin 644 x\n",
        b"end\n",
        b"\x78\x9f\x3e\x22",
        b"BEGIN:VCALENDAR\n",
        b"\xef\xbb\xbf",
        b"\xf4\x90\x80\x80",
        b"\x80" * 9,
    ),
]
FIELDS = [
    b"Subject", b"From", b"To", b"Cc", b"Reply-To", b"Sender", b"Date", b"Message-ID", b"References", b"In-Reply-To",
    b"Content-Type", b"Content-Disposition", b"Content-Transfer-Encoding", b"Content-ID", b"Content-Location", b"MIME-Version",
    b"Auto-Submitted", b"Precedence", b"List-Id", b"Return-Path", b"Delivered-To", b"X-Failed-Recipients", b"Received",
    b"Thread-Index", b"X-" + b"a" * 90, b"\xed\x95\x9c", b"", b"Content-Type ",
]  # fmt: skip
VALUES = [
    b"", b" ", b"\xc7\xd1\xb1\xdb", "한글".encode(), b"=?euc-kr?B?x9E=?= =?euc-kr?B?sdu=?=", b"=?utf-8?Q?=ED=95?= =?utf-8?Q?=9C?=",
    b"<>", b"<@>", b"@", b"a@b", b"<a@b>, <c@d>", b'"Kim, Sora <a@b.example>', b"undisclosed-recipients:;", b"a" * 3_000,
    b"(" * 300, b"<" * 300, b'"' * 301, b"a@" * 200, b"=?utf-8?B?" * 100, b"Thu, 99 Foo 20261 25:61:61 +9999", b"0", b"-1",
    b"Sat, 21 Nov 2026 15:12:33 +0900", b"Fri, 31 Dec 9999 23:59:59 -1200", b"Mon, 1 Jan 0001 00:00:00 +1200",
    b"1 Jan 1901 00:00 +0000", b"Sat, 21 Nov 99999999999999 00:00:00 +99999999999999", b"\x00\x00", b"; ; ; =", b"*=*; *0*=x",
    b"auto-replied", b"bulk", b"attachment; filename*0*=utf-8''%; filename*5=b; filename=c", b"inline; filename=\"\\",
    b"multipart/mixed; boundary=\"", b"multipart/mixed; boundary=x; boundary=y", b"text/plain; charset*0=utf; charset*1=-8",
    b"text/plain; charset=\"=?utf-8?Q?euc-kr?=\"", b"message/rfc822", b"multipart/alternative; boundary=\"cut\"",
]  # fmt: skip


def mail(seed: int, number: int) -> bytes:
    """The number-th mail of a seed: made or taken from the samples, then broken in one to six ways."""
    chance = Chance(f"{seed} {number}")
    raw = whole(chance) if chance.random() < 0.75 else chance.choice(samples())
    for _ in range(chance.choice((0, 1, 1, 2, 3, 6))):
        raw = chance.choice(_BREAKS)(raw, chance)
    return raw[:400_000]


@cache
def samples() -> tuple[bytes, ...]:
    """The project's own samples."""
    return tuple(file.read_bytes() for file in sorted((Path(__file__).parent / "samples").glob("*.eml")))


def whole(chance: Chance) -> bytes:
    """A mail that is more or less sound: fields, and a tree of parts of every kind."""
    head = [b"From: " + _person(chance), b"To: " + _person(chance), b"Subject: " + _line(chance)]
    head += [
        b"Date: Sat, 21 Nov 2026 15:12:33 +0900",
        b"Message-ID: <%d@x.example>" % chance.randrange(10**9),
        b"MIME-Version: 1.0",
    ]
    head += [
        chance.choice(FIELDS) + b": " + chance.choice(VALUES) for _ in range(chance.choice((0, 0, 1, 4)))
    ]
    chance.shuffle(head)
    return b"\n".join(head) + b"\n" + _part(chance, chance.choice((0, 0, 1, 1, 2, 3)))


def _part(chance: Chance, depth: int) -> bytes:
    """A part: the rest of its fields, an empty line, what it holds."""
    if depth and chance.random() < 0.8:
        boundary = (
            chance.choice((b"cut", b"cut2", b"----=_Part", b"a" * 70, b"=?", b"'()+_,-./:=?")) + b"%d" % depth
        )
        parts = [
            _part(chance, depth - 1) for _ in range(chance.choice((1, 2, 2, 3) if depth < 3 else (1, 2)))
        ]
        body = (
            b"".join(b"--" + boundary + b"\n" + part + b"\n" for part in parts) + b"--" + boundary + b"--\n"
        )
        kind = chance.choice((b"mixed", b"alternative", b"related", b"signed", b"report", b"digest"))
        return b'Content-Type: multipart/%s; boundary="%s"\n\n' % (kind, boundary) + body
    return chance.choice(_LEAVES)(chance)


def _leaf(kind: str, content: bytes, chance: Chance, more: str = "") -> bytes:
    encoding = chance.choice(ENCODINGS[:5])
    if encoding == "base64":
        content = base64.encodebytes(content)
    elif encoding == "quoted-printable":
        content = b"".join(
            b"=%02X" % byte if byte > 126 or byte == 61 else bytes((byte,)) for byte in content
        )
    label = chance.choice(LABELS)
    fields = (
        f'Content-Type: {kind}; charset="{label}"{more}\nContent-Transfer-Encoding: {encoding}\n'.encode()
    )
    if chance.random() < 0.3:
        fields += (
            b"Content-Disposition: "
            + chance.choice((b"inline", b"attachment"))
            + b"; "
            + _filename(chance)
            + b"\n"
        )
    if chance.random() < 0.2:
        fields += b"Content-ID: <%d@x>\n" % chance.randrange(5)
    return fields + b"\n" + content


def _said(chance: Chance) -> bytes:
    lines = [
        " ".join(chance.choices(WORDS, k=chance.choice((1, 5, 12)))) for _ in range(chance.choice((1, 3, 9)))
    ]
    return "\n".join(lines).encode(chance.choice(CODECS), "replace")


def _plain(chance: Chance) -> bytes:
    return _leaf("text/plain", _said(chance) + (_quoted(chance) if chance.random() < 0.3 else b""), chance)


def _html(chance: Chance) -> bytes:
    content = (
        b"<html><body><p>"
        + _said(chance)
        + b"</p>"
        + (_evil_html(chance) if chance.random() < 0.5 else b"")
        + b"</body>"
    )
    return _leaf("text/html", content, chance)


def _file(chance: Chance) -> bytes:
    return _leaf(chance.choice(KINDS[4:]), chance.randbytes(chance.choice((0, 5, 300))), chance)


def _enclosed(chance: Chance) -> bytes:
    return b"Content-Type: message/rfc822\n\n" + chance.choice(samples())


def _tnef(chance: Chance) -> bytes:
    stream = bytearray(wrapped.sample(chance))
    for _ in range(chance.choice((0, 1, 4, 30))):
        _spoil(stream, chance)
    return _leaf("application/ms-tnef", bytes(stream), chance, "; name=winmail.dat")


def _calendar(chance: Chance) -> bytes:
    text = bytearray(wrapped.invitation(chance))
    for _ in range(chance.choice((0, 1, 4, 30))):
        _spoil(text, chance)
    return _leaf("text/calendar", bytes(text), chance, "; method=REQUEST")


def _report(chance: Chance) -> bytes:
    lines = [
        b"Reporting-MTA: dns; x",
        b"",
        b"Final-Recipient: rfc822; " + chance.choice(VALUES),
        b"Action: failed",
        b"Status: 5.1.1",
    ]
    chance.shuffle(lines)
    return b"Content-Type: message/delivery-status\n\n" + b"\n".join(lines)


def _spoil(data: bytearray, chance: Chance) -> None:
    place = chance.randrange(len(data) + 1)
    if chance.random() < 0.5 and place < len(data):
        data[place] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
    elif chance.random() < 0.5:
        del data[place : place + chance.choice((1, 4, 40))]
    else:
        data[place:place] = chance.choice(TOKENS)


def _quoted(chance: Chance) -> bytes:
    piece, most = chance.choice(
        (
            (b"> ", 400), (b">", 4_000), (b"On Sat, Nov 21, 2026, Sora <a@b.example> wrote:\n> hi\n", 20), (b"\n", 900),
            ("2026년 11월 21일 (토) 오후 3:12, 김소라 <a@b.example>님이 작성:\n".encode(), 20), (b"-- \n", 200), (b"-" * 78 + b"\n", 30),
            (b"From: a\nSent: b\nTo: c\nSubject: d\n", 20), (b"-----Original Message-----\n", 20), (b" ", 4_000), (b"On ", 500),
            ("보낸 사람: ".encode(), 100), (b"*" * 50, 30), (b"_" * 32 + b"\n", 20), (b"wrote:", 300), (b"> > > > hi\n", 100),
        )
    )  # fmt: skip
    return b"\n" + piece * chance.randrange(1, most)


def _evil_html(chance: Chance) -> bytes:
    piece, most = chance.choice(
        (
            (b"<div>", 500), (b"<blockquote>", 200), (b"<table><tr><td>", 100), (b"<", 900), (b"</div>", 500), (b"<!--", 300),
            (b"<a href='https://x.example'>", 200), (b"<img src=cid:1@x>", 200), (b"&", 900), (b"&#x41;", 500), (b"<b ", 500),
            (b"<style>", 100), (b"<p style='color:red;", 200), (b"<script>", 100), (b"<p a='", 300), (b'<p a="', 301), (b"<ol><li>", 150),
            (b"<select><option>", 100), (b"<svg><math>", 100), (b"<pre>\n", 200), (b"<font size=0>", 200), (b"]]>", 300), (b"\x00<\x00", 90),
            (b"<div style=\"" + b"a:b;" * 50 + b"\">x</div>", 20), (b"<form><input><button>", 80), (b"<template>", 100), (b"<br>", 900),
        )
    )  # fmt: skip
    return piece * chance.randrange(1, most)


def _person(chance: Chance) -> bytes:
    return chance.choice(
        (
            b"Sora <sora@naver.example>",
            b"sora@naver.example",
            _line(chance) + b" <a@b.example>",
            chance.choice(VALUES),
        )
    )


def _line(chance: Chance) -> bytes:
    words = " ".join(chance.choices(WORDS, k=3)).encode(chance.choice(CODECS[:4]), "replace")
    if chance.random() < 0.5:
        return words
    return b"=?%s?B?%s?=" % (chance.choice(LABELS[:26]).encode(), base64.b64encode(words))


def _filename(chance: Chance) -> bytes:
    return chance.choice(
        (b"filename=a.pdf", b"filename*=euc-kr''%B8%DE%B4%BA.pdf", b"filename=\"" + _line(chance) + b"\"", b"filename=winmail.dat",
         b"filename*0*=utf-8''%ED%95; filename*1*=%9C.ics", b"filename=../../x", b"filename=" + b"a" * 400)
    )  # fmt: skip


# How a whole mail is broken.


def _bytes(raw: bytes, chance: Chance) -> bytes:
    data = bytearray(raw)
    for _ in range(chance.choice((1, 1, 3, 10))):
        _spoil(data, chance)
    return bytes(data)


def _field(raw: bytes, chance: Chance) -> bytes:
    """A field dropped, doubled, replaced, split, or moved to another place."""
    lines = raw.split(b"\n")
    end = next((index for index, line in enumerate(lines) if not line.strip()), len(lines))
    if end < 1:
        return raw
    at = chance.randrange(end)
    match chance.randrange(7):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, lines[chance.randrange(end)])
        case 2:
            lines[at] = (
                chance.choice(FIELDS) + chance.choice((b": ", b":", b" : ", b"")) + chance.choice(VALUES)
            )
        case 3:
            cut = chance.randrange(len(lines[at]) + 1)
            lines[at : at + 1] = [lines[at][:cut], chance.choice((b" ", b"\t", b"")) + lines[at][cut:]]
        case 4:
            lines[at] = lines[at] + chance.choice(VALUES) * chance.choice((1, 2, 9))
        case 5:
            lines[at] = lines[at].replace(b":", b"", 1)
        case _:
            name, _colon, _value = lines[at].partition(b":")
            lines[at] = name + b": " + chance.choice(VALUES)
    return b"\n".join(lines)


def _label(raw: bytes, chance: Chance) -> bytes:
    return _swap(raw, b"charset=", chance.choice(LABELS).encode(), chance)


def _encoding(raw: bytes, chance: Chance) -> bytes:
    return _swap(raw, b"Transfer-Encoding: ", chance.choice(ENCODINGS).encode(), chance)


def _kind(raw: bytes, chance: Chance) -> bytes:
    return _swap(raw, b"Content-Type: ", chance.choice(KINDS).encode(), chance)


def _boundary(raw: bytes, chance: Chance) -> bytes:
    if chance.random() < 0.5:
        return _swap(
            raw, b"boundary=", chance.choice((b"x", b'""', b"cut", b"--", b" ", b"a" * 300, b"\xff")), chance
        )
    return _swap(raw, b"\n--", chance.choice((b"cut", b"", b"x--", b"--", b"\n")), chance)


def _swap(raw: bytes, before: bytes, value: bytes, chance: Chance) -> bytes:
    """Another word behind one of the places where `before` stands."""
    places = []
    at = raw.find(before)
    while at >= 0 and len(places) < 50:
        places.append(at + len(before))
        at = raw.find(before, at + 1)
    if not places:
        return raw
    at = chance.choice(places)
    end = min(
        (found for found in (raw.find(stop, at) for stop in (b"\n", b";", b" ")) if found >= 0),
        default=len(raw),
    )
    return raw[:at] + value + raw[end:]


def _cut(raw: bytes, chance: Chance) -> bytes:
    return raw[: chance.randrange(len(raw) + 1)]


def _splice(raw: bytes, chance: Chance) -> bytes:
    other = chance.choice(samples()) if chance.random() < 0.5 else whole(chance)
    return raw[: chance.randrange(len(raw) + 1)] + other[chance.randrange(len(other) + 1) :]


def _lines(raw: bytes, chance: Chance) -> bytes:
    return raw.replace(b"\n", chance.choice((b"\r\n", b"\r", b"\r\r\n", b"\n\n", b"\n\r", b"\n\x00")))


def _nest(raw: bytes, chance: Chance) -> bytes:
    depth = chance.choice((2, 20, 120))
    kind = chance.choice(
        (b"multipart/mixed; boundary=b%d", b"multipart/alternative; boundary=b%d", b"message/rfc822; x=%d")
    )
    outer = b"".join(b"Content-Type: " + kind % n + b"\n\n--b%d\n" % n for n in range(depth))
    return (
        outer + raw if chance.random() < 0.5 else raw.replace(b"Content-Type: ", outer + b"Content-Type: ", 1)
    )


def _many(raw: bytes, chance: Chance) -> bytes:
    piece = chance.choice(
        (
            b"\n--cut\n\nx",
            b"\n--cut\nContent-Type: text/html\n\n<p>x",
            b"\n--cut\nContent-Type: image/png\n\nx",
        )
    )
    return (
        b"Content-Type: multipart/mixed; boundary=cut\n"
        + raw
        + piece * (1_500 if chance.random() < 0.03 else chance.choice((3, 3, 3, 40)))
    )


def _huge(raw: bytes, chance: Chance) -> bytes:
    """Rarely, for it takes long: something repeated up to a hundred thousand bytes, in a field or in the text."""
    if chance.random() < 0.9:
        return raw
    piece = chance.choice(
        (
            *TOKENS,
            *VALUES,
            b"a",
            b" ",
            b"\n",
            b"> ",
            b"<div>",
            b"<a b='",
            b"&#",
            b"=\n",
            b"a@b, ",
            b"On x wrote:\n> y\n",
        )
    )
    lot = (piece or b"x") * (chance.choice((5_000, 100_000)) // max(1, len(piece)))
    place = raw.find(b"\n") + 1 if chance.random() < 0.3 else chance.randrange(len(raw) + 1)
    field = chance.choice(FIELDS[:15]) + b": " if chance.random() < 0.5 else b""
    return raw[:place] + field + lot + b"\n" + raw[place:]


_LEAVES: tuple[Callable[[Chance], bytes], ...] = (
    _plain, _plain, _plain, _html, _html, _html, _file, _enclosed, _tnef, _calendar, _report,
)  # fmt: skip
_BREAKS: tuple[Callable[[bytes, Chance], bytes], ...] = (
    _bytes, _bytes, _bytes, _field, _field, _field, _label, _label, _encoding, _kind, _boundary, _boundary, _cut,
    _splice, _splice, _lines, _nest, _many, _huge,
)  # fmt: skip
