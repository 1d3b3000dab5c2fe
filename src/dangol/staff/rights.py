"""Who may do what: one table. Commands demand a right, and views name the one they need."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeVar, cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from dangol.kernel.errors import NotAllowed
from dangol.staff.models import Role, Staff

EVERYBODY: Final = frozenset(Role)
LEADS: Final = frozenset({Role.OWNER, Role.MANAGER})
OWNER: Final = frozenset({Role.OWNER})

RIGHTS: Final[dict[str, frozenset[Role]]] = {
    "answer": EVERYBODY,
    "see_answer_times": EVERYBODY,
    "see_worth": LEADS,
    "undo_for_others": LEADS,
    "see_stuck_work": LEADS,
    "import_orders": LEADS,
    "change_segments": LEADS,
    "import_customers": LEADS,
    "export_person": LEADS,
    "erase_customers": OWNER,
    "export_everything": OWNER,
    "change_retention": OWNER,
    "approve_giving": LEADS,
    "change_mailboxes": LEADS,
    "invite_staff": LEADS,
    "change_roles": OWNER,
    "change_business": OWNER,
    "back_up": OWNER,
    "change_goodwill": OWNER,
    "change_connections": OWNER,
}

P = ParamSpec("P")
Answer = TypeVar("Answer", bound=HttpResponseBase)


def may(person: Staff | None, right: str) -> bool:
    """Whether the person has the right; None is the machine itself, which has all."""
    if person is None:
        return True
    return person.is_active and Role(person.role) in RIGHTS[right]


def demand(person: Staff | None, right: str) -> None:
    """Refuse (NotAllowed) when the person lacks the right."""
    if not may(person, right):
        raise NotAllowed


def needs(
    right: str,
) -> Callable[[Callable[Concatenate[HttpRequest, P], Answer]], Callable[Concatenate[HttpRequest, P], Answer]]:
    """A view that only people with the right reach. The right is kept on it, where the table of URLs is tested."""

    def decorate(
        view: Callable[Concatenate[HttpRequest, P], Answer],
    ) -> Callable[Concatenate[HttpRequest, P], Answer]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> Answer:
            demand(actor(request), right)
            return view(request, *args, **kwargs)

        guarded.right = right  # type: ignore[attr-defined]
        return cast(Callable[Concatenate[HttpRequest, P], Answer], guarded)

    return decorate


def actor(request: HttpRequest) -> Staff:
    """The person who asks. Only behind the sign-in."""
    person: Any = request.user
    if not isinstance(person, Staff):
        raise NotAllowed
    return person
