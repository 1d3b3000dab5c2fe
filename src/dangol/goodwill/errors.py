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


class NothingGiven(Refused):
    """No amount, or one below nothing."""

    message = _("Say how much it is worth, more than nothing.")


class MoreThanWished(Refused):
    """A yes to more than was asked for."""

    message = _("You can say yes to all of it or to less, and not to more.")


class AlreadyDecided(Refused):
    """Somebody said yes or no before, or the wish was withdrawn."""

    message = _("This was decided already. Load the page again to see how.")


class NotYourWish(Refused):
    """Only who asked may withdraw it, or who may decide it."""

    message = _("Only the person who asked can take this back, or somebody who may decide it.")


class AboveYourLimit(Refused):
    """Who decides has a limit as well."""

    message = _("This is above your own limit or above the month’s budget. Please ask the owner.")


class TooMuchForOrder(Refused):
    """More refunded than was paid."""

    message = _("That is more than the order cost. Check the amount.")


class CauseNameless(Refused):
    """A cause without a name."""

    message = _("Give the cause a name.")


class CauseNamedTwice(Refused):
    """Its parent has one of that name."""

    message = _("There is a cause of that name already. Choose another name.")


class CauseGoesInCircles(Refused):
    """A cause below itself."""

    message = _("A cause can't be below itself. Choose another place.")


class OrderCancelledBefore(Refused):
    """A cancelled order is no sale, so what is paid back for it is no cost of service."""

    message = _(
        "This order is cancelled: paying it back costs us nothing that was earned, so it is not entered here."
    )


class OtherMoney(Refused):
    """It was counted in the currency that the business had before."""

    message = _(
        "This was counted in the currency that the business had before. Enter it anew, without the order, in today’s."
    )


class RefundPaid(Refused):
    """The shop's system reported the refund: the money is gone."""

    message = _(
        "The shop reported that this refund was paid, so it can't be taken back here. "
        "Correct it in the shop’s system: the ledger follows."
    )


class TooLateToTakeBack(Refused):
    """It was given a while ago: somebody who may decide takes it back."""

    message = _("This was given a while ago. Please ask a manager or an owner to take it back.")


class YourOwnWish(Refused):
    """Who asks does not answer, except the owner."""

    message = _("You asked for this yourself, so somebody else says yes: another manager or the owner.")
