"""The kinds of address that a person can have: how each is called, and what may be typed for it."""

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

EMAIL: Final = "email"
PHONE: Final = "phone"
NUMBER: Final = "number"
"""The kind that is the shop's own number of a customer: nothing can be sent to it."""

KINDS: Final[Mapping[str, str | Promise]] = {
    EMAIL: _("E-mail"),
    PHONE: _("Phone"),
    "webchat": _("Web chat"),
    "kakaotalk": "KakaoTalk",
    "naver": "Naver",
    "instagram": "Instagram",
    "facebook": "Facebook",
    "whatsapp": "WhatsApp",
    "line": "LINE",
    "telegram": "Telegram",
    "bluesky": "Bluesky",
    "mastodon": "Mastodon",
    "matrix": "Matrix",
    "xmpp": "XMPP",
    NUMBER: _("Customer number"),
}


def kind_words(kind: str) -> str:
    """How the kind is called; of one that is not known here, the word itself."""
    return str(KINDS.get(kind, kind))
