"""Refusals of the API. Each is answered as problem+json (RFC 9457): its sentence, and a word for programs."""

from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dangol.kernel.errors import Refused


class Problem(Refused):
    """Parent of what the API refuses; `code` is the word for programs."""

    code: ClassVar[str] = "refused"
    headers: ClassVar[dict[str, str]] = {}


class NoToken(Problem):
    status = 401
    code = "token_missing"
    message = _(
        "Send a valid token as “Authorization: Bearer …”. The owner makes one under Settings › Connections."
    )
    headers = {"WWW-Authenticate": 'Bearer realm="dangol"'}


class OutOfScope(Problem):
    status = 403
    code = "out_of_scope"
    message = _("This token may not do that. Make one that may, under Settings › Connections.")


class NotThere(Problem):
    status = 404
    code = "not_there"
    message = _("There is no such order.")


class OtherOrder(Problem):
    status = 409
    code = "other_order"
    message = _(
        "An order with this key is known, of another day. Send another key, or “revised_at” if it was changed."
    )


class OtherRefund(Problem):
    status = 409
    code = "other_refund"
    message = _("A refund with this key is known, of another order. Send another key.")


class OlderVersion(Problem):
    status = 409
    code = "older_version"
    message = _("What is known of this order is newer. Nothing was changed.")


class OtherRequest(Problem):
    status = 422
    code = "idempotency_key_reused"
    message = _("This Idempotency-Key was sent before with another request. Send a new one.")


class TooManyRequests(Problem):
    status = 429
    code = "too_many_requests"

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(_("Too many requests. Wait as long as the Retry-After header says."))


class TooLargeBody(Problem):
    status = 413
    code = "too_large"
    message = _("The request is larger than 1 MB. Send fewer lines.")


class WrongValue(Problem):
    code = "wrong_value"

    def __init__(self, field: str, message: str | Promise) -> None:
        self.field = field
        super().__init__(f"{field}: {message}")
