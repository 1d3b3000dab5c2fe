"""Compiles the translations, for a wheel, for an editable install and after a change.

A catalogue is kept as text (`django.po`) and read by Django as a compiled `django.mo`, which is not in git.
Hatchling runs the hook below; `./dangol` runs this file when a catalogue is newer than what was compiled.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent


class BuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Compiles every catalogue before hatchling collects the files."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Hatchling's call before a build."""
        compile_catalogues(Path(self.root))


def compile_catalogues(root: Path = ROOT) -> list[Path]:
    """Compile each `.po` under `root/src` beside itself; return what was written.

    A compiled catalogue whose text is gone is removed. Raises SystemExit with the file and line of a
    catalogue that cannot be read, because half a translation would go unnoticed.
    """
    written = []
    for compiled in root.glob("src/dangol/**/LC_MESSAGES/*.mo"):
        if not compiled.with_suffix(".po").exists():
            compiled.unlink()
    for source in sorted(root.glob("src/dangol/**/LC_MESSAGES/*.po")):
        written.append(_compile(source, locale=source.parent.parent.name))
    return written


def _compile(source: Path, *, locale: str) -> Path:
    target = source.with_suffix(".mo")
    # Replaced in one step, so that a server that starts meanwhile never reads half a file.
    unfinished = target.with_suffix(f".{os.getpid()}.mo")
    try:
        with source.open("rb") as text:
            catalogue = read_po(text, locale=locale, abort_invalid=True)
        with unfinished.open("wb") as binary:
            write_mo(binary, catalogue)
        unfinished.replace(target)
    except (PoFileError, ValueError) as error:
        raise SystemExit(f"{source}: this translation cannot be read: {error}") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return target


if __name__ == "__main__":
    print(f"{len(compile_catalogues())} translations compiled.", file=sys.stderr)
