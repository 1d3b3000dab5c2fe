"""What the inbox refuses, in words for the person who asked."""

from django.utils.translation import gettext_lazy as _

from dangol.kernel.errors import Refused


class StaleReply(Refused):
    status = 409
    message = _(
        "Something new came in since you began to write. Read it, then send again; your text is kept."
    )


class OtherReplySent(Refused):
    status = 409
    message = _(
        "From this page you have already sent other words. These are kept as your draft: look through them, "
        "then send."
    )


class NothingToSend(Refused):
    message = _("There is nothing to send yet. Write a few words first.")


class NotYourReply(Refused):
    status = 403
    message = _(
        "Only who sent this reply can take it back, or a manager or the owner. Please ask them at once."
    )


class NobodyToWriteTo(Refused):
    message = _("There is nobody in To. Add an address first.")


class AddressUnclear(Refused):
    """`address` is what was typed."""

    def __init__(self, address: str) -> None:
        super().__init__(
            _("“%(address)s” is not an e-mail address. Please correct it.") % {"address": address}
        )


class CannotSend(Refused):
    message = _("This mailbox can't send yet. Add its outgoing server in Settings.")


class TimeIsPast(Refused):
    message = _("That time is already past. Choose a later one.")


class DraftChanged(Refused):
    status = 409
    message = _("This draft was changed in another window. Load the page again to see it.")


class DraftsJoined(Refused):
    status = 409
    message = _(
        "This conversation has become one with another in which you were writing. Both texts are here now. "
        "Look through them, then send."
    )


class FileTooLarge(Refused):
    message = _("Files of one message may be 20 MB together. Send a smaller one, or a link to it.")
