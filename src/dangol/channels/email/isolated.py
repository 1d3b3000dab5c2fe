"""Reading a mail in a process of its own, with limits on time and memory.

For large mails and for those at which a process died before: whatever they do, they do it there.
"""

import os
import pickle
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from dangol.channels.incoming import IncomingMessage

SECONDS: Final = 30
MEMORY_BYTES: Final = 1024 * 1024 * 1024


class ReadingFailed(Exception):
    """The process was stopped at a limit or died; the message is a machine word."""


def read_isolated(
    content: bytes, *, is_own: Callable[[str], bool], seconds: float = SECONDS
) -> IncomingMessage:
    """What `parse` makes of the bytes, made in a child process. Raises ReadingFailed when that did not end well."""
    try:
        child = subprocess.run(  # noqa: S603  our own interpreter and module
            [sys.executable, "-m", __name__],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            input=content,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise ReadingFailed("too-slow") from late
    if child.returncode != 0:
        raise ReadingFailed("too-large" if b"MemoryError" in child.stderr else f"died-{child.returncode}")
    incoming: IncomingMessage = pickle.loads(child.stdout)  # noqa: S301  written by our own child
    if incoming.message_id and is_own(incoming.message_id):
        return replace(incoming, automatic="own", no_answer="own")
    return incoming


def main() -> None:
    """The child: mail on standard input, a pickled IncomingMessage on standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    from dangol.channels.email.parse import parse

    sys.stdout.buffer.write(pickle.dumps(parse(sys.stdin.buffer.read())))


if __name__ == "__main__":
    main()
