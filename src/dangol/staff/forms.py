from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from dangol.business.proposals import language_choices, zone_choices
from dangol.staff.models import Role, Staff
from dangol.staff.rights import may
from dangol.staff.rules import may_invite_as


class InviteForm(forms.Form):
    """Whom to invite as what; only the roles that this person may give."""

    email = forms.EmailField(label=_("E-mail address"), max_length=254)
    role = forms.ChoiceField(label=_("Role"))
    language = forms.ChoiceField(label=_("Language"), choices=language_choices())

    def __init__(self, *args: Any, person: Staff, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = [(value, label) for value, label in Role.choices if may_invite_as(person, value)]
        self.fields["role"] = forms.ChoiceField(label=_("Role"), choices=roles)


class AccountForm(forms.Form):
    """A name and a password: what somebody who was invited still has to say."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=80,
        help_text=_("Colleagues see it; your answers to customers are signed with it."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=200,
        help_text=_("At least ten letters. A short sentence is easy to remember and hard to guess."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "minlength": "10"}),
    )


class OwnerForm(AccountForm):
    """The first account."""

    email = forms.EmailField(
        label=_("Your e-mail address"),
        max_length=254,
        help_text=_("You sign in with it. It need not be the address that customers write to."),
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )
    field_order = ("name", "email", "password")


class ProfileForm(forms.Form):
    """What people say about themselves."""

    name = forms.CharField(
        label=_("Your name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    language = forms.ChoiceField(label=_("Language"), required=False)
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)
    signature = forms.CharField(
        label=_("Signature"),
        required=False,
        max_length=2000,
        help_text=_("Stands below each of your answers, above the signature of the mailbox."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    wants_alarms = forms.BooleanField(
        label=_("Mail me when something needs mending"),
        required=False,
        help_text=_(
            "When mail stays away, a sign-in fails or the disk fills: at most three mails a day. An address that is "
            "a mailbox of this desk gets none."
        ),
    )

    def __init__(self, *args: Any, person: Staff, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may(person, "see_stuck_work"):
            del self.fields["wants_alarms"]
        self.fields["language"] = forms.ChoiceField(
            label=_("Language"), required=False, choices=[("", _("As the business")), *language_choices()]
        )
        self.fields["time_zone"] = forms.ChoiceField(
            label=_("Time zone"), required=False, choices=[("", _("As the business")), *zone_choices()]
        )


class RoleForm(forms.Form):
    """Another role for somebody."""

    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)
