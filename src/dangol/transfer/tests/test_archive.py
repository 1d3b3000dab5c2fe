"""An archive is whole, or it is refused."""

import contextlib
import gzip
import io

import pytest

from dangol.kernel.errors import Refused
from dangol.transfer.archive import FORMAT, Damaged, NotABackup, Reader, Writer

DIGEST = "a591a6d40bf420404a011733cfb7b190d62c65bf0bcda32b57b277d9ad9f146e"  # of "Hello World"


def archive() -> bytes:
    out = io.BytesIO()
    writer = Writer(out, {"format": FORMAT})
    writer.add("tables/one.two/000001.jsonl", b'[1,"\xec\x95\x88\xeb\x85\x95"]' * 500)
    writer.add_file(f"files/a5/91/{DIGEST}", 11, io.BytesIO(b"Hello World"))
    writer.add_file("files/other", 3, io.BytesIO(b"abc"))
    writer.close(rows={"one.two": 1})
    return out.getvalue()


def read(content: bytes) -> dict[str, bytes]:
    reader = Reader(io.BytesIO(content))
    found = {member.name: member.content() for member in reader.members()}
    assert reader.check()["rows"] == {"one.two": 1}
    return found


def test_what_was_written_is_read():
    found = read(archive())

    assert found[f"files/a5/91/{DIGEST}"] == b"Hello World"
    assert found["files/other"] == b"abc"
    assert len(found) == 3


def test_one_that_is_cut_anywhere_is_refused():
    whole = archive()
    sums = len(whole) - 9  # behind the last member only the end of the compression
    for length in range(0, sums, 7):
        with pytest.raises(Refused):
            read(whole[:length])


def test_one_in_which_any_byte_changed_is_refused_or_the_same():
    whole = archive()
    right = read(whole)
    for place in range(0, len(whole) - 8):
        changed = whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :]
        with contextlib.suppress(Refused):
            assert read(changed) == right, place


def test_a_file_that_is_not_what_its_name_says_is_refused():
    tar = gzip.decompress(archive()).replace(b"Hello World", b"Hello Warld")

    with pytest.raises(Damaged):
        read(gzip.compress(tar))


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\3\4", b"SQLite format 3\0" * 9, gzip.compress(b"words" * 500, mtime=0)],
    ids=["nothing", "zip", "sqlite", "gzip"],
)
def test_what_is_no_backup_is_refused_as_such(content: bytes):
    with pytest.raises(NotABackup):
        read(content)
