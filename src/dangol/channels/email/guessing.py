"""Which charset bytes are in that nobody labelled. UTF-8 first, then Korean, then what a library thinks."""

import re
from collections.abc import Callable
from functools import lru_cache

from dangol.channels.email import codec_quirks

# Syllables that ordinary Korean is made of. Chinese bytes read as Korean give rare ones.
_EVERYDAY = frozenset(
    "이다는의에을가고하지로은한를서도사기리자어시인아대나일정그수부해있과들보원전스라구주상장와여게제면된만것으조오동적세선안니"
    "비연공문유생경성중우신미거요모방무반계진학관단용내실년화회식마때말바간물개국발명치차운소입업행합직두결당교민려배속노강드및급"
    "각품질불환송감습금님께터건저신체예약매점메뉴버거쿠폰카톡문의답변재취소확현재박김최영준지훈민소라"
)
# Characters that Chinese customers and shops write; three syllables of Korean read as Chinese give rare ones.
_EVERYDAY_CHINESE = frozenset(
    "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能好都然没"
    "日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此实回二理美"
    "点月明其种声全工己话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少关"
    "并内加化由却代军产入先山五太水万市眼体别处总才场师书比住员九笑性通目华报立马命张活难神数件安表原车白应路期叫死常提感金何更"
    "反合放做系计或司利受光王果亲界及今京务制解各任至清物台象记边共风战干接它许八特觉望直服毛林题建南度统色字请交爱让认算论百吃"
    "您订单退款换货物流快递配送客服谢买卖付支付账户号码收据询商品质量价格折扣优惠券会员积分预约取消确认地址联系方式店餐汉堡"
)
_SAMPLE = 8_192


def guess(data: bytes, fallback: str | None) -> tuple[str, str]:
    """Text and the codec that was used, for bytes without a label that could be believed."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace"), "utf-16"
    if b"\x1b$)C" in data:
        return codec_quirks.strictly(data, "iso-2022-kr") or data.decode("latin-1"), "iso-2022-kr"
    if re.search(rb"\x1b\$[@B]", data):
        return codec_quirks.japanese(data) or codec_quirks.leniently(data, "iso-2022-jp"), "iso-2022-jp"
    if data.isascii():
        return data.decode("ascii"), "us-ascii"
    if codec_quirks.is_utf8(data):
        return data.decode("utf-8", "replace"), "utf-8"
    sample = _sample(data)
    for codec, plausible in _PLAUSIBLE:
        if plausible(sample, codec):
            return codec_quirks.leniently(data, codec), codec
    codec = _ask_library(sample) or fallback or "cp1252"
    text = codec_quirks.strictly(data, codec)
    return (text if text is not None else codec_quirks.leniently(data, codec)), codec


def _sample(data: bytes) -> bytes:
    """The first stretch that has 8-bit bytes: headers and English greetings tell nothing."""
    if len(data) <= _SAMPLE:
        return data
    first = re.search(rb"[\x80-\xff]", data)
    start = max(0, first.start() - 64) if first else 0
    return data[start : start + _SAMPLE]


def _read_sample(sample: bytes, codec: str) -> str | None:
    """The sample decoded; up to two bytes are cut off at the end, where a character may be divided."""
    for cut in (0, 1, 2, 3):
        try:
            return sample[: len(sample) - cut].decode(codec)
        except UnicodeError:
            continue
    return None


def _is_korean(sample: bytes, codec: str) -> bool:
    """Mostly Hangul, and mostly of the 2,350 common syllables: Chinese and Japanese bytes give neither."""
    text = _read_sample(sample, codec)
    if text is None:
        return False
    letters = [c for c in text if c > "\x7f" and (c.isalpha())]
    hangul = [c for c in letters if "가" <= c <= "힣"]
    if len(hangul) < max(1, 0.85 * len(letters)):
        return False
    everyday = sum(c in _EVERYDAY for c in hangul)
    if len(hangul) >= 4 and everyday < 0.2 * len(hangul):
        return False
    if not everyday and _is_everyday_chinese(sample):
        return False
    return sum(_is_common_syllable(c) for c in hangul) >= 0.6 * len(hangul)


def _is_everyday_chinese(sample: bytes) -> bool:
    hanzi = [c for c in _read_sample(sample, "gb2312") or "" if "\u4e00" <= c <= "\u9fff"]
    return len(hanzi) >= 2 and all(c in _EVERYDAY_CHINESE for c in hanzi)


@lru_cache(maxsize=4_096)
def _is_common_syllable(character: str) -> bool:
    encoded = character.encode("cp949", "replace")
    return len(encoded) == 2 and encoded[0] >= 0xB0 and encoded[1] >= 0xA1


def _is_kana(sample: bytes, codec: str) -> bool:
    text = _read_sample(sample, codec)
    if text is None:
        return False
    wide = [c for c in text if c > "\x7f"]
    kana = sum("ぁ" <= c <= "ヶ" for c in wide)
    half = sum("\uff61" <= c <= "\uff9f" for c in wide)
    return kana >= 0.3 * len(wide) and half <= 0.2 * len(wide)


def _is_chinese(sample: bytes, codec: str) -> bool:
    """Valid GB 2312 throughout, mostly its first level, which holds the 3,755 common characters."""
    text = _read_sample(sample, "gb2312")
    if text is None:
        return False
    hanzi = [c for c in text if "\u4e00" <= c <= "\u9fff"]
    wide = [c for c in text if c > "\x7f"]
    first_level = sum(0xB0 <= c.encode("gb2312", "replace")[0] <= 0xD7 for c in hanzi)
    return len(hanzi) >= 2 and len(hanzi) >= 0.6 * len(wide) and first_level >= 0.75 * len(hanzi)


def _is_traditional(sample: bytes, codec: str) -> bool:
    """Valid Big5, nearly all of its first level."""
    text = _read_sample(sample, codec)
    if text is None:
        return False
    wide = [c for c in text if c > "\x7f"]
    first_level = sum(
        0xA4 <= c.encode(codec, "replace")[0] <= 0xC6 and "\u4e00" <= c <= "\u9fff" for c in wide
    )
    return len(wide) >= 2 and first_level >= 0.75 * len(wide)


def _ask_library(sample: bytes) -> str | None:
    """charset-normalizer's opinion; it needs some text to have one. Japanese is not asked for: the kana were
    looked for before, and any bytes are half-width kana in cp932."""
    if sum(byte > 0x7F for byte in sample) < 8:
        return None
    from charset_normalizer import from_bytes

    candidates = (
        "cp949 gb18030 big5hkscs euc_jp cp1251 koi8_r cp1250 cp1253 cp1254 cp1255 cp1256 cp874 cp1252"
    )
    try:
        best = from_bytes(sample[:2_048], cp_isolation=candidates.split(), steps=3, chunk_size=512).best()
    except Exception:  # a guess must never cost the message
        return None
    return best.encoding if best else None


_PLAUSIBLE: tuple[tuple[str, Callable[[bytes, str], bool]], ...] = (
    ("cp949", _is_korean),
    ("euc_jp", _is_kana),
    ("cp932", _is_kana),
    ("gb18030", _is_chinese),
    ("big5hkscs", _is_traditional),
)
