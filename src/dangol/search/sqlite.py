# ruff: noqa: S608 (the names of tables come from models.TABLES, everything else is a parameter)
"""The index on SQLite: a table of packed texts, and an FTS5 table beside it that holds only their tokens.

FTS5 walks its lists from the newest row backwards and stops at the limit, so that a common word costs no more than a
rare one. The exception is a word that may go on: FTS5 first merges the lists of all words that begin so.
"""

from collections.abc import Sequence

from django.db import connection
from django.db.backends.utils import CursorWrapper

from dangol.search.packing import pack, unpack
from dangol.search.words import Term, token_text

PROBE = 2_000
"""Texts that are read before FTS5 has to gather all that begins so: about 20 ms."""
_END = 2**63 - 1


def put(table: str, entries: Sequence[tuple[int, str]]) -> None:
    """Insert or replace texts, given in their plain form. Ids ascend and occur once."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT max(ref) FROM {table}")
        (highest,) = cursor.fetchone()
        if highest is None:
            # Whoever empties the table (a test, a restore) does not know of the words beside it.
            cursor.execute(f"INSERT INTO {table}_fts({table}_fts) VALUES('delete-all')")
        elif entries[0][0] <= highest:
            remove(table, [ref for ref, _ in entries])
        cursor.executemany(
            f"INSERT INTO {table}(ref, content) VALUES(%s, %s)", [(ref, pack(text)) for ref, text in entries]
        )
        cursor.executemany(
            f"INSERT INTO {table}_fts(rowid, tokens) VALUES(%s, %s)",
            [(ref, token_text(text)) for ref, text in entries],
        )


def remove(table: str, refs: Sequence[int]) -> None:
    """Take texts out of the index and of the table."""
    marks = ", ".join(["%s"] * len(refs))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT ref, content FROM {table} WHERE ref IN ({marks}) ORDER BY ref", refs)
        old = [(ref, token_text(unpack(content))) for ref, content in cursor.fetchall()]
        # FTS5 finds what it has to forget by being told the very words again.
        cursor.executemany(
            f"INSERT INTO {table}_fts({table}_fts, rowid, tokens) VALUES('delete', %s, %s)", old
        )
        cursor.execute(f"DELETE FROM {table} WHERE ref IN ({marks})", refs)


def tidy(table: str, pages: int) -> bool:
    """Merge up to so many pages of the index's pieces into one; whether there may be more to do.

    Removed words are covered up at once, and leave the file when their piece is merged.
    """
    with connection.cursor() as cursor:
        before = _changes(cursor)
        # A negative number takes in pieces that are not due yet; FTS5 then goes on with what has begun.
        cursor.execute(f"INSERT INTO {table}_fts({table}_fts, rank) VALUES('merge', %s)", [-pages])
        return _changes(cursor) - before >= 2


def find(table: str, terms: Sequence[Term], limit: int, before: int | None) -> list[int]:
    """The newest ids whose texts match every term."""
    if any(term.is_open for term in terms):
        found = _probe(table, terms, limit, before)
        if found is not None:
            return found
    query, values = _newest(table, terms, before, limit)
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return [ref for ref, _ in cursor.fetchall()]


def _probe(table: str, terms: Sequence[Term], limit: int, before: int | None) -> list[int] | None:
    """The answer, if reading the newest texts is enough to know it. Otherwise what is asked for is not that common,
    and the lists that FTS5 has to merge are not that long."""
    may_go_on = [term for term in terms if term.is_open]
    query, values = _newest(table, [term for term in terms if not term.is_open], before, PROBE)
    found: list[int] = []
    read = 0
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        for ref, content in cursor:
            read += 1
            text = unpack(content)
            if all(term.occurs_in(text) for term in may_go_on):
                found.append(ref)
                if len(found) == limit:
                    return found
    return found if read < PROBE else None


def _newest(table: str, terms: Sequence[Term], before: int | None, limit: int) -> tuple[str, list[str | int]]:
    """A query, and its values, for ids and packed texts that match, newest first."""
    end = _END if before is None else before
    if not terms:
        return f"SELECT ref, content FROM {table} WHERE ref < %s ORDER BY ref DESC LIMIT %s", [end, limit]
    query = (
        # CROSS JOIN keeps SQLite to this order. The join drops what the table no longer has.
        f"SELECT ref, content FROM {table}_fts CROSS JOIN {table} ON ref = {table}_fts.rowid "
        f"WHERE {table}_fts MATCH %s AND {table}_fts.rowid < %s ORDER BY {table}_fts.rowid DESC LIMIT %s"
    )
    return query, [" AND ".join(map(_expression, terms)), end, limit]


def _expression(term: Term) -> str:
    # Tokens are letters and digits alone, so nothing in them can end the quotes.
    return f'"{" ".join(term.tokens)}"{"*" if term.is_open else ""}'


def _changes(cursor: CursorWrapper) -> int:
    cursor.execute("SELECT total_changes()")
    (changes,) = cursor.fetchone()
    return int(changes)
