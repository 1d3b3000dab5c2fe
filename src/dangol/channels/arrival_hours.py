"""When mail came into the mailboxes: the last one, and how many in each hour."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db.models import CharField, Count, OuterRef, Q, Subquery
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
    rows = Mailbox.objects.filter(channel__is_active=True).select_related("channel")
    return list(rows.annotate(last_mail_at=Subquery(newest)).order_by("pk"))


def mails_by_hour(spans: Mapping[int, tuple[datetime, datetime]]) -> dict[int, dict[int, int]]:
    """For each channel, how many mails came in live in each hour since 1970, from the first instant up to the second.

    One query for all, over an index that holds all that it asks for.
    """
    if not spans:
        return {}
    wanted = Q()
    for channel, (start, end) in spans.items():
        wanted |= Q(channel=channel, received_at__gt=start, received_at__lte=end)
    rows = (
        Raw.objects.filter(wanted, is_silent=False)
        .annotate(hour=HourInUtc("received_at"))
        .values("channel", "hour")
        .annotate(mails=Count("*"))
        .values_list("channel", "hour", "mails")
        .order_by()
    )
    found: dict[int, dict[int, int]] = {channel: {} for channel in spans}
    for channel, hour, mails in rows:
        since_1970 = datetime.strptime(hour, "%Y-%m-%d %H").replace(tzinfo=UTC)
        found[channel][int(since_1970.timestamp()) // 3600] = mails
    return found
