"""What is known of a person, shaped for the pages that show it: a fixed number of queries, however many their rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from dangol.customers import rules
from dangol.customers.kinds import kind_words
from dangol.customers.models import Consent, Customer, CustomerNote, Identity, Tag
from dangol.kernel.prepared import Prepared

NOTES: Final = 20

GENERATION_WORDS: Final = {
    "silent": _("Silent Generation"),
    "boomer": _("Baby Boomer"),
    "x": _("Generation X"),
    "millennial": _("Millennial"),
    "z": _("Generation Z"),
    "alpha": _("Generation Alpha"),
}


@dataclass(frozen=True)
class Words:
    """What the person is, in the words of a page; each "" where it is not known."""

    full_name: str  # both names, where `name` is another
    addressed: str
    language: str
    prefers: str
    birthday: str
    birth_year: str
    age: int | None
    generation: str
    company: str
    address: str
    country: str
    time_zone: str


@dataclass(frozen=True)
class NoteView:
    """A note of the staff about the person."""

    id: int
    text: str
    by: str
    at: datetime


@dataclass(frozen=True)
class ConsentView:
    """What counts now for one kind of channel and one purpose."""

    channel: str
    channel_words: str
    purpose: str
    purpose_words: str
    is_given: bool
    source: str
    wording: str
    at: datetime


def words_of(person: Customer, *, today: date) -> Words:
    """What the row says; no query."""
    shown = rules.shown_name(person.name, person.family_name, person.given_name, person.name_order)
    full = rules.full_name(person.family_name, person.given_name, person.name_order)
    return Words(
        full_name=full if full != shown else "",
        addressed=rules.addressed_name(shown, person.honorific, person.language),
        language=str(dict(settings.LANGUAGES).get(person.language, "")),
        prefers=kind_words(person.preferred_channel) if person.preferred_channel else "",
        birthday=_day_of_year(person.birth_month, person.birth_day),
        birth_year=str(person.birth_year or ""),
        age=rules.age(person.birth_year, person.birth_month, person.birth_day, today=today),
        generation=str(GENERATION_WORDS.get(rules.generation(person.birth_year), "")),
        company=person.company,
        address=person.address,
        country=person.country,
        time_zone=person.time_zone,
    )


def source_words(identity: Identity) -> str:
    """Where the address is from."""
    return str(Identity.Source(identity.source).label)


def notes_of(ids: Sequence[int]) -> tuple[NoteView, ...]:
    """The newest notes about the person, newest first."""
    return tuple(NoteView(pk, text, by or "", at) for pk, text, by, at in _NOTES(ids=tuple(ids)))


def tags_of(ids: Sequence[int]) -> tuple[str, ...]:
    """The words that are on the person, by the alphabet."""
    return tuple(dict.fromkeys(name for (name,) in _TAGS(ids=tuple(ids))))


def consents_of(ids: Sequence[int]) -> tuple[ConsentView, ...]:
    """What counts now: of each kind of channel and purpose the newest, by channel and purpose."""
    newest: dict[tuple[str, str], Consent] = {}
    for row in _CONSENTS(ids=tuple(ids)):
        newest.setdefault((row.channel, row.purpose), row)
    return tuple(
        ConsentView(
            channel=channel,
            channel_words=kind_words(channel),
            purpose=purpose,
            purpose_words=str(Consent.Purpose(purpose).label),
            is_given=row.is_given,
            source=row.source,
            wording=row.wording,
            at=row.at,
        )
        for (channel, purpose), row in sorted(newest.items())
    )


_NOTES: Final = Prepared(
    lambda ids: (
        CustomerNote.objects.filter(customer__in=ids)
        .order_by("-at", "-id")
        .values_list("id", "text", "by__name", "at")[:NOTES]
    )
)
_TAGS: Final = Prepared(
    lambda ids: Tag.objects.filter(customers__in=ids).order_by("name").values_list("name")
)
# Few: somebody says yes or no some dozen times in a life, and an import writes only what has changed.
_CONSENTS: Final = Prepared(lambda ids: Consent.objects.filter(customer__in=ids).order_by("-at", "-id")[:500])


def _day_of_year(month: int | None, day: int | None) -> str:
    if month is None or day is None:
        return ""
    # A leap year, so that 29 February is a day like others.
    return date_format(date(2000, month, day), pgettext("date format", "j F"))
