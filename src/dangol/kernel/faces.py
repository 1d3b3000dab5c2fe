"""What stands for a person where there is no picture: letters and a tint."""

import unicodedata
import zlib

TINTS = ("", "b", "c", "d")


def initials(name: str) -> str:
    """One or two letters: the first and last word's in Latin, the first syllable in Korean, Chinese and Japanese."""
    words = [word for word in ("".join(map(_letter_or_gap, name.partition("@")[0]))).split() if word]
    if not words:
        return "?"
    first = words[0][0]
    if _is_syllable(first) or len(words) == 1:
        return first if _is_syllable(first) else words[0][:2].upper()
    return (first + words[-1][0]).upper()


def tint(name: str) -> str:
    """The class of the tint: always the same for the same name."""
    return TINTS[zlib.crc32(name.strip().casefold().encode()) % len(TINTS)]


def _letter_or_gap(character: str) -> str:
    return character if character.isalnum() else " "


def _is_syllable(character: str) -> bool:
    # "Lo" is every letter of a script without capitals: Hangul, Han, Kana, but Arabic and Hebrew as well.
    return unicodedata.category(character) == "Lo" and ord(character) >= 0x1100
