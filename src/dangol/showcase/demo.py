"""`dangol demo`: a living shop in a folder of its own, that is gone when it ends.

While the tables are made, another process already tells the shop's past, which takes as long and needs no table
before it is written. It ends with that, so that its memory is not kept.
"""

import gc
import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from dangol.kernel.errors import Refused
from dangol.kernel.forks import fork
from dangol.kernel.keys import make_secret

if TYPE_CHECKING:
    from dangol.kernel.loops import Loop

HOST: Final = "127.0.0.1"
PREFIX: Final = "dangol-demo-"
MARK: Final = "moon-burger"  # a file that says: this folder is a demo
# Of the surroundings only these reach the demo: it must never touch a real installation's data.
_PASSED_ON: Final = frozenset({"DANGOL_DEBUG", "DANGOL_LOG"})


class RunDesk(Protocol):
    """What runs the whole desk until a signal: `dangol.running.run_desk`."""

    def __call__(
        self,
        *,
        host: str,
        port: int,
        more_loops: "Callable[[], Sequence[Loop]]",
        welcome: Callable[[str], str],
        before: Callable[[], None],
    ) -> None: ...


def run_demo(run_desk: RunDesk, *, port: int, keep: Path | None, language: str) -> None:
    """Open the shop on `port` until Ctrl-C. With `keep` it stays in that folder, and goes on there the next time.

    Refused when `keep` holds something that is no demo.
    """
    sweep(Path(tempfile.gettempdir()))
    folder = _kept(keep) if keep else Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    story: _Storyteller | None = None
    try:
        _surround(folder)
        make_secret(folder)
        (folder / MARK).touch()
        if not (folder / "dangol.sqlite3").exists():
            story = _Storyteller.begin(language)
        run_desk(
            host=HOST,
            port=port,
            before=_opening(story, language),
            welcome=_welcome,
            more_loops=lambda: [_visitors()],
        )
    finally:
        if story:
            story.end()
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def language_of_terminal() -> str:
    """Korean where the surroundings say so, else English."""
    said = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return "ko" if said.startswith("ko") else "en"


def sweep(folder: Path) -> None:
    """Remove what demos have left in this folder that were killed: theirs is the name, and no such process runs."""
    for left in folder.glob(f"{PREFIX}*"):
        pid = left.name.removeprefix(PREFIX).partition("-")[0]
        is_ours = left.is_dir() and not left.is_symlink() and left.stat().st_uid == os.geteuid()
        if is_ours and pid.isdigit() and not _runs(int(pid)):
            shutil.rmtree(left, ignore_errors=True)


@dataclass
class _Storyteller:
    """The process that tells the past and writes it down when the tables are there.

    What is written can be looked at at once; the search index comes last, while the first page is already served.
    """

    pid: int
    to_it: int
    from_it: int

    @classmethod
    def begin(cls, language: str) -> "_Storyteller":
        now = datetime.now(UTC)
        listening, to_it = os.pipe()
        from_it, answering = os.pipe()
        pid = fork(ignores_interrupt=True)  # its parent sends it home
        if pid:
            os.close(listening)
            os.close(answering)
            return cls(pid, to_it, from_it)
        os.close(to_it)
        os.close(from_it)
        code = 1
        try:
            gc.disable()  # nothing is thrown away before the end
            _tell(
                now,
                language,
                may_write=lambda: os.read(listening, 1) != b"",
                is_written=lambda: os.write(answering, b"!"),
            )
            code = 0
        except Exception as failure:
            if os.environ.get("DANGOL_DEBUG"):
                traceback.print_exc()
            sys.stderr.write(f"{type(failure).__name__}: {failure}\n")
        finally:
            os._exit(code)

    def write(self) -> None:
        """Let it write, and return when it has."""
        os.write(self.to_it, b"!")
        if os.read(self.from_it, 1) == b"":
            raise Refused("The past of the shop could not be written, for the reason above.")

    def end(self) -> None:
        """Send it home, if it is still there."""
        os.close(self.to_it)
        os.close(self.from_it)
        # Who keeps the desk running may have seen it end: then the number may be somebody else's by now.
        with suppress(ChildProcessError):
            if os.waitpid(self.pid, os.WNOHANG) == (0, 0):
                os.kill(self.pid, signal.SIGTERM)
                os.waitpid(self.pid, 0)


def _tell(
    now: datetime,
    language: str,
    *,
    may_write: Callable[[], bool],
    is_written: Callable[[], object],
) -> None:
    import django

    django.setup()
    from dangol.showcase import rows
    from dangol.showcase.press import PressNextDoor
    from dangol.showcase.segments import draw_segments
    from dangol.showcase.story import tell_story
    from dangol.showcase.wishes import play_wishes

    packed = tell_story(now, language, PressNextDoor())
    if may_write():
        rows.write(packed)
        play_wishes(now)
        draw_segments(language, now)
        is_written()
        rows.make_findable(packed)


def _opening(story: _Storyteller | None, language: str) -> Callable[[], None]:
    """What happens between the tables and the first visitor."""

    def open_shop() -> None:
        from dangol.business.models import Business

        if story is not None:
            _load_pages()
            story.write()
        elif not Business.objects.exists():  # ended the last time before it was open
            _tell(datetime.now(UTC), language, may_write=lambda: True, is_written=lambda: None)

    return open_shop


def _load_pages() -> None:
    # What serving takes, loaded while the story is still being told.
    from django.core.wsgi import get_wsgi_application
    from django.template.loader import get_template
    from django.urls import get_resolver

    for name in ("uvicorn.lifespan.on", "uvicorn.loops.auto", "uvicorn.protocols.http.auto", "a2wsgi"):
        import_module(name)
    get_resolver().url_patterns  # noqa: B018
    get_wsgi_application()
    for name in ("desk/today.html", "desk/inbox.html"):
        get_template(name)


def _welcome(address: str) -> str:
    from django.utils import translation
    from django.utils.translation import gettext as _

    from dangol.business.queries import current_business
    from dangol.showcase.entrance import entrance_path
    from dangol.staff.models import Role, Staff

    owner = Staff.objects.filter(role=Role.OWNER, is_active=True).order_by("pk").first()
    business = current_business()
    with translation.override(business.language):
        lines = [_("%(business)s is open at %(address)s") % {"business": business.name, "address": address}]
        if owner:
            come_in = _("Come in as %(name)s, who owns it:") % {"name": owner.name}
            lines += ["", come_in, f"  {address}{entrance_path(owner)}"]
        lines += [
            "",
            _("Answer somebody in the inbox. Ten seconds later the mail is in “What they got”,"),
            _("and soon the customer writes back. New mail keeps coming while this runs."),
            _("Nothing leaves this machine. Ctrl-C closes the shop."),
        ]
    return "\n".join(lines)


def _visitors() -> "Loop":
    from dangol.kernel.loops import Loop
    from dangol.showcase.visitors import Visitors

    visitors = Visitors()
    return Loop("visitors", visitors.turn, rest_seconds=1, prepare=visitors.come_in)


def _surround(folder: Path) -> None:
    for name in list(os.environ):
        if name == "DATABASE_URL" or (name.startswith("DANGOL_") and name not in _PASSED_ON):
            del os.environ[name]
    os.environ["DANGOL_DATA"] = str(folder)
    os.environ["DANGOL_DEMO"] = "1"
    os.environ["DJANGO_SETTINGS_MODULE"] = "dangol.settings"


def _kept(folder: Path) -> Path:
    folder = folder.expanduser().resolve()
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise Refused(f"{folder} holds something that is no demo. Choose an empty folder with --keep.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
