from hypothesis import given, settings
from hypothesis import strategies as st

from dangol.search.packing import pack, unpack
from dangol.search.words import plain


@settings(deadline=None)
@given(st.text(max_size=300))
def test_what_is_packed_comes_back(text: str) -> None:
    kept = plain(text)
    assert unpack(pack(kept)) == kept


def test_every_letter_survives() -> None:
    for start in range(0, 0x30000, 0x1000):
        kept = plain(
            " ".join(chr(code) for code in range(start, start + 0x1000) if not 0xD800 <= code < 0xE000)
        )
        assert unpack(pack(kept)) == kept


def test_a_short_mail_takes_half_its_size() -> None:
    for text in (
        "안녕하세요 어제 주문한 버거가 아직 도착하지 않았습니다 확인 부탁드립니다 감사합니다",
        "hello my order has not arrived yet could you please check where it is thank you",
    ):
        assert len(pack(text)) < 0.5 * len(text.encode())


def test_what_earlier_versions_packed_can_still_be_read() -> None:
    # Were this to fail, no text could be taken out of an index again: the words in packing.py are part of the format.
    assert (
        unpack(bytes.fromhex("3143aa03c1cd4023031343482311a506875b0500"))
        == "안녕하세요 주문 2041 환불 부탁드립니다 thank you"
    )
    assert (
        unpack(
            bytes.fromhex(
                "32bbd87861ff850d4072c7858d17f6293c9bbbf1c9ae350a558929203f3d58b2ecc1d2f6074ba63d58da0dc9c600"
            )
        )
        == "спасибо 東京 zadost देखो order"
    )
