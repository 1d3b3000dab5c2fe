"""`dangol backup` and `dangol restore`: what they say while they work and at the end."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import click

from dangol.kernel import clock
from dangol.transfer.backup import Progress, back_up, back_up_to
from dangol.transfer.restore import restore


def write_backup(path: Path) -> None:
    """Back the installation up into a new file; "-" is the standard output. Changes nothing."""
    with _bar("Backing up") as bar:
        if str(path) == "-":
            made = back_up(sys.stdout.buffer, at=clock.now(), progress=bar)
        else:
            made = back_up_to(path, at=clock.now(), progress=bar)
    if made.rotten:
        click.echo(
            f"{made.rotten} files do not hold what they once did. They are in the backup as they are.",
            err=True,
        )
    click.echo(f"{made.rows} rows, {made.files} files: {path}", err=str(path) == "-")


def put_backup_back(
    path: Path, files: Path | None, *, target: Path, begin_anew: Callable[[datetime], None]
) -> None:
    """Put a backup into the empty data folder `target`; "-" is the standard input. `begin_anew` is called when all is
    there again, with the time."""
    beside = path.resolve().parent.parent / "files"
    with (
        contextlib.nullcontext(sys.stdin.buffer) if str(path) == "-" else path.open("rb") as archive,
        _bar("Putting back") as bar,
    ):
        done = restore(
            archive,
            target=target,
            files_from=files or beside,
            at=clock.now(),
            progress=bar,
            begin_anew=begin_anew,
        )
    click.echo(f"{done.rows} rows, {done.files} files, as of {done.made_at:%Y-%m-%d %H:%M} UTC: {target}")
    if done.set_aside:
        click.echo(
            f"{done.set_aside} mails were on their way then and may have left: see Stuck work in Settings."
        )


@contextlib.contextmanager
def _bar(label: str) -> Iterator[Progress]:
    """A progress bar, on the error output, that appears when it is known how much there is to do."""

    class Bar(Progress):
        def begin(self, length: int) -> None:
            self.bar = ending.enter_context(click.progressbar(length=length, label=label, file=sys.stderr))

        def step(self, done: int) -> None:
            self.bar.update(done)

    with contextlib.ExitStack() as ending:
        yield Bar()
