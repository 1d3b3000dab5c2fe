"""HTML of mail: made harmless, and read as text. Both take linear time and raise for nothing.

Text is written from the sanitised HTML, whose form is known exactly, and not by a library: inscriptis takes
ten times longer on a newsletter, gives nothing for deep nesting, and does not mark quotations.
"""

import html as entities
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import unquote

from dangol.channels.email.patterns import words

_MAX_LENGTH = 1_000_000
_MAX_WITH_PICTURES = 30_000_000
# nh3 needs quadratic time in depth: 0.35 s at 10,000.
_MAX_DEPTH = 2_000
# Formatting that nobody closes begins again in every paragraph, as the standard wants it: 33 kB of <b> and <p>
# would become gigabytes.
_MAX_REPEATED = 50_000
_FEW_TAGS = 300
_REMOTE = "x-dangol-remote:"

_TAGS = words(
    "a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup "
    "dd del details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i "
    "img ins kbd li main mark nav ol p pre q rp rt ruby s samp section small span strike strong sub "
    "summary sup table tbody td tfoot th thead time tr tt u ul var wbr"
)
_DROPPED_WITH_CONTENT = words(
    "script style title head template iframe object embed applet noscript noembed noframes svg math "
    "xml select textarea audio video canvas datalist"
)
_ATTRIBUTES = {
    "*": frozenset(["style", "dir", "lang", "title", "align", "valign", "bgcolor", "width", "height"]),
    "a": frozenset(("href",)),
    "img": frozenset(("src", "alt", "border", "hspace", "vspace")),
    "font": frozenset(("color", "face", "size")),
    "table": frozenset(("cellpadding", "cellspacing", "border", "summary")),
    "td": frozenset(("colspan", "rowspan", "nowrap", "headers", "scope")),
    "th": frozenset(("colspan", "rowspan", "nowrap", "headers", "scope")),
    "col": frozenset(("span",)),
    "colgroup": frozenset(("span",)),
    "ol": frozenset(("start", "type", "reversed")),
    "ul": frozenset(("type",)),
    "li": frozenset(("value", "type")),
    "hr": frozenset(("size", "noshade", "color")),
    "blockquote": frozenset(("type",)),
    "time": frozenset(("datetime",)),
}
# The page folds quotations by these.
_CLASSES = words(
    "gmail_quote gmail_attr gmail_signature moz-cite-prefix moz-signature yahoo_quoted protonmail_quote"
)
_STYLES = words(
    "color background-color font font-family font-size font-style font-weight font-variant "
    "line-height text-align text-decoration text-transform vertical-align white-space word-break "
    "overflow-wrap letter-spacing direction width max-width min-width height margin margin-top "
    "margin-right margin-bottom margin-left padding padding-top padding-right padding-bottom "
    "padding-left border border-top border-right border-bottom border-left border-color "
    "border-style border-width border-collapse border-spacing border-radius list-style-type "
    "table-layout"
)
_HARMLESS_VALUE = re.compile(r"[\w\s#%.,'\"!()/+-]*")
# Sizes of nothing and shifts off the page are how text is hidden from the reader.
_HIDING = re.compile(
    r"url|expression|-\d|(?:^|;)\s*(?:font|font-size|line-height|height|width|max-width)\s*:[^;]*?(?<![\d.])0*\.?0+(?:px|pt|em|%)?\s*(?:[;!]|$)"
    r"|(?:^|;)\s*color\s*:\s*transparent",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Cleaned:
    """Sanitised HTML; a machine word where it could not be kept as HTML."""

    html: str
    warning: str | None = None


def sanitise(source: str) -> Cleaned:
    """HTML that can run, load and hide nothing.

    Scripts, forms, frames, event handlers and hiding styles are gone. Links open elsewhere
    (`target="_blank"`, `rel="noopener noreferrer nofollow"`). Images inside the mail keep `src="cid:…"` (or a data:
    address); images from the network have their address in `data-remote-src` and no `src`, so that
    nothing is fetched before a person asks for it. Relative addresses are dropped. HTML nested beyond
    reason comes back as plain paragraphs.
    """
    if len(source) > _MAX_LENGTH:
        # Only pictures written into the HTML make honest mail that large, and they cost little time.
        shorter = re.sub(r"[^\"'\s>]+", _without_picture, source)
        if len(shorter) > _MAX_LENGTH or len(source) > _MAX_WITH_PICTURES:
            return Cleaned(_as_paragraphs(shorter[:_MAX_LENGTH]), "html:too-long")
    if source.count("<") > _FEW_TAGS and _is_beyond_reason(source):
        return Cleaned(_as_paragraphs(source), "html:too-deep")
    cleaned = str(_cleaner().clean(source))
    return Cleaned(cleaned.replace(f' src="{_REMOTE}', ' data-remote-src="'))


def content_ids(sanitised: str) -> frozenset[str]:
    """The Content-IDs that the HTML shows."""
    return frozenset(
        unquote(entities.unescape(found)) for found in re.findall(r'src="cid:([^"]+)"', sanitised)
    )


def from_text(plain: str) -> str:
    """Text as HTML that keeps its lines and spaces."""
    lines = entities.escape(plain, quote=False).replace("\n", "<br>")
    return f'<div style="white-space:pre-wrap">{lines}</div>'


@cache
def _cleaner() -> Any:
    import nh3

    return nh3.Cleaner(
        tags=set(_TAGS),
        clean_content_tags=set(_DROPPED_WITH_CONTENT),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        attribute_filter=_attribute,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        url_schemes={"http", "https", "mailto", "tel", "cid", "data", _REMOTE.rstrip(":")},
        allowed_classes={tag: set(_CLASSES) for tag in ("div", "blockquote", "span", "p")},
        filter_style_properties=set(_STYLES),
        strip_comments=True,
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "style":
        return _style(value)
    if name == "href":
        return value.strip() if re.match(r"\s*(?:https?:|mailto:|tel:)", value, re.IGNORECASE) else None
    if name == "src":
        address = value.strip()
        lower = address[:32].lower()
        if lower.startswith(("http://", "https://")):
            return _REMOTE + address
        if address.startswith("//"):
            return f"{_REMOTE}https:{address}"
        if lower.startswith("cid:") or re.match(r"data:image/(?:png|jpe?g|gif|webp|bmp);base64,", lower):
            return address
        return None
    return value


def _style(value: str) -> str | None:
    if "\\" in value or len(value) > 5_000:
        return None
    kept = []
    for declaration in value.split(";"):
        name, colon, content = declaration.partition(":")
        if not colon or name.strip().lower() not in _STYLES or not _HARMLESS_VALUE.fullmatch(content):
            continue
        if not _HIDING.search(f"{name.strip()}:{content}"):
            kept.append(f"{name.strip()}:{content.strip()}")
    return ";".join(kept) or None


def _without_picture(run: re.Match[str]) -> str:
    """A stretch without blanks up to the picture that is written into it; as it is, where there is none."""
    found = run[0].find("data:image/") if len(run[0]) > 10_000 else -1
    return run[0][:found] if found >= 0 else run[0]


def _is_beyond_reason(source: str) -> bool:
    """Whether elements are nested too deeply, or formatting would be repeated too often; by upper estimates."""
    is_open: Counter[str] = Counter()
    depth = formatting = repeated = 0
    for match in re.finditer(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)", source):
        tag = match[2].lower()
        if tag in _FORMATTING:
            if not match[1]:
                formatting += 1
            elif is_open[tag]:
                formatting -= 1
        else:
            repeated += formatting
        if tag in _NOT_NESTING:
            pass
        elif not match[1]:
            is_open[tag] += 1
            depth += 1
        elif is_open[tag]:  # what was not opened closes nothing
            is_open[tag] -= 1
            depth -= 1
        if depth > _MAX_DEPTH or repeated > _MAX_REPEATED:
            return True
    return False


def _as_paragraphs(source: str) -> str:
    """The words of HTML that is beyond reason."""
    source = re.sub(r"(?is)<(script|style|title|head)\b[^<>]{0,5000}>.*?(?:</\1\s*>|\Z)", " ", source)
    source = re.sub(r"(?i)<(?:br|/p|/div|/tr|/li|/h\d)[^<>]*>", "\n", source)
    words = entities.unescape(re.sub(r"<[^<>]*>", "", source))
    return from_text(re.sub(r"[ \t\r]*\n\s*\n\s*", "\n\n", words).strip())


# Without content, or ended by the next of their kind.
_NOT_NESTING = words(
    "area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr "
    "p li td th tr tbody thead tfoot dd dt option rt rp"
)
_FORMATTING = words("a b big code em font i nobr s small strike strong tt u")
