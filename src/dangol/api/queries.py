"""What the page of connections reads."""

from dataclasses import dataclass

from dangol.api.models import Token


@dataclass(frozen=True)
class TokenState:
    """A token as its owner sees it."""

    token: Token
    scopes: tuple[str, ...]


def token_states() -> list[TokenState]:
    """The tokens, those that open something first, the newest first."""
    rows = Token.objects.select_related("source", "created_by").order_by("-created_at", "-id")
    words = dict(Token.Scope.choices)
    states = [
        TokenState(row, tuple(str(words[each]) for each in row.scopes if each in words)) for row in rows
    ]
    return sorted(states, key=lambda state: state.token.revoked_at is not None)
