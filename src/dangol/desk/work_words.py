"""What the loops and the reactions do, in words for the owner of a shop."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# What a loop does, by its name in `dangol work` and `dangol fetch`.
LOOPS: Final[dict[str, str | Promise]] = {
    "fetch": _("Fetches mail from the mailboxes"),
    "intake": _("Puts arrived mail into conversations"),
    "outbox": _("Sends what you write"),
    "reactions": _("Does what follows from what happened"),
    "segments": _("Counts who belongs to which segment"),
    "schedule": _("Brings back what was put off"),
    "imports": _("Reads files of orders and customers into the desk"),
    "rates": _("Counts what waited for an exchange rate"),
    "erasures": _("Erases what is left of customers who asked to be forgotten"),
    "shops": _("Takes in what shops report"),
    "forgetting": _("Forgets what is kept for a while only"),
    "retention": _("Erases every night what is kept no longer"),
    "backups": _("Makes a backup every night"),
    "holidays": _("Keeps the public holidays up to date"),
    "alarms": _("Looks whether all is well, and tells you when it is not"),
    "visitors": _("Lets the customers of the demo write"),
}
# What did not follow, by the name of the reaction in reactions.py.
REACTIONS: Final[dict[str, str | Promise]] = {
    "a sent reply stops the clock": _("An answer left, but the customer’s clock was not stopped."),
    "a second reply is booked": _("A second answer left, but its time is not in the ledger."),
    "who may say yes is asked by mail": _(
        "Somebody asked to give more than a limit, but no mail was sent about it."
    ),
    "a refund books itself": _("A refund was recorded, but it is not in the ledger."),
    "a changed refund is booked anew": _("A refund was changed, but the ledger has it as it was."),
    "who was erased is written beside the backups": _(
        "A customer was erased, but this is not written beside the backups: an older one would bring them back."
    ),
    "reports of shops that name the erased go": _(
        "A customer was erased, but reports of shops that could not be read may still name them."
    ),
    "a failed reply waits again": _(
        "An answer could not be sent, but the conversation was not put back on the list."
    ),
    "a bounced reply waits again": _(
        "An answer came back, but the conversation was not put back on the list."
    ),
    "a new matter is acknowledged": _("A new customer did not get the answer that is sent at once."),
    "changed hours move what is due": _(
        "The opening hours were changed, but the promised times were not worked out anew."
    ),
}
