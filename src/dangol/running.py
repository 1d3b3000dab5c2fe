"""How the program runs: which loops there are, and the processes of `dangol up`."""

import contextlib
import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from dangol.kernel.errors import Refused
from dangol.kernel.forks import endings_held_back, fork
from dangol.kernel.keys import make_secret

if TYPE_CHECKING:
    from datetime import datetime

    from dangol.kernel.loops import Loop
    from dangol.transfer.backup import Progress

log = logging.getLogger(__name__)

RESTART_SECONDS: Final = 1.0  # a process that died starts again, later each time it dies early
PARENT_CHECK_SECONDS: Final = 1.0


def prepare(*, quiet: bool = False) -> None:
    """Make the data folder with its key, set Django up and bring the database to this version."""
    folder = data_folder()
    _refuse_half_restored(folder)
    folder.mkdir(
        mode=0o700, parents=True, exist_ok=True
    )  # customers' mail is for no other user of the machine
    make_secret(folder)
    import django

    django.setup()
    from dangol.kernel.events import repair_after_restore
    from dangol.transfer.upgrade import bring_up_to_date

    bring_up_to_date(say=(lambda _: None) if quiet else (lambda said: click.echo(said, err=True)))
    repair_after_restore()
    _clear_away()


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
    import django

    django.setup()


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
    from django.urls import get_resolver

    get_resolver().url_patterns  # noqa: B018  loaded once, here, and shared by both processes
    click.echo(welcome(address) if welcome else _welcome(address))
    connections.close_all()
    sys.stdout.flush()
    # What is loaded by now stays as it is: counting it again in each process would copy its pages.
    gc.collect()
    gc.freeze()
    _keep_running(
        {
            "web": lambda: serve(listener),
            "work": lambda: run_until_signal([*fetch_loops(), *work_loops(), *more_loops()]),
        }
    )


def run_web(*, host: str, port: int) -> None:
    """The pages alone."""
    listener = listen(host, port)
    os.environ.setdefault("DANGOL_URL", _address(host, listener))
    _allow_host(host)
    prepare()

    click.echo(_welcome(_address(host, listener)))
    serve(listener)


def run_work() -> None:
    """The work loops alone, until a signal."""
    prepare()
    click.echo("Working. Ctrl-C ends it.")
    run_until_signal(work_loops())


def run_fetch(*, once: bool) -> None:
    """The fetching of mail alone, until a signal or, with `once`, until all that is there is stored."""
    prepare()
    if once:
        from dangol.channels.fetching import fetch_all_once

        click.echo(f"{fetch_all_once()} new")
        return
    click.echo("Fetching. Ctrl-C ends it.")
    run_until_signal(fetch_loops())


def write_backup(path: Path) -> None:
    """Back the installation up into a new file; "-" is the standard output. Changes nothing."""
    set_up_without_changes()
    from dangol.kernel import clock
    from dangol.transfer.backup import back_up, back_up_to

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


def put_backup_back(path: Path, files: Path | None) -> None:
    """Put a backup into the empty data folder; "-" is the standard input."""
    from dangol.kernel import clock
    from dangol.transfer.restore import restore

    target = data_folder()
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
            begin_anew=_begin_anew,
        )
    click.echo(f"{done.rows} rows, {done.files} files, as of {done.made_at:%Y-%m-%d %H:%M} UTC: {target}")
    if done.set_aside:
        click.echo(
            f"{done.set_aside} mails were on their way then and may have left: see Stuck work in Settings."
        )


def _begin_anew(at: "datetime") -> None:
    from dangol.desk.backups.commands import begin_backups_anew

    begin_backups_anew(at=at)


@contextlib.contextmanager
def _bar(label: str) -> "Iterator[Progress]":
    """A progress bar, on the error output, that appears when it is known how much there is to do."""
    from dangol.transfer.backup import Progress

    class Bar(Progress):
        def begin(self, length: int) -> None:
            self.bar = ending.enter_context(click.progressbar(length=length, label=label, file=sys.stderr))

        def step(self, done: int) -> None:
            self.bar.update(done)

    with contextlib.ExitStack() as ending:
        yield Bar()


def work_loops() -> "list[Loop]":
    """Everything that `dangol work` does."""
    from dangol.api.shops.taking_in import forget_what_is_over, take_in_reports
    from dangol.channels.senders import SENDERS, Senders
    from dangol.desk.alarms.watching import watch
    from dangol.desk.backups.making import back_up_when_due
    from dangol.goodwill.commands.refunds import book_all_refunds
    from dangol.inbox.commands.conversations import return_due_conversations
    from dangol.inbox.intake import take_in_batch
    from dangol.kernel import clock
    from dangol.kernel.db import relax_durability
    from dangol.kernel.loops import Loop
    from dangol.kernel.reacting import react
    from dangol.orders.import_jobs import Imports
    from dangol.privacy.erasing import erase_further
    from dangol.privacy.retention import keep_no_longer
    from dangol.reactions import REACTIONS
    from dangol.segments.following import keep_counted

    senders = Senders()
    ending = threading.Event()  # rung when all loops end: nobody waits for a backup then
    return [
        Loop("intake", take_in_batch, rest_seconds=0.3, prepare=relax_durability, rung_by="mail"),
        Loop("outbox", senders.turn, rest_seconds=0.5),
        *(Loop("outbox", senders.spare_turn, rest_seconds=0.5, is_spare=True) for _ in range(SENDERS - 1)),
        Loop("reactions", lambda: react(REACTIONS), rest_seconds=0.4),
        Loop("segments", lambda: keep_counted(at=clock.now()), rest_seconds=0.6),
        Loop("schedule", lambda: return_due_conversations(at=clock.now()), rest_seconds=5),
        Loop(
            "imports",
            Imports(afterwards=lambda: book_all_refunds(at=clock.now())).turn,
            rest_seconds=2,
        ),
        Loop("erasures", erase_further, rest_seconds=5),
        Loop("shops", lambda: take_in_reports(at=clock.now()), rest_seconds=1),
        Loop("forgetting", lambda: forget_what_is_over(at=clock.now()), rest_seconds=3600),
        Loop("retention", keep_no_longer, rest_seconds=600),
        Loop("alarms", watch, rest_seconds=60),
        Loop(
            "backups",
            lambda: back_up_when_due(is_ending=ending.is_set),
            rest_seconds=3,
            bell=ending,
        ),
        Loop("holidays", _renew_holidays, rest_seconds=24 * 3600),
    ]


def fetch_loops() -> "list[Loop]":
    """Everything that `dangol fetch` does."""
    from dangol.channels.fetching import watch_mailboxes
    from dangol.kernel.loops import Loop

    return [Loop("fetch", watch_mailboxes, rest_seconds=3)]


def _renew_holidays() -> int:
    from dangol.business.commands import renew_holidays
    from dangol.kernel import clock

    renew_holidays(at=clock.now())
    return 0


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


def _keep_running(parts: dict[str, Callable[[], None]]) -> None:
    children: dict[int, tuple[str, float]] = {}
    stopping = False

    def end(*_: object) -> None:
        nonlocal stopping
        stopping = True
        for pid in children:
            _signal(pid, signal.SIGTERM)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)

    def begin(name: str) -> None:
        with endings_held_back():  # nobody is forgotten who is born while the end comes
            if not stopping:
                children[fork_part(parts[name])] = (name, time.monotonic())

    for name in parts:
        begin(name)
    while children:
        try:
            pid, status = os.wait()
        except InterruptedError:
            continue
        except ChildProcessError:
            break
        name, began = children.pop(pid, ("", 0.0))
        if stopping or not name:
            continue
        log.error("process=%s ended=%s restarting", name, os.waitstatus_to_exitcode(status))
        _clear_away()
        time.sleep(RESTART_SECONDS if time.monotonic() - began > 10 else 5 * RESTART_SECONDS)
        begin(name)


def fork_part(part: Callable[[], None]) -> int:
    """Run the part in a child that ends with it or soon after this process; returns the child's number."""
    pid = fork(ignores_interrupt=True)  # the parent hears Ctrl-C and ends its children in order
    if pid:
        return pid
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    code = 1
    try:
        part()
        code = 0
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else 1
    except BaseException:
        log.exception("process=%s died", os.getpid())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _end_with_parent(parent: int) -> None:
    # A parent that was killed cannot end its children: they notice by themselves.
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


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
