"""How forms are written: as Django does it, and lists of choices without a template for each line of them.

There are 600 time zones and 250 countries, and Django renders two templates for each: longer than all else of a page.
"""

from collections.abc import Mapping
from typing import Any, Final

from django.forms.renderers import DjangoTemplates
from django.http import HttpRequest
from django.utils.html import conditional_escape

_SELECT: Final = "django/forms/widgets/select.html"


class FormRenderer(DjangoTemplates):
    """Django's renderer of forms, with the same output."""

    def render(self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None) -> str:
        """The widget or form as HTML."""
        if template_name == _SELECT:
            return _select(context["widget"])
        return super().render(template_name, context, request)


def _select(widget: Mapping[str, Any]) -> str:
    lines = [f'<select name="{conditional_escape(widget["name"])}"{_attributes(widget["attrs"])}>']
    for name, choices, _ in widget["optgroups"]:
        if name:
            lines.append(f'  <optgroup label="{conditional_escape(name)}">')
        lines += map(_option, choices)
        if name:
            lines.append("  </optgroup>")
    return "\n".join([*lines, "</select>"])


def _option(option: Mapping[str, Any]) -> str:
    value, label = conditional_escape(str(option["value"])), conditional_escape(option["label"])
    return f'  <option value="{value}"{_attributes(option["attrs"])}>{label}</option>\n'


def _attributes(values: Mapping[str, Any]) -> str:
    return "".join(
        f" {name}" if value is True else f' {name}="{conditional_escape(str(value))}"'
        for name, value in values.items()
        if value is not False
    )
