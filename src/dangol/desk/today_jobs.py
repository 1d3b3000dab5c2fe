"""What only this person can do now, the most urgent first, each with one button."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dangol.desk.owed import open_wishes
from dangol.inbox.duties import Duties, Talk
from dangol.kernel.addresses import address
from dangol.kernel.db import read_rows
from dangol.kernel.durations import short_duration
from dangol.kernel.timeline import Tone
from dangol.staff.models import Staff
from dangol.staff.rights import may

WORDS: Final = 12
MOST_ASKED: Final = 3
FRESH: Final = timedelta(days=30)
# What `goodwill.queries.asking_for_cause` says, of the last days: of history that was imported there may be thousands,
# and only what is fresh is remembered by anybody.
_LEFT_LYING: Final = """
SELECT (SELECT COUNT(*) FROM goodwill_entry entry
        WHERE entry.cause_id IS NULL AND entry.cost_class = 'external_failure' AND entry.booked IS NOT NULL
        AND entry.happened_at BETWEEN %s AND %s AND entry.reverses_id IS NULL
        AND NOT EXISTS (SELECT 1 FROM goodwill_entry back WHERE back.reverses_id = entry.id)),
       (SELECT COUNT(*) FROM channels_raw WHERE state = 'quarantined'),
       (SELECT COUNT(*) FROM kernel_setback WHERE next_at IS NULL)
"""


@dataclass(frozen=True)
class Job:
    """One thing to do. `face` is the name of whom it is about, else `icon` is shown. With `fields` it is a POST."""

    key: str
    title: str
    detail: str
    url: str
    button: str
    face: str = ""
    icon: str = "warning"
    tone: Tone = ""
    is_urgent: bool = False
    fields: tuple[tuple[str, str], ...] = ()


def jobs_of(person: Staff, duties: Duties, *, at: datetime) -> tuple[Job, ...]:
    """The person's jobs. One query more for who may see stuck work, and one for who may say yes."""
    return (
        *(_asked(person) if may(person, "approve_giving") else ()),
        *_failed(duties),
        *_due(duties, at),
        *_unassigned(person, duties, at),
        *_drafts(duties),
        *(_left_lying(at) if may(person, "see_stuck_work") else ()),
    )


def _asked(person: Staff) -> Iterator[Job]:
    asked = open_wishes(person)
    for wish in asked[:MOST_ASKED]:
        values = {"name": wish.staff, "customer": wish.customer or _("a customer"), "amount": wish.amount}
        yield Job(
            key=f"asked-{wish.id}",
            title=_("%(name)s asks to give %(customer)s %(amount)s") % values,
            detail=wish.over or _("above a limit or the budget"),
            url=wish.url,
            button=_("Decide"),
            face=wish.staff,
            is_urgent=True,
        )
    more = len(asked) - MOST_ASKED
    if more > 0:
        yield Job(
            key="asked-more",
            title=ngettext("%(n)d more waits for a yes", "%(n)d more wait for a yes", more) % {"n": more},
            detail=_("above a limit or the budget"),
            url=asked[MOST_ASKED].url,
            button=_("Decide"),
            icon="info",
        )


def _failed(duties: Duties) -> Iterator[Job]:
    for reply in duties.failed:
        said = _("Your answer to %(name)s came back") if reply.is_bounce else _(
            "Your answer to %(name)s could not be sent"
        )  # fmt: skip
        yield Job(
            key=f"failed-{reply.delivery_id}",
            title=said % {"name": reply.talk.name},
            detail=_about(reply.talk, _("the page says why")),
            url=reply.talk.url,
            button=_("Look"),
            face=reply.talk.name,
            tone="bad",
            is_urgent=True,
        )


def _due(duties: Duties, at: datetime) -> Iterator[Job]:
    for talk in duties.due:
        is_late = talk.due_at < at
        due = f"{timezone.localtime(talk.due_at):%H:%M}"
        late = {"duration": short_duration((at - talk.due_at).total_seconds())}
        yield Job(
            key=f"due-{talk.id}",
            title=_("Answer %(name)s") % {"name": talk.name},
            detail=_about(
                talk, _("%(duration)s late") % late if is_late else _("due by %(time)s") % {"time": due}
            ),
            url=f"{talk.url}#compose",
            button=_("Answer"),
            face=talk.name,
            tone="bad" if is_late else "",
            is_urgent=is_late,
        )
    more = duties.due_count - len(duties.due)
    if more > 0:
        yield Job(
            key="due-more",
            title=ngettext("%(n)d more is yours", "%(n)d more are yours", more) % {"n": more},
            detail=_("all due today or late"),
            url=f"{address('inbox')}?tab=mine",
            button=_("Open"),
            icon="inbox",
        )


def _unassigned(person: Staff, duties: Duties, at: datetime) -> Iterator[Job]:
    talk = duties.unassigned
    if talk is None:
        return
    waited = {"duration": short_duration((at - talk.since).total_seconds())}
    yield Job(
        key=f"free-{talk.id}",
        title=_("Nobody has taken %(name)s’s mail") % {"name": talk.name},
        detail=_about(talk, _("waiting for %(duration)s") % waited),
        url=address("assignment", talk.id),
        button=_("Take it"),
        face=talk.name,
        tone="bad" if talk.due_at < at else "",
        fields=(("assignee", str(person.pk)),),
    )


def _drafts(duties: Duties) -> Iterator[Job]:
    for draft in duties.drafts:
        yield Job(
            key=f"draft-{draft.talk.id}",
            title=_("Finish what you began to write to %(name)s") % {"name": draft.talk.name},
            detail=f"“{Truncator(' '.join(draft.text.split())).words(WORDS)}”",
            url=f"{draft.talk.url}#compose",
            button=_("Go on"),
            face=draft.talk.name,
        )


def _nameless(count: int) -> Iterator[Job]:
    if count:
        yield Job(
            key="nameless",
            title=ngettext("%(n)d refund or redo asks why", "%(n)d refunds or redos ask why", count)
            % {"n": count},
            detail=_("Of the last 30 days. The statement knows more when each has its cause."),
            url=address("causes_to_name"),
            button=_("Name them"),
            icon="worth",
        )


def _left_lying(at: datetime) -> Iterator[Job]:
    ((nameless, aside, setbacks),) = read_rows(_LEFT_LYING, (at - FRESH, at))
    yield from _nameless(nameless)
    yield from _stuck(aside, setbacks)


def _stuck(aside: int, setbacks: int) -> Iterator[Job]:
    if aside:
        yield Job(
            key="aside",
            title=ngettext("%(n)d mail could not be read", "%(n)d mails could not be read", aside)
            % {"n": aside},
            detail=_("Nothing is lost, and it can be tried again."),
            url=address("stuck_work"),
            button=_("Look"),
            icon="mail",
            tone="warn",
        )
    if setbacks:
        yield Job(
            key="setbacks",
            title=ngettext(
                "%(n)d thing that should have followed did not happen",
                "%(n)d things that should have followed did not happen",
                setbacks,
            )
            % {"n": setbacks},
            detail=_("Each can be tried again."),
            url=address("stuck_work"),
            button=_("Look"),
            icon="stuck",
            tone="warn",
        )


def _about(talk: Talk, rest: str) -> str:
    return f"{talk.subject} · {rest}" if talk.subject else rest
