"""The API, version 1: orders and refunds. A program signs in with a token; a cookie opens nothing here."""

from collections.abc import Callable
from typing import Annotated, Any, Final
from uuid import UUID

from allauth.core.internal import ratelimit  # the one for all to use lets GET through uncounted
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from ninja import Header, NinjaAPI, Query
from ninja.errors import HttpError, ValidationError
from ninja.security import HttpBearer

from dangol import __version__
from dangol.api import answers
from dangol.api.commands import Answer, admit, answer_once
from dangol.api.errors import NoToken, OutOfScope, Problem, TooLargeBody, TooManyRequests
from dangol.api.front import MOST_BYTES
from dangol.api.models import Token
from dangol.api.problems import problem
from dangol.api.shapes import OrderIn, OrderOut, OrdersOut, OrderTaken, ProblemOut, RefundIn, RefundTaken
from dangol.api.taking import take_order, take_refund
from dangol.kernel import clock
from dangol.kernel.db import TookTooLong, time_limit
from dangol.kernel.errors import Refused

ABOUT: Final = (
    "Orders and refunds of the shop's own system. Sign in with `Authorization: Bearer TOKEN`; an owner makes tokens "
    'under Settings › Connections. Amounts and quantities are texts ("24.80"), instants have an offset. '
    "Refusals are problem+json (RFC 9457) with one sentence that says what to do."
)
READING_SECONDS: Final = 5.0
REFUSALS: Final = dict.fromkeys((400, 401, 403, 404, 409, 413, 422, 429, 503), ProblemOut)
IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description=gettext_noop(
            "chosen by you, another for each order: sent again with the same request, nothing is done twice"
        ),
    ),
]


class Bearer(HttpBearer):
    """Signs a program in by its token, and counts its requests."""

    def __call__(self, request: HttpRequest) -> Any:
        """Without a header that can be read it is refused like with a wrong token."""
        if int(request.headers.get("Content-Length") or 0) > MOST_BYTES:
            raise TooLargeBody
        token = super().__call__(request)
        if token is None:
            _stop_who_tries(request)
        return token

    def authenticate(self, request: HttpRequest, token: str) -> Token | None:
        """The token of that text; None when it is none."""
        try:
            return admit(token, at=clock.now())
        except NoToken:
            return None


def _stop_who_tries(request: HttpRequest) -> None:
    if not ratelimit.consume(request, app="allauth.account", action="api_sign_in", limit_get=True):
        raise TooManyRequests(60)
    raise NoToken


api: Final = NinjaAPI(
    title="Dangol",
    version=__version__,
    description=ABOUT,
    openapi_url=None,
    docs_url=None,
    auth=Bearer(),
    urls_namespace="api-v1",
)


@api.post(
    "/orders",
    response={200: OrderTaken, 201: OrderTaken, **REFUSALS},
    url_name="api_orders",
    operation_id="send_order",
    summary=gettext_noop("Send an order"),
)
def send_order(request: HttpRequest, sent: OrderIn, key: IdempotencyKey) -> HttpResponse:
    """Send an order: a new one, or a known one as it is now."""
    token = _token(request, Token.Scope.WRITE_ORDERS)

    def act() -> Answer:
        order, taken = take_order(token=token, sent=sent, at=clock.now())
        content = OrderTaken(
            id=str(order.uid),
            key=order.key,
            is_new=bool(taken.new_orders),
            is_changed=bool(taken.changed_orders),
        )
        return Answer(201 if taken.new_orders else 200, content.dict())

    return _once(request, token, key, act)


@api.get(
    "/orders",
    response={200: OrdersOut, **REFUSALS},
    url_name="api_orders",
    operation_id="list_orders",
    summary=gettext_noop("List orders"),
)
def list_orders(
    request: HttpRequest,
    number: Annotated[str, Query(max_length=80, pattern=r"^[^\u0000]*$")] = "",
    key: Annotated[str, Query(max_length=120, pattern=r"^[^\u0000]*$")] = "",
    after: Annotated[
        str, Query(max_length=60, description=gettext_noop("the “next” of the page before"))
    ] = "",
    limit: Annotated[int, Query(ge=1, le=answers.MOST)] = 50,
) -> HttpResponse:
    """Orders, newest first, a page at a time."""
    _token(request, Token.Scope.READ_ORDERS)
    with time_limit(READING_SECONDS):
        page = answers.orders_out(number=number, key=key, after=after, limit=limit)
    return JsonResponse(page.model_dump(mode="json"))


@api.get(
    "/orders/{uuid:order_id}",
    response={200: OrderOut, **REFUSALS},
    url_name="api_order",
    operation_id="get_order",
    summary=gettext_noop("Look at one order"),
)
def get_order(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """One order with its lines and refunds."""
    _token(request, Token.Scope.READ_ORDERS)
    with time_limit(READING_SECONDS):
        found = answers.order_out(answers.order_by_uid(order_id))
    return JsonResponse(found.model_dump(mode="json"))


@api.post(
    "/orders/{uuid:order_id}/refunds",
    response={200: RefundTaken, 201: RefundTaken, **REFUSALS},
    url_name="api_refunds",
    operation_id="send_refund",
    summary=gettext_noop("Send a refund"),
)
def send_refund(request: HttpRequest, order_id: UUID, sent: RefundIn, key: IdempotencyKey) -> HttpResponse:
    """Send what was given back of an order. It books itself in the goodwill ledger, once."""
    token = _token(request, Token.Scope.WRITE_ORDERS)

    def act() -> Answer:
        order = answers.order_by_uid(order_id)
        if order.source_id != token.source_id:
            raise OutOfScope
        refund, taken = take_refund(token=token, order=order, sent=sent, at=clock.now())
        content = RefundTaken(
            id=str(refund.uid),
            key=refund.key,
            is_new=bool(taken.new_refunds),
            is_changed=bool(taken.changed_refunds),
            order=str(order.uid),
        )
        return Answer(201 if taken.new_refunds else 200, content.dict())

    return _once(request, token, key, act)


def _token(request: HttpRequest, scope: str) -> Token:
    token: Token = request.auth  # type: ignore[attr-defined]
    if scope not in token.scopes:
        raise OutOfScope
    return token


def _once(request: HttpRequest, token: Token, key: str, act: Callable[[], Answer]) -> HttpResponse:
    answer = answer_once(
        token=token, key=key, address=request.path, body=request.body, at=clock.now(), act=act
    )
    response = JsonResponse(answer.content, status=answer.status)
    if answer.is_kept:
        response["Idempotency-Replayed"] = "true"
    return response


@api.exception_handler(Refused)
def _refused(request: HttpRequest, refused: Refused) -> HttpResponse:
    code = refused.code if isinstance(refused, Problem) else "refused"
    response = problem(refused.status, code, str(refused))
    if isinstance(refused, Problem):
        for name, value in refused.headers.items():
            response[name] = value
    if isinstance(refused, TooManyRequests):
        response["Retry-After"] = str(refused.seconds)
    return response


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, invalid: ValidationError) -> HttpResponse:
    first = invalid.errors[0]
    place = ".".join(str(part) for part in first.get("loc", ())[1:] if part != "sent") or "request"
    return problem(422, "wrong_value", f"{place}: {first.get('msg', '')}")


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(error.status_code, "unreadable", str(error))


@api.exception_handler(TookTooLong)
def _too_long(request: HttpRequest, error: TookTooLong) -> HttpResponse:
    response = problem(
        503, "took_too_long", _("The database took too long. Try again later, or ask for less.")
    )
    response["Retry-After"] = "10"
    return response
