"""What is refused about people and their accounts."""

from django.utils.translation import gettext_lazy as _

from dangol.kernel.errors import Gone, NotAllowed, Refused


class OwnerExists(Refused):
    """Somebody already owns this installation."""

    message = _("This desk already has an owner. Please sign in, or ask for an invitation.")


class AddressTaken(Refused):
    """Another account has this address."""

    message = _("Somebody with this address already works here.")


class AddressWaits(Refused):
    """The account of this address is only switched off."""

    message = _("Somebody with this address worked here before. Let them sign in again instead.")


class PasswordTooWeak(Refused):
    """The password is too easy to guess."""

    message = _("Please choose a longer password.")


class NameMissing(Refused):
    """A person needs a name that others can read."""

    message = _("Please enter a name.")


class LastOwner(Refused):
    """Without an owner nobody could change the business any more."""

    message = _("This is the only owner. Make somebody else an owner first.")


class OwnersInvite(NotAllowed):
    """Only an owner gives roles that carry rights over others."""

    message = _("Only an owner can invite managers and owners. You can invite agents.")


class InvitationGone(Gone):
    """The link is wrong, was used, was withdrawn, or is older than a week."""

    message = _("This invitation is no longer valid. Please ask for a new one.")
