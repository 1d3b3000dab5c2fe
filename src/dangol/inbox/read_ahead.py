"""Mail of an import, read in processes beside the one that files it: reading is most of the work."""

import hashlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from dangol.channels.incoming import IncomingAttachment, IncomingMessage, PutAt

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
    processes = min(os.cpu_count() or 1, MOST_PROCESSES)
    chunks = _chunks(messages)
    under_way: deque[tuple[list[Named], Future[list[Read | None]]]] = deque()
    pool = _pool(processes)
    try:
        while True:
            for chunk in islice(chunks, 2 * processes + 2 - len(under_way)):
                under_way.append((chunk, _submit(pool, chunk)))
            if not under_way:
                return
            chunk, future = under_way.popleft()
            try:
                read = future.result()
            except BrokenProcessPool:
                # What else was under way died with it, and nobody knows which mail it was.
                pool.shutdown(wait=False)
                pool = _pool(processes)
                unread = [chunk, *(waiting for waiting, _ in under_way)]
                under_way.clear()
                yield [ReadMail(name, content) for each in unread for name, content in each]
            else:
                yield [
                    ReadMail(name, content, *(one or ()))
                    for (name, content), one in zip(chunk, read, strict=True)
                ]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _submit(pool: ProcessPoolExecutor, chunk: list[Named]) -> Future[list[Read | None]]:
    try:
        return pool.submit(_read, chunk)
    except BrokenProcessPool as failure:  # it broke since the last result: heard of in its turn
        broken: Future[list[Read | None]] = Future()
        broken.set_exception(failure)
        return broken


def _pool(processes: int) -> ProcessPoolExecutor:
    # Not forked: a child must not share this process's connection to the database.
    return ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), initializer=_begin)


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is for the process that files
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import django

    django.setup()


def _end_with_parent() -> None:
    """Readers wait for work on a pipe that they hold open themselves: nothing tells them that nobody is left."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


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
