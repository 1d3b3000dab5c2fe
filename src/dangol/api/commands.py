"""Tokens: made, used, revoked. Answers that are kept under an Idempotency-Key."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from dangol.api.errors import NoToken, OtherRequest, TooManyRequests
from dangol.api.models import KeptAnswer, Token
from dangol.kernel.audit import record_act
from dangol.kernel.db import lock_for_transaction
from dangol.kernel.errors import Gone, Refused
from dangol.orders.commands import source_named
from dangol.orders.models import Source
from dangol.staff.models import Staff
from dangol.staff.rights import demand
from dangol.staff.tokens import digest, new_token

PREFIX: Final = "dangol_"
"""By which programs that look for leaked secrets know ours."""
REQUESTS_A_MINUTE: Final = 240
ANSWERS_KEPT: Final = timedelta(days=2)
_AT_ONCE: Final = 1000
_SHOWN: Final = len(PREFIX) + 4


class NameMissing(Refused):
    message = _("Please enter a name by which you will know it later.")


class ScopeMissing(Refused):
    message = _("Please choose what it may do.")


class SourceTaken(Refused):
    message = _("Orders of this name come in another way. Please choose another name.")


@dataclass(frozen=True)
class MadeToken:
    """A new token and its text, which is known only now."""

    token: Token
    text: str = field(repr=False)


@dataclass(frozen=True)
class Answer:
    """What a request is answered with; `is_kept` when it was answered so before."""

    status: int
    content: dict[str, Any]
    is_kept: bool = False


@transaction.atomic
def make_token(
    *, actor: Staff | None, name: str, source: str, scopes: Sequence[str], at: datetime
) -> MadeToken:
    """A token for a program. What it brings in is of the source of that name, "" for one called like the token."""
    demand(actor, "change_connections")
    name = " ".join(name.split())[:80]
    if not name:
        raise NameMissing
    known = [scope for scope in Token.Scope.values if scope in scopes]
    if not known:
        raise ScopeMissing
    row = source_named(source.strip() or name, kind=Source.Kind.API, at=at)
    if row.kind != Source.Kind.API:
        raise SourceTaken
    text = f"{PREFIX}{new_token()}"
    token = Token.objects.create(
        name=name,
        source=row,
        scopes=known,
        digest=digest(text),
        beginning=text[:_SHOWN],
        created_at=at,
        created_by=actor,
    )
    _record(actor, at, "make_token", token, {}, {"name": name, "scopes": known})
    return MadeToken(token, text)


@transaction.atomic
def revoke_token(*, actor: Staff | None, token_id: int, at: datetime) -> Token:
    """From now on it opens nothing. Again is the same as once."""
    demand(actor, "change_connections")
    token = Token.objects.select_for_update().filter(pk=token_id).first()
    if token is None:
        raise Gone
    if token.revoked_at is None:
        token.revoked_at = at
        token.save(update_fields=["revoked_at"])
        _record(actor, at, "revoke_token", token, {"revoked_at": None}, {"revoked_at": at.isoformat()})
    return token


def admit(text: str, *, at: datetime) -> Token:
    """The token of that text, for one more request. Refused: unknown or revoked (401), too many this minute (429)."""
    token = Token.objects.select_related("source").filter(digest=digest(text), revoked_at=None).first()
    if token is None:
        raise NoToken
    minute = at.replace(second=0, microsecond=0)
    rows = Token.objects.filter(pk=token.pk)
    # Each is one statement: of two requests at once, both count.
    counted = rows.filter(minute=minute, requests__lt=REQUESTS_A_MINUTE).update(
        requests=F("requests") + 1, last_used_at=at
    )
    if not counted and not rows.exclude(minute=minute).update(minute=minute, requests=1, last_used_at=at):
        raise TooManyRequests(max(1, 60 - at.second))
    return token


@transaction.atomic
def answer_once(
    *, token: Token, key: str, address: str, body: bytes, at: datetime, act: Callable[[], Answer]
) -> Answer:
    """What `act` answers, in its transaction; the same request under the same key is answered so again, and nothing
    is done. Another request under it is refused. What is refused is not kept: it may be sent again."""
    request = hashlib.sha256(f"{address}\n".encode() + body).hexdigest()
    lock_for_transaction(f"requests of token {token.pk}")
    kept = KeptAnswer.objects.filter(token=token, key=key).first()
    if kept is not None:
        if kept.request != request:
            raise OtherRequest
        return Answer(kept.status, kept.answer, is_kept=True)
    answer = act()
    KeptAnswer.objects.create(
        token=token, key=key, request=request, status=answer.status, answer=answer.content, kept_at=at
    )
    return answer


def forget_answers(*, at: datetime) -> int:
    """Let go of answers that nobody will ask for any more; returns how many, a bounded piece."""
    old = KeptAnswer.objects.filter(kept_at__lt=at - ANSWERS_KEPT).order_by("kept_at")
    gone = list(old.values_list("pk", flat=True)[:_AT_ONCE])
    return KeptAnswer.objects.filter(pk__in=gone).delete()[0] if gone else 0


def _record(
    actor: Staff | None, at: datetime, act: str, token: Token, before: dict[str, Any], after: dict[str, Any]
) -> None:
    record_act(
        actor_id=actor.pk if actor else None,
        at=at,
        act=act,
        thing="Token",
        thing_id=token.pk,
        before=before,
        after=after,
    )
