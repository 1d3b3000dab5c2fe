"""How the program runs: the desk in one go, or its pages, its work and its fetching alone."""

import contextlib
import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dangol.kernel.errors import Refused
from dangol.kernel.keys import make_secret
from dangol.processes import Part, keep_running

if TYPE_CHECKING:
    from dangol.kernel.loops import Loop

log = logging.getLogger(__name__)


def prepare(*, quiet: bool = False) -> None:
    """Make the data folder with its key, set Django up and bring the database to this version."""
    folder = data_folder()
    _refuse_half_restored(folder)
    folder.mkdir(
        mode=0o700, parents=True, exist_ok=True
    )  # customers' mail is for no other user of the machine
    make_secret(folder)
    _set_up_django()
    with _nothing_thrown_away():
        from dangol.kernel.events import repair_after_restore
        from dangol.transfer.upgrade import bring_up_to_date

    bring_up_to_date(say=(lambda _: None) if quiet else (lambda said: click.echo(said, err=True)))
    repair_after_restore()
    _clear_away()


def _set_up_django() -> None:
    with _nothing_thrown_away():
        import django

        django.setup()


@contextlib.contextmanager
def _nothing_thrown_away() -> Iterator[None]:
    """While code is loaded: nothing of it becomes garbage, and looking for some takes a seventh of the time.

    Nor is it looked through afterwards: it stays, and processes that are forked off would each copy its pages.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _clear_away() -> None:
    """Remove the halves of files that killed processes have left."""
    from dangol.kernel.files import remove_broken_off

    try:
        if removed := remove_broken_off():
            log.info("files=%d broken off, removed", removed)
    except OSError as failure:
        log.warning("files broken off, not removed: %s", type(failure).__name__)


def set_up_without_changes() -> None:
    """Set Django up as it is: no folder, key or table is made. Refused when there is no data folder yet."""
    folder = data_folder()
    if not folder.is_dir():
        raise Refused(f"There is no data folder at {folder}. `dangol up` makes one; --data names another.")
    _refuse_half_restored(folder)
    _set_up_django()


def _refuse_half_restored(folder: Path) -> None:
    if (folder / ".restoring").exists():
        raise Refused(
            f"A restore into {folder} was broken off. Restore the backup again; it clears the folder first."
        )


def data_folder() -> Path:
    """Where this installation keeps everything."""
    return Path(os.environ.get("DANGOL_DATA") or "data").expanduser().resolve()


def run_desk(
    *,
    host: str,
    port: int,
    more_loops: "Callable[[], Sequence[Loop]]" = tuple,
    welcome: Callable[[str], str] | None = None,
    before: Callable[[], None] = lambda: None,
) -> None:
    """The whole desk: one process that loads the code once and forks into web and work. Ends on Ctrl-C."""
    listener = listen(host, port)
    address = _address(host, listener)
    os.environ.setdefault("DANGOL_URL", address)
    _allow_host(host)
    prepare()
    before()
    from django.db import connections

    load_pages()  # once, here, for both processes
    click.echo(welcome(address) if welcome else _welcome(address))
    connections.close_all()
    sys.stdout.flush()

    def run_all_loops() -> None:
        from dangol.loops import fetch_loops, work_loops

        run_until_signal([*fetch_loops(), *work_loops(), *more_loops()])

    keep_running(
        {"web": Part(lambda: serve(listener)), "work": Part(run_all_loops, load=_load_loops)},
        clear_away=_clear_away,
    )


def run_web(*, host: str, port: int) -> None:
    """The pages alone."""
    listener = listen(host, port)
    os.environ.setdefault("DANGOL_URL", _address(host, listener))
    _allow_host(host)
    prepare()
    load_pages()
    click.echo(_welcome(_address(host, listener)))
    serve(listener)


def load_pages() -> None:
    """Load every view. Django does so at the first request, whose visitor would wait for it."""
    from django.urls import get_resolver

    with _nothing_thrown_away():
        get_resolver().url_patterns  # noqa: B018  reading it loads them


def _load_loops() -> None:
    with _nothing_thrown_away():
        import dangol.loops  # noqa: F401


def run_work() -> None:
    """The work loops alone, until a signal."""
    prepare()
    _load_loops()
    from dangol.loops import work_loops

    click.echo("Working. Ctrl-C ends it.")
    run_until_signal(work_loops())


def run_fetch(*, once: bool) -> None:
    """The fetching of mail alone, until a signal or, with `once`, until all that is there is stored."""
    prepare()
    if once:
        from dangol.channels.fetching import fetch_all_once

        click.echo(f"{fetch_all_once()} new")
        return
    _load_loops()
    from dangol.loops import fetch_loops

    click.echo("Fetching. Ctrl-C ends it.")
    run_until_signal(fetch_loops())


def run_until_signal(loops: "Sequence[Loop]") -> None:
    """Run the loops until SIGINT or SIGTERM; a turn that has begun is finished."""
    from dangol.kernel.loops import run_loops

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    run_loops(loops, stop)


def serve(listener: socket.socket) -> None:
    """Serve the pages until SIGINT or SIGTERM."""
    import uvicorn

    from dangol.kernel.live import feed

    class Server(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            feed.end()  # it would wait for open pages, which never end by themselves, and break them off
            await super().shutdown(sockets)

    config = uvicorn.Config(
        "dangol.asgi:application",
        log_level="warning",
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=2,
        backlog=1024,
    )
    with contextlib.suppress(KeyboardInterrupt):  # raised again after everything has ended in order
        Server(config).run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there, for `serve`. Refused when the port cannot be had."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as failure:
        raise Refused(
            f"Port {port} on {host} cannot be used ({failure.strerror}). Choose another one with --port."
        ) from failure
    listener.listen(1024)
    listener.set_inheritable(True)
    return listener


def _address(host: str, listener: socket.socket) -> str:
    shown = "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104  compared, not bound
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{listener.getsockname()[1]}"


def _allow_host(host: str) -> None:
    # Whoever listens on all addresses is reached under names that cannot be known; links in mail never use them.
    name = "*" if host in {"0.0.0.0", "::"} else host  # noqa: S104
    os.environ.setdefault("DANGOL_HOSTS", name)


def _welcome(address: str) -> str:
    from dangol.desk.setup.door import welcome

    return welcome(address)
