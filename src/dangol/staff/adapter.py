"""How allauth behaves here: nobody signs up by himself, people are invited."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from dangol.business.queries import current_business


class ClosedDoor(DefaultAccountAdapter):  # type: ignore[misc]
    """An account is made by the first visit or an invitation, never by a stranger."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _(
            "This e-mail address and password don't go together. Please look once more."
        ),
        "too_many_login_attempts": _(
            "That was wrong too often. Please wait five minutes, or set a new password by mail."
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """No."""
        return False

    def format_email_subject(self, subject: str) -> str:
        """The subject under the name of the business, which the reader knows."""
        name = current_business().name
        return f"{name}: {subject}" if name else str(subject)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """The link that sets a new password.

        Its host is the configured one, never the request's: who asks for it is a stranger and could name another.
        """
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return str(settings.DANGOL_URL) + path.replace("UID-KEY", key)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Mail in the language of the person whom it is about, else in that of the page."""
        language = getattr(context.get("user"), "language", "") or translation.get_language()
        with translation.override(language):
            super().send_mail(template_prefix, email, {**context, "business": current_business()})
