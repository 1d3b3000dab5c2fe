"""Refusals: what a person may see when something cannot be done."""

from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Refused(Exception):
    """Parent of every refusal that a user can see. Its message is translated and says what to do next."""

    status: ClassVar[int] = 422
    message: str | Promise = _("This can't be done now. Please load the page again and try once more.")

    def __init__(self, message: str | Promise | None = None) -> None:
        if message is not None:
            self.message = message
        super().__init__(self.message)

    def __str__(self) -> str:
        return str(self.message)


class NotAllowed(Refused):
    """The person who asks has no right to it."""

    status = 403
    message = _("You don't have the right to do this. Please ask the owner.")


class Gone(Refused):
    """The thing itself is not there any more."""

    status = 404
    message = _("This is no longer here.")
