"""A segment as a form: its name, its rule, and how its people are served."""

from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dangol.business.money import exponent
from dangol.customers.kinds import KINDS, NUMBER
from dangol.customers.models import Segment
from dangol.desk.giving_settings import AmountField
from dangol.kernel.durations import short_duration
from dangol.segments.commands import PLAYBOOK, Playbook

PROMISES: Final = (5, 10, 15, 30, 60, 120, 180, 240, 480, 960, 1440)
"""Minutes of opening time that are offered."""


class SegmentForm(forms.Form):
    """Everything but the rule."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    greeting = forms.CharField(
        label=gettext_lazy("Greeting"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("How a letter to them begins: “Dear Ms Kim,”"),
    )
    tone = forms.CharField(
        label=gettext_lazy("Tone"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Short and plain, no emoji; or: like an old friend."),
    )
    to_do = forms.CharField(
        label=gettext_lazy("What to do"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("One thing a line."),
    )
    not_to_do = forms.CharField(
        label=gettext_lazy("What not to do"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [(kind, words) for kind, words in KINDS.items() if kind != NUMBER]
        self.fields["preferred_channel"] = forms.ChoiceField(
            label=_("Best reached by"), required=False, choices=[("", _("whatever they write on")), *kinds]
        )
        for name, label in (
            ("first_promise_minutes", _("First answer within")),
            ("next_promise_minutes", _("Next answers within")),
        ):
            kept = kwargs.get("initial", {}).get(name)
            minutes = sorted({*PROMISES, *([kept] if kept else [])})
            self.fields[name] = forms.TypedChoiceField(
                label=label,
                required=False,
                coerce=int,
                empty_value=None,
                choices=[
                    ("", _("as the mailbox promises")),
                    *((each, short_duration(60 * each)) for each in minutes),
                ],
            )
        self.fields["limit_an_act"] = AmountField(currency, label=_("Given at once without asking, at most"))
        self.fields["limit_a_month"] = AmountField(
            currency, label=_("A customer and month without asking, at most")
        )

    @property
    def playbook(self) -> Playbook:
        """What the valid form says."""
        return Playbook(**{name: self.cleaned_data[name] for name in PLAYBOOK})


def initial_of(segment: Segment, currency: str) -> dict[str, Any]:
    """The form's values as they are now."""
    values = {name: getattr(segment, name) for name in ("name", *PLAYBOOK)}
    for name in ("limit_an_act", "limit_a_month"):
        if values[name] is not None:
            values[name] = str(Decimal(values[name]).scaleb(-exponent(currency)))
    return values
