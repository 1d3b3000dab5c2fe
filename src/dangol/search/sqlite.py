# ruff: noqa: S608 (the names of tables come from models.TABLES, everything else is a parameter)
"""The index on SQLite: a table of packed texts, and an FTS5 table beside it that holds only their tokens.

FTS5 walks its lists from the newest row backwards and stops at the limit, so that a common word costs no more than a
rare one. The exception is a word that may go on: FTS5 first merges the lists of all words that begin so. Therefore few
such words are looked up and asked for one by one; and when they are many, so are their texts, and some of the newest
will do.
"""

from collections.abc import Iterator, Sequence

from django.db import connection
from django.db.backends.utils import CursorWrapper

from dangol.search.packing import pack, unpack
from dangol.search.words import Term, token_text

MOST_ENDINGS = 64
"""Words with the same beginning that are asked for one by one."""
PROBE, PROBE_A_HIT = 2_000, 5
"""Texts that are read, at some 15 µs each, before FTS5 has to merge the lists of more words than that."""
_FIRST_LOOK = 200
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


def find(
    table: str, terms: Sequence[Term], limit: int, before: int | None, until: float | None = None
) -> Iterator[int]:
    """The newest ids whose texts match every term, as they are found. The time limit of the connection is for all."""
    end = _END if before is None else before
    narrow: list[str] = []
    wide: list[Term] = []
    with connection.cursor() as cursor:
        for term in terms:
            endings = _endings(cursor, table, term)
            if endings is None:
                wide.append(term)
            elif endings:
                narrow.append(" OR ".join(_quote(*term.tokens[:-1], ending) for ending in endings))
            else:
                return
        if wide:
            newest = _Newest(table, narrow, wide, limit, end)
            yield from newest.matching()
            if newest.is_enough:
                return
            narrow += [_quote(*term.tokens) + "*" for term in wide]
            end, limit = newest.reached, limit - newest.found
        cursor.execute(*_newest(table, narrow, end, limit))
        for ref, _ in cursor:
            yield ref


def count_up_to(table: str, terms: Sequence[Term], limit: int) -> int:
    """How many texts match every term, or `limit`."""
    return sum(1 for _ in find(table, terms, limit, None))


def _endings(cursor: CursorWrapper, table: str, term: Term) -> list[str] | None:
    """The words that the last word of the term stands for. None: more than MOST_ENDINGS."""
    last = term.tokens[-1]
    if not term.is_open:
        return [last]
    # Each step jumps to the first word behind the one before; the list itself has a row for every place of a word.
    next_word = f"SELECT term FROM {table}_terms WHERE term >= %s LIMIT 1"
    cursor.execute(
        f"WITH RECURSIVE found(term) AS (SELECT ({next_word}) UNION ALL"
        f" SELECT ({next_word.replace('%s', 'found.term || char(1)')}) FROM found WHERE found.term < %s)"
        " SELECT term FROM found WHERE term < %s LIMIT %s",
        [last, f"{last}\U0010ffff", f"{last}\U0010ffff", MOST_ENDINGS + 1],
    )
    endings = [word for (word,) in cursor.fetchall()]
    return endings if len(endings) <= MOST_ENDINGS else None


class _Newest:
    """The newest texts, read one by one: whether they are the answer, and otherwise how far they were read.

    They are when what is asked for is common. If it is not, the lists that FTS5 has to merge are not that long.
    """

    def __init__(self, table: str, narrow: Sequence[str], wide: Sequence[Term], limit: int, end: int) -> None:
        self.most = max(PROBE, PROBE_A_HIT * limit)
        self.query = _newest(table, narrow, end, self.most)
        self.wide, self.limit = wide, limit
        self.reached, self.found, self.is_enough = end, 0, False

    def matching(self) -> Iterator[int]:
        """The ids of those that match, newest first."""
        read = 0
        with connection.cursor() as cursor:  # its own: leaving the loop early closes it
            cursor.execute(*self.query)
            for ref, content in cursor:
                read += 1
                self.reached = ref
                text = unpack(content)
                if all(term.occurs_in(text) for term in self.wide):
                    self.found += 1
                    yield ref
                    if self.found == self.limit:
                        self.is_enough = True
                        return
                if read % _FIRST_LOOK == 0 and self.found * self.most < self.limit * read:
                    return
        self.is_enough = read < self.most


def _newest(table: str, expressions: Sequence[str], end: int, limit: int) -> tuple[str, list[str | int]]:
    """A query, and its values, for ids and packed texts that match, newest first."""
    if not expressions:
        return f"SELECT ref, content FROM {table} WHERE ref < %s ORDER BY ref DESC LIMIT %s", [end, limit]
    query = (
        # CROSS JOIN keeps SQLite to this order. The join drops what the table no longer has.
        f"SELECT ref, content FROM {table}_fts CROSS JOIN {table} ON ref = {table}_fts.rowid "
        f"WHERE {table}_fts MATCH %s AND {table}_fts.rowid < %s ORDER BY {table}_fts.rowid DESC LIMIT %s"
    )
    return query, [" AND ".join(f"({expression})" for expression in expressions), end, limit]


def _quote(*tokens: str) -> str:
    # Tokens are letters and digits alone, so nothing in them can end the quotes.
    return f'"{" ".join(tokens)}"'


def _changes(cursor: CursorWrapper) -> int:
    cursor.execute("SELECT total_changes()")
    (changes,) = cursor.fetchone()
    return int(changes)
