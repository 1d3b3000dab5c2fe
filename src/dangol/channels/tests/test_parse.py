"""Whole mails: the samples beside this file, and what their parts become."""

import base64
import hashlib
import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dangol.channels.email import parse as parse_module
from dangol.channels.email.parse import parse
from dangol.channels.email.read import describe
from dangol.channels.incoming import IncomingMessage, Party

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.eml"))
RAW = {sample.name: sample.read_bytes() for sample in SAMPLES}
TOKENS = [
    b"\x00",
    b"\xff",
    b"=?",
    b"?=",
    b"=?utf-8?B?",
    b"=?x?Q?",
    b'"',
    b"<",
    b">",
    b"(",
    b"\r",
    b"\n",
    b"\n\n",
]
TOKENS += [
    b"\x1b$B",
    b"\x1b$)C\x0e",
    b"*0*=",
    b"%",
    b"boundary=",
    b"charset=utf-16",
    b"utf-7",
    b"base64",
    b"--",
]
TOKENS += [b"Content-Type: multipart/mixed; boundary=x\n\n--x\n", b"message/rfc822", b"text/html", b"<table>"]


def read(name: str) -> IncomingMessage:
    return parse(RAW[name])


def mixed(*parts: bytes, kind: bytes = b"mixed", head: bytes = b"") -> bytes:
    body = b"".join(b"--cut\n" + part + b"\n" for part in parts)
    top = b'From: sora@naver.example\nMIME-Version: 1.0\nContent-Type: multipart/%s; boundary="cut"\n' % kind
    return top + head + b"\n" + body + b"--cut--\n"


def test_a_korean_webmail_reply_keeps_syllables_that_euc_kr_lacks() -> None:
    message = read("naver-reply-euc-kr.eml")
    assert message.subject == "RE: 똠방각하 세트가 식어서 왔어요"
    assert message.sender == Party("김소라", "sora@naver.example")
    assert message.text_new == "안녕하세요.\n펲시콜라도 빠졌습니다. 다시 보내 주세요.\n\n김소라 드림"
    assert "주문해 주셔서 감사합니다." in (message.text or "")
    assert message.references == ("first@naver.example", "c1-aaaaaaaaaaaa.x1@moonburger.example")
    assert message.in_reply_to == "c1-aaaaaaaaaaaa.x1@moonburger.example"
    assert message.date is not None
    assert message.date.isoformat() == "2026-11-21T15:20:00+09:00"
    assert message.warnings == ()


def test_an_iphone_reply_is_read_and_folded() -> None:
    message = read("iphone-korean-reply.eml")
    assert message.sender.name == "박지훈"
    assert message.text_new == "네 7시로 부탁드려요"
    assert message.automatic is None
    assert message.no_answer is None


def test_html_of_a_mail_shows_its_own_picture_and_loads_nothing_else() -> None:
    message = read("gmail-inline-image.eml")
    assert message.html is not None
    assert '<img src="cid:ii_bun@moon"' in message.html
    assert 'data-remote-src="http://pixel.example' in message.html
    assert "alert" not in message.html
    (picture,) = message.attachments
    assert (picture.filename, picture.content_type, picture.is_inline) == ("bun.png", "image/png", True)
    assert picture.content_id == "ii_bun@moon"
    assert picture.sha256 == hashlib.sha256(picture.content).hexdigest()
    assert message.text_new == "The bun looks like this:\n[image: bun.png]"
    assert message.cc == (Party("Lee, Ann", "ann@gmail.example"),)


def test_a_forwarded_mail_stays_whole_and_outside_of_the_text() -> None:
    message = read("forwarded-message.eml")
    assert message.text == "Please see the mail below."
    mail, tnef, invitation = message.attachments
    assert (mail.filename, mail.content_type) == ("식었어요.eml", "message/rfc822")
    assert mail.content in RAW["forwarded-message.eml"]
    assert parse(mail.content).text == "It was cold."
    assert (tnef.filename, tnef.content_type) == ("winmail.dat", "application/ms-tnef")
    assert invitation.content_type == "text/calendar"


def test_a_mail_with_broken_headers_is_read_all_the_same() -> None:
    message = read("broken-headers.eml")
    assert message.sender == Party("Sora", "sora@naver.example")
    assert message.subject == "주문이 아직 안 왔어요"
    assert message.to == (Party(None, "hello@moonburger.example"),)
    assert message.date is not None
    assert message.date.isoformat() == "2026-11-21T15:00:00+09:00"
    assert message.message_id == "brokenid@naver.example"
    assert message.references == ("a@x.example", "b@x.example", "c@x.example")
    assert message.text == "언제 오나요?"
    assert "header:without-colon" in message.warnings
    assert "charset:unknown x-none" in message.warnings


def test_iso_2022_kr_is_read_in_header_and_body() -> None:
    message = read("iso-2022-kr.eml")
    assert (message.subject, message.sender.name) == ("예약", "김소라")
    assert message.text == "내일 저녁 예약 되나요?"


def test_an_empty_mail_has_nothing_and_nothing_is_invented() -> None:
    message = parse(b"")
    assert message.subject is None
    assert message.sender == Party(None, None)
    assert (message.to, message.references, message.attachments) == ((), (), ())
    assert (message.text, message.text_new, message.html, message.date) == (None, None, None, None)


def test_text_after_headers_without_an_empty_line_is_the_text() -> None:
    message = parse(b"From: sora@naver.example\nSubject: hello\nI wait for my burger.\nStill.\n")
    assert message.subject == "hello"
    assert message.text == "I wait for my burger.\nStill."


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r", b"\r\r\n"])
def test_every_kind_of_line_end_is_read(ending: bytes) -> None:
    raw = b"From: sora@naver.example\nSubject: hello\n world\n\nline 1\nline 2\n".replace(b"\n", ending)
    message = parse(raw)
    assert message.subject == "hello world"
    assert message.text == "line 1\nline 2"


def test_alternatives_are_the_same_words_once() -> None:
    raw = mixed(
        b"Content-Type: text/plain\n\nhello", b"Content-Type: text/html\n\n<p>hello</p>", kind=b"alternative"
    )
    message = parse(raw)
    assert message.text == "hello"
    assert message.html is not None
    assert message.html.count("hello") == 1


def test_html_in_several_pieces_is_shown_whole() -> None:
    pieces = mixed(
        b"Content-Type: text/html\n\n<p>first</p>",
        b"Content-Type: image/png; name=a.png\n\nx",
        b"Content-Type: text/html\n\n<p>second</p>",
        b"Content-Type: text/plain\n\nfooter",
    ).replace(b"cut", b"inner")
    inner = pieces[pieces.index(b"Content-Type") :]
    message = parse(mixed(b"Content-Type: text/plain\n\nfirst second", inner, kind=b"alternative"))
    assert message.text == "first second"
    assert message.html is not None
    assert [word in message.html for word in ("first", "second", "footer")] == [True, True, True]
    assert [one.filename for one in message.attachments] == ["a.png"]


def test_text_below_an_attachment_is_kept_with_the_text_above() -> None:
    file = b"Content-Type: image/png\nContent-Disposition: inline; filename=a.png\n\nx"
    message = parse(mixed(b"Content-Type: text/plain\n\nabove", file, b"Content-Type: text/plain\n\nbelow"))
    assert message.text == "above\n\nbelow"
    assert [one.filename for one in message.attachments] == ["a.png"]


def test_a_photo_that_no_html_shows_is_a_file_like_others() -> None:
    photo = b"Content-Type: image/jpeg; name=cold.jpg\nContent-Disposition: inline; filename=cold.jpg\n\nx"
    message = parse(mixed(b"Content-Type: text/plain\n\nIt was cold.", photo))
    assert [(one.filename, one.is_inline) for one in message.attachments] == [("cold.jpg", False)]


def test_html_alone_gives_text_too() -> None:
    message = parse(
        b"From: a@b.example\nContent-Type: text/html; charset=utf-8\n\n<p>Two <b>burgers</b></p><ul><li>hot</ul>"
    )
    assert message.text == "Two burgers\n\n- hot"


def test_signed_and_encrypted_parts_are_kept_whole() -> None:
    signature = b"Content-Type: application/pkcs7-signature; name=smime.p7s\n\nsig"
    signed = parse(mixed(b"Content-Type: text/plain\n\nhello", signature, kind=b"signed"))
    assert signed.text == "hello"
    assert [one.filename for one in signed.attachments] == ["smime.p7s"]
    sealed = parse(
        mixed(
            b"Content-Type: application/pgp-encrypted\n\nVersion: 1",
            b"Content-Type: application/octet-stream; name=encrypted.asc\n\n-----BEGIN PGP MESSAGE-----",
            kind=b"encrypted",
        )
    )
    assert sealed.text is None
    assert [one.content for one in sealed.attachments] == [b"Version: 1", b"-----BEGIN PGP MESSAGE-----"]
    assert [one.filename for one in sealed.attachments] == ["version.asc", "encrypted.asc"]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (b"application/pkcs7-mime; smime-type=enveloped-data", "smime.p7m"),
        (b"application/x-pkcs7-signature", "smime.p7s"),
        (b"application/pgp-signature", "signature.asc"),
        (b"application/pkcs7-mime; name=letter.p7m", "letter.p7m"),
    ],
)
def test_a_sealed_part_is_whole_and_has_a_name(kind: bytes, name: str) -> None:
    sealed = bytes(range(256)) * 3
    head = b"From: a@b.example\nContent-Type: " + kind + b"\nContent-Transfer-Encoding: base64\n\n"
    (one,) = parse(head + base64.encodebytes(sealed)).attachments
    assert (one.filename, one.content) == (name, sealed)


def test_enriched_text_is_read_without_its_commands_and_in_one_pass() -> None:
    head = b"From: a@b.example\nContent-Type: text/enriched\n\n"
    said = b"<bold>cold</bold> <color><param>red</param>burger</color> << <Param>x</PARAM>yes"
    assert parse(head + said).text == "cold burger < yes"
    began = time.process_time()
    parse(head + b"<param>" * 60_000)
    assert time.process_time() - began < 5  # it was minutes


def test_a_boundary_other_than_announced_is_found() -> None:
    raw = mixed(b"Content-Type: text/plain\n\nhello").replace(b'boundary="cut"', b"boundary=other")
    message = parse(raw)
    assert message.text == "hello"
    assert "structure:boundary-guessed" in message.warnings


def test_base64_with_a_letter_too_many_is_read() -> None:
    encoded = base64.b64encode("안녕하세요".encode()) + b"A"
    message = parse(
        b"From: a@b.example\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: BASE64\n\n"
        + encoded
    )
    assert message.text == "안녕하세요"


def test_base64_in_pieces_is_read_to_its_end() -> None:
    pieces = b"".join(base64.encodebytes(b"%d" % n * 50) for n in range(9))
    (one,) = parse(
        b"From: a@b.example\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n" + pieces
    ).attachments
    assert one.content == b"".join(b"%d" % n * 50 for n in range(9))


@pytest.mark.parametrize("depth", [70, 400, 3_000])
def test_nesting_beyond_reason_is_survived(depth: int) -> None:
    top = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(depth))
    message = parse(b"From: sora@naver.example\n" + top + b"Content-Type: text/plain\n\nhello\n")
    assert message.sender.address == "sora@naver.example"
    assert "structure:too-deep" in message.warnings
    assert "hello" in (message.text or "")


def test_a_thousand_enclosed_mails_are_one_attachment() -> None:
    raw = b"From: sora@naver.example\n" + b"Content-Type: message/rfc822\n\n" * 1_000 + b"hello"
    assert len(parse(raw).attachments) == 1


def test_file_names_lose_folders_and_characters_that_deceive() -> None:
    head = b"From: a@b.example\nContent-Type: application/pdf\nContent-Disposition: attachment; filename*=utf-8''"
    (one,) = parse(head + b"C%3A%5Ctemp%5Cmenu%E2%80%AEfdp.exe\n\nx").attachments
    assert one.filename == "menufdp.exe"


def test_our_own_mail_is_known_by_its_message_id() -> None:
    raw = b"From: hello@moonburger.example\nMessage-ID: <c1-aaaa.x@moon.example>\nAuto-Submitted: auto-replied\n\nhi"
    message = parse(raw, is_own=lambda message_id: message_id.startswith("c1-"))
    assert (message.automatic, message.no_answer) == ("own", "own")
    assert parse(raw).automatic == "auto-reply"


def test_addresses_where_a_token_may_hide_are_kept() -> None:
    raw = b"Delivered-To: Shop+c1-x@Moon.example\nX-Original-To: shop@moon.example\nFrom: a@b.example\n\nhi"
    assert parse(raw).delivered_to == ("Shop+c1-x@moon.example", "shop@moon.example")


def test_what_defeats_the_parser_becomes_a_message_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    def defeat(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(parse_module.bodies, "read", defeat)
    message = parse(b"From: Sora <Sora@NAVER.example>\nSubject: cold\nMessage-ID: <a@b>\n\nhi")
    assert message.warnings == ("unreadable:ZeroDivisionError",)
    assert (message.subject, message.sender.address, message.message_id) == (
        "cold",
        "Sora@naver.example",
        "a@b",
    )


def test_lack_of_memory_is_left_to_whoever_set_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(parse_module.bodies, "read", exhausted)
    with pytest.raises(MemoryError):
        parse(b"From: a@b.example\n\nhi")


@st.composite
def mutated_mails(draw: st.DrawFn) -> bytes:
    """A sample with pieces cut out, doubled, moved in from another sample, or replaced by what breaks parsers."""
    mail = bytearray(draw(st.sampled_from(list(RAW.values()))))
    for _ in range(draw(st.integers(1, 8))):
        place = draw(st.integers(0, len(mail)))
        length = draw(st.integers(0, 60))
        change = draw(st.sampled_from(["insert", "delete", "double", "bytes", "graft"]))
        if change == "insert":
            mail[place:place] = draw(st.sampled_from(TOKENS))
        elif change == "delete":
            del mail[place : place + length]
        elif change == "double":
            mail[place:place] = mail[place : place + length]
        elif change == "bytes":
            mail[place:place] = draw(st.binary(max_size=8))
        else:
            other = draw(st.sampled_from(list(RAW.values())))
            start = draw(st.integers(0, len(other)))
            mail[place:place] = other[start : start + length]
    return bytes(mail)


@settings(max_examples=300, deadline=None)
@given(mutated_mails())
def test_no_mutated_mail_defeats_the_parser(raw: bytes) -> None:
    message = parse_module._parse(raw, lambda message_id: False)
    line = json.dumps(describe(raw), ensure_ascii=False).encode("utf-8")
    assert b"\\u0000" not in line
    assert message.date is None or message.date.tzinfo is not None
    if message.text is not None:
        assert message.text_new
        assert "".join(message.text_new.split())[:20] in "".join(message.text.split())


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_message(raw: bytes) -> None:
    assert not any(warning.startswith("unreadable") for warning in parse(raw).warnings)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_soft_line_break_loses_nothing_whatever_the_line_ends(ending: str) -> None:
    lines = (
        "From: sora@naver.example",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
        "",
        "The burger was cold, and nobody =",
        "answered the telephone.",
    )
    assert (
        parse(ending.join(lines).encode()).text == "The burger was cold, and nobody answered the telephone."
    )
