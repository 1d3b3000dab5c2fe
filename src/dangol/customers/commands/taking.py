"""Customers that come in many at once: from a file. The same again is the same as once."""

import contextlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from dangol.customers import rules
from dangol.customers.commands.meeting import keep_identities
from dangol.customers.commands.recognition import search_words
from dangol.customers.erased import erased_among
from dangol.customers.events import ConsentRecorded, CustomerAdded, ProfileChanged, TagsChanged
from dangol.customers.file_people import IncomingPerson, SaidConsent
from dangol.customers.kinds import EMAIL
from dangol.customers.models import Consent, Customer, CustomerNote, Identity, Tag
from dangol.customers.queries import living_of, rows_of_people
from dangol.kernel.db import lock_for_transaction
from dangol.kernel.events import Happened, emit
from dangol.kernel.rows import insert_rows, update_rows
from dangol.search import index
from dangol.staff.models import Staff
from dangol.staff.rights import demand

_NEWS: Final = Consent.Purpose.NEWS
_MOST_TAGS: Final = 30


@dataclass(frozen=True)
class TakenPeople:
    """What became of rows: customers that are new, changed and known as they are; `consents` that were kept, and those
    that were not because nothing says when or to which words somebody agreed; rows that were refused, by their place
    and why."""

    new: int = 0
    changed: int = 0
    known: int = 0
    consents: int = 0
    unproved: int = 0
    refused: tuple[tuple[int, str], ...] = ()

    def __add__(self, other: "TakenPeople") -> "TakenPeople":
        return TakenPeople(
            self.new + other.new,
            self.changed + other.changed,
            self.known + other.known,
            self.consents + other.consents,
            self.unproved + other.unproved,
            self.refused + other.refused,
        )


def take_customers(
    *,
    actor: Staff | None,
    people: Sequence[IncomingPerson],
    source: str,
    overwrites: bool = False,
    seen: set[int] | None = None,
    at: datetime,
) -> TakenPeople:
    """Write these people down, silently, in the caller's transaction; with `seen`, the addresses so far, only count.

    Who has one of the addresses is that customer, and gets the others; nobody is joined with anybody. What is known
    stays, unless the file `overwrites` it; a blank never does. A no to being written to is always kept, a yes with its
    day and its words; a no from before a yes that is known changes nothing now. Who was erased comes back by no file:
    such a row is refused. `source` says where consents are from. A fixed number of queries.
    """
    demand(actor, "import_customers")
    if seen is None:
        lock_for_transaction("customers.take")
    while True:
        batch = _Batch(actor, source, overwrites, at, seen)
        with contextlib.suppress(_Overtaken), transaction.atomic():
            batch.read(people)
            for place, person in enumerate(people):
                batch.take(place, person)
            if seen is None:
                batch.write()
            return batch.taken()


class _Overtaken(Exception):
    """Somebody else, such as a mail that was just taken in, brought one of the new addresses first."""


@dataclass
class _One:
    """A customer of the batch, and what becomes of them."""

    customer: Customer
    is_new: bool
    is_named: bool = False  # by a row that was taken
    fields: set[str] = field(default_factory=set)
    identities: list[Identity] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    consents: list[SaidConsent] = field(default_factory=list)

    @property
    def is_changed(self) -> bool:
        return bool(self.fields or self.identities or self.tags or self.notes or self.consents)


def _has_gone(now: Customer, before: Customer) -> bool:
    """Whether somebody was merged or erased while their row was waited for."""
    return (now.merged_into_id, now.erased_at) != (before.merged_into_id, before.erased_at)


class _Batch:
    def __init__(
        self, actor: Staff | None, source: str, overwrites: bool, at: datetime, seen: set[int] | None
    ) -> None:
        self.seen = seen
        self.actor, self.source, self.overwrites, self.at = actor, source[:80], overwrites, at
        self.ones: dict[int, _One] = {}  # by the identity of the object: new ones have no number yet
        self.by_address: dict[tuple[str, str], _One] = {}
        self.refused: list[tuple[int, str]] = []
        self.unproved = 0

    def read(self, people: Sequence[IncomingPerson]) -> None:
        """All that the rows may touch."""
        wanted: dict[str, set[str]] = {}
        for person in people:
            for kind, normal, _shown in person.addresses:
                wanted.setdefault(kind, set()).add(normal)
        found, living = self._found(wanted)
        whose = {row.pk: living[row.customer_id] for row in found}
        ones = {person.pk: _One(person, is_new=False) for person in whose.values()}
        self.ones = {id(one): one for one in ones.values()}
        for row in found:
            self.by_address[row.kind, row.address] = ones[whose[row.pk].pk]
        unknown = ((kind, normal) for kind, normals in wanted.items() for normal in normals)
        self.erased = erased_among(each for each in unknown if each not in self.by_address)
        self.rows = rows_of_people(ones)
        self._read_beside()

    def _found(self, wanted: Mapping[str, Collection[str]]) -> tuple[list[Identity], dict[int, Customer]]:
        """The addresses that are known, and by their rows who has them: locked where they will be written."""
        while True:
            found = [
                row
                for kind, normals in wanted.items()
                for row in Identity.objects.filter(kind=kind, address__in=normals)
            ]
            living = living_of(row.customer_id for row in found)
            if self.seen is not None:
                return found, living
            rows = Customer.objects.filter(pk__in={person.pk for person in living.values()})
            # Whoever only writes rows that name them, as the mail's intake, need not wait: it may hold an address that
            # we shall wait for.
            locked = {row.pk: row for row in rows.order_by("pk").select_for_update(no_key=True)}
            now = {pk: locked[person.pk] for pk, person in living.items()}
            if not any(_has_gone(now[pk], person) for pk, person in living.items()):
                return found, now

    def _read_beside(self) -> None:
        ids = list(self.rows)
        on_people = Tag.customers.through.objects.filter(customer__in=ids)
        self.tags = {(self.rows[pk], name) for pk, name in on_people.values_list("customer", "tag__name")}
        notes = CustomerNote.objects.filter(customer__in=ids).values_list("customer", "text")
        self.notes = {(self.rows[pk], text) for pk, text in notes}
        self.consents: dict[int, Consent] = {}  # what counts now, by the person
        self.said: set[tuple[int, bool, datetime]] = set()  # and all that was ever said
        rows = Consent.objects.filter(customer__in=ids, channel=EMAIL, purpose=_NEWS).order_by("at", "id")
        for row in rows:
            self.consents[self.rows[row.customer_id]] = row
            self.said.add((self.rows[row.customer_id], row.is_given, row.at))

    def take(self, place: int, person: IncomingPerson) -> None:
        """One row, in memory."""
        known = {
            id(one): one
            for kind, normal, _shown in person.addresses
            if (one := self.by_address.get((kind, normal)))
        }
        if len(known) > 1:
            self.refused.append((place, "two_people"))
            return
        if any((kind, normal) in self.erased for kind, normal, _shown in person.addresses):
            self.refused.append((place, "erased"))
            return
        one = next(iter(known.values()), None)
        if one is None:
            one = _One(Customer(created_at=self.at), is_new=not self._is_seen(person))
            self.ones[id(one)] = one
        one.is_named = True
        for kind, normal, shown in person.addresses:
            if (kind, normal) not in self.by_address:
                self.by_address[kind, normal] = one
                one.identities.append(
                    Identity(
                        kind=kind,
                        address=normal,
                        shown=" ".join(shown.split())[:320],
                        customer=one.customer,
                        source=Identity.Source.FILE,
                        created_at=self.at,
                    )
                )
        self._fill(one, person.profile)
        pk = one.customer.pk or 0
        one.tags += [
            name
            for name in dict.fromkeys(person.tags)
            if (pk, name) not in self.tags and name not in one.tags
        ]
        if person.note and (pk, person.note) not in self.notes and person.note not in one.notes:
            one.notes.append(person.note)
        self._consent(one, person.consent)

    def _is_seen(self, person: IncomingPerson) -> bool:
        if self.seen is None:
            return False
        marks = {hash((kind, normal)) for kind, normal, _shown in person.addresses}
        is_seen = bool(marks & self.seen)
        self.seen |= marks
        return is_seen

    def _fill(self, one: _One, profile: Mapping[str, Any]) -> None:
        customer = one.customer
        # A birthday is one thing: the day of one source and the month of another would be nobody's.
        is_born = customer.birth_month is not None and not self.overwrites
        for name, value in profile.items():
            before = getattr(customer, name)
            if before == value or (before not in {None, ""} and not self.overwrites):
                continue
            if name in {"birth_month", "birth_day"} and is_born:
                continue
            setattr(customer, name, value)
            one.fields.add(name)
        shown = rules.shown_name(
            customer.name, customer.family_name, customer.given_name, customer.name_order
        )[:200]
        if shown != customer.name:
            customer.name = shown
            one.fields.add("name")

    def _consent(self, one: _One, said: SaidConsent | None) -> None:
        if said is None:
            return
        at = said.at or self.at
        if not said.is_proved or (said.is_given and at > self.at):
            self.unproved += 1  # a day to come would count for more than a no of today
            return
        pk = one.customer.pk or 0
        newest = self.consents.get(pk)
        if newest is not None and (newest.is_given == said.is_given or (said.is_given and newest.at >= at)):
            return  # known, or they said no since
        # A no from before a yes changes nothing now: it is history, and kept as that once.
        now = {(each.is_given, each.at) for each in one.consents}
        if (pk, said.is_given, at) in self.said or (said.is_given, said.at) in now:
            return
        one.consents.append(said)

    def write(self) -> None:
        """All at once."""
        changed = [one for one in self.ones.values() if one.is_new or one.is_changed]
        insert_rows([one.customer for one in changed if one.is_new])
        names = {name for one in changed if not one.is_new for name in one.fields}
        if names:
            update_rows([one.customer for one in changed if not one.is_new and one.fields], names)
        if keep_identities([row for one in changed for row in one.identities]):
            raise _Overtaken
        self._write_tags(changed)
        notes = [(one, text) for one in changed for text in one.notes]
        insert_rows(
            [CustomerNote(customer=one.customer, text=text, by=self.actor, at=self.at) for one, text in notes]
        )
        consents = [
            Consent(
                customer=one.customer,
                channel=EMAIL,
                purpose=_NEWS,
                is_given=said.is_given,
                source=self.source,
                wording=said.wording,
                at=min(said.at or self.at, self.at),
                by=self.actor,
            )
            for one in changed
            for said in one.consents
        ]
        insert_rows(consents)
        self._index(changed)
        self._tell(changed, consents)

    def _write_tags(self, changed: Iterable[_One]) -> None:
        pairs = [(one, name) for one in changed for name in one.tags[:_MOST_TAGS]]
        names = sorted({name for _one, name in pairs})
        Tag.objects.bulk_create([Tag(name=name) for name in names], ignore_conflicts=True)
        ids = dict(Tag.objects.filter(name__in=names).values_list("name", "pk"))
        through = Tag.customers.through
        through.objects.bulk_create(
            [through(tag_id=ids[name], customer_id=one.customer.pk) for one, name in pairs],
            ignore_conflicts=True,
        )

    def _index(self, changed: Sequence[_One]) -> None:
        people = {
            one.customer.pk: one.customer for one in changed if one.identities or one.fields or one.is_new
        }
        theirs: dict[int, list[Identity]] = {}
        for row in Identity.objects.filter(customer__in=people).order_by("id"):
            theirs.setdefault(row.customer_id, []).append(row)
        index.put("customer", [(pk, search_words(each, theirs.get(pk, ()))) for pk, each in people.items()])

    def _tell(self, changed: Sequence[_One], consents: Sequence[Consent]) -> None:
        at, actor_id = self.at, self.actor.pk if self.actor else None
        told: list[Happened] = []
        for one in changed:
            pk = one.customer.pk
            if one.is_new:
                told.append(CustomerAdded(happened_at=at, actor_id=actor_id, customer_id=pk, silent=True))
            elif one.fields:
                fields = sorted(one.fields)
                told.append(
                    ProfileChanged(
                        happened_at=at, actor_id=actor_id, customer_id=pk, changed=fields, silent=True
                    )
                )
            if one.tags:
                told.append(
                    TagsChanged(
                        happened_at=at, actor_id=actor_id, customer_id=pk, added=[], removed=[], silent=True
                    )
                )
        told += [
            ConsentRecorded(
                happened_at=row.at,
                actor_id=actor_id,
                customer_id=row.customer_id,
                consent_id=row.pk,
                is_given=row.is_given,
                silent=True,
            )
            for row in consents
        ]
        if told:
            emit(*told)

    def taken(self) -> TakenPeople:
        """What became of them."""
        new = sum(one.is_new for one in self.ones.values())
        changed = sum(not one.is_new and one.is_changed for one in self.ones.values())
        return TakenPeople(
            new=new,
            changed=changed,
            known=sum(one.is_named for one in self.ones.values()) - new - changed,
            consents=sum(len(one.consents) for one in self.ones.values()),
            unproved=self.unproved,
            refused=tuple(self.refused),
        )
