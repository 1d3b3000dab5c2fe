"""What is refused about people, in words for the person who asked."""

from django.utils.translation import gettext_lazy as _

from dangol.kernel.errors import Refused


class NotABirthday(Refused):
    message = _("Nobody is born on that day. Check day, month and year; each may be left out.")


class UnknownZone(Refused):
    message = _("This time zone does not exist. Choose one from the list.")


class NameMissing(Refused):
    message = _("Write a name or an address, so that this customer can be found again.")


class AddressUnclear(Refused):
    message = _("This is no such address. Check what was typed and of which kind it is.")


class AddressKnown(Refused):
    """The address is another person's; `customer_id` is whose."""

    message = _("This is another customer’s already. If both are one person, make them one.")

    def __init__(self, customer_id: int) -> None:
        self.customer_id = customer_id
        super().__init__()


class AddressInUse(Refused):
    message = _(
        "They have written from this address, or it is proved. Split it off if it is somebody else’s."
    )


class LastAddress(Refused):
    message = _("This is their only address: there is nobody to split it off from.")


class NothingWritten(Refused):
    message = _("There is nothing to keep yet. Write a few words first.")


class OnePersonAlready(Refused):
    message = _("These are one customer already.")


class Erased(Refused):
    message = _("This customer was erased. Nothing can be kept about them any more.")


class MergeGone(Refused):
    message = _("This was undone already.")


class MergeTooOld(Refused):
    message = _("After 90 days this can no longer be undone. Split an address off instead.")


class UnknownPurpose(Refused):
    message = _("For this nobody needs to be asked. Choose a channel and a purpose from the lists.")


class NobodyCalledThat(Refused):
    message = _("No customer has that name or address. Write it as it stands in the list of customers.")


class SeveralCalledThat(Refused):
    message = _("Several customers have that name. Write an address of the one you mean.")


class BroughtInACircle(Refused):
    message = _("Nobody brings themselves: this customer was there before the other one, and brought them.")
