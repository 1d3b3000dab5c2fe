# ruff: noqa: S608 (the names of tables come from models.TABLES, everything else is a parameter)
"""The index on PostgreSQL: a table of tsvectors made from our own tokens, and a GIN index on it.

GIN gives all rows that match and no order, so a common word would mean sorting most of the table for its newest fifty
rows. Therefore the newest rows are looked at first, without the index: what is common is there.

A tsvector remembers 255 places of a token: in a text that repeats one more often, a phrase is found up to there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.backends.utils import CursorWrapper

from dangol.search.words import Term, tokens

PROBE, FIRST_LOOK = 8_000, 400
"""Rows that are read, at some 8 µs each, before the index is asked; and those that show whether that may be enough."""
_END = 2**63 - 1


def put(table: str, entries: Sequence[tuple[int, str]]) -> None:
    """Insert or replace texts, given in their plain form. Ids occur once."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table}(ref, content) SELECT ref, words::tsvector"
            " FROM unnest(%s::bigint[], %s::text[]) AS given(ref, words)"
            " ON CONFLICT (ref) DO UPDATE SET content = EXCLUDED.content",
            [[ref for ref, _ in entries], [_vector(text) for _, text in entries]],
        )


def remove(table: str, refs: Sequence[int]) -> None:
    """Take texts out of the index."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE ref = ANY(%s)", [list(refs)])


def tidy(table: str, pages: int) -> bool:
    """Nothing to do: autovacuum does it."""
    return False


def find(table: str, terms: Sequence[Term], limit: int, before: int | None) -> Iterator[int]:
    """The newest ids whose texts match every term, as they are found."""
    end = _END if before is None else before
    query = " & ".join(map(_expression, terms))
    found, most = 0, min(FIRST_LOOK, PROBE)
    with connection.cursor() as cursor:
        for _ in range(2):
            rows = _newest(cursor, table, query, end, most, limit - found)
            end, read = rows.reached, rows.read
            yield from rows.matching
            found += len(rows.matching)
            if found == limit or read < most:
                return
            # As many more as the rest should be among, and some to spare; if that is too many, the index is quicker.
            most = read * (limit - found) * 3 // (2 * found) if found else PROBE + 1
            if most > PROBE:
                break
        cursor.execute(
            f"WITH matching AS MATERIALIZED (SELECT ref FROM {table} WHERE content @@ %s::tsquery AND ref < %s)"
            " SELECT ref FROM matching ORDER BY ref DESC LIMIT %s",
            [query, end, limit - found],
        )
        yield from (ref for (ref,) in cursor.fetchall())


@dataclass(frozen=True)
class _Read:
    matching: list[int]
    read: int
    reached: int


def _newest(cursor: CursorWrapper, table: str, query: str, end: int, most: int, limit: int) -> _Read:
    """What matches among so many rows below `end`; how many there were, and the lowest of them."""
    cursor.execute(
        f"WITH newest AS MATERIALIZED (SELECT ref, content @@ %s::tsquery AS matches FROM {table}"
        " WHERE ref < %s ORDER BY ref DESC LIMIT %s)"
        " SELECT count(*), coalesce(min(ref), %s),"
        " coalesce((array_agg(ref ORDER BY ref DESC) FILTER (WHERE matches))[:%s], '{}') FROM newest",
        [query, end, most, end, limit],
    )
    read, reached, matching = cursor.fetchone()
    return _Read(matching, read, reached)


def count_up_to(table: str, terms: Sequence[Term], limit: int) -> int:
    """How many texts match every term, or `limit`. Any of them will do, so that none needs sorting."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM (SELECT FROM {table} WHERE content @@ %s::tsquery LIMIT %s) AS matching",
            [" & ".join(map(_expression, terms)), limit],
        )
        (count,) = cursor.fetchone()
        return int(count)


def _vector(plain_text: str) -> str:
    """The tokens with their positions as the text form of a tsvector."""
    return " ".join([f"'{token}':{position}" for position, token in enumerate(tokens(plain_text), start=1)])


def _expression(term: Term) -> str:
    # Tokens are letters and digits alone, so nothing in them can end the quotes.
    words = " <-> ".join(f"'{token}'" for token in term.tokens)
    return f"({words}{':*' if term.is_open else ''})"
