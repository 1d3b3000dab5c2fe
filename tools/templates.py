"""Every template compiles, and none holds what the content policy would silently refuse in the browser."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import django
from django.template import TemplateSyntaxError, engines
from django.template.backends.django import DjangoTemplates

ROOT = Path(__file__).resolve().parent.parent

_REFUSED = {
    "a style attribute": re.compile(r"<[^>{]*\sstyle\s*="),
    "a style element": re.compile(r"<style\b"),
    "an inline script": re.compile(r"<script\b(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")"),
    "an inline handler": re.compile(r"<[^>{]*\son[a-z]+\s*="),
    "hx-on": re.compile(r"\shx-on[:=]"),
}
_COMMENT = re.compile(r"{%\s*comment\b.*?{%\s*endcomment\s*%}|{#.*?#}", re.DOTALL)
# Mail is read in other people's programs, which know no stylesheet and none of our policy.
_MAIL_FOLDERS = {"mail", "email"}


def faults(folder: Path) -> Iterator[str]:
    """One line for each thing that is wrong with a template below `folder`."""
    engine = engines["django"]
    assert isinstance(engine, DjangoTemplates)
    for path in sorted(folder.glob("dangol/*/templates/**/*")):
        if not path.is_file():
            continue
        place = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        text = path.read_text(encoding="utf-8")
        try:
            engine.from_string(text)
        except TemplateSyntaxError as error:
            yield f"{place}: {error}"
        if path.suffix == ".html" and _MAIL_FOLDERS.isdisjoint(path.parts):
            bare = _COMMENT.sub(lambda match: "\n" * match[0].count("\n"), text)
            for what, pattern in _REFUSED.items():
                for match in pattern.finditer(bare):
                    line = bare.count("\n", 0, match.start()) + 1
                    yield f"{place}:{line}: {what}, which the page's content policy refuses"


if __name__ == "__main__":
    django.setup()
    found = list(faults(ROOT / "src"))
    print("\n".join(found) or "Every template compiles.")
    sys.exit(bool(found))
