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
