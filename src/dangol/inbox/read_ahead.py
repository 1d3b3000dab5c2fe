"""Mail of an import, read in processes beside the one that files it: reading is most of the work."""

import contextlib
import hashlib
import logging
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import Final

from dangol.channels.incoming import IncomingAttachment, IncomingMessage, PutAt

log = logging.getLogger(__name__)

CHUNK: Final = 25  # mails that go to a process together
CHUNK_BYTES: Final = 4 * 1024 * 1024
LARGE_BYTES: Final = 2 * 1024 * 1024  # larger ones are left to the intake, which reads them within limits
MOST_PROCESSES: Final = 4

Named = tuple[str, bytes]
Read = tuple[str, dict[str, object], IncomingMessage]


@dataclass(frozen=True)
class ReadMail:
    """A mail as it came, the values of its raw row, and what it says; None where the intake has to find out."""

    name: str
    content: bytes
    key: str = ""
    fields: dict[str, object] | None = None
    incoming: IncomingMessage | None = None


def read_ahead(messages: Iterable[Named]) -> Iterator[list[ReadMail]]:
    """The messages in their order, in small batches, each mail read and its files stored.

    Only so many are read ahead that memory stays flat. A batch at which a process died comes back unread.
    """
    most = (
        min(os.cpu_count() or 1, MOST_PROCESSES) + 1
    )  # one may have read while what it read waits to be filed
    readers: list[Reader] = []
    under_way: deque[Reader] = deque()
    try:
        for chunk in _chunks(messages):
            done = None
            if len(readers) < most:
                reader = Reader()
                readers.append(reader)
            else:
                reader = under_way.popleft()
                done = reader.result()
            reader.begin(chunk)  # before what was read is filed: it reads meanwhile
            under_way.append(reader)
            if done is not None:
                yield done
        while under_way:
            yield under_way.popleft().result()
    finally:
        for reader in readers:
            reader.end()


class Reader:
    """A process that reads one chunk at a time, over a pipe of its own.

    When it dies the pipe says so, also in the middle of an answer. Processes that share a queue leave the others, and
    who waits for them, standing still then.
    """

    def __init__(self) -> None:
        self.chunk: Sequence[Named] = ()
        self._start()

    def begin(self, chunk: Sequence[Named]) -> None:
        """Have it read. It must have answered to the one before."""
        self.chunk = chunk
        try:
            self.line.send(chunk)
        except OSError:  # it died while it had nothing to do
            self._start()
            with contextlib.suppress(OSError):  # `result` will say
                self.line.send(chunk)

    def result(self) -> list[ReadMail]:
        """What it has read, when it is ready; as unread where it died over it or could not."""
        read: Sequence[Read | None] | None = None
        try:
            read = self.line.recv()
        except (EOFError, OSError):
            log.warning("reading ahead: a process died, %d mails are read here", len(self.chunk))
            self._start()
        ones = [None] * len(self.chunk) if read is None else read
        return [
            ReadMail(name, content, *(one or ()))
            for (name, content), one in zip(self.chunk, ones, strict=True)
        ]

    def end(self) -> None:
        """It goes when it is through with what it has begun."""
        self.line.close()

    def _start(self) -> None:
        # Not forked: a child must not share this process's connection to the database.
        context = multiprocessing.get_context("spawn")
        self.line, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()  # so that only the process itself holds it


def _serve(line: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is for the process that files
    import django

    django.setup()
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):  # nobody is left to read for
        while True:
            chunk = line.recv()
            try:
                read = _read(chunk)
            except Exception as failure:
                log.warning("reading ahead: %s, read again where it is filed", type(failure).__name__)
                read = None
            line.send(read)


def _read(chunk: list[Named]) -> list[Read | None]:
    from dangol.channels.email.parse import parse
    from dangol.channels.models import Raw
    from dangol.inbox.threading import is_own_message_id

    done: list[Read | None] = []
    for _name, content in chunk:
        if len(content) > LARGE_BYTES:
            done.append(None)
            continue
        incoming = parse(content, is_own=is_own_message_id)
        incoming = replace(incoming, attachments=tuple(map(_kept, incoming.attachments)))
        done.append((hashlib.sha256(content).hexdigest(), Raw.fields_for(content), incoming))
    return done


def _kept(file: IncomingAttachment) -> IncomingAttachment:
    """The file stored, so that the disk is waited for here; its bytes need not travel to where it is filed."""
    from dangol.kernel.files import keep_file

    return replace(file, content=b"", put_at=PutAt("", keep_file(file.content), file.size))


def _chunks(messages: Iterable[Named]) -> Iterator[list[Named]]:
    chunk: list[Named] = []
    size = 0
    for name, content in messages:
        if chunk and (len(chunk) == CHUNK or size + len(content) > CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append((name, content))
        size += len(content)
    if chunk:
        yield chunk
