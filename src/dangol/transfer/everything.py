"""Everything that a business would want to take elsewhere, as tables in one zip.

It is made while it is sent, a thousand rows at a time, and holds no cell that a spreadsheet takes for a formula. A
backup is another thing: it is for Dangol itself, and holds the keys and the files.
"""

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import Model, QuerySet

from dangol.business.money import exponent
from dangol.customers.models import Consent, Customer, CustomerNote, Identity, Membership, Tag
from dangol.goodwill.models import Entry, Wish
from dangol.inbox.models import Attachment, Conversation, Message
from dangol.kernel.spreadsheets import MARK, harmless
from dangol.kernel.zips import Pipe
from dangol.orders.models import Order, OrderLine, Refund, RefundLine

_AT_ONCE: Final = 1_000
_MONEY: Final = "money:"
_THOUSANDTHS: Final = "thousandths:"
_PRICE: Final = "price:"


@dataclass(frozen=True)
class Sheet:
    """A table of the zip. A column is a field, or money (with the field of its currency), a quantity or a price."""

    name: str
    rows: Callable[[], "QuerySet[Any]"]
    columns: tuple[str, ...]


def _all(model: type[Model]) -> Callable[[], "QuerySet[Any]"]:
    return lambda: model._base_manager.order_by("pk")


_LINE: Final = ("sku", "name", f"{_THOUSANDTHS}quantity_thousandths", f"{_PRICE}unit_price_e4")
_TRADE: Final = (
    "id", "uid", "source__name", "number", "customer_id", "place__name", "currency", f"{_MONEY}amount:currency",
)  # fmt: skip
_OWN: Final = ("own_currency", f"{_MONEY}own_amount:own_currency")

SHEETS: Final = (
    Sheet(
        "customers",
        lambda: Customer.objects.filter(erased_at=None).order_by("pk"),
        (
            "id", "uid", "name", "family_name", "given_name", "honorific", "language", "time_zone", "birth_year",
            "birth_month", "birth_day", "company", "address", "country", "preferred_channel", "merged_into_id",
            "created_at",
        ),
    ),
    Sheet(
        "addresses",
        _all(Identity),
        ("customer_id", "kind", "address", "shown", "is_verified", "source", "created_at"),
    ),
    Sheet("consents", _all(Consent), ("customer_id", "channel", "purpose", "is_given", "source", "wording", "at")),
    Sheet("notes", _all(CustomerNote), ("customer_id", "text", "by__name", "at")),
    Sheet("tags", lambda: Tag.customers.through.objects.order_by("pk"), ("customer_id", "tag__name")),
    Sheet("segments", _all(Membership), ("segment__name", "customer_id", "since")),
    Sheet(
        "orders",
        _all(Order),
        (
            *_TRADE, *_OWN, "ordered_at", "cancelled_at", "promised_at", "fulfilled_at", f"{_MONEY}tax:currency",
            f"{_MONEY}shipping:currency", f"{_MONEY}discount:currency", "contact_name", "contact_email",
            "contact_phone", "country",
        ),
    ),
    Sheet("order_lines", _all(OrderLine), ("order_id", *_LINE, f"{_MONEY}amount:order__currency")),
    Sheet("refunds", _all(Refund), (*_TRADE, *_OWN, "order_id", "refunded_at", "reason")),
    Sheet("refund_lines", _all(RefundLine), ("refund_id", *_LINE, f"{_MONEY}amount:refund__currency")),
    Sheet(
        "conversations",
        _all(Conversation),
        (
            "id", "uid", "customer_id", "channel__name", "subject", "state", "assignee__name", "message_count",
            "created_at", "last_message_at", "merged_into_id",
        ),
    ),
    Sheet(
        "messages",
        lambda: Message.objects.filter(undone_at=None).order_by("pk"),
        (
            "id", "conversation_id", "direction", "happened_at", "staff__name", "from_name", "from_address", "to", "cc",
            "bcc", "subject", "text", "automatic",
        ),
    ),
    Sheet(
        "attachments",
        lambda: Attachment.objects.exclude(message=None).order_by("pk"),
        ("message_id", "filename", "content_type", "size", "sha256"),
    ),
    Sheet(
        "ledger",
        _all(Entry),
        (
            "id", "happened_at", "booked_at", "cost_class", "kind", "cause__name", "own_currency",
            f"{_MONEY}booked:own_currency", f"{_MONEY}estimated_low:own_currency",
            f"{_MONEY}estimated:own_currency", f"{_MONEY}estimated_high:own_currency", "method", "customer_id",
            "order_id", "conversation_id", "staff__name", "place__name", "source_kind", "reverses_id",
        ),
    ),
    Sheet(
        "wishes",
        _all(Wish),
        (
            "id", "customer_id", "conversation_id", "order_id", "kind", "cause__name", "own_currency",
            f"{_MONEY}wished:own_currency", f"{_MONEY}given:own_currency", "what", "state", "staff__name",
            "asked_at", "decided_by__name", "decided_at",
        ),
    ),
)  # fmt: skip


def everything() -> Iterator[bytes]:
    """The zip, in pieces: a CSV file for each of SHEETS, in UTF-8, times in UTC, amounts in units of their currency."""
    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for sheet in SHEETS:
            with archive.open(f"{sheet.name}.csv", "w", force_zip64=True) as file:
                for piece in _table(sheet):
                    file.write(piece)
                    yield from pipe.taken()
    yield from pipe.taken()


def _table(sheet: Sheet) -> Iterator[bytes]:
    text = io.StringIO()
    table = csv.writer(text)
    text.write(MARK)
    table.writerow([_title(column) for column in sheet.columns])
    fields = [field for column in sheet.columns for field in _fields(column)]
    rows = sheet.rows().values_list(*fields).iterator(chunk_size=_AT_ONCE)
    for number, row in enumerate(rows, start=1):
        values = iter(row)
        table.writerow([_cell(column, values) for column in sheet.columns])
        if number % _AT_ONCE == 0:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def _fields(column: str) -> tuple[str, ...]:
    """The fields that a column is made of."""
    kind, colon, rest = column.partition(":")
    if not colon:
        return (column,)
    return tuple(rest.split(":")) if f"{kind}:" == _MONEY else (rest,)


def _title(column: str) -> str:
    name = _fields(column)[0].removesuffix("__name")
    return name.removesuffix("_thousandths").removesuffix("_e4")


def _cell(column: str, values: Iterator[Any]) -> str:
    value = next(values)
    if column.startswith(_MONEY):
        currency = next(values)
        return "" if value is None else f"{Decimal(value).scaleb(-exponent(currency)):f}"
    if value is None:
        return ""
    if column.startswith(_THOUSANDTHS):
        return f"{Decimal(value).scaleb(-3).normalize():f}"
    if column.startswith(_PRICE):
        return f"{Decimal(value).scaleb(-4).normalize():f}"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list):
        return harmless(", ".join(str(each.get("address", "")) for each in value if isinstance(each, dict)))
    return harmless(value) if isinstance(value, str) else str(value)
