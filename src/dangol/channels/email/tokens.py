"""The signed token that finds a conversation again in whatever comes back of our mail.

`c<id in base 36>-<twelve letters>`: the letters are an HMAC of the id, so that nobody can write into a
conversation by guessing its number. All in lower case and of letters that every mail server lets through;
servers that change case do no harm. Sixty bits cannot be tried out over mail.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator

from dangol.channels.email.addresses import ascii_host, normalise

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_LETTERS = 12
_PURPOSE = b"dangol:conversation-in-mail:"
_TOKEN = re.compile(r"c(0|[1-9a-z][0-9a-z]{0,12})-([a-z2-7]{12})", re.ASCII)
_TAG = re.compile(r"\[#\s*(c[0-9a-z]{1,13}-[a-z2-7]{12})\s*\]", re.ASCII | re.IGNORECASE)
_UNIQUE = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def make_message_id(key: bytes, conversation_id: int, unique: str, host: str) -> str:
    """A Message-ID, without angle brackets, that names the conversation. The same input gives the same id.

    `unique` is letters, digits, - and _; `host` the domain of the mailbox. ValueError when either is not.
    """
    domain = ascii_host(host)
    if domain is None or not _UNIQUE.fullmatch(unique):
        raise ValueError("A Message-ID needs a plain unique part and a host name.")
    return f"{make_token(key, conversation_id)}.{unique}@{domain}"


def read_message_id(key: bytes, message_id: str) -> int | None:
    """The conversation that a Message-ID of ours names; None for anybody else's and for a changed one."""
    left, dot, _ = message_id.strip().strip("<>").partition(".")
    return read_token(key, left) if dot else None


def plus_address(key: bytes, conversation_id: int, mailbox_address: str) -> str:
    """The mailbox's address with the token: answers to it find the conversation even without References.

    An address so long that it would no longer be one stays as it is. ValueError when the address is none.
    """
    address = normalise(mailbox_address)
    if address is None:
        raise ValueError("Not an address.")
    local, _, domain = address.rpartition("@")
    return normalise(f"{local}+{make_token(key, conversation_id)}@{domain}") or address


def read_plus_address(key: bytes, address: str) -> int | None:
    """The conversation that an address of ours names. Servers may have changed its case."""
    local, at, _ = address.strip().strip("<>").rpartition("@")
    parts = local.split("+")[1:] if at else []
    return next(_valid(key, reversed(parts)), None)


def make_tag(key: bytes, conversation_id: int) -> str:
    """`[#token]` for a subject line."""
    return f"[#{make_token(key, conversation_id)}]"


def read_subject(key: bytes, subject: str) -> int | None:
    """The conversation that a `[#token]` in the subject names; None when there is none that is genuine.

    A subject is copied and forwarded: the caller must check that the sender takes part.
    """
    return next(_valid(key, _TAG.findall(subject)), None)


def make_token(key: bytes, conversation_id: int) -> str:
    """The token itself. ValueError below zero and from 2**63 on."""
    if not 0 <= conversation_id < 2**63:
        raise ValueError("A conversation's id is a positive 64-bit number.")
    return f"c{_base36(conversation_id)}-{_signature(key, conversation_id)}"


def read_token(key: bytes, token: str) -> int | None:
    """The conversation's id if the token was made with this key, else None. Takes the same time either way."""
    match = _TOKEN.fullmatch(token.lower()) if token.isascii() else None
    if not match:
        return None
    conversation_id = int(match[1], 36)
    if conversation_id >= 2**63:
        return None
    return conversation_id if hmac.compare_digest(_signature(key, conversation_id), match[2]) else None


def _valid(key: bytes, tokens: Iterator[str] | list[str]) -> Iterator[int]:
    for token in tokens:
        conversation_id = read_token(key, token)
        if conversation_id is not None:
            yield conversation_id


def _signature(key: bytes, conversation_id: int) -> str:
    if len(key) < 16:
        raise ValueError("The key for tokens is too short.")
    digest = hmac.digest(key, _PURPOSE + str(conversation_id).encode(), hashlib.sha256)
    return base64.b32encode(digest).decode().lower()[:_LETTERS]


def _base36(number: int) -> str:
    digits = ""
    while True:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
        if not number:
            return digits
