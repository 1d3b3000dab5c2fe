"""Reading a mail in a process of its own, with limits on time and memory.

For large mails and for those at which a process died before: whatever they do, they do it there. Neither the mail nor
its files pass through the memory of the process that asks: the mail is read from its file, and files are left in a
folder.
"""

import os
import pickle
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, Final

from dangol.channels.incoming import IncomingAttachment, IncomingMessage, PutAt

SECONDS: Final = 30  # of computing
MOST_SECONDS: Final = 90  # by the clock: the machine may be busy with other things
MEMORY_BYTES: Final = 1024 * 1024 * 1024
_WANT: Final = 75  # EX_TEMPFAIL
SMALL_BYTES: Final = 64 * 1024  # files up to here come back with the message


class ReadingFailed(Exception):
    """The process was stopped at a limit or died; the message is a machine word."""


def read_isolated(
    mail: bytes | IO[bytes], *, is_own: Callable[[str], bool], folder: Path, seconds: float = MOST_SECONDS
) -> IncomingMessage:
    """What `parse` makes of the mail (its bytes, or a file with them), made in a child process.

    Larger attachments are put into `folder` and say where (`put_at`). Raises ReadingFailed when that did not end well.
    """
    given: dict[str, Any] = {"input": mail} if isinstance(mail, bytes) else {"stdin": mail}
    try:
        child: subprocess.CompletedProcess[bytes] = subprocess.run(  # noqa: S603  our own interpreter and module
            [sys.executable, "-m", __name__, str(folder)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            timeout=seconds,
            check=False,
            **given,
        )
    except subprocess.TimeoutExpired as late:
        raise ReadingFailed("too-slow") from late
    if child.returncode == _WANT:
        # The machine's trouble, not the mail's: it is told apart by its number, as if it had come up here.
        raise OSError(int(child.stderr.rpartition(b"errno ")[2] or 0), "no room for the files of a mail")
    if child.returncode != 0:
        raise ReadingFailed("too-large" if b"MemoryError" in child.stderr else f"died-{child.returncode}")
    incoming: IncomingMessage = pickle.loads(child.stdout)  # noqa: S301  written by our own child
    if incoming.message_id and is_own(incoming.message_id):
        return replace(incoming, automatic="own", no_answer="own")
    return incoming


def main() -> None:
    """The child: mail on standard input, a pickled IncomingMessage on standard output, files into a folder."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    from dangol.channels.email.parse import parse

    message = parse(sys.stdin.buffer.read())
    folder = Path(sys.argv[1])
    try:
        files = tuple(_put(file, folder / str(number)) for number, file in enumerate(message.attachments))
    except OSError as failure:
        sys.stderr.write(f"errno {failure.errno}")
        sys.exit(_WANT)
    sys.stdout.buffer.write(pickle.dumps(replace(message, attachments=files)))


def _put(file: IncomingAttachment, path: Path) -> IncomingAttachment:
    if file.size <= SMALL_BYTES:
        return file
    path.write_bytes(file.content)
    return replace(file, content=b"", put_at=PutAt(str(path), file.sha256, file.size))


if __name__ == "__main__":
    main()
