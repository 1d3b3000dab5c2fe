"""When mail came into the mailboxes: the last one, and how many in each hour."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from django.db.models import CharField, Count, OuterRef, Subquery
from django.db.models.expressions import Func

from dangol.channels.models import Mailbox, Raw


class HourInUtc(Func):
    """The hour of an instant as text ("2026-11-25 17"). By the database: Django's own calls Python for each row."""

    output_field = CharField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, tuple[str | int, ...]]:
        """Instants are stored as text, in UTC."""
        return self.as_sql(compiler, connection, template="substr(%(expressions)s, 1, 13)")

    def as_postgresql(
        self, compiler: Any, connection: Any, **context: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        """Written out as SQLite keeps it."""
        template = "to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24')"
        return self.as_sql(compiler, connection, template=template)


def mailboxes_with_last_mail() -> list[Mailbox]:
    """Every mailbox in use, with its channel and `last_mail_at`: of what came in live, None where nothing did."""
    live = Raw.objects.filter(channel=OuterRef("pk"), is_silent=False)
    newest = live.order_by("-received_at").values("received_at")[:1]
    rows = Mailbox.objects.filter(channel__is_active=True).select_related("channel", "oauth")
    return list(rows.annotate(last_mail_at=Subquery(newest)).order_by("pk"))


def mails_by_hour(channels: Collection[int], *, since: datetime) -> dict[int, dict[int, int]]:
    """For each channel, how many mails came in live in each hour since 1970, from the instant on.

    One query for all, over an index that holds all that it asks for.
    """
    found: dict[int, dict[int, int]] = {channel: {} for channel in channels}
    if not found:
        return found
    rows = (
        Raw.objects.filter(channel__in=channels, received_at__gt=since, is_silent=False)
        .annotate(hour=HourInUtc("received_at"))
        .values("channel", "hour")
        .annotate(mails=Count("*"))
        .values_list("channel", "hour", "mails")
        .order_by()
    )
    for channel, hour, mails in rows:
        since_1970 = datetime.strptime(hour, "%Y-%m-%d %H").replace(tzinfo=UTC)
        found[channel][int(since_1970.timestamp()) // 3600] = mails
    return found
