from django.utils.translation import gettext_lazy as _

from dangol.kernel.errors import Refused


class AlreadyReversed(Refused):
    """The entry was taken back before, or is itself what takes another back."""

    message = _("This was taken back already.")


class CauseKnown(Refused):
    """The entry has a cause, and an entry does not change."""

    message = _("A cause was named already. If it is the wrong one, take the entry back and book it again.")


class CauseRetired(Refused):
    """The cause is no longer offered."""

    message = _("This cause is no longer used. Choose another.")
