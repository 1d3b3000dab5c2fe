from typing import Any

from django import forms
from django.utils.dates import MONTHS
from django.utils.translation import gettext_lazy as _

from dangol.business.proposals import country_choices, language_choices, zone_choices
from dangol.customers.commands.profiles import FIELDS
from dangol.customers.kinds import KINDS, NUMBER
from dangol.customers.models import Consent, Customer


class ProfileForm(forms.Form):
    """What is known of a person. Everything may be left out."""

    name = forms.CharField(
        label=_("How they wish to be called"),
        required=False,
        max_length=200,
        help_text=_("All pages show it. Left out, it is put together from the two names below."),
    )
    family_name = forms.CharField(label=_("Family name"), required=False, max_length=100)
    given_name = forms.CharField(label=_("Given name"), required=False, max_length=100)
    name_order = forms.ChoiceField(
        label=_("Order of the names"),
        required=False,
        choices=[("", _("as their script has it")), *Customer.NameOrder.choices],
    )
    honorific = forms.CharField(
        label=_("Honorific"), required=False, max_length=20, help_text=_("님, 선생님, Dr., …")
    )
    language = forms.ChoiceField(label=_("Language"), required=False)
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)
    preferred_channel = forms.ChoiceField(label=_("Prefers"), required=False)
    birth_day = forms.IntegerField(label=_("Day of birth"), required=False, min_value=1, max_value=31)
    birth_month = forms.TypedChoiceField(
        label=_("Month of birth"), required=False, coerce=int, empty_value=None
    )
    birth_year = forms.IntegerField(
        label=_("Year of birth"),
        required=False,
        min_value=1900,
        max_value=2200,
        help_text=_("Day and month may be known without the year, and the year alone."),
    )
    company = forms.CharField(label=_("Company"), required=False, max_length=200)
    address = forms.CharField(
        label=_("Postal address"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    country = forms.ChoiceField(label=_("Country"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        unknown = ("", _("not known"))
        self._choose("language", [unknown, *language_choices()])
        self._choose("time_zone", [unknown, *zone_choices()])
        self._choose("country", [unknown, *country_choices()])
        kinds = [(kind, words) for kind, words in KINDS.items() if kind != NUMBER]
        self._choose("preferred_channel", [unknown, *kinds])
        self._choose("birth_month", [unknown, *MONTHS.items()])

    def _choose(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    @classmethod
    def of(cls, person: Customer) -> "ProfileForm":
        """The form as it is filled in now."""
        return cls(initial={field: getattr(person, field) for field in FIELDS})


class IdentityForm(forms.Form):
    """An address that is written down."""

    kind = forms.ChoiceField(label=_("Kind"), choices=[(kind, words) for kind, words in KINDS.items()])
    address = forms.CharField(
        label=_("Address or number"), max_length=320, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class NewCustomerForm(forms.Form):
    """Somebody who has not written yet."""

    name = forms.CharField(label=_("Name"), required=False, max_length=200)
    email = forms.EmailField(label=_("E-mail address"), required=False, max_length=320)
    phone = forms.CharField(label=_("Phone number"), required=False, max_length=40)
    language = forms.ChoiceField(label=_("Language"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["language"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("not known")), *language_choices()]


class CustomerNoteForm(forms.Form):
    """What the team should know."""

    text = forms.CharField(label=_("Note"), max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))


class TagsForm(forms.Form):
    """Words that are on somebody, with commas between them."""

    tags = forms.CharField(
        label=_("Tags"),
        required=False,
        max_length=1300,
        help_text=_("With commas between them: allergic to nuts, office"),
    )

    @property
    def names(self) -> list[str]:
        """The words one by one."""
        typed: str = self.cleaned_data["tags"]
        return typed.replace("\n", ",").replace("，", ",").split(",")


class ConsentForm(forms.Form):
    """What somebody said about being written to."""

    channel = forms.ChoiceField(
        label=_("On which channel"),
        choices=[(kind, words) for kind, words in KINDS.items() if kind != NUMBER],
    )
    purpose = forms.ChoiceField(label=_("For what"), choices=Consent.Purpose.choices)
    is_given = forms.TypedChoiceField(
        label=_("They said"),
        choices=[("yes", _("yes")), ("no", _("no"))],
        coerce=lambda said: said == "yes",
        widget=forms.RadioSelect,
    )
    source = forms.CharField(
        label=_("Where they said it"), max_length=80, help_text=_("On the phone, a paper form, …")
    )
    wording = forms.CharField(
        label=_("The words they agreed to"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
