"""One matter with one customer as a row of steps, each at its time; what a step does is the recorder's."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from dangol.channels.email import tokens
from dangol.channels.email.compose import reply_subject
from dangol.channels.email.parse import parse
from dangol.channels.incoming import Party
from dangol.channels.models import Channel
from dangol.inbox.models import Conversation, Message
from dangol.inbox.threading import is_own_message_id, mail_key
from dangol.showcase import odd_letters
from dangol.showcase.letters import Got, Letter, write_letter
from dangol.showcase.people import Person
from dangol.showcase.recorder import Recorder

PLAIN: Final = "plain"
HTML: Final = "html"
HTML_ALONE: Final = "html alone"


class Step(NamedTuple):
    """One thing that happens. `leaves_open` when somebody would be left waiting if it were the last one."""

    at: datetime
    do: Callable[[Recorder, datetime], None]
    leaves_open: bool = False


@dataclass(eq=False)
class Talk:
    """A matter of a person in a mailbox. Its methods add steps; `source` says on the raw mail what it is about."""

    person: Person
    channel: Channel
    subject: str
    source: str = "showcase"
    gaps: Mapping[str, str] = field(default_factory=dict)  # with what its texts are filled
    version: int = 0  # which of the answers it gets
    steps: list[Step] = field(default_factory=list)
    conversation: Conversation | None = None
    last_reply: Message | None = None
    last_asked: Got | None = None
    is_closed: bool = False  # by its steps

    @property
    def known(self) -> Conversation:
        """The conversation, once something has been said."""
        assert self.conversation is not None
        return self.conversation

    def ask(
        self, at: datetime, text: str, *, manner: str = PLAIN, pictures: Mapping[str, bytes] | None = None
    ) -> None:
        """The customer writes. `manner` is PLAIN, HTML, HTML_ALONE or a charset."""

        def do(recorder: Recorder, at: datetime) -> None:
            letter = self._letter(at, text, manner, pictures or {})
            self._arrive(recorder, letter, at)

        self._add(at, do, leaves_open=True)

    def answer_by_machine(self, at: datetime) -> None:
        """The customer's program says that the customer is away."""

        def do(recorder: Recorder, at: datetime) -> None:
            if self.last_reply is None:
                return
            content = odd_letters.out_of_office(
                self.person, got(self.last_reply), at=at, message_id=self._message_id(at)
            )
            self._arrive(recorder, _read(content), at)

        self._add(at, do)

    def reply(self, at: datetime, who: str, text: str) -> None:
        """Somebody of the staff answers; writing took as long as the text is."""

        def do(recorder: Recorder, at: datetime) -> None:
            heard_at = self.known.last_message_at
            written = at - timedelta(seconds=40 + len(text))
            self.last_reply = recorder.reply(
                self.known,
                staff=recorder.shop.staff[who],
                text=text,
                opened_at=max(written, heard_at + (at - heard_at) / 2),
                at=at,
            )

        self._add(at, do)

    def note(self, at: datetime, who: str, text: str) -> None:
        """Somebody leaves a note for the team."""
        self._add(
            at,
            lambda recorder, at: _ignore(
                recorder.add_note(self.known, staff=recorder.shop.staff[who], text=text, at=at)
            ),
            leaves_open=True,
        )

    def assign(self, at: datetime, who: str, to: str = "") -> None:
        """Somebody takes it, or gives it to somebody."""
        self._add(
            at,
            lambda recorder, at: recorder.assign(
                self.known, staff=recorder.shop.staff[who], to=recorder.shop.staff[to or who], at=at
            ),
            leaves_open=True,
        )

    def postpone(self, at: datetime, who: str, until: datetime) -> None:
        """Somebody puts it off. In the past it belongs to what brings it back, and goes with it."""
        self._add(
            at,
            lambda recorder, at: recorder.postpone(
                self.known, staff=recorder.shop.staff[who], until=until, at=at
            ),
            leaves_open=True,
        )

    def bring_back(self, at: datetime) -> None:
        """What was put off is there again."""
        self._add(at, lambda recorder, at: recorder.bring_back(self.known, at=at), leaves_open=True)

    def close(self, at: datetime, who: str) -> None:
        """Somebody closes it."""
        self.is_closed = True
        self._add(at, lambda recorder, at: recorder.close(self.known, staff=recorder.shop.staff[who], at=at))

    def come_back(self, at: datetime) -> None:
        """The last reply could not be delivered, and a report says so."""

        def do(recorder: Recorder, at: datetime) -> None:
            reply = self.last_reply
            assert reply is not None
            content = odd_letters.bounce_report(
                got(reply),
                recipient=self.person.address,
                at=at,
                message_id=f"report.{self._message_id(at)}",
            )
            recorder.bounce(reply, _read(content), at=at)

        self._add(at, do)

    def until(self, now: datetime) -> "Talk":
        """Without what would be after now, and so that nobody is left waiting by it."""
        kept = [step for step in self.steps if step.at < now]
        self.is_closed = self.is_closed and len(kept) == len(self.steps)  # closing is the last step
        self.steps = kept
        while self.steps and self.steps[-1].leaves_open:
            self.steps.pop()
        return self

    def _add(
        self, at: datetime, do: Callable[[Recorder, datetime], None], *, leaves_open: bool = False
    ) -> None:
        self.steps.append(Step(at, do, leaves_open))

    def _arrive(self, recorder: Recorder, letter: Letter, at: datetime) -> None:
        message = recorder.arrive(
            letter, channel=self.channel, at=at, source=self.source, into=self.conversation
        )
        self.conversation = message.conversation

    def _letter(self, at: datetime, text: str, manner: str, pictures: Mapping[str, bytes]) -> Letter:
        mailbox = self.channel.mailbox
        # Who has no answer yet goes on from the own mail: that is what keeps the two together.
        answers = got(self.last_reply) if self.last_reply else self.last_asked
        to = Party(mailbox.from_name, mailbox.address)
        subject = reply_subject(answers.subject) if answers else self.subject
        message_id = self._message_id(at)
        own = Party(self.person.name, self.person.address)
        references = (*answers.references, answers.message_id) if answers else ()
        self.last_asked = Got(own, to, at, subject, text, message_id, references)
        if manner in {HTML, HTML_ALONE} or pictures:
            content = odd_letters.with_html(
                self.person,
                to=to,
                subject=subject,
                text=text,
                at=at,
                message_id=message_id,
                answers=answers,
                has_text=manner != HTML_ALONE,
                pictures=dict(pictures),
            )
            return _read(content)
        if manner != PLAIN and not answers:
            content = odd_letters.in_charset(
                manner, self.person, to=to, subject=subject, text=text, at=at, message_id=message_id
            )
            return _read(content)
        return write_letter(
            self.person, to=to, subject=subject, text=text, at=at, message_id=message_id, answers=answers
        )

    def _message_id(self, at: datetime) -> str:
        made = hashlib.sha256(f"{self.person.address} {at.isoformat()}".encode()).hexdigest()[:20]
        return f"{made}@{self.person.address.rpartition('@')[2]}"


def got(reply: Message) -> Got:
    """A reply of ours as the customer has it."""
    mailbox = reply.channel.mailbox
    signature = reply.staff.signature if reply.staff else ""
    return Got(
        sender=Party(reply.from_name, reply.from_address),
        to=Party(reply.to[0]["name"], reply.to[0]["address"]),
        at=reply.happened_at,
        subject=reply.subject,
        text=f"{reply.text}\n\n-- \n{signature}\n\n{reply.channel.signature}",
        message_id=reply.message_id,
        references=reply.references,
        reply_to=tokens.plus_address(mail_key(), reply.conversation_id, mailbox.address),
    )


def perform(recorder: Recorder, talks: list[Talk]) -> None:
    """Let everything happen, in the order of time."""
    todo = [
        (step.at, number, place) for number, talk in enumerate(talks) for place, step in enumerate(talk.steps)
    ]
    for at, number, place in sorted(todo):
        talks[number].steps[place].do(recorder, at)


def _read(content: bytes) -> Letter:
    return Letter(content, parse(content, is_own=is_own_message_id))


def _ignore(_made: object) -> None:
    return None
