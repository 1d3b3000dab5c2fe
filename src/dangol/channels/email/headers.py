"""What header fields say, read from fields that may be broken in any way. Nothing here raises.

Fields arrive as the standard library's parser leaves them: text in which each undecodable byte is a lone
surrogate. Its own structured parsing (`email.policy.default`) is not used, because it raises on some
Message-IDs and charsets, maps euc-kr to a codec that loses syllables, and takes most of the time.
"""

import binascii
import re

from dangol.channels.email import charsets

# Spaces inside an encoded-word are forbidden and frequent; so is a missing second "?" at its end.
# A label may be missing altogether, and the end of a word that a program cut to some length is.
_WORD = re.compile(r"=\?[ \t]*([^?\s]{0,80})[ \t]*\?([bBqQ])\?([^?]*(?:\?(?!=)[^?]*)*)(?:\?=|\Z)")
_BETWEEN = re.compile(r"(\?=)[ \t\r\n]+(?==\?[ \t]*[^?\s]{0,80}[ \t]*\?[bBqQ]\?)")
_ID = re.compile(r"<\s*<?([^<>]{1,2000}?)>")
# It begins where a word does: tried at each letter of a long word, it would take quadratic time.
_ID_OR_WORD = re.compile(_ID.pattern + r"|(?<![^\s<>,;\"])([^\s<>,;\"]+@[^\s<>,;\"]+)")
MAX_VALUE = 100_000


def unfold(value: str) -> str:
    """One line: folds become the spaces they stand for."""
    if "\n" in value or "\r" in value:
        value = re.sub(r"[\r\n]+", " ", value)
    return value.replace("\t", " ").strip()


def text(value: str | None, hint: str | None = None) -> str | None:
    """Readable text of an unstructured field such as Subject; None where it says nothing.

    `hint` is the charset of the body, tried on bytes that carry no label.
    """
    if value is None:
        return None
    decoded = decode_words(unlabelled(unfold(value[:MAX_VALUE]), hint), hint)
    return re.sub(r"[ \x00-\x1f\x7f]+", " ", decoded).strip() or None


def unlabelled(value: str, hint: str | None = None) -> str:
    """The field with its raw 8-bit or escape-coded bytes decoded; encoded-words are left as they are."""
    if value.isascii() and "\x1b" not in value:
        return charsets.clean(value)
    return charsets.decode(raw_bytes(value), None, hint).text


def decode_words(value: str, hint: str | None = None) -> str:
    """RFC 2047 words decoded; a character divided between two words is put together first."""
    if "=?" not in value:
        return value
    value = _BETWEEN.sub(r"\1", value)
    out: list[str] = []
    run: list[tuple[str, bytes]] = []
    end = 0
    for match in _WORD.finditer(value):
        if match.start() != end and run:
            out.append(_decode_run(run, hint))
            run = []
        out.append(value[end : match.start()])
        label = match[1].partition("*")[0]
        data = _unbase64(match[3]) if match[2] in "bB" else _unquote(match[3])
        if run and charsets.codec_for(run[-1][0]) != charsets.codec_for(label):
            out.append(_decode_run(run, hint))
            run = []
        run.append((label, data))
        end = match.end()
    if run:
        out.append(_decode_run(run, hint))
    return "".join(out) + value[end:]


def message_ids(value: str | None, *, bare: bool = False) -> tuple[str, ...]:
    """Every message id in the field, in order, without brackets; broken ones as well as they can be read.

    Words with an @ but without brackets count where nothing has brackets, and always if `bare`.
    """
    if not value:
        return ()
    line = charsets.clean(decode_words(unlabelled(unfold(value[:MAX_VALUE]))))
    found = [re.sub(r"\s+", "", match) for match in _ID.findall(line)]
    if bare or not any(found):
        found = [re.sub(r"\s+", "", one or other.strip("[]'")) for one, other in _ID_OR_WORD.findall(line)]
    return tuple(dict.fromkeys(piece for piece in found if piece))


def message_id(value: str | None) -> str | None:
    """The one id of a Message-ID field. A field without an address in it is taken as it stands."""
    found = message_ids(value)
    if found:
        return found[0]
    plain = re.sub(r"\s+", "", charsets.clean(unlabelled(unfold((value or "")[:998])))).strip("<>[]\"'")
    return plain or None


def raw_bytes(value: str) -> bytes:
    """The bytes that the parser saw; of text that is decoded already, its UTF-8."""
    try:
        return value.encode("ascii", "surrogateescape")
    except UnicodeEncodeError:
        return charsets.clean(value).encode("utf-8")


def _decode_run(run: list[tuple[str, bytes]], hint: str | None) -> str:
    """Adjacent words of one charset, read as one stretch of bytes; each alone where that does not fit."""
    label = run[0][0]
    whole = charsets.decode(b"".join(data for _, data in run), label, hint)
    if len(run) == 1 or whole.warning is None:
        return whole.text
    apart = [charsets.decode(data, label, hint) for _, data in run]
    if any(piece.warning for piece in apart):
        return whole.text
    return "".join(piece.text for piece in apart)


def _unbase64(value: str) -> bytes:
    kept = re.sub(r"[^A-Za-z0-9+/]", "", value)
    if len(kept) % 4 == 1:
        kept = kept[:-1]
    try:
        return binascii.a2b_base64(kept + "=" * (-len(kept) % 4))
    except binascii.Error:
        return b""


def _unquote(value: str) -> bytes:
    data = raw_bytes(value).replace(b"_", b" ")
    return re.sub(rb"=([0-9A-Fa-f]{2})", lambda m: bytes((int(m[1], 16),)), data)
