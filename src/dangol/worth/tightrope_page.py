"""The page Tightrope: every figure with its words and with the address of exactly the wishes behind it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from django.db.models import Q
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from dangol.customers.queries import names_of
from dangol.goodwill.models import Wish
from dangol.inbox.measures import Share, share_of
from dangol.kernel.addresses import address
from dangol.kernel.places import Place
from dangol.worth.entries import Where
from dangol.worth.lists import PAGE, names_said
from dangol.worth.pages import Amount, Step, choice_query
from dangol.worth.periods import Period, month_of, month_period
from dangol.worth.tightrope import NEXTS, OUTCOMES, Counts, Next, Outcome, Verdict, differ, verdict_of
from dangol.worth.wishes import Walked, Wishes, ids_of, wishes_in
from dangol.worth.words import kind_words, money_words, period_words, share_words

OUTCOME_WORDS: Final[dict[Outcome, str | Promise]] = {
    "given": gettext_lazy("granted whole"),
    "partly": gettext_lazy("granted in part"),
    "refused": pgettext_lazy("a wish was", "refused"),
}
NEXT_WORDS: Final[dict[Next, str | Promise]] = {
    "could": gettext_lazy("customers of whom it can be known"),
    "back": gettext_lazy("ordered or wrote again"),
    "ordered": gettext_lazy("ordered again"),
    "wrote": gettext_lazy("wrote about something else"),
}
LEFT, WIDTH = 0.0, 560.0


@dataclass(frozen=True)
class Counted:
    """A number of wishes that opens them, its share of all and where the true share lies ("" for too little)."""

    name: str
    number: Amount
    share: str = ""
    interval: str = ""


@dataclass(frozen=True)
class Group:
    """A person of the staff, or a segment: all wishes, and each outcome."""

    name: str
    total: Amount
    outcomes: tuple[Counted, ...]


@dataclass(frozen=True)
class Followed:
    """What those did next whose wish ended so: of how many it can be known, and how many did what."""

    name: str
    could: Amount
    deeds: tuple[Counted, ...]


@dataclass(frozen=True)
class Piece:
    """A part of the beam that shows how the wishes are spread."""

    outcome: Outcome
    x: float
    width: float
    says: str


@dataclass(frozen=True)
class TightropePage:
    """The whole page."""

    walked: Walked
    title: str
    before_words: str
    verdict: Verdict
    outcomes: tuple[Counted, ...]
    total: Amount
    before: tuple[Counted, ...]
    beam: tuple[Piece, ...]
    staff: tuple[Group, ...]
    segments: tuple[Group, ...]
    followed: tuple[Followed, ...]
    comparison: str
    has_followed: bool
    earlier: Step
    later: Step | None
    today: date


@dataclass(frozen=True)
class WishRow:
    """One wish of a list."""

    url: str
    what: str
    customer: str
    outcome: str
    state: str
    wished: str
    given: str
    asked_at: datetime
    decided_by: str


@dataclass(frozen=True)
class WishPage:
    """A page of wishes, the newest first; `next` is the place behind it."""

    title: str
    about: tuple[str, ...]
    count: int
    rows: tuple[WishRow, ...]
    next: str


def tightrope_page(walked: Walked, *, today: date) -> TightropePage:
    """The page of what was read."""
    here = Wishes(walked.period, walked.where)
    then = replace(here, period=walked.before)
    followed = tuple(_followed(walked, here))
    return TightropePage(
        walked=walked,
        title=_("The tightrope: %(period)s") % {"period": period_words(walked.period)},
        before_words=period_words(walked.before),
        verdict=verdict_of(walked.counts),
        outcomes=tuple(_outcomes(walked.counts, here)),
        total=_amount(walked.counts.total, here),
        before=tuple(_outcomes(walked.counts_before, then)),
        beam=tuple(_beam(walked.counts)),
        staff=tuple(
            _group(walked.names.get(pk, f"#{pk}"), counts, replace(here, staff_id=pk))
            for pk, counts in walked.by_staff.items()
            if pk is not None
        ),
        segments=tuple(
            _group(name, counts, replace(here, where=replace(here.where, segment_id=pk)))
            for pk, name, counts in walked.by_segment
        ),
        followed=followed,
        comparison=_comparison(walked),
        has_followed=any(deeds["could"] for deeds in walked.next.values()),
        earlier=_step(walked.before, walked.where),
        later=_later(walked.period, walked.where, today),
        today=today,
    )


def wish_page(which: Wishes, *, after: str, at: datetime) -> WishPage:
    """The wishes behind the place `after` ("" is the beginning). A fixed number of queries."""
    rows = wishes_in(which)
    if which.next:
        # Who did what is known only when all are looked at, so that the page is cut out of the ids.
        ids = ids_of(which, at=at)
        begin = int(after) if after.isdecimal() and len(after) < 9 else 0
        found = sorted(
            Wish.objects.filter(pk__in=ids[begin : begin + PAGE]).select_related("customer", "decided_by"),
            key=lambda row: ids.index(row.pk),
        )
        count, following = len(ids), str(begin + PAGE) if len(ids) > begin + PAGE else ""
    else:
        count = rows.count()
        place = Place.read(after)
        if place:
            rows = rows.filter(Q(asked_at__lt=place.at) | Q(asked_at=place.at, id__lt=place.id))
        found = list(rows.select_related("customer", "decided_by").order_by("-asked_at", "-id")[: PAGE + 1])
        following = str(Place(found[PAGE - 1].asked_at, found[PAGE - 1].pk)) if len(found) > PAGE else ""
        found = found[:PAGE]
    return WishPage(_title(which), tuple(_about(which)), count, tuple(_rows(found)), following)


def _outcomes(counts: Counts, which: Wishes) -> Iterator[Counted]:
    for outcome in OUTCOMES:
        number = getattr(counts, outcome)
        share = counts.share(outcome)
        yield _counted(str(OUTCOME_WORDS[outcome]), number, share, replace(which, outcome=outcome))


def _group(name: str, counts: Counts, which: Wishes) -> Group:
    return Group(name, _amount(counts.total, which), tuple(_outcomes(counts, which)))


def _followed(walked: Walked, here: Wishes) -> Iterator[Followed]:
    for outcome in OUTCOMES:
        deeds = walked.next[outcome]
        which = replace(here, outcome=outcome)
        could = len(deeds["could"])
        yield Followed(
            str(OUTCOME_WORDS[outcome]),
            _amount(could, replace(which, next="could")),
            tuple(
                _counted(
                    str(NEXT_WORDS[each]),
                    len(deeds[each]),
                    share_of(len(deeds[each]), could),
                    replace(which, next=each),
                )
                for each in NEXTS
                if each != "could"
            ),
        )


def _counted(name: str, number: int, share: Share | None, which: Wishes) -> Counted:
    if share is None:
        return Counted(name, _amount(number, which))
    interval = f"{share_words(share.low)}–{share_words(share.high)}"
    return Counted(name, _amount(number, which), share_words(share.share), interval)


def _comparison(walked: Walked) -> str:
    """Whether those who were refused came back less often than those who were granted it whole."""
    shares = {
        outcome: share_of(len(walked.next[outcome]["back"]), len(walked.next[outcome]["could"]))
        for outcome in OUTCOMES
    }
    given, refused = shares["given"], shares["refused"]
    if given is None or refused is None:
        return ""
    if not differ(given, refused):
        return _(
            "Between those who were refused and those who were granted all there is no difference that could not be "
            "chance."
        )
    if refused.share < given.share:
        return _("Those who were refused came back less often than those who were granted all.")
    return _("Those who were refused came back more often than those who were granted all.")


def _beam(counts: Counts) -> Iterator[Piece]:
    x = LEFT
    for outcome in OUTCOMES:
        number = getattr(counts, outcome)
        width = round(WIDTH * number / counts.total, 1) if counts.total else 0.0
        if number:
            yield Piece(outcome, x, width, f"{OUTCOME_WORDS[outcome]}: {number}")
        x = round(x + width, 1)


def _amount(number: int, which: Wishes) -> Amount:
    return Amount(str(number), reverse("worth_wishes") + which.query if number else "")


def _step(period: Period, where: Where) -> Step:
    return Step(period_words(period), reverse("worth_tightrope") + choice_query(period, where))


def _later(period: Period, where: Where, today: date) -> Step | None:
    if not period.is_month or period.end.date() > today:
        return None
    year, month = month_of(period.end.date())
    return _step(month_period(year, month, period.zone, today=today), where)


def _rows(found: Sequence[Wish]) -> Iterator[WishRow]:
    names = names_of(row.customer for row in found if row.customer)
    for row in found:
        yield WishRow(
            url=address("wish", row.pk),
            what=row.what or kind_words(row.kind),
            customer=names.get(row.customer_id or 0, ""),
            outcome=str(next(OUTCOME_WORDS[each] for each in OUTCOMES if each == row.state)),
            state=row.state,
            wished=money_words(row.wished, row.own_currency),
            given=money_words(row.given, row.own_currency),
            asked_at=row.asked_at,
            decided_by=row.decided_by.name if row.decided_by else "",
        )


def _title(which: Wishes) -> str:
    words = [OUTCOME_WORDS[which.outcome]] if which.outcome else []
    words += [NEXT_WORDS[which.next]] if which.next else []
    return " · ".join(map(str, words)) or _("all wishes")


def _about(which: Wishes) -> Iterator[str]:
    yield period_words(which.period)
    yield from names_said(which.where, which.staff_id)
