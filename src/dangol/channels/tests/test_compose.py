import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.channels.email.compose import (
    Outgoing,
    OutgoingFile,
    Quoted,
    compose,
    references_for,
    reply_subject,
    reply_to_all,
)
from dangol.channels.email.parse import parse
from dangol.channels.email.tokens import make_message_id
from dangol.channels.incoming import Party

KST = timezone(timedelta(hours=9))
SHOP = Party("달버거 Moon Burger", "shop@moonburger.test")
SORA = Party("Sora Kim", "sora@customer.test")
JIHOON = Party("박지훈", "jihoon@customer.test")
JAMES = Party("O'Neil, James", "james@customer.test")

MAIL = Outgoing(
    sender=SHOP,
    to=(SORA,),
    subject="Re: 식은 감자튀김",
    text="안녕하세요, Sora님.\n\n**새 감자튀김**을 보내 드립니다.",
    date=datetime(2026, 11, 22, 15, 12, tzinfo=KST),
    message_id="c7-abcdefghijkl.1@moonburger.test",
)


def read(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def plain(raw: bytes) -> str:
    part = read(raw).get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def html(raw: bytes) -> str:
    part = read(raw).get_body(("html",))
    assert part is not None
    return str(part.get_content())


def header_names(raw: bytes) -> list[str]:
    head = raw.partition(b"\r\n\r\n")[0]
    return [line.partition(b":")[0].decode() for line in re.split(rb"\r\n(?![ \t])", head)]


def assert_sound(raw: bytes) -> None:
    """What every server may rely on: CRLF and nothing else, short ASCII lines, no defect for any part."""
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) < 998
    assert raw.isascii()
    for part in read(raw).walk():
        assert not part.defects
        for value in part.values():
            assert not value.defects


def test_the_customer_reads_what_was_written_in_both_texts() -> None:
    raw = compose(MAIL)
    message = read(raw)
    assert_sound(raw)
    assert message["Subject"] == "Re: 식은 감자튀김"
    assert str(message["From"]) == "달버거 Moon Burger <shop@moonburger.test>"
    assert message["To"].addresses[0].addr_spec == "sora@customer.test"
    assert message["Message-ID"] == "<c7-abcdefghijkl.1@moonburger.test>"
    assert message["Date"].datetime == MAIL.date
    assert message["Date"].endswith("+0900")
    assert message.get_content_type() == "multipart/alternative"
    assert plain(raw) == "안녕하세요, Sora님.\n\n*새 감자튀김*을 보내 드립니다.\n"
    assert "<strong>새 감자튀김</strong>을" in html(raw)
    assert "Auto-Submitted" not in message


def test_the_same_mail_is_the_same_bytes() -> None:
    full = replace(MAIL, attachments=(OutgoingFile("a.pdf", "application/pdf", b"%PDF"),), cc=(JIHOON,))
    assert compose(full) == compose(replace(full))
    assert compose(full) != compose(replace(full, message_id="c7-abcdefghijkl.2@moonburger.test"))


def test_there_is_no_header_that_nobody_asked_for() -> None:
    assert header_names(compose(MAIL)) == [
        "Date",
        "From",
        "To",
        "Subject",
        "Message-ID",
        "MIME-Version",
        "Content-Type",
    ]


def test_answers_carry_what_threads_them() -> None:
    raw = compose(
        replace(
            MAIL,
            cc=(JIHOON, JAMES),
            reply_to="shop+c7-abcdefghijkl@moonburger.test",
            in_reply_to="b@customer.test",
            references=("a@customer.test", "b@customer.test"),
        )
    )
    message = read(raw)
    assert_sound(raw)
    assert message["In-Reply-To"] == "<b@customer.test>"
    assert message["References"].split() == ["<a@customer.test>", "<b@customer.test>"]
    assert message["Reply-To"].addresses[0].addr_spec == "shop+c7-abcdefghijkl@moonburger.test"
    assert [(one.display_name, one.addr_spec) for one in message["Cc"].addresses] == [
        ("박지훈", "jihoon@customer.test"),
        ("O'Neil, James", "james@customer.test"),
    ]


def test_ids_of_strangers_that_would_break_the_header_are_left_out() -> None:
    bad = ("a\r\nBcc: x@y.test", "b c@x.test", "<a>b", "한@x.test", "x" * 2000, "")
    raw = compose(replace(MAIL, in_reply_to=bad[0], references=(*bad, "good@x.test")))
    assert read(raw)["References"] == "<good@x.test>"
    assert "In-Reply-To" not in read(raw)
    assert_sound(raw)


def test_automatic_mail_says_so_to_every_machine() -> None:
    message = read(compose(replace(MAIL, automatic="auto-replied")))
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["Precedence"] == "bulk"


def test_without_anybody_to_name_the_header_says_so() -> None:
    assert read(compose(replace(MAIL, to=())))["To"] == "undisclosed-recipients:;"
    only_cc = read(compose(replace(MAIL, to=(), cc=(SORA,))))
    assert "To" not in only_cc
    assert only_cc["Cc"].addresses[0].addr_spec == "sora@customer.test"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("계산서 2026년 11월 (최종).pdf", "application/pdf"),
        (
            "아주 긴 이름의 파일이라서 한 줄에 들어가지 않고 여러 줄로 나뉘어야 하는 견적서 최종 진짜최종.xlsx",
            "application/x",
        ),
        ('quote"and\\slash;semi=colon.txt', "text/plain"),
        ("plain.txt", "text/plain"),
        ("emoji 🍔.png", "image/png"),
        ("x" * 300 + ".txt", "text/plain"),
        ("=?utf-8?b?eA==?=.txt", "text/plain"),
        ("it's 100% 'ok'.txt", "text/plain"),
    ],
)
def test_files_keep_their_names(name: str, kind: str) -> None:
    content = bytes(range(256)) * 40
    raw = compose(
        replace(MAIL, attachments=(OutgoingFile(name, kind, content), OutgoingFile("b.bin", kind, b"")))
    )
    assert_sound(raw)
    first, second = read(raw).iter_attachments()
    assert first.get_filename() == name.replace("/", "_").replace("\\", "_")
    assert first.get_content_type() == kind
    assert first.get_payload(decode=True) == content
    assert second.get_payload(decode=True) == b""
    assert "새 감자튀김" in plain(raw)


def test_a_file_name_of_a_mac_is_composed_and_has_no_folder() -> None:
    raw = compose(
        replace(MAIL, attachments=(OutgoingFile("../\u1112\u1161\u11ab.txt\r\nX: y", "text/plain", b"x"),))
    )
    (attachment,) = read(raw).iter_attachments()
    assert attachment.get_filename() == ".._한.txt X: y"
    assert "X" not in attachment
    assert_sound(raw)


@pytest.mark.parametrize(
    "kind", ["message/rfc822", "multipart/mixed", "nonsense", "text/html\r\nX: y", "", "TEXT/Plain"]
)
def test_a_file_is_never_read_as_structure(kind: str) -> None:
    raw = compose(replace(MAIL, attachments=(OutgoingFile("a.eml", kind, b"Subject: x\n\ny"),)))
    (attachment,) = read(raw).iter_attachments()
    assert attachment.get_content_type() == (
        "text/plain" if kind == "TEXT/Plain" else "application/octet-stream"
    )
    assert attachment.get_payload(decode=True) == b"Subject: x\n\ny"
    assert_sound(raw)


def test_the_signature_stands_below_its_line_in_both() -> None:
    raw = compose(replace(MAIL, signature="Hana\n[Moon Burger](https://moonburger.test)"))
    assert plain(raw).endswith("\n\n-- \nHana\nMoon Burger (https://moonburger.test)\n")
    assert 'class="gmail_signature"' in html(raw)


def test_the_message_that_is_answered_stands_below_in_the_language_of_the_business() -> None:
    quoted = Quoted(JIHOON, datetime(2026, 11, 21, 15, 12, tzinfo=KST), "감자튀김이\n식었어요 <b>")
    english = compose(replace(MAIL, quoted=quoted, language="en"))
    assert plain(english).endswith(
        "\n\nOn Sat, Nov 21, 2026 at 3:12 PM, 박지훈 <jihoon@customer.test> wrote:\n\n> 감자튀김이\n> 식었어요 <b>\n"
    )
    assert "식었어요 &lt;b&gt;</blockquote>" in html(english)
    assert "On Sat, Nov 21, 2026 at 3:12 PM, 박지훈 &lt;jihoon@customer.test&gt; wrote:" in html(english)
    korean = compose(replace(MAIL, quoted=quoted, language="ko"))
    assert "\n\n2026년 11월 21일 (토) 오후 3:12, 박지훈 <jihoon@customer.test>님이 작성:\n\n> 감자" in plain(
        korean
    )
    assert '<html lang="ko">' in html(korean)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_our_own_reading_finds_everything_again(language: str) -> None:
    mail = replace(
        MAIL,
        cc=(JAMES, JIHOON),
        signature="Hana",
        quoted=Quoted(JIHOON, datetime(2026, 11, 21, 15, 12, tzinfo=KST), "식었어요\n> 예전"),
        language=language,
        in_reply_to="b@customer.test",
        references=("a@customer.test", "b@customer.test"),
        attachments=(OutgoingFile("계산서.pdf", "application/pdf", b"%PDF"),),
    )
    found = parse(compose(mail))
    assert found.warnings == ()
    assert (found.subject, found.sender, found.to, found.cc) == (mail.subject, SHOP, mail.to, mail.cc)
    assert (found.in_reply_to, found.references) == (mail.in_reply_to, mail.references)
    assert (found.message_id, found.date) == (mail.message_id, mail.date)
    assert found.text_new == "안녕하세요, Sora님.\n\n*새 감자튀김*을 보내 드립니다."
    assert [(file.filename, file.content) for file in found.attachments] == [("계산서.pdf", b"%PDF")]
    assert (found.automatic, found.no_answer) == (None, None)
    assert parse(compose(replace(mail, automatic="auto-replied"))).no_answer is not None


def test_a_quote_of_nobody_at_no_time_still_reads_well() -> None:
    raw = compose(replace(MAIL, quoted=Quoted(Party(None, None), None, "hi")))
    assert plain(raw).endswith("\n\nSomebody wrote:\n\n> hi\n")


def test_no_field_smuggles_a_header_in() -> None:
    evil = "x\r\nBcc: spy@evil.test\r\n\r\nbody\n\u2028Bcc: a@b.test\x00\x85y"
    raw = compose(
        replace(
            MAIL,
            sender=Party(evil, "shop@moonburger.test"),
            to=(Party(evil, "sora@customer.test"),),
            subject=evil,
            text=evil,
            signature=evil,
            quoted=Quoted(Party(evil, evil), None, evil),
            attachments=(OutgoingFile(evil, evil, b""),),
        )
    )
    assert "Bcc" not in header_names(raw)
    assert "Bcc" not in read(raw)
    assert_sound(raw)


@pytest.mark.parametrize(
    "change",
    [
        {"sender": Party(None, "shop@moonburger.test\r\nBcc: a@b.test")},
        {"to": (Party("Sora", None),)},
        {"to": (Party("Sora", "sora@customer.test, tom@x.test"),)},
        {"cc": (Party(None, "nobody"),)},
        {"reply_to": "a@b.test>\r\nBcc: <c@d.test"},
        {"message_id": "a b@c.test"},
        {"message_id": "a@c.test>\r\nBcc: <c@d.test"},
        {"date": datetime(2026, 11, 22)},
    ],
)
def test_what_cannot_be_a_mail_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        compose(replace(MAIL, **change))  # type: ignore[arg-type]


def test_only_an_address_that_needs_it_makes_the_headers_wider_than_ascii() -> None:
    raw = compose(replace(MAIL, to=(Party("박지훈", "지훈@고객.test"),)))
    assert "지훈@xn--i49alo.test".encode() in raw
    assert raw.replace("지훈".encode(), b"").isascii()


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Hello Sora,\nyour fries are on their way.", "7bit"),
        ("Café " + "and plain English words " * 30, "quoted-printable"),
        ("감자튀김 " * 40, "base64"),
        ("From here on it is quoted", "quoted-printable"),
        ("long " * 100, "quoted-printable"),
    ],
)
def test_each_text_travels_in_the_shorter_safe_encoding(text: str, encoding: str) -> None:
    raw = compose(replace(MAIL, text=text))
    part = read(raw).get_body(("plain",))
    assert part is not None
    assert part["Content-Transfer-Encoding"] == encoding
    assert plain(raw).strip() == text.strip()
    assert_sound(raw)


TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200)


@given(TEXTS, TEXTS, TEXTS)
def test_any_letters_make_a_sound_mail(subject: str, name: str, text: str) -> None:
    raw = compose(
        replace(
            MAIL,
            subject=subject,
            sender=Party(name, "shop@moonburger.test"),
            text=text,
            attachments=(OutgoingFile(name, "text/plain", text.encode()),),
        )
    )
    message = read(raw)
    assert "Bcc" not in message
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) < 998
    assert raw.isascii()
    assert len(list(message.iter_attachments())) == 1
    assert message["From"].addresses[0].addr_spec == "shop@moonburger.test"


@given(st.text(alphabet="가나다 abc=?_.,<>@\"'()\\;:🍔é", max_size=120))
def test_names_and_subjects_come_out_as_they_went_in(text: str) -> None:
    message = email.message_from_bytes(
        compose(replace(MAIL, subject=text, sender=Party(text, "shop@moonburger.test")))
    )
    tidy = " ".join(text.split())
    # Read as RFC 2047 says; the newer parser puts a space between neighbouring encoded words of a name.
    name, address = parseaddr(re.sub(r"\r?\n", "", message["From"]))
    assert str(make_header(decode_header(name))) == tidy
    assert address == "shop@moonburger.test"
    assert str(make_header(decode_header(message["Subject"]))) == tidy


@given(st.text(alphabet="가a \t.-=\nF", max_size=300))
def test_the_quoted_text_comes_out_as_it_went_in(text: str) -> None:
    raw = compose(replace(MAIL, text="hi", quoted=Quoted(SORA, None, text)))
    shown = plain(raw).partition("wrote:\n\n")[2].split("\n")
    expected = [f"> {line}".rstrip() for line in text.strip("\r\n").splitlines()]
    assert [line for line in shown if line] == expected


def test_references_are_the_parents_and_the_parent() -> None:
    assert references_for([], None) == ()
    assert references_for([], "a@x") == ("a@x",)
    assert references_for(["a@x", "<b@x>"], "c@x") == ("a@x", "b@x", "c@x")
    assert references_for(["a@x", "b@x"], None) == ("a@x", "b@x")
    assert references_for(["a@x", "c@x", "b@x", "b@x"], "c@x") == ("a@x", "b@x", "c@x")
    assert references_for(["a b", "한@x", ""], "c@x") == ("c@x",)


@given(st.lists(st.from_regex(r"[a-z0-9.]{1,150}@[a-z]{1,20}", fullmatch=True), unique=True, max_size=60))
def test_long_chains_keep_the_first_the_last_and_the_newest(ids: list[str]) -> None:
    chain = references_for(ids[:-1], ids[-1] if ids else None)
    written = " ".join(f"<{each}>" for each in chain)
    assert len(written) <= 1000
    assert list(chain) == [each for each in ids if each in chain]
    if ids:
        assert chain[0] == ids[0]
        assert chain[-1] == ids[-1]
        kept_middle = chain[1:-1]
        assert list(kept_middle) == ids[1:-1][len(ids[1:-1]) - len(kept_middle) :]
        left_out = ids[1:-1][: len(ids[1:-1]) - len(kept_middle)]
        if left_out:
            assert len(written) + len(left_out[-1]) + 3 > 1000


def test_our_own_ids_survive_the_trimming() -> None:
    ours = [make_message_id(b"k" * 32, 9, f"u{number}", "moonburger.test") for number in range(60)]
    chain = references_for(ours, "last@customer.test")
    assert chain[0] == ours[0]
    assert chain[-2:] == (ours[-1], "last@customer.test")


@pytest.mark.parametrize(
    ("subject", "answer"),
    [
        ("식은 감자튀김", "Re: 식은 감자튀김"),
        ("Re: 식은 감자튀김", "Re: 식은 감자튀김"),
        ("RE: RE: Re: x", "RE: x"),
        ("Re[2]: x", "Re[2]: x"),
        ("re(3): x", "re(3): x"),
        ("답장: 주문", "답장: 주문"),
        ("RE: 답장: 회신 : 주문", "RE: 주문"),
        ("Re：전각", "Re：전각"),
        ("AW: Bestellung", "AW: Bestellung"),
        ("Fwd: Re: x", "Re: Fwd: Re: x"),
        ("Regarding: x", "Re: Regarding: x"),
        ("Re", "Re: Re"),
        ("", "Re:"),
        (None, "Re:"),
        ("a\r\nBcc: x", "Re: a Bcc: x"),
    ],
)
def test_the_subject_of_an_answer_has_one_prefix(subject: str | None, answer: str) -> None:
    assert reply_subject(subject).replace("：", "：") in (answer, answer.replace("Re：", "Re： "))
    assert reply_subject(reply_subject(subject)) == reply_subject(subject)


OURS = ["shop@moonburger.test", "hello@moonburger.test"]


def to_all(
    sender: Party = SORA,
    reply_to: tuple[Party, ...] = (),
    to: tuple[Party, ...] = (SHOP,),
    cc: tuple[Party, ...] = (),
) -> tuple[list[str | None], list[str | None]]:
    all_to, all_cc = reply_to_all(sender=sender, reply_to=reply_to, to=to, cc=cc, our_addresses=OURS)
    return [each.address for each in all_to], [each.address for each in all_cc]


def test_an_answer_goes_to_who_wrote() -> None:
    assert to_all() == (["sora@customer.test"], [])


def test_everybody_in_to_and_cc_stays_and_we_drop_out() -> None:
    ours = Party("Shop", "SHOP+c1-abcdefghijkl@moonburger.test")
    assert to_all(to=(ours, JIHOON), cc=(JAMES, Party(None, "hello@MoonBurger.test"))) == (
        ["sora@customer.test", "jihoon@customer.test"],
        ["james@customer.test"],
    )


def test_reply_to_goes_before_from() -> None:
    assert to_all(reply_to=(JAMES, JIHOON)) == (["james@customer.test", "jihoon@customer.test"], [])


def test_a_reply_to_that_is_ours_or_nothing_falls_back_to_from() -> None:
    assert to_all(reply_to=(SHOP, Party("x", None), Party(None, "not an address"))) == (
        ["sora@customer.test"],
        [],
    )


def test_nobody_is_named_twice() -> None:
    again = Party("소라", "SORA@Customer.test")
    assert to_all(to=(again, JIHOON), cc=(SORA, JIHOON, JAMES)) == (
        ["sora@customer.test", "jihoon@customer.test"],
        ["james@customer.test"],
    )


def test_when_only_copies_are_left_they_are_who_it_goes_to() -> None:
    assert to_all(sender=SHOP, cc=(JAMES,)) == (["james@customer.test"], [])
    assert to_all(sender=SHOP) == ([], [])


def test_dates_keep_the_zone_they_came_in() -> None:
    assert read(compose(replace(MAIL, date=datetime(2026, 1, 1, tzinfo=UTC))))["Date"].endswith("+0000")
