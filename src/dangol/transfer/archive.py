"""The file that a backup is: a compressed tar whose last member says what all the others must be.

    dangol.json                      what this is: format, version, migrations, counts
    secret.key                       the installation's key
    tables/<label>/000001.jsonl      rows of a table, a JSON array each
    files/ab/cd/<sha256>             what is kept as files
    sums.json                        SHA-256 of each member, numbers of rows and files

Written and read in one go from front to back, a few megabytes at a time. Without `sums.json` it is not whole.
"""

import contextlib
import gzip
import hashlib
import io
import json
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any, Final

from dangol.kernel.errors import Refused

FORMAT: Final = 1
HEAD: Final = "dangol.json"
SUMS: Final = "sums.json"
TABLES: Final = "tables"
FILES: Final = "files"
COMPRESSION: Final = 3  # twice as quick as 6, and a twentieth larger
CHUNK: Final = 1024 * 1024
MOST_IN_MEMORY: Final = (
    256 * 1024 * 1024
)  # no member but a file is near this: a longer one is no backup of ours


class Damaged(Refused):
    message = (
        "This backup is damaged or cut off. Nothing was changed. Take another one, or copy it here again."
    )


class NotABackup(Refused):
    message = "This is not a backup of Dangol. Name a file that `dangol backup` has made."


class Writer:
    """Adds members; `close` writes the sums. Whatever is not closed is not whole."""

    def __init__(self, out: IO[bytes], head: dict[str, Any]) -> None:
        self._sums: dict[str, str] = {}
        self._packed = gzip.GzipFile(filename="", fileobj=out, mode="wb", compresslevel=COMPRESSION, mtime=0)
        self._tar = tarfile.open(fileobj=self._packed, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115
        self.add(HEAD, json.dumps(head, indent=1).encode())

    def add(self, name: str, content: bytes) -> None:
        """A member of which the content is at hand."""
        self._sums[name] = hashlib.sha256(content).hexdigest()
        self._write(name, len(content), io.BytesIO(content))

    def add_file(self, name: str, size: int, file: IO[bytes]) -> str:
        """A member that is read from an open file; returns its sum. One that is named by it needs no line for it."""
        reading = _Summing(file)
        self._write(name, size, reading)
        if not name.endswith(f"/{reading.sum}"):
            self._sums[name] = reading.sum
        return reading.sum

    def close(self, **counts: Any) -> None:
        """Write the sums and what was counted, and end the file."""
        content = json.dumps({"members": self._sums, **counts}).encode()
        self._write(SUMS, len(content), io.BytesIO(content))
        self._tar.close()
        self._packed.close()

    def _write(self, name: str, size: int, file: Any) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = size, 0o600
        try:
            self._tar.addfile(entry, file)
        except OSError as failure:
            if failure.errno is None:  # tarfile's own word for a file that is shorter than it was
                raise Refused(f"{name} changed while it was read. Make the backup again.") from failure
            raise
        self._tar.members = []  # type: ignore[attr-defined]  # else it remembers every file for ever


@dataclass
class Member:
    """Something in the archive, to be read before the next one."""

    name: str
    size: int
    file: "_Summing"

    def content(self) -> bytes:
        """All of it."""
        if self.size > MOST_IN_MEMORY:
            raise Damaged
        return self.file.read(-1)


@dataclass
class Reader:
    """Reads an archive once. What it handed out counts only after `check` has found every sum right."""

    archive: IO[bytes]
    head: dict[str, Any] = field(init=False)
    sums: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        self._met: dict[str, str] = {}
        self._members = self._read()
        with in_words(NotABackup):
            first = next(self._members, None)
        if first is None or first.name != HEAD:
            raise NotABackup
        try:
            self.head = json.loads(first.content())
        except ValueError as failure:
            raise Damaged from failure

    def members(self) -> Iterator[Member]:
        """What comes behind the head, in order, without the sums. Raises Damaged."""
        with in_words(Damaged):
            yield from self._members

    def check(self) -> dict[str, Any]:
        """What was counted at the end of the writing. Raises Damaged unless every member is what it was then."""
        if self.sums is None or self.sums["members"] != self._met:
            raise Damaged
        return self.sums

    def _read(self) -> Iterator[Member]:
        packed = gzip.GzipFile(fileobj=self.archive, mode="rb")
        with tarfile.open(fileobj=packed, mode="r|", bufsize=CHUNK) as tar:
            for entry in tar:
                tar.members = []  # type: ignore[attr-defined]
                file = tar.extractfile(entry)
                if file is None:
                    raise Damaged
                if entry.name == SUMS:
                    self._read_sums(Member(entry.name, entry.size, _Summing(file)))
                    return
                reading = _Summing(file)
                yield Member(entry.name, entry.size, reading)
                while reading.read(CHUNK):
                    pass
                if not entry.name.endswith(f"/{reading.sum}"):
                    self._met[entry.name] = reading.sum

    def _read_sums(self, member: Member) -> None:
        try:
            self.sums = json.loads(member.content())
        except ValueError as failure:
            raise Damaged from failure


class _Summing:
    """Passes on what is read and sums it up."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        found = self._file.read(size)
        self._digest.update(found)
        return found

    @property
    def sum(self) -> str:
        return self._digest.hexdigest()


@contextlib.contextmanager
def in_words(refusal: type[Refused]) -> Iterator[None]:
    """Whatever shows, while an archive is read, that it is not what was written, as this refusal."""
    try:
        yield
    except (EOFError, tarfile.TarError, zlib.error, gzip.BadGzipFile) as failure:
        raise refusal from failure
