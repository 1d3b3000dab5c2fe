"""What is refused about segments, in words for the person who asked."""

from django.utils.translation import gettext_lazy as _

from dangol.kernel.errors import Refused


class RuleUnclear(Refused):
    """A rule that says nothing, or something that cannot be."""

    message = _("This rule cannot be read. Load the page again and put it together once more.")


class NoConditions(RuleUnclear):
    message = _("The rule has no condition yet. Add one, or make the segment a list.")


class EmptyGroup(RuleUnclear):
    message = _("A group of conditions is empty. Add one to it, or take the group away.")


class NothingChosen(RuleUnclear):
    message = _("A condition has nothing chosen. Choose what it is about, or take it away.")


class NotANumber(RuleUnclear):
    message = _("A condition lacks its number. Write a whole number, nothing or more.")


class TooMuch(RuleUnclear):
    message = _("The rule is too long: at most 30 conditions, in groups at most three deep.")


class SegmentNameMissing(Refused):
    message = _("Give the segment a name.")


class SegmentNameTaken(Refused):
    message = _("There is a segment of this name. Give it another one.")


class NotAList(Refused):
    message = _("Who belongs to this segment is a matter of its rule. Nobody is put into it by hand.")


class NothingBelow(Refused):
    message = _("A promise or a limit is nothing or more. Leave it empty for none.")


class PutBackAlready(Refused):
    message = _("This segment is there again already.")
