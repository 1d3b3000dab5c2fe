"""The pages of docs/reference that are written from the code, so that they cannot be wrong.

.venv/bin/python tools/reference.py            writes them anew; tests/test_docs.py fails until that is done
"""

from __future__ import annotations

import inspect
import os
import sys
import textwrap
import types
from collections.abc import Callable, Iterator
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Final, Union, get_args, get_origin, get_type_hints

import click

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / "docs" / "reference"
WRITTEN: Final = (
    "<!-- Written by tools/reference.py from the code: change the words there or in the code. -->\n"
)

EVENTS: Final = """# Events

Whatever happens is one row, written in the same transaction as the change itself. The rows are what open pages,
reactions and timelines follow ([why](../why/timeline-and-events.md)). An event holds ids and numbers, never text and
never an address: a person can be erased, and history still counts.

Every event has these fields:

| field | is |
| --- | --- |
| `happened_at` | when it happened; of an imported mail, when it was written |
| `actor_id` | the person of the staff who did it; nothing for a customer or the machine |
| `customer_id` | the customer it is about, if there is one |
| `silent` | yes for what was imported: it is on the timeline, and nothing reacts to it |

An open page gets the name of each event that is not silent, its ids and its numbers over `/live/`, as server-sent
events of the type `happened`. The id of each is a place in the stream: a browser that lost its line goes on from there
(`Last-Event-ID`).
"""

COMMANDS: Final = """# Commands

In a checkout say `./dangol`, which installs what is missing the first time; after `pip install .` say `dangol`. Both
are the same command. Each has `--help` (or `-h`).

It ends with 0 when it worked, with 1 when it did not (the reason is one sentence), and with 2 when it was not
understood. `DANGOL_DEBUG=1` shows where in the program something went wrong.

A checkout has one more, `./dangol test`, which checks the program itself: see [CONTRIBUTING](../../CONTRIBUTING.md).
"""


def events_page() -> str:
    """Every event by app, with its own fields, and what follows from which."""
    from dangol.kernel.events import COMMON, Happened
    from dangol.reactions import REACTIONS

    for path in sorted((ROOT / "src" / "dangol").glob("*/events.py")):
        import_module(f"dangol.{path.parent.name}.events")
    apps: dict[str, list[type[Happened]]] = {}
    for kind in Happened.known.values():
        package, app, *_ = kind.__module__.split(".")
        if package == "dangol" and kind.__module__ == f"dangol.{app}.events":
            apps.setdefault(app, []).append(kind)
    parts = [WRITTEN + EVENTS]
    for app in sorted(apps):
        rows = ["| event | when | its own fields |", "| --- | --- | --- |"]
        for kind in apps[app]:
            hints = get_type_hints(kind)
            own = [field.name for field in fields(kind) if field.name not in COMMON]
            said = ", ".join(f"`{name}` {_type_in_words(hints[name])}" for name in own)
            rows.append(f"| `{kind.__name__}` | {_cell(inspect.getdoc(kind) or '')} | {said or 'none'} |")
        parts.append(f"## {app}\n\n" + "\n".join(rows) + "\n")
    rows = ["| when this happened | this is done |", "| --- | --- |"]
    rows += [f"| `{reaction.on.__name__}` | {reaction.name} |" for reaction in REACTIONS]
    parts.append(
        "## What follows\n\nThe whole table of reactions. What fails is tried again for most of a day, then waits"
        " under Settings › Stuck work.\n\n" + "\n".join(rows) + "\n"
    )
    return "\n".join(parts)


def commands_page() -> str:
    """Every command with its arguments and options."""
    from dangol.cli import main

    return "\n".join([WRITTEN + COMMANDS, *_commands(main, click.Context(main, info_name="dangol"))])


PAGES: Final[dict[str, Callable[[], str]]] = {"events.md": events_page, "commands.md": commands_page}


def _commands(command: click.Command, context: click.Context) -> Iterator[str]:
    if command.help and not (isinstance(command, click.Group) and context.parent):
        yield _command(command, context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None and not found.hidden:
                yield from _commands(found, click.Context(found, info_name=name, parent=context))


def _command(command: click.Command, context: click.Context) -> str:
    prose, _, example = inspect.cleandoc(command.help or "").partition("\b\n")
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    parts = [f"## {context.command_path}", _unwrapped(prose), f"`{usage}`"]
    records = [
        record
        for parameter in command.params
        if isinstance(parameter, click.Option) and (record := parameter.get_help_record(context))
    ]
    if records:
        rows = [f"| `{_cell(left)}` | {_cell(right)} |" for left, right in records]
        parts.append("\n".join(["| option | is |", "| --- | --- |", *rows]))
    if example:
        lines = textwrap.dedent(" " * len("Example:") + example.strip().removeprefix("Example:"))
        parts.append(f"```sh\n{lines.strip()}\n```")
    return "\n\n".join(parts) + "\n"


def _type_in_words(kind: object) -> str:
    if get_origin(kind) in (Union, types.UnionType):
        inner = [each for each in get_args(kind) if each is not type(None)]
        return f"({_type_in_words(inner[0])[1:-1]} or nothing)"
    words = {int: "number", bool: "yes or no", str: "word"}
    return f"({words[kind]})" if isinstance(kind, type) and kind in words else f"({kind})"


def _unwrapped(text: str) -> str:
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n"))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> None:
    """Write the pages."""
    sys.path.insert(0, str(ROOT / "src"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dangol.settings")
    import django

    django.setup()
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")
        print(f"docs/reference/{name}")


if __name__ == "__main__":
    main()
