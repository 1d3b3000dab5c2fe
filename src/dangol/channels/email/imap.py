"""Read a mailbox over IMAP and leave it exactly as it was.

The folder is opened with EXAMINE and bodies come by BODY.PEEK: no flag changes, nothing is deleted. How far
one has come is a UID under a UIDVALIDITY, never a flag and never a date. Every wait has an end.
"""

import contextlib
import datetime
import imaplib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, NamedTuple, Self

from imap_tools import BaseMailBox
from imap_tools.errors import ImapToolsError

from dangol.channels.email.imap_answers import FetchData, Listed, messages_in, number_in
from dangol.channels.email.imap_connection import (
    Declined,
    ImapError,
    ImapServer,
    connect,
    sign_in,
    translation,
    words_of,
)
from dangol.channels.email.imap_idle import IdleRefused, idle
from dangol.channels.email.problems import Problem, Trial, login_problem

__all__ = ["Fetched", "FolderState", "Imap", "ImapError", "ImapServer", "try_receiving"]

# RFC 2177 allows 29 minutes; routers forget a silent connection after ten or so, and nobody would notice.
_IDLE_SECONDS = 9 * 60
_WINDOW = 2000  # how many UIDs are listed at once to begin with
_BATCH_BYTES = 8 * 1024 * 1024
_SLICE_BYTES = 256 * 1024  # of a mail that is too large to fetch whole


class FolderState(NamedTuple):
    """The numbering of a folder, and the lowest UID that the next new message can have."""

    uid_validity: int
    uid_next: int


@dataclass(frozen=True)
class Fetched:
    """A message as the server holds it. `internal_date` is when the server received it, in UTC.

    `missing` is None when `raw` is the whole message; `too-large` when only its beginning was fetched (`size`
    says how large it is); `unreadable` when the server lists it but cannot hand it out, and `raw` is empty.
    """

    uid: int
    internal_date: datetime.datetime | None
    raw: bytes
    size: int
    missing: Literal["too-large", "unreadable"] | None = None


class Imap:
    """A signed-in connection, as a context. Every method raises `ImapError` and nothing else.

    with Imap(server) as imap:
        state = imap.select("INBOX")
        for message in imap.fetch_since(last_uid): ...
        imap.wait(600)
    """

    def __init__(self, server: ImapServer) -> None:
        self._server = server
        self._mailbox: BaseMailBox | None = None
        self._folder: str | None = None
        self._validity: int | None = None
        self._next_uid = 0
        self._grants_idle = True

    def __enter__(self) -> Self:
        with self._translated():
            self._mailbox = connect(self._server)
            sign_in(self._mailbox, self._server)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self._mailbox is not None:
            with contextlib.suppress(Exception):
                self._client.sock.settimeout(5)
                self._client.logout()
        self._drop()

    @property
    def has_idle(self) -> bool:
        """Whether the server tells of new mail by itself."""
        return self._grants_idle and "IDLE" in self._client.capabilities

    def select(self, folder: str = "INBOX") -> FolderState:
        """Open a folder for reading only and return how it is numbered.

        A UIDVALIDITY other than the one a cursor was kept under makes that cursor void.
        """
        with self._translated():
            self._folder = folder
            state = self._examine()
        self._validity = state.uid_validity
        return state

    def fetch_since(self, last_uid: int, batch: int = 50, cap: int | None = None) -> Iterator[Fetched]:
        """Every message with a higher UID than `last_uid`, lowest first, also those that arrive meanwhile.

        Bodies are fetched up to `batch` at a time, and of a message larger than `cap` bytes only the beginning.
        A message that is deleted meanwhile is left out. Raises with FOLDER_RENUMBERED when the numbering has
        changed since `select`: what was yielded is right, and the rest must wait for a new `select`.
        """
        upto = last_uid
        while True:
            with self._translated():
                state = self._examine()
                if state.uid_validity != self._validity:
                    raise ImapError(Problem.FOLDER_RENUMBERED)
            if state.uid_next - 1 <= upto:
                return
            for listed in self._listing(upto + 1, state.uid_next - 1):
                yield from self._bodies(listed, batch, cap)
            upto = state.uid_next - 1

    def fetch_one(self, uid: int, cap: int | None = None) -> Fetched | None:
        """One message of the open folder, None when it is gone."""
        with self._translated():
            listed = self._list(uid, uid)
        return next(self._bodies(listed, 1, cap), None)

    def wait(self, seconds: float, poll_every: float = 60) -> bool:
        """Return True as soon as there may be new mail in the open folder, False after `seconds`.

        By IDLE where the server has it (known within a second), else by asking every `poll_every` seconds.
        True is only a hint: `fetch_since` finds out.
        """
        end = time.monotonic() + seconds
        with self._translated():
            while (left := end - time.monotonic()) > 0:
                if self.has_idle:
                    is_news = self._idle(min(left, _IDLE_SECONDS))
                else:
                    time.sleep(min(left, poll_every))
                    known = self._next_uid
                    is_news = self._examine().uid_next > known
                if is_news:
                    return True
        return False

    @property
    def _client(self) -> imaplib.IMAP4:
        if self._mailbox is None:
            raise ImapError(Problem.CONNECTION_LOST)
        return self._mailbox.client

    def _examine(self) -> FolderState:
        if self._folder is None or self._mailbox is None:
            raise ImapError(Problem.PROTOCOL, "no folder is open")
        self._mailbox.folder.set(self._folder, readonly=True)
        validity = number_in(self._client.response("UIDVALIDITY")[1])
        if validity is None:
            raise ImapError(Problem.PROTOCOL, "no UIDVALIDITY")
        uid_next = number_in(self._client.response("UIDNEXT")[1])
        if uid_next is None:
            uid_next = self._highest() + 1
        self._next_uid = uid_next
        return FolderState(validity, uid_next)

    def _highest(self) -> int:
        # Old servers say no UIDNEXT. In an empty folder "*" is an error for some of them.
        if not number_in(self._client.untagged_responses.get("EXISTS", [])):
            return 0
        return max((each.uid for each in messages_in(self._fetch("*", "(UID)"))), default=0)

    def _listing(self, first: int, last: int) -> Iterator[list[Listed]]:
        """What there is between two UIDs, piece by piece: an old folder may have millions, or wide gaps."""
        width = _WINDOW
        while first <= last:
            with self._translated():
                listed = self._list(first, min(first + width - 1, last))
            first += width
            width = width * 4 if len(listed) < _WINDOW // 4 else max(_WINDOW, width // 2)
            if listed:
                yield listed

    def _list(self, first: int, last: int) -> list[Listed]:
        parts = self._fetch(f"{first}:{last}", "(UID RFC822.SIZE INTERNALDATE)")
        found = {each.uid: each for each in messages_in(parts) if first <= each.uid <= last}
        return [found[uid] for uid in sorted(found)]

    def _bodies(self, listed: Sequence[Listed], batch: int, cap: int | None) -> Iterator[Fetched]:
        for group in _groups(listed, batch, cap):
            with self._translated():
                fetched = self._fetch_group(group, cap)
            yield from fetched

    def _fetch_group(self, group: Sequence[Listed], cap: int | None) -> list[Fetched]:
        part = (
            f"BODY.PEEK[]<0.{min(_SLICE_BYTES, cap or _SLICE_BYTES)}>"
            if _is_over(group[0], cap)
            else "BODY.PEEK[]"
        )
        try:
            parts = self._fetch(",".join(str(each.uid) for each in group), f"(UID {part})")
        except Declined as declined:
            if len(group) > 1:
                return [each for one in group for each in self._fetch_group([one], cap)]
            if login_problem("", declined.said) is Problem.SERVER_BUSY:
                raise ImapError(Problem.SERVER_BUSY, declined.said) from declined
            parts = []
        bodies = {each.uid: each.body for each in messages_in(parts) if each.body is not None}
        fetched = (self._fetched(each, bodies.get(each.uid), cap) for each in group)
        return [each for each in fetched if each]

    def _fetched(self, listed: Listed, body: bytes | None, cap: int | None) -> Fetched | None:
        uid, at, size = listed.uid, listed.internal_date, listed.size
        if body or (body is not None and not size):
            return Fetched(uid, at, body, size, "too-large" if _is_over(listed, cap) else None)
        # Listed, and not handed out: it was deleted meanwhile, which a NOOP lets us see, or the server lost it.
        self._client.noop()
        return Fetched(uid, at, b"", size, "unreadable") if self._list(uid, uid) else None

    def _fetch(self, uids: str, what: str) -> FetchData:
        try:
            status, data = self._client.uid("FETCH", uids, what)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            if "command error: BAD" in str(error):
                raise Declined(words_of(str(error))) from error
            raise
        if status != "OK":
            raise Declined(words_of(data))
        return list(data)

    def _idle(self, seconds: float) -> bool:
        try:
            return idle(self._client, seconds)
        except IdleRefused:
            self._grants_idle = False
            return False

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except ImapError as error:
            if error.problem is not Problem.FOLDER_RENUMBERED:
                self._drop()
            raise
        except (OSError, EOFError, ValueError, imaplib.IMAP4.error, ImapToolsError, Declined) as error:
            self._drop()
            raise translation(error) from error

    def _drop(self) -> None:
        mailbox, self._mailbox = self._mailbox, None
        if mailbox is not None:
            with contextlib.suppress(Exception):
                mailbox.client.shutdown()


def try_receiving(server: ImapServer, folder: str = "INBOX") -> Trial:
    """Connect, sign in and open the folder, and say what is wrong. Nothing in the mailbox changes."""
    try:
        with Imap(server) as imap:
            imap.select(folder)
    except ImapError as error:
        return Trial(error.problem, error.detail, server.host)
    return Trial(None, "", server.host)


def _is_over(listed: Listed, cap: int | None) -> bool:
    return cap is not None and listed.size > cap


def _groups(listed: Sequence[Listed], batch: int, cap: int | None) -> Iterator[list[Listed]]:
    """Neighbours to fetch together: not too many, not too large, and a message over the cap alone."""
    group: list[Listed] = []
    size = 0
    for each in listed:
        is_full = len(group) >= batch or size + each.size > _BATCH_BYTES
        if group and (is_full or _is_over(each, cap) or _is_over(group[0], cap)):
            yield group
            group, size = [], 0
        group.append(each)
        size += each.size
    if group:
        yield group
