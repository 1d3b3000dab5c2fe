"""What every template may use without {% load %}: {% component %}, and Django's {% translate %} and {% url %}, each
looked up once."""

from typing import Any

from django import template
from django.template.base import FilterExpression, Node, Parser, Token, Variable, token_kwargs
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as do_url
from django.templatetags.i18n import TranslateNode, do_translate
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from dangol.kernel.addresses import address
from dangol.kernel.components import render_component, surroundings

register = template.Library()


class ComponentNode(Node):
    """See kernel/components.py."""

    def __init__(self, name: str, values: dict[str, FilterExpression]) -> None:
        self.name = name
        self.values = values

    def render(self, context: template.Context) -> SafeString:
        """The component."""
        found, around = _found(context, self.name)
        values = {name: value.resolve(context) for name, value in self.values.items()}
        return render_component(found, values, context.get("csrf_token"), around)


class ComponentsNode(Node):
    """A component for each of a list."""

    def __init__(self, name: str, each: str, of: FilterExpression) -> None:
        self.name = name
        self.each = each
        self.of = of

    def render(self, context: template.Context) -> SafeString:
        """One after the other."""
        found, around = _found(context, self.name)
        csrf_token = context.get("csrf_token")
        made = (
            render_component(found, {self.each: it}, csrf_token, around) for it in self.of.resolve(context)
        )
        return SafeString("".join(made))


def _found(context: template.Context, name: str) -> tuple[template.Template, tuple[object, ...]]:
    """The template, which is looked for once a page, and so is what surrounds it."""
    page: Any = context  # the types know nothing of what a page keeps of its includes
    kept = page.render_context.dicts[0]
    known = kept.get(ComponentNode)
    if known is None:
        known = kept[ComponentNode] = ({}, surroundings())
    templates, around = known
    found = templates.get(name)
    if found is None:
        found = templates[name] = page.template.engine.get_template(name)
    return found, around


@register.tag
def component(parser: Parser, token: Token) -> ComponentNode | ComponentsNode:
    """{% component "inbox/_item.html" item=item %}: as an include with `only`, kept for the next time.

    {% component "inbox/_item.html" for item in list.items %}: one for each.
    """
    words = token.split_contents()[1:]
    if not words or not words[0][0] == words[0][-1] == '"':
        raise template.TemplateSyntaxError("a component names its template in double quotes")
    if len(words) == 5 and (words[1], words[3]) == ("for", "in"):
        return ComponentsNode(words[0][1:-1], words[2], parser.compile_filter(words[4]))
    values = token_kwargs(words[1:], parser)
    if len(values) != len(words) - 1:
        raise template.TemplateSyntaxError("a component takes name=value, and nothing else")
    return ComponentNode(words[0][1:-1], values)


class KeptTranslation(Node):
    """Words of ours that stand in the template: looked up once a language."""

    def __init__(self, node: TranslateNode) -> None:
        self.node = node
        self.kept: dict[str | None, SafeString] = {}

    def render(self, context: template.Context) -> SafeString:
        """The words, or nothing where they are given a name."""
        page: Any = context
        kept = page.render_context.dicts[0]
        # No template changes the language midway; a page says two hundred words, and Django looks long for it.
        if KeptTranslation not in kept:
            kept[KeptTranslation] = get_language()
        language, asked = kept[KeptTranslation], self.node.asvar
        words = self.kept.get(language)
        if words is None:
            said = self.node.render(context)
            words = self.kept[language] = SafeString(context[asked] if asked else said)
        if asked:
            context[asked] = words
            return SafeString("")
        return words


@register.tag("translate")
def translate(parser: Parser, token: Token) -> Node:
    """Django's own; every page says a hundred words in this way."""
    node = do_translate(parser, token)
    said, context = node.filter_expression, node.message_context
    is_constant = isinstance(said.var, Variable) and said.var.literal is not None and not said.filters
    return KeptTranslation(node) if is_constant and not context else node


class KeptAddress(Node):
    """The address of a page of ours, by what stands in it."""

    def __init__(self, node: URLNode) -> None:
        self.name = str(node.view_name.var)
        self.arguments = node.args

    def render(self, context: template.Context) -> str:
        """As Django's; NoReverseMatch where there is none."""
        found = address(self.name, *(each.resolve(context) for each in self.arguments))
        return conditional_escape(found) if context.autoescape else found


@register.tag("url")
def url(parser: Parser, token: Token) -> Node:
    """Django's own; a conversation names sixteen."""
    node = do_url(parser, token)
    said = node.view_name
    is_constant = isinstance(said.var, str) and not said.filters
    return node if node.kwargs or node.asvar or not is_constant else KeptAddress(node)
