"""How allauth behaves here: nobody signs up by himself, people are invited."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedDoor(DefaultAccountAdapter):  # type: ignore[misc]
    """An account is made by the first visit or an invitation, never by a stranger."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """No."""
        return False
