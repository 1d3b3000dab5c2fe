"""E-mail addresses as plain text: read them, compare them, tell people's from machines'."""

import re
from collections.abc import Collection
from functools import lru_cache

_SPECIALS = re.compile(r'[\x00-\x20\x7f-\xa0()<>\[\]:;,\\"\u2028\u2029\ufeff]')
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?", re.IGNORECASE)
_LITERAL = re.compile(r"\[[0-9a-f.:]+\]|\[IPv6:[0-9a-f:.]+\]", re.IGNORECASE)

_DAEMONS = frozenset({"mailer-daemon", "mailerdaemon", "mail-daemon", "maildaemon"})
_NO_REPLY = re.compile(
    r"(^|[._+-])(no|not|do[._-]?not|never|dont)[._-]?(reply|respond|response|answer)($|[._+\d-])",
    re.IGNORECASE,
)


def normalise(address: str | None) -> str | None:
    """The address with its domain in lower-case ASCII (IDNA), or None when nothing can be delivered to it.

    The part before the @ stays as it was typed: only the server behind it may say whether case counts.
    """
    if not address:
        return None
    local, at, domain = address.strip().strip("<>").rpartition("@")
    host = ascii_host(domain) if at else None
    if host is None or not _is_local_part(local):
        return None
    return f"{local}@{host}"


def ascii_host(host: str) -> str | None:
    """The host name in lower-case ASCII, Korean and other letters as IDNA; None when it is no host name."""
    host = host.strip().rstrip(".").lower()
    return _ascii_host(host) if len(host) <= 253 else None


def needs_smtputf8(address: str) -> bool:
    """Whether only a server with SMTPUTF8 (RFC 6531) can take the normalised address."""
    return not address.isascii()


def without_plus(address: str) -> str:
    """The mailbox behind a plus-address: `Shop+c1-abc@x.test` and `shop@X.test` give the same, in lower case."""
    local, _, domain = address.strip().casefold().rpartition("@")
    return f"{local.split('+', 1)[0] or local}@{domain}"


def is_one_of(address: str | None, own: Collection[str]) -> bool:
    """Whether the address is one of `own`, whatever its case and whatever follows a plus."""
    if not address:
        return False
    return without_plus(address) in {without_plus(each) for each in own}


def machine_word(address: str) -> str | None:
    """`mailer-daemon`, `postmaster` or `no-reply` when a machine or nobody reads there, else None."""
    local = address.rpartition("@")[0].casefold()
    if local in _DAEMONS:
        return "mailer-daemon"
    if local == "postmaster":
        return "postmaster"
    return "no-reply" if _NO_REPLY.search(local) else None


@lru_cache(maxsize=1024)  # the same few hosts again and again, and IDNA is slow
def _ascii_host(host: str) -> str | None:
    if _LITERAL.fullmatch(host):
        return host
    try:
        host = host.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    labels = host.split(".")
    if len(host) > 253 or not all(len(label) <= 63 and _LABEL.fullmatch(label) for label in labels):
        return None
    return host


def _is_local_part(local: str) -> bool:
    if not local or len(local.encode()) > 64:
        return False
    if local[0] == local[-1] == '"' and len(local) > 2:
        return re.fullmatch(r'"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*"', local) is not None
    return "@" not in local and not _SPECIALS.search(local)
