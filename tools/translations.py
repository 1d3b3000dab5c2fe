"""Whatever a person can read is said in Korean too: nothing missing, nothing fuzzy, every placeholder kept.

The strings are collected from the sources afresh, by Django's own makemessages in a copy of them, so that a
catalogue which nobody updated is found out.
"""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import django
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from django.core.management import call_command

ROOT = Path(__file__).resolve().parent.parent
LANGUAGE = "ko"
_CATALOGUE = Path("locale") / LANGUAGE / "LC_MESSAGES" / "django.po"
_CALLS = frozenset(("_", "gettext", "ngettext", "pgettext", "npgettext"))
# %(name)s and %s of Python and templates; {name} of format().
_PLACEHOLDER = re.compile(r"%\([^)]+\)[a-z]|%[sdif]|\{[a-z_][a-z0-9_.]*\}")


def faults(package: Path) -> Iterator[str]:
    """One line for each string of `package`, an app a folder, that Korean readers would miss or see broken."""
    known = _strings_of_django()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / package.name
        shutil.copytree(package, copy, ignore=shutil.ignore_patterns("tests", "*.mo", "static"))
        apps = [path for path in sorted(copy.iterdir()) if path.is_dir() and path.name != "locale"]
        for app in apps:
            yield from _faults_of_app(app, package / app.name / _CATALOGUE, known=set())
            shutil.rmtree(app)
        # What is left are the modules beside the apps: settings, the command line. Theirs is dangol/locale.
        yield from _faults_of_app(copy, package / _CATALOGUE, known)
    yield from _contradictions(package)
    yield from _hidden(package)


def _faults_of_app(app: Path, original: Path, known: set[str]) -> Iterator[str]:
    wanted = _collect(app)
    translated = _read(original) if original.exists() else Catalog(locale=LANGUAGE)
    for message in wanted:
        if message.id and message.id not in known:
            yield from (f"{_place(original)}: {fault}" for fault in _faults_of(message, translated))


def _contradictions(package: Path) -> Iterator[str]:
    """Django pours all catalogues into one: of two translations of the same string, readers see one, by chance."""
    seen: dict[tuple[object, str | None], tuple[object, Path]] = {}
    for path in sorted(package.glob(f"**/{_CATALOGUE}")):
        for message in _read(path):
            key = (message.id, message.context)
            string, first = seen.setdefault(key, (message.string, path))
            if message.id and message.string and string and message.string != string:
                yield (
                    f"{_place(path)}: {message.id!r} is {message.string!r} here and {string!r} in {_place(first)};"
                    " say the same, or give one of them a context"
                )


def _hidden(package: Path) -> Iterator[str]:
    """Into an f-string makemessages does not look: a call within one is in no catalogue, and readers get English."""
    for path in sorted(package.rglob("*.py")):
        if "tests" in path.relative_to(package).parts:
            continue
        for string in ast.walk(ast.parse(path.read_text())):
            calls = ast.walk(string) if isinstance(string, ast.JoinedStr) else ()
            for call in calls:
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in _CALLS:
                    yield f"{_place(path)}:{call.lineno}: {ast.unparse(call)} is within an f-string"


def _faults_of(wanted: Message, translated: Catalog) -> Iterator[str]:
    message = translated.get(wanted.id, wanted.context)
    name = repr(wanted.id if isinstance(wanted.id, str) else wanted.id[0])
    if message is None:
        yield f"{name} is not there"
        return
    texts = [message.string] if isinstance(message.string, str) else list(message.string or ())
    if not texts or not all(texts):
        yield f"{name} is not translated"
    elif message.fuzzy:
        yield f"{name} is marked fuzzy, so that readers get English"
    else:
        originals = [message.id] if isinstance(message.id, str) else list(message.id)
        # Korean has one form for both: it is measured against the plural, which names the number.
        needed = set(_PLACEHOLDER.findall(originals[-1]))
        for text in texts:
            if set(_PLACEHOLDER.findall(text)) != needed:
                yield f"{name} and its translation have different placeholders"
            if originals[-1].endswith("\n") != text.endswith("\n"):
                yield f"{name} and its translation differ in the line break at the end"


def _collect(app: Path) -> Catalog:
    """The strings in the sources of one app."""
    made = app / _CATALOGUE
    shutil.rmtree(app / "locale", ignore_errors=True)
    made.parent.mkdir(parents=True)
    with _working_in(app), open(os.devnull, "w") as nowhere:
        call_command("makemessages", locale=[LANGUAGE], extensions=["html", "txt", "py"], stdout=nowhere)
    if not made.exists():
        return Catalog(locale=LANGUAGE)
    # It warns of the empty plurals that makemessages leaves in a fresh catalogue.
    with made.open("rb") as text, contextlib.redirect_stdout(io.StringIO()):
        return read_po(text)


def _strings_of_django() -> set[str]:
    path = Path(django.__file__).parent / "conf" / _CATALOGUE
    return {message.id for message in _read(path) if isinstance(message.id, str) and message.string}


def _read(path: Path) -> Catalog:
    with path.open("rb") as text:
        return read_po(text, locale=LANGUAGE)


def _place(path: Path) -> Path:
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


@contextlib.contextmanager
def _working_in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


if __name__ == "__main__":
    django.setup()
    found = list(faults(ROOT / "src" / "dangol"))
    print("\n".join(found) or "All is said in Korean.")
    sys.exit(bool(found))
