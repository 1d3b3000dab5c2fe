from django.db import models

from dangol.search.fields import ContentField, RefField


class IndexedText(models.Model):
    """One text that can be found, of one kind. Read and written by `dangol.search.index` alone."""

    ref = RefField(primary_key=True)
    content = ContentField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self._meta.db_table} {self.ref}"


class MessageText(IndexedText):
    """The words of a message."""

    class Meta(IndexedText.Meta):
        db_table = "search_message"


class ConversationText(IndexedText):
    """The subject of a conversation."""

    class Meta(IndexedText.Meta):
        db_table = "search_conversation"


class CustomerText(IndexedText):
    """The names and addresses of a customer."""

    class Meta(IndexedText.Meta):
        db_table = "search_customer"


TABLES: dict[str, str] = {
    "message": MessageText._meta.db_table,
    "conversation": ConversationText._meta.db_table,
    "customer": CustomerText._meta.db_table,
}
"""Where the texts of a kind are. A new kind is a model here and `make_index` of its table in a migration."""
