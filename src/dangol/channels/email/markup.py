"""What staff type, in Markdown, as the two texts of a mail: HTML and plain.

What was typed by somebody who never heard of Markdown must come out as typed. So a line of hyphens makes
no heading, four spaces make no code, a bracket no footnote, and one Enter is a new line. Web addresses
become links by a rule of ours: the usual ones swallow the Korean particle that follows (…/menu에서).
"""

import re
from functools import cache, lru_cache

from markdown_it import MarkdownIt
from markdown_it.common.utils import isWhiteSpace
from markdown_it.rules_block import StateBlock, list_block
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Delimiter
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

_STYLES = {
    "p": "margin:0 0 1em",
    "ul": "margin:0 0 1em;padding-left:1.5em",
    "ol": "margin:0 0 1em;padding-left:1.5em",
    "blockquote": "margin:0 0 1em;padding-left:.8em;border-left:3px solid #ccc;color:#555",
    "h1": "margin:0 0 .6em;font-size:1.3em",
    "h2": "margin:0 0 .6em;font-size:1.2em",
    "h3": "margin:0 0 .6em;font-size:1.1em",
    "hr": "margin:1em 0;border:0;border-top:1px solid #ccc",
    "img": "max-width:100%",
}
_URL = re.compile(r"://([\w\[\]%$&+,/:;=?@#.~!*'()|-]+)", re.ASCII)
_HANGUL = r"[\uac00-\ud7a3]"
_PARTICLE = re.compile(
    rf"(에서|에|에는|로|으로|을|를|은|는|이|가|의|와|과|도|만|까지|부터|라고|입니다|이에요|예요|이고|이며|인데)(?!{_HANGUL})"
)
_DATE_OR_NUMBER = re.compile(r"0|\d{3,}[.)]|\d+[.)]\s*\d+[.)]", re.ASCII)
_EAST_ASIAN = re.compile(r"[\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff]")


# Signatures and standing answers are written again and again.
@lru_cache(maxsize=256)
def to_html(markdown: str) -> str:
    """The text as an HTML fragment with inline styles, for mail programs that know no others.

    No HTML of the writer's comes through, and only links that are safe to click.
    """
    renderer = _markdown()
    return str(renderer.renderer.render(_tokens(markdown), renderer.options, {})).strip()


@lru_cache(maxsize=256)
def to_text(markdown: str) -> str:
    """The text to read as it is: `[menu](https://…)` as `menu (https://…)`, lists and quotes in place."""
    tree = SyntaxTreeNode(_tokens(markdown))
    return "\n\n".join(filter(None, map(_block, tree.children))).strip()


@lru_cache(maxsize=16)  # a mail asks for both
def _tokens(markdown: str) -> list[Token]:
    return _markdown().parse(markdown)


@cache
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False, "breaks": True, "linkify": False})
    markdown.disable(["lheading", "code", "reference", "html_block", "html_inline", "entity"])
    markdown.block.ruler.at("list", _list_of_items, {"alt": ["paragraph", "reference", "blockquote"]})
    markdown.inline.ruler.before("escape", "web_address", _web_address)
    markdown.inline.ruler.at("emphasis", _emphasis)
    markdown.core.ruler.push("styles", _add_styles)
    return markdown


def _list_of_items(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A list, but not for `2026. 11. 22.` and `02) 123-4567`, which would be renumbered as they are sent."""
    line = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    return not _DATE_OR_NUMBER.match(line) and list_block(state, start, end, silent)


def _web_address(state: StateInline, silent: bool) -> bool:
    """Link http:// and https:// as they stand. Runs at the colon, where the letters before are pending."""
    scheme = re.search(r"(?<![A-Za-z0-9])https?$", state.pending, re.IGNORECASE)
    match = _URL.match(state.src, state.pos)
    if silent or not scheme or not match or state.linkLevel:
        return False
    rest = match[1] + _korean_path(match[1], state.src, match.end())
    rest = _without_closing(rest)
    url = f"{scheme[0]}://{rest}"
    target = state.md.normalizeLink(url)
    if not rest or not state.md.validateLink(target):
        return False
    state.pending = state.pending[: scheme.start()]
    opening = state.push("link_open", "a", 1)
    opening.attrs = {"href": target}
    state.push("text", "", 0).content = url
    state.push("link_close", "a", -1)
    state.pos += len("://") + len(rest)
    return True


def _korean_path(rest: str, source: str, at: int) -> str:
    """Korean that belongs to the address: it follows a separator and is no particle."""
    if rest[-1] not in "/=-_?&#":
        return ""
    match = re.compile(rf"(?:{_HANGUL}|[\w%/=&?#.-])+").match(source, at)
    return match[0] if match and not _PARTICLE.match(source, at) else ""


def _without_closing(url: str) -> str:
    while url and (
        url[-1] in ".,;:!?'*|[(" or url.count(")") > url.count("(") or url.count("]") > url.count("[")
    ):
        url = url[:-1]
    return url


def _emphasis(state: StateInline, silent: bool) -> bool:
    """`**"달빛 세트"**는` is bold, `5*3*2` is not.

    CommonMark asks for a space after the first, which Korean, Chinese and Japanese don't write.
    """
    start, marker = state.pos, state.src[state.pos]
    if silent or marker not in "_*":
        return False
    run = state.scanDelims(start, marker == "*")
    can_open, can_close = run.can_open, run.can_close
    if marker == "*":
        before = state.src[start - 1] if start else " "
        after = state.src[start + run.length] if start + run.length < state.posMax else " "
        is_inside = before.isascii() and before.isalnum() and after.isascii() and after.isalnum()
        can_open = can_open or (bool(_EAST_ASIAN.match(before)) and not isWhiteSpace(ord(after)))
        can_close = can_close or (bool(_EAST_ASIAN.match(after)) and not isWhiteSpace(ord(before)))
        can_open, can_close = can_open and not is_inside, can_close and not is_inside
    for _ in range(run.length):
        state.push("text", "", 0).content = marker
        token = len(state.tokens) - 1
        state.delimiters.append(Delimiter(ord(marker), run.length, token, -1, can_open, can_close))
    state.pos += run.length
    return True


def _add_styles(state: StateCore) -> None:
    def style(tokens: list[Token]) -> None:
        for token in tokens:
            if token.nesting >= 0 and token.tag in _STYLES and not token.hidden:
                token.attrSet("style", _STYLES[token.tag])
            style(token.children or [])

    style(state.tokens)


def _block(node: SyntaxTreeNode) -> str:
    if node.type in ("bullet_list", "ordered_list"):
        return _list(node)
    if node.type == "blockquote":
        return _indented("\n\n".join(map(_block, node.children)), "> ", "> ")
    if node.type == "fence":
        return node.content.rstrip("\n")
    if node.type == "hr":
        return "-" * 20
    return "".join(map(_block, node.children)) if node.type != "inline" else _inlines(node)


def _list(node: SyntaxTreeNode) -> str:
    number = int(node.attrs.get("start", 1))
    items = []
    is_loose = False
    for position, item in enumerate(node.children):
        mark = f"{number + position}{node.markup} " if node.type == "ordered_list" else "- "
        is_loose = is_loose or any(child.type == "paragraph" and not child.hidden for child in item.children)
        text = ("\n\n" if is_loose else "\n").join(map(_block, item.children))
        items.append(_indented(text, mark, " " * len(mark)))
    return ("\n\n" if is_loose else "\n").join(items)


def _indented(text: str, first: str, others: str) -> str:
    lines = text.split("\n")
    return "\n".join(((others if number else first) + line).rstrip() for number, line in enumerate(lines))


def _inlines(node: SyntaxTreeNode) -> str:
    return "".join(map(_inline, node.children))


def _inline(node: SyntaxTreeNode) -> str:
    if node.type in ("softbreak", "hardbreak"):
        return "\n"
    if node.type == "strong":
        return f"*{_inlines(node)}*"
    if node.type == "em":
        return f"{node.markup}{_inlines(node)}{node.markup}"
    if node.type == "image":
        return _with_address(_inlines(node) or node.content, str(node.attrs["src"]))
    if node.type == "link":
        return _with_address(_inlines(node), str(node.attrs["href"]))
    return node.content


def _with_address(words: str, url: str) -> str:
    if not words:
        return url
    is_same = url in (words, f"mailto:{words}", f"{words}/") or "://" in words
    return words if is_same else f"{words} ({url})"
