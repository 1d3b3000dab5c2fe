"""Labels that lie, labels that nobody knows, and no labels at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dangol.channels.email.charsets import clean, codec_for, decode
from dangol.channels.email.guessing import guess

KOREAN_LABELS = ["ks_c_5601-1987", "KS_C_5601-1989", "euc-kr", "EUC_KR", "korean", "ksc5601", "windows-949"]
KOREAN_LABELS += ["x-windows-949", "uhc", '"euc-kr"', "cp949"]


@pytest.mark.parametrize("label", KOREAN_LABELS)
@given(text=st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1))
@settings(max_examples=20)
def test_every_syllable_survives_every_korean_label(label: str, text: str) -> None:
    decoded = decode(text.encode("cp949"), label)
    assert (decoded.text, decoded.warning) == (text, None)


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("gb2312", "gb18030"),
        ("GBK", "gb18030"),
        ("x-gbk", "gb18030"),
        ("iso-gb2312", "gb18030"),
        ("iso-8859-1", "cp1252"),
        ("x-sjis", "cp932"),
        ("iso-2022-jp-ms", "iso-2022-jp"),
        ("iso-8859-8-i", "iso8859_8"),
        ("cp-850", "cp850"),
        ("x-mac-roman", "mac_roman"),
        ("windows-1251", "cp1251"),
        ("utf-7", "utf-7"),
        ("utf-8;", "utf-8"),
        ("euc-kr; format=flowed", "cp949"),
        ("=?us-ascii?Q?euc-kr?=", "cp949"),
        ("GB_2312-80", "gb18030"),
        ("unicode-1-1-utf-7", "utf-7"),
        ("koi8-ru", "koi8_u"),
        ("unknown-8bit", None),
        ("x-unknown", None),
        ("base64", None),
        ("rot13", None),
        ("idna", None),
        ("unicode_escape", None),
        ("raw-unicode-escape", None),
        ("punycode", None),
        ("", None),
    ],
)
def test_a_label_means_what_its_senders_mean(label: str, codec: str | None) -> None:
    assert codec_for(label) == codec


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("주문이 아직 안 왔어요", "utf-8"),
        ("주문이 아직 안 왔어요", "cp949"),
        ("환불", "cp949"),
        ("똠방각하 펲시콜라 찦차", "cp949"),
        ("Re: 예약 내일 7시", "cp949"),
        ("您的订单已发货", "gb18030"),
        ("订单", "gb18030"),
        ("Re: 你好", "gb18030"),
        ("Заказ не пришёл", "koi8_r"),
        ("สวัสดีครับ ขอคืนเงิน", "cp874"),
        ("你好，我想退货", "gb18030"),
        ("退貨問題請協助處理謝謝您", "big5hkscs"),
        ("こんにちは、注文です", "cp932"),
        ("お問い合わせ", "euc_jp"),
        ("Привет, как дела? Это письмо", "cp1251"),
        ("Señor Ángel, naïve café", "cp1252"),
        ("Überraschung für Ärger", "cp1252"),
    ],
)
def test_bytes_without_a_label_are_guessed(text: str, codec: str) -> None:
    assert guess(text.encode(codec), None)[0] == text
    assert decode(text.encode(codec), "unknown-8bit").text == text
    assert decode(text.encode(codec), "us-ascii").text == text


def test_latin_1_has_the_quotes_of_windows() -> None:
    assert decode(b"\x93cold\x94 \x80 5", "iso-8859-1").text == "“cold” € 5"


def test_utf_8_under_a_wrong_label_is_utf_8() -> None:
    for label in ("iso-8859-1", "us-ascii", "euc-kr"):
        decoded = decode("안녕하세요. 햄버거 café".encode(), label)
        assert decoded.text == "안녕하세요. 햄버거 café", label


def test_korean_under_a_label_that_cannot_be_true_is_korean() -> None:
    decoded = decode("안녕하세요 반갑습니다".encode("cp949"), "utf-8")
    assert decoded.text == "안녕하세요 반갑습니다"
    assert decoded.warning == "charset:wrong utf-8"


def test_damage_is_no_reason_to_read_korean_as_western() -> None:
    damaged = "주문한 버거가 식어서 왔어요".encode("cp949") + b"\xff\xff\xff" * 3
    decoded = decode(damaged, "euc-kr")
    assert decoded.text.startswith("주문한 버거가 식어서 왔어요\ufffd")
    assert decoded.warning == "charset:damaged euc-kr"


def test_a_character_cut_at_the_end_costs_one_character() -> None:
    decoded = decode("안녕하세요".encode()[:-1], "utf-8")
    assert decoded.text == "안녕하세\ufffd"
    assert decoded.warning == "charset:damaged utf-8"


def test_iso_2022_kr_is_read_although_nobody_announced_it() -> None:
    data = "한글".encode("iso2022_kr")
    assert decode(data, "iso-2022-kr").text == "한글"
    assert decode(data.replace(b"\x1b$)C", b""), "iso-2022-kr").text == "한글"
    assert decode(data + data, "iso-2022-kr").text == "한글한글"


def test_iso_2022_jp_has_the_characters_of_the_vendors() -> None:
    assert decode(b"\x1b$B-!3t<02q<R\x1b(B abc", "iso-2022-jp").text == "①株式会社 abc"


def test_utf_7_and_utf_16_are_read() -> None:
    assert decode(b"Hi +yPy7OA-", "utf-7").text == "Hi 주문"
    assert decode("주문".encode("utf-16"), "utf-16").text == "주문"
    assert decode(b"plain words", "utf-16").text == "plain words"


def test_no_text_holds_nulls_or_halves_of_characters() -> None:
    assert clean("a\x00b\ud800c") == "ab\ufffdc"
    assert decode(b"a\x00b", "utf-8").text == "ab"


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300), st.one_of(st.none(), st.text(max_size=12), st.sampled_from(KOREAN_LABELS)))
def test_any_bytes_under_any_label_are_text(data: bytes, label: str | None) -> None:
    decoded = decode(data, label)
    assert "\x00" not in decoded.text
    decoded.text.encode("utf-8")
