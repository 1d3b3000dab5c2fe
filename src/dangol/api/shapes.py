"""What comes and goes over the API, as OpenAPI shows it. Money and quantities are texts, so that none is a float."""

import re
from datetime import date, datetime
from typing import Annotated

from django.utils.translation import gettext_noop
from ninja import Schema
from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field

MOST_LINES = 1000
# PostgreSQL keeps no text with a NUL in it.
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TEXT = r"^[^\u0000]*$"
Amount = Annotated[str, Field(pattern=r"^-?[0-9]{1,13}(\.[0-9]{1,4})?$", examples=["24.80"])]
Quantity = Annotated[str, Field(pattern=r"^-?[0-9]{1,9}(\.[0-9]{1,3})?$", examples=["2"])]
Key = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\u0000]+$", examples=["1001"])]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["KRW"])]


def _written_out(value: object) -> object:
    # A number would be taken for seconds since 1970, and nobody writes an order so on purpose.
    if not isinstance(value, str) or not _DATE.match(value):
        raise ValueError("Input should be a text like 2026-11-26 or 2026-11-26T12:00:00+09:00")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out)]
Day = Annotated[date, BeforeValidator(_written_out)]


def _text(most: int) -> object:
    return Field(default="", max_length=most, pattern=_TEXT)


class Incoming(Schema):
    """What is not named here is refused: a misspelt name must not be lost in silence."""

    model_config = ConfigDict(extra="forbid")


class LineIn(Incoming):
    """One thing that was bought or given back."""

    sku: Annotated[str, _text(80)] = ""
    name: Annotated[str, _text(300)] = ""
    quantity: Quantity = "1"
    unit_price: Amount = Field(description=gettext_noop("with at most four decimals"))
    amount: Amount | None = Field(
        None, description=gettext_noop("what was paid for the line, where that is not quantity × price")
    )


class CustomerIn(Incoming):
    """Who bought. The number is the shop's own and says who it is; without one the e-mail address does."""

    number: Annotated[str, _text(120)] = ""
    name: Annotated[str, _text(200)] = ""
    email: Annotated[str, _text(320)] = ""
    phone: Annotated[str, _text(40)] = ""


class OrderIn(Incoming):
    """An order as it is now. The same key again changes it; what is older by `revised_at` changes nothing."""

    key: Key = Field(
        description=gettext_noop("the shop's own id of the order, unique in the source of the token")
    )
    number: Annotated[str, _text(80)] = Field(
        "", description=gettext_noop("as customers call it; the key where it is not given")
    )
    ordered_at: Moment
    revised_at: Moment | None = Field(None, description=gettext_noop("when the shop last changed it"))
    currency: Currency
    amount: Amount | None = Field(
        None,
        description=gettext_noop(
            "all that was paid, with tax and shipping, before refunds; else lines and shipping"
        ),
    )
    tax: Amount | None = None
    shipping: Amount | None = None
    discount: Amount | None = None
    lines: list[LineIn] = Field(default_factory=list, max_length=MOST_LINES)
    customer: CustomerIn = Field(default_factory=CustomerIn)
    country: Annotated[str, _text(60)] = ""
    place: Annotated[str, _text(80)] = Field(
        "", description=gettext_noop("shop, branch or till; a new name is a new place")
    )
    made_by: Annotated[str, _text(80)] = ""
    packed_by: Annotated[str, _text(80)] = ""
    cancelled_at: Moment | None = None
    promised_at: Moment | None = None
    fulfilled_at: Moment | None = None
    subscription_from: Day | None = None
    subscription_until: Day | None = None


class RefundIn(Incoming):
    """What was given back of an order, as positive amounts in the order's currency."""

    key: Key = Field(
        description=gettext_noop("the shop's own id of the refund, unique in the source of the token")
    )
    amount: Amount
    refunded_at: Moment
    revised_at: Moment | None = None
    reason: Annotated[str, _text(200)] = ""
    lines: list[LineIn] = Field(default_factory=list, max_length=MOST_LINES)


class LineOut(Schema):
    """A line, as it is kept."""

    sku: str
    name: str
    quantity: str
    unit_price: str
    amount: str


class RefundOut(Schema):
    """A refund, as it is kept."""

    id: str
    key: str
    order: str | None
    amount: str
    currency: str
    refunded_at: datetime


class OrderOut(Schema):
    """An order, as it is kept. Who bought is an id: names and addresses do not leave by the API."""

    id: str
    source: str
    key: str
    number: str
    ordered_at: datetime
    cancelled_at: datetime | None
    currency: str
    amount: str
    refunded: str
    customer: str | None
    place: str | None
    lines: list[LineOut]
    refunds: list[RefundOut]


class OrderTaken(Schema):
    """What became of an order that was sent."""

    id: str
    key: str
    is_new: bool
    is_changed: bool


class RefundTaken(OrderTaken):
    """What became of a refund that was sent; `order` is the id of its order."""

    order: str


class OrderItem(Schema):
    """An order in the list."""

    id: str
    source: str
    key: str
    number: str
    ordered_at: datetime
    currency: str
    amount: str
    is_cancelled: bool


class OrdersOut(Schema):
    """A page of orders, newest first. `next` is the cursor of the one behind it, null at the end."""

    orders: list[OrderItem]
    next: str | None


class ProblemOut(Schema):
    """A refusal (RFC 9457). `detail` is one sentence that says what to do, `code` a word for programs."""

    type: str
    title: str
    status: int
    detail: str
    code: str
