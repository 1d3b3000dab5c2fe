"""What is refused about a person's data, in words for who asked."""

from django.utils.translation import gettext_lazy as _

from dangol.kernel.errors import Refused


class ErasedBefore(Refused):
    message = _("This customer was erased already.")


class OtherName(Refused):
    message = _("This is not the name. Type it as it stands above: nothing was erased.")
