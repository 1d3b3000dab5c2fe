"""The part of a kind's tables that Django has no word for. For migrations."""

from typing import Any

_SQLITE = (
    # Holds no text (content) and no lengths (columnsize): they would double its size. The words arrive as tokens made
    # by dangol.search.words; the tokenizer `ascii` parts them at spaces and leaves all other letters alone.
    "CREATE VIRTUAL TABLE {table}_fts USING fts5(tokens, content='', columnsize=0, tokenize='ascii')",
    # Bytes of new words that are gathered in memory before they are written: fewer and larger pieces in an import.
    "INSERT INTO {table}_fts({table}_fts, rank) VALUES('hashsize', 4194304)",
    # The words of the index, to look up those with a beginning.
    "CREATE VIRTUAL TABLE {table}_terms USING fts5vocab({table}_fts, instance)",
)
_SPANS = "ARRAY['#14.' || (ref >> 14), '#17.' || (ref >> 17), '#20.' || (ref >> 20)]"
_POSTGRES = ("CREATE INDEX {table}_words ON {table} USING gin (content)",)


def make_index(apps: Any, schema_editor: Any, *, table: str) -> None:
    """Make the index beside a table of texts."""
    for statement in _SQLITE if schema_editor.connection.vendor == "sqlite" else _POSTGRES:
        schema_editor.execute(statement.format(table=table))


def drop_index(apps: Any, schema_editor: Any, *, table: str) -> None:
    """Drop what `make_index` made."""
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute(f"DROP TABLE {table}_terms")
        schema_editor.execute(f"DROP TABLE {table}_fts")
    else:
        schema_editor.execute(f"DROP INDEX {table}_words")


def add_spans(apps: Any, schema_editor: Any, *, table: str) -> None:
    """On PostgreSQL: the spans of ids (`postgres.SPANS`) among the words of each text, and the words beside the id.

    To look for a phrase is to read the words of many texts: out of line, as they were, that takes twice the time.
    """
    connection = schema_editor.connection
    if connection.vendor == "postgresql":
        compression = ", ALTER content SET COMPRESSION lz4" if _has_lz4(connection) else ""
        # One statement writes the table and its index anew, where an update would leave both twice as large.
        schema_editor.execute(
            f"ALTER TABLE {table} ALTER content TYPE tsvector USING content || array_to_tsvector({_SPANS}),"
            f" ALTER content SET STORAGE MAIN{compression}"
        )


def drop_spans(apps: Any, schema_editor: Any, *, table: str) -> None:
    """Take the spans out of the words again."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            f"ALTER TABLE {table} ALTER content TYPE tsvector USING ts_delete(content, {_SPANS})"
        )


def _has_lz4(connection: Any) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 'lz4' = ANY(enumvals) FROM pg_settings WHERE name = 'default_toast_compression'"
        )
        return bool(cursor.fetchone()[0])
