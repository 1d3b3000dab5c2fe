"""Who may take a new installation: somebody at the machine itself, or who has read the code it printed."""

import base64
import hmac
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from dangol.kernel.keys import derive_key
from dangol.staff.queries import has_staff

LETTERS: Final = 12  # 60 bits: nobody comes far by guessing over a network
OPENED: Final = "set_up_code"
# A proxy on this machine makes every visitor look like a neighbour; these tell that there is one.
TRACES: Final = (
    "HTTP_FORWARDED",
    "HTTP_VIA",
    "HTTP_X_REAL_IP",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
)
HOME_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def set_up_code() -> str:
    """The code of this installation, the same in all its processes; good for nothing once there is an owner."""
    letters = base64.b32encode(derive_key(settings.DANGOL_SECRET, "set-up")).decode()[:LETTERS]
    return "-".join(letters[start : start + 4] for start in range(0, LETTERS, 4))


def may_set_up(request: HttpRequest) -> bool:
    """Whether the first visit is open to this request."""
    return is_at_home(request) or _same(request.session.get(OPENED, ""), set_up_code())


def open_with(request: HttpRequest, typed: str) -> bool:
    """Try a typed code; when it is right, this browser may go on."""
    if not _same(typed, set_up_code()):
        return False
    request.session[OPENED] = set_up_code()
    return True


def is_at_home(request: HttpRequest) -> bool:
    """Whether the request comes from the machine itself, by its own name and through no proxy."""
    if any(name in request.META for name in TRACES):
        return False
    try:
        is_near = ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
    host = urlsplit(f"//{request.get_host()}").hostname or ""
    return is_near and host in HOME_NAMES and (urlsplit(settings.DANGOL_URL).hostname or "") in HOME_NAMES


def welcome(address: str) -> str:
    """What the terminal says when the desk starts."""
    if has_staff():
        return f"Dangol runs on {address}\nCtrl-C ends it."
    return (
        f"Dangol runs on {address}\n"
        f"Open it in a browser to set up your desk. From another machine it asks for this code: {set_up_code()}\n"
        "Ctrl-C ends it."
    )


def _same(typed: str, code: str) -> bool:
    def plain(text: str) -> bytes:
        return "".join(filter(str.isalnum, text)).upper().encode()

    return hmac.compare_digest(plain(typed), plain(code))
