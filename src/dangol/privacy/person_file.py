"""All that is known of one person in one file, for that person: pages to read and to print, and the same as data.

The file is made while it is sent. A message at a time is in memory, an attachment or a mail at a time in a piece of it.
"""

import contextlib
import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain, islice
from typing import Any, Final

from django.db.models import Prefetch, Q, QuerySet
from django.template.loader import render_to_string
from django.utils.translation import get_language

from dangol.channels.models import Content
from dangol.customers.commands.profiles import FIELDS
from dangol.customers.kinds import kind_words
from dangol.customers.models import Consent, Customer, CustomerNote, Identity, Membership, Tag
from dangol.customers.profile import words_of
from dangol.customers.queries import ids_of_person, names_of
from dangol.goodwill.models import Wish
from dangol.inbox.models import Attachment, Conversation, Message
from dangol.kernel.files import open_file
from dangol.kernel.spreadsheets import in_language
from dangol.kernel.zips import Pipe
from dangol.orders.models import Order, OrderLine, Refund, RefundLine

_AT_ONCE: Final = 20
_PIECE: Final = 256 * 1024


def person_file(person: Customer, *, at: datetime) -> Iterator[bytes]:
    """The zip of all that is known, in pieces: index.html, data.json, and folders of mails and files.

    In the language of whoever asked. Mails are as they came and left; one whose bytes are gone is left out.
    """
    return in_language(get_language(), _PersonFile(person, at).pieces())


class _PersonFile:
    def __init__(self, person: Customer, at: datetime) -> None:
        self.person, self.at = person, at
        self.ids = ids_of_person(person)
        self.pipe = Pipe()
        self.zip = zipfile.ZipFile(self.pipe, "w", zipfile.ZIP_DEFLATED)

    def pieces(self) -> Iterator[bytes]:
        for write in (self._page, self._data, self._mails, self._attachments):
            for _written in write():
                yield from self.pipe.taken()
        self.zip.close()
        yield from self.pipe.taken()

    def _page(self) -> Iterator[None]:
        self.zip.writestr("style.css", render_to_string("privacy/person.css"))
        with self.zip.open("index.html", "w", force_zip64=True) as file:
            context = {
                "person": self.person,
                "name": names_of([self.person])[self.person.pk],
                "words": words_of(self.person, today=self.at.date()),
                "at": self.at,
                "language": get_language() or "en",
                "identities": self._identities(),
                "consents": [(row, kind_words(row.channel)) for row in self._consents()],
                "notes": self._notes(),
                "tags": self._tags(),
                "segments": self._segments(),
                "orders": self._orders().iterator(chunk_size=_AT_ONCE),
                "refunds": self._refunds().iterator(chunk_size=_AT_ONCE),
                "wishes": self._wishes(),
                "not_given": self._wishes(were_given=False),
            }
            head, tail = render_to_string("privacy/person.html", context).split("<!-- messages -->")
            file.write(head.encode())
            yield
            for talk in self._talks():
                file.write(render_to_string("privacy/_talk.html", {"talk": talk}).encode())
                for message, files in self._messages(talk):
                    values = {"message": message, "mail": _mail_of(message), "files": _places(files)}
                    file.write(render_to_string("privacy/_message.html", values).encode())
                    yield
            file.write(tail.encode())
            yield

    def _data(self) -> Iterator[None]:
        with self.zip.open("data.json", "w", force_zip64=True) as file:
            head = {
                "made_at": self.at,
                "customer": {"uid": self.person.uid, **{each: getattr(self.person, each) for each in FIELDS}},
                "identities": [
                    {"kind": row.kind, "address": row.shown or row.address, "verified": row.is_verified}
                    for row in self._identities()
                ],
                "consents": [
                    {
                        "channel": row.channel,
                        "purpose": row.purpose,
                        "given": row.is_given,
                        "source": row.source,
                        "wording": row.wording,
                        "at": row.at,
                    }
                    for row in self._consents()
                ],
                "notes": [{"text": row.text, "at": row.at} for row in self._notes()],
                "tags": self._tags(),
                "segments": self._segments(),
                "given": [_wish(row) for row in self._wishes()],
                "wished": [
                    {**_wish(row), "became": row.state, "wished_minor": row.wished}
                    for row in self._wishes(were_given=False)
                ],
            }
            file.write(_json(head)[:-1].encode())
            for name, rows in (("orders", self._orders()), ("refunds", self._refunds())):
                yield from _array(file, name, (_trade(row) for row in rows.iterator(chunk_size=_AT_ONCE)))
            yield from _array(file, "messages", self._said())
            file.write(b"}")
            yield

    def _said(self) -> Iterator[dict[str, Any]]:
        for talk in self._talks():
            for message, files in self._messages(talk):
                yield {
                    "conversation": talk.uid,
                    "subject": message.subject or talk.subject,
                    "direction": message.direction,
                    "at": message.happened_at,
                    "from": {"name": message.from_name, "address": message.from_address},
                    "to": message.to,
                    "cc": message.cc,
                    "bcc": message.bcc,
                    "text": message.text,
                    "mail": _mail_of(message),
                    "files": [path for path, _name in _places(files)],
                }

    def _mails(self) -> Iterator[None]:
        parts = [Message.objects.filter(mine, undone_at=None).order_by("id") for mine in self._theirs()]
        rows = (part.select_related("raw", "delivery").iterator(chunk_size=_AT_ONCE) for part in parts)
        for message in chain.from_iterable(rows):
            content: Content | None = message.raw or message.delivery
            if content and content.size:
                with contextlib.suppress(FileNotFoundError), content.opened() as kept:
                    mail = io.BytesIO(kept) if isinstance(kept, bytes) else kept
                    yield from self._copy(mail, _mail_of(message))

    def _attachments(self) -> Iterator[None]:
        theirs = self._theirs("message__")
        parts = [Attachment.objects.filter(mine, message__undone_at=None).order_by("id") for mine in theirs]
        for row in chain.from_iterable(part.iterator(chunk_size=_AT_ONCE) for part in parts):
            with contextlib.suppress(FileNotFoundError), open_file(row.sha256) as file:
                yield from self._copy(file, _place(row))

    def _copy(self, source: Any, path: str) -> Iterator[None]:
        with self.zip.open(path, "w", force_zip64=True) as target:
            while piece := source.read(_PIECE):
                target.write(piece)
                yield

    def _talks(self) -> Iterator[Conversation]:
        mine = Conversation.objects.filter(customer__in=self.ids)
        said_in = Message.objects.filter(self._theirs()[1]).values("conversation")
        for rows in (mine, Conversation.objects.filter(pk__in=said_in)):
            yield from rows.order_by("created_at", "id").iterator(chunk_size=_AT_ONCE)

    def _theirs(self, of: str = "") -> tuple[Q, Q]:
        """What was said in the person's conversations; and what they said in those of others. Of each by its index."""
        mine = Q(**{f"{of}conversation__customer__in": self.ids})
        return mine, Q(**{f"{of}identity__in": [row.pk for row in self._identities()]}) & ~mine

    def _messages(self, talk: Conversation) -> Iterator[tuple[Message, list[Attachment]]]:
        """Each with its files. Not by prefetching: rows that know each other stay in memory until somebody looks."""
        rows = Message.objects.filter(conversation=talk, undone_at=None).order_by("happened_at", "id")
        if talk.customer_id not in self.ids:
            rows = rows.filter(self._theirs()[1])
        waiting = rows.select_related("staff").iterator(chunk_size=_AT_ONCE)
        while batch := list(islice(waiting, _AT_ONCE)):
            files: dict[int | None, list[Attachment]] = {}
            for row in Attachment.objects.filter(message__in=[each.pk for each in batch]).order_by("id"):
                files.setdefault(row.message_id, []).append(row)
            for message in batch:
                yield message, files.get(message.pk, [])

    def _identities(self) -> list[Identity]:
        return list(Identity.objects.filter(customer__in=self.ids).order_by("id"))

    def _consents(self) -> list[Consent]:
        return list(Consent.objects.filter(customer__in=self.ids).order_by("at", "id"))

    def _notes(self) -> list[CustomerNote]:
        return list(CustomerNote.objects.filter(customer__in=self.ids).order_by("at", "id"))

    def _tags(self) -> list[str]:
        names = Tag.objects.filter(customers__in=self.ids).order_by("name").values_list("name", flat=True)
        return list(dict.fromkeys(names))

    def _segments(self) -> list[str]:
        names = Membership.objects.filter(customer__in=self.ids).order_by("segment__name")
        return list(dict.fromkeys(names.values_list("segment__name", flat=True)))

    def _wishes(self, *, were_given: bool = True) -> list[Wish]:
        given = Q(state__in=(Wish.State.GIVEN, Wish.State.PARTLY))
        rows = Wish.objects.filter(given if were_given else ~given, customer__in=self.ids)
        return list(rows.order_by("asked_at", "id"))

    def _orders(self) -> "QuerySet[Order]":
        rows = Order.objects.filter(customer__in=self.ids).order_by("ordered_at", "id")
        return rows.prefetch_related(Prefetch("lines", OrderLine.objects.order_by("id")))

    def _refunds(self) -> "QuerySet[Refund]":
        rows = Refund.objects.filter(customer__in=self.ids).order_by("refunded_at", "id")
        return rows.prefetch_related(Prefetch("lines", RefundLine.objects.order_by("id")))


def _mail_of(message: Message) -> str:
    """Where in the zip the mail is; "" for what is no mail, such as a note."""
    return f"mails/{message.pk}.eml" if message.raw_id or message.delivery_id else ""


def _places(files: Iterable[Attachment]) -> list[tuple[str, str]]:
    """Where in the zip each attachment is, and what it is called."""
    return [(_place(row), row.filename or f"{row.pk}") for row in files]


def _place(row: Attachment) -> str:
    """No name of a file leads out of the folder."""
    return f"files/{row.pk}{_ending(row.filename)}"


def _ending(filename: str) -> str:
    ending = filename.rpartition(".")[2].lower()
    return (
        f".{ending}" if "." in filename and ending.isascii() and ending.isalnum() and len(ending) < 10 else ""
    )


def _wish(row: Wish) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "what": row.what,
        "amount_minor": row.given,
        "currency": row.own_currency,
        "at": row.decided_at or row.asked_at,
    }


def _trade(row: Order | Refund) -> dict[str, Any]:
    """Amounts are in minor units of the currency, quantities in thousandths, prices in 1/10,000 of the unit."""
    values: dict[str, Any] = {
        "number": row.number,
        "at": row.ordered_at if isinstance(row, Order) else row.refunded_at,
        "amount_minor": row.amount,
        "currency": row.currency,
        "lines": [
            {
                "sku": line.sku,
                "name": line.name,
                "quantity_thousandths": line.quantity_thousandths,
                "unit_price_e4": line.unit_price_e4,
                "amount_minor": line.amount,
            }
            for line in row.lines.all()
        ],
    }
    if isinstance(row, Order):
        values |= {
            "cancelled_at": row.cancelled_at,
            "contact": {"name": row.contact_name, "email": row.contact_email, "phone": row.contact_phone},
        }
    else:
        values |= {"reason": row.reason}
    return values


def _array(file: Any, name: str, rows: Iterable[dict[str, Any]]) -> Iterator[None]:
    file.write(f',\n"{name}": ['.encode())
    mark = "\n"
    for row in rows:
        file.write((mark + _json(row)).encode())
        mark = ",\n"
        yield
    file.write(b"]")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
