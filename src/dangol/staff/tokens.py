"""What an invitation's link carries. Only its digest is kept, so that who reads the database cannot use it."""

import hashlib
import secrets


def new_token() -> str:
    """43 letters that nobody can guess (256 bits)."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """SHA-256 of the token in hex, which is what is stored."""
    return hashlib.sha256(token.encode()).hexdigest()
