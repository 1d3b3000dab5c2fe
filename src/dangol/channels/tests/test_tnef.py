"""winmail.dat becomes ordinary files and, where there is no other text, ordinary text."""

import struct
import time

import pytest

from dangol.channels.email import rtf, tnef
from dangol.channels.email.parse import parse
from dangol.channels.incoming import IncomingMessage
from dangol.channels.tests import wrapped

TEXT = b"Content-Type: text/plain; charset=utf-8\n\nPlease see the menu.\n"

RTF = rb"{\rtf1\ansi\ansicpg949 \'c8\'af\'ba\'d2\'c7\'d8 \u51452?\u49464?\u50836?}"
HTML_IN_RTF = (
    rb"{\rtf1\ansi\fromhtml1{\*\htmltag64 <p>}\htmlrtf\par x\htmlrtf0 \u54872?\u48520?\u54644? "
    rb"\u51452?\u49464?\u50836?{\*\htmltag72 </p>}}"
)


def received(
    stream: bytes, *others: bytes, kind: bytes = b"application/ms-tnef; name=winmail.dat"
) -> IncomingMessage:
    parts = [*others, b"Content-Type: " + kind + b"\nContent-Transfer-Encoding: binary\n\n" + stream]
    body = b"".join(b"--=_cut=\n" + part + b"\n" for part in parts)
    return parse(
        b'From: sora@naver.example\nContent-Type: multipart/mixed; boundary="=_cut="\n\n'
        + body
        + b"--=_cut=--\n"
    )


def test_its_files_are_files_of_the_mail_with_their_long_names() -> None:
    stream = wrapped.tnef(
        wrapped.message(p1000="the same words again"),
        wrapped.file(
            "메뉴.pdf".encode("cp949"), b"%PDF\0\0", p3707="이번 달의 메뉴.pdf", p370E="application/pdf"
        ),
        wrapped.file("사진.png".encode("cp949"), b"\x89PNG"),
    )
    message = received(stream, TEXT)
    assert message.text == "Please see the menu."
    found = [(one.filename, one.content_type, one.content) for one in message.attachments]
    assert found == [
        ("이번 달의 메뉴.pdf", "application/pdf", b"%PDF\0\0"),
        ("사진.png", "image/png", b"\x89PNG"),
    ]
    assert message.warnings == ("date:missing",)


@pytest.mark.parametrize(
    "kind", [b"application/vnd.ms-tnef", b'application/octet-stream; name="WINMAIL.DAT"']
)
def test_it_is_known_by_its_type_or_by_its_name(kind: bytes) -> None:
    message = received(wrapped.tnef(wrapped.file(b"a.txt", b"hi")), TEXT, kind=kind)
    assert [one.filename for one in message.attachments] == ["a.txt"]


@pytest.mark.parametrize(
    "said",
    [
        wrapped.message(p1000="환불해 주세요"),
        wrapped.attribute(1, 0x800C, "환불해 주세요".encode("cp949") + b"\0"),
        wrapped.message(p3FDE=949, p1013="<p>환불해 주세요</p>".encode("cp949")),
        wrapped.message(p1009=wrapped.rtf(RTF)),
        wrapped.message(p1009=wrapped.squeezed(HTML_IN_RTF)),
    ],
)  # fmt: skip
def test_its_text_is_the_text_of_a_mail_that_has_no_other(said: bytes) -> None:
    assert received(wrapped.tnef(said)).text == "환불해 주세요"


def test_its_html_shows_its_own_pictures() -> None:
    stream = wrapped.tnef(
        wrapped.message(p1013=b"<p>cold <img src='cid:pic@x'></p><script>x</script>"),
        wrapped.file(b"a.png", b"png", p3712="pic@x", p370E="image/png"),
    )
    message = received(stream)
    assert message.html is not None
    assert "cid:pic@x" in message.html
    assert "script" not in message.html
    assert [(one.content_id, one.is_inline) for one in message.attachments] == [("pic@x", True)]


def test_an_enclosed_message_is_its_text_and_its_files() -> None:
    inner = wrapped.tnef(
        wrapped.message(p1000="It was cold.", p0037="식었어요"), wrapped.file(b"b.txt", b"inner")
    )
    stream = wrapped.tnef(wrapped.file(b"mail", b"", p3701object=wrapped.MESSAGE_OBJECT + inner))
    message = received(stream, TEXT)
    assert [(one.filename, one.content) for one in message.attachments] == [
        ("식었어요.txt", b"It was cold."),
        ("b.txt", b"inner"),
    ]


def test_an_invitation_in_it_is_read_as_one() -> None:
    ics = wrapped.calendar("UID:1", "DTSTART:20261130T100000Z", "SUMMARY:Tasting")
    message = received(wrapped.tnef(wrapped.file(b"meet.ics", ics, p370E="text/calendar")), TEXT)
    assert [one.title for one in message.appointments] == ["Tasting"]


def test_what_cannot_be_read_stays_the_file_that_it_is() -> None:
    message = received(b"no such stream", TEXT)
    assert [(one.filename, one.content) for one in message.attachments] == [
        ("winmail.dat", b"no such stream")
    ]
    assert "tnef:unreadable" in message.warnings


def test_a_stream_that_breaks_off_gives_what_came_before() -> None:
    stream = wrapped.tnef(wrapped.file(b"a.txt", b"whole"), wrapped.file(b"b.txt", b"x" * 500))
    assert next(one.content for one in received(stream[:-400], TEXT).attachments) == b"whole"


@pytest.mark.parametrize(
    "evil",
    [
        wrapped.attribute(1, 0x9003, struct.pack("<I", 0xFFFFFFFF)),
        wrapped.attribute(1, 0x9003, struct.pack("<IHHI", 1, 0x101F, 0x1000, 0xFFFFFFFF)),
        wrapped.attribute(1, 0x9003, struct.pack("<IHHI", 1, 0x1001, 0x1000, 0xFFFFFFFF)),
        wrapped.attribute(1, 0x8888, b"") * 150_000,
        wrapped.attribute(2, 0x9002, b"") * 150_000,
    ],
)
def test_billions_that_are_only_announced_take_no_time(evil: bytes) -> None:
    began = time.process_time()
    received(wrapped.tnef(wrapped.file(b"a.txt", b"hi"), evil), TEXT)
    assert time.process_time() - began < 5


def test_messages_within_messages_end_somewhere() -> None:
    stream = wrapped.tnef(wrapped.file(b"a.txt", b"innermost"))
    for _ in range(50):
        stream = wrapped.tnef(wrapped.file(b"mail", b"", p3701object=wrapped.MESSAGE_OBJECT + stream))
    assert received(stream, TEXT).attachments


def test_compressed_rich_text_refers_back_to_what_it_said() -> None:
    # The second example of MS-OXRTFCP, 4.1.2: a reference that runs into what it writes.
    data = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
    assert tnef.read(wrapped.tnef(wrapped.message(p1009=data))).rtf == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (rb"{\rtf1\ansi hello\par world\tab x}", "hello\nworld\tx"),
        (rb"{\rtf1{\fonttbl{\f0\fnil Arial;}{\f1\fnil\fcharset129 Batang;}}\f1\'c8\'af\f0\'e9}", "환é"),
        (rb"{\rtf1{\*\generator x}{\info{\title secret}}{\pict 00ff}shown}", "shown"),
        (rb"{\rtf1 \{a\}\\ \u-10179?\u-8704? \emdash}", "{a}\\ 😀 —"),
        (rb"{\rtf1\uc2 \u54872 ab!}", "환!"),
        (b"{\\rtf1 a}}}}}b", "ab"),
    ],
)
def test_rich_text_is_read_as_text(source: bytes, text: str) -> None:
    assert rtf.read(source).text == text


@pytest.mark.parametrize(
    "piece", [b"{\\fonttbl{\\f0", b"{", b"}", b"\\'c8 {", b"\\f1 a", b"{\\field{\\*\\fldinst"]
)
def test_rich_text_beyond_reason_takes_no_time(piece: bytes) -> None:
    began = time.process_time()
    rtf.read(b"{\\rtf1 " + piece * (600_000 // len(piece)))
    assert time.process_time() - began < 8
