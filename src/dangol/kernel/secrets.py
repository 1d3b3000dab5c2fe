"""Secrets that must be read again (a mailbox's password): encrypted in the database with the installation's key."""

import base64

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from dangol.kernel.keys import derive_key


def lock_secret(text: str) -> str:
    """The text encrypted (Fernet: AES-128-CBC with HMAC-SHA256); empty stays empty."""
    return _fernet().encrypt(text.encode()).decode() if text else ""


def unlock_secret(locked: str) -> str | None:
    """The text again; None when the installation's key is not the one it was locked with."""
    if not locked:
        return ""
    try:
        return _fernet().decrypt(locked.encode()).decode()
    except InvalidToken:
        return None


def _fernet() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(derive_key(settings.DANGOL_SECRET, "secrets")))
