"""Bytes to text when the label is missing, wrong or unknown. Nothing here raises for any bytes or label."""

import codecs
import re
from dataclasses import dataclass
from functools import lru_cache

from dangol.channels.email import codec_quirks
from dangol.channels.email.guessing import guess
from dangol.channels.email.patterns import words

# What senders write, without punctuation, and the codec that reads what they mean. A superset is always
# chosen: Python's own euc_kr lacks 8,822 of the 11,172 Hangul syllables that mailers send under that name.
_ALIASES = {
    **dict.fromkeys(
        words(
            "ksc56011987 ksc56011989 ksc5601 ksx1001 csksc56011987 isoir149 euckr cseuckr korean ks korea "
            "windows949 xwindows949 cp949 xcp949 ms949 949 uhc xuhc"
        ),
        "cp949",
    ),
    **dict.fromkeys(
        words(
            "gb2312 gb23121980 gb231280 csiso58gb231280 gbk xgbk gb isogb2312 csgb2312 euccn cp936 ms936 936 "
            "gb18030 gb180302000 gb180302022"
        ),
        "gb18030",
    ),
    **dict.fromkeys(
        words("iso88591 88591 latin1 l1 iso885911987 ansi windows1252 xansi cp1252 1252 cp1004"),
        "cp1252",
    ),
    **dict.fromkeys(words("shiftjis xshiftjis xsjis sjis mskanji windows31j cp932 ms932 932"), "cp932"),
    **dict.fromkeys(
        words("iso2022jp iso2022jpms csiso2022jp iso2022jp1 iso2022jpext cp50220 cp50221"),
        "iso-2022-jp",
    ),
    **dict.fromkeys(["iso2022kr", "csiso2022kr"], "iso-2022-kr"),
    **dict.fromkeys(words("eucjp xeucjp cp51932"), "euc_jp"),
    **dict.fromkeys(words("big5 xbig5 big5hkscs cnbig5 csbig5 cp950 950"), "big5hkscs"),
    **dict.fromkeys(words("utf8 utf8mb4 utf8mb3 utf8sig unicode11utf8 xutf8 cp65001 65001"), "utf-8"),
    **dict.fromkeys(words("utf7 unicode11utf7 xutf7 csunicode11utf7"), "utf-7"),
    **dict.fromkeys(words("usascii ascii ansix341968 ansix341986 iso646us us cp367 646"), "us-ascii"),
    **dict.fromkeys(["iso88596i", "iso88596e"], "iso8859_6"),
    **dict.fromkeys(["iso88598i", "iso88598e"], "iso8859_8"),
    **dict.fromkeys(words("iso88599 latin5 l5"), "cp1254"),
    **dict.fromkeys(words("tis620 iso885911 windows874"), "cp874"),
    **dict.fromkeys(words("xmacroman macroman macintosh xmac"), "mac_roman"),
    "hzgb2312": "hz",
    "koi8ru": "koi8_u",
    **dict.fromkeys(["ucs2", "iso10646ucs2", "csunicode"], "utf-16"),
}
_NOT_CHARSETS = words("idna punycode unicode-escape raw-unicode-escape undefined mbcs oem palmos")
_WIDE = words("cp949 gb18030 cp932 big5hkscs euc_jp iso-2022-jp iso-2022-kr utf-8 hz")
_SEVEN_BIT = words("utf-7 hz iso-2022-kr utf-16 utf-16-le utf-16-be utf-32")
_SINGLE_FAMILY = frozenset(("cp1252", "us-ascii"))


@dataclass(frozen=True)
class Decoded:
    """Text without null bytes or lone surrogates, and a machine word where the label did not hold."""

    text: str
    warning: str | None = None


@lru_cache(maxsize=512)
def codec_for(label: str | None) -> str | None:
    """The codec that reads what senders mean by this label; None where the label is empty or unknown."""
    if not label:
        return None
    label = _said(label)
    key = re.sub(r"[^a-z0-9]", "", label.lower())
    if key in _ALIASES:
        return _ALIASES[key]
    plain = re.sub(r"^(x|ibm|cp|windows|win|microsoftcp|dos)+", "", key)
    for name in (label.strip(" \t'\"").lower(), key, f"cp{plain}", plain):
        try:
            found = codecs.lookup(name)
        except (LookupError, ValueError, TypeError, UnicodeError):
            continue
        if found._is_text_encoding and found.name not in _NOT_CHARSETS:
            return _ALIASES.get(re.sub(r"[^a-z0-9]", "", found.name), found.name)
    return None


def decode(data: bytes, label: str | None, hint: str | None = None) -> Decoded:
    """Text of `data`, by its label as long as that can be true, by a guess where it cannot.

    `hint` is another label of the same message, tried where this one is missing. A warning is
    `charset:unknown <label>`, `charset:wrong <label>` (another codec read it), `charset:damaged <label>`
    (some characters are lost) or `charset:guessed <codec>` (8-bit bytes without any label).
    """
    codec = codec_for(label)
    shown = (label or "").strip()[:40]
    if data.isascii() and codec not in _SEVEN_BIT and b"\x1b" not in data:
        known = codec is not None or not shown
        return Decoded(clean(data.decode("ascii")), None if known else f"charset:unknown {shown}")
    if codec is None or codec == "us-ascii":
        guessed = (
            codec_quirks.strictly(data, hint_codec)
            if (hint_codec := _wide_hint(hint)) and not codec_quirks.is_utf8(data)
            else None
        )
        text, used = (guessed, hint_codec or "") if guessed is not None else guess(data, codec_for(hint))
        if shown and codec is None:
            return Decoded(clean(text), f"charset:unknown {shown}")
        return Decoded(clean(text), f"charset:guessed {used}")
    return _by_label(data, codec, shown)


def detect(data: bytes) -> str:
    """The codec that most likely wrote these bytes; UTF-8 before Korean before what a library thinks."""
    return guess(data, None)[1]


def clean(text: str) -> str:
    """The same text without null characters (no database takes them) and without lone surrogates."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _said(label: str) -> str:
    """The label without what programs glue to it: another parameter, markup, an encoded-word around it."""
    word = re.match(r"\s*=\?[^?]*\?[bBqQ]\?([^?]*)\?=", label[:200])
    return re.split(r"[;<>\r\n]", word[1] if word else label, maxsplit=1)[0][:64]


def _by_label(data: bytes, codec: str, shown: str) -> Decoded:
    if codec in _SINGLE_FAMILY and codec_quirks.is_utf8(data):
        return Decoded(clean(data.decode("utf-8", "replace")), f"charset:wrong {shown}")
    if (
        codec.startswith("utf-16")
        and b"\x00" not in data[:8_192]
        and not data.startswith((b"\xff\xfe", b"\xfe\xff"))
    ):
        text, used = guess(data, None)
        return Decoded(clean(text), f"charset:wrong {shown}")
    text_or_none = codec_quirks.strictly(data, codec)
    if text_or_none is not None:
        return Decoded(clean(text_or_none))
    if codec != "utf-8" and codec_quirks.is_utf8(data):
        return Decoded(clean(data.decode("utf-8", "replace")), f"charset:wrong {shown}")
    damaged = codec_quirks.leniently(data, codec)
    high = sum(character > "\x7f" for character in damaged)
    if damaged.count("\ufffd") > max(2, high // 10):
        text, used = guess(data, None)
        # Nearly any bytes fit a codec of one byte a character: against a label of a wide one that proves nothing.
        if (
            "\ufffd" not in text
            and used != codec
            and (used in _WIDE or codec not in _WIDE or codec == "utf-8")
        ):
            return Decoded(clean(text), f"charset:wrong {shown}")
    return Decoded(clean(damaged), f"charset:damaged {shown}")


def _wide_hint(hint: str | None) -> str | None:
    codec = codec_for(hint)
    return codec if codec in _WIDE and codec != "utf-8" else None
