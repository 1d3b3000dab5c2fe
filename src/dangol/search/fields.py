"""Columns that differ between the databases."""

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class RefField(models.BigIntegerField):  # type: ignore[type-arg]
    """The id of the thing whose text this is; on SQLite the row's own number, so that it needs no second index."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        """The column's type on this database."""
        return "integer" if connection.vendor == "sqlite" else "bigint"


class ContentField(models.Field):  # type: ignore[type-arg]
    """What the index must remember of a text: its tokens (PostgreSQL), or the packed text beside the index (SQLite)."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        """The column's type on this database."""
        return "tsvector" if connection.vendor == "postgresql" else "blob"
