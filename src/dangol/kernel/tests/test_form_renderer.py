from typing import Any

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy

from dangol.kernel.form_renderer import FormRenderer

CHOICES: Any = [
    ("", "---"),
    ("a&b", 'A "&" <b>'),
    (3, gettext_lazy("English")),
    (None, mark_safe("<i>marked</i>")),
    ('in "a" group', [("x", "X"), ("y<", "Y")]),
]


@pytest.mark.parametrize("value", ["", "a&b", 3, "y<", "elsewhere", None])
@pytest.mark.parametrize("attrs", [{}, {"id": 'id"1', "required": True, "disabled": False, "data-n": 7}])
def test_a_list_of_choices_is_written_as_django_writes_it(value: Any, attrs: dict[str, Any]):
    widget = forms.Select(choices=CHOICES)
    written = widget.render("a<name", value, attrs, FormRenderer())  # type: ignore[arg-type]
    assert written == widget.render("a<name", value, attrs, DjangoTemplates())  # type: ignore[arg-type]
    assert written.count("<option") == 6


def test_several_may_be_chosen():
    widget = forms.SelectMultiple(choices=CHOICES)
    written = widget.render("several", ["x", 3], {}, FormRenderer())  # type: ignore[arg-type]
    assert written == widget.render("several", ["x", 3], {}, DjangoTemplates())  # type: ignore[arg-type]
    assert written.count(" selected") == 2


def test_all_other_parts_of_a_form_are_djangos(settings: Any):
    assert settings.FORM_RENDERER == "dangol.kernel.form_renderer.FormRenderer"
    for widget in (forms.TextInput(), forms.CheckboxInput(), forms.RadioSelect(choices=[("1", "One")])):
        assert widget.render("name", "1", {}, FormRenderer()) == widget.render(  # type: ignore[arg-type]
            "name",
            "1",
            {},
            DjangoTemplates(),  # type: ignore[arg-type]
        )
