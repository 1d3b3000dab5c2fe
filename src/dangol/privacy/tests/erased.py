"""Somebody who is answered, and then wants to be forgotten."""

from uuid import uuid4

from dangol.inbox.commands.drafts import save_draft
from dangol.inbox.commands.replies import send_reply
from dangol.privacy.commands import erase_customer
from dangol.privacy.erasing import erase_further
from tests.parts.cast import NOON

KIM = "Kim <kim@example.kr>"


def forget(person, actor=None):
    erase_customer(actor=actor, customer=person, name=person.name, at=NOON)
    while erase_further():
        pass


def answer(actor, talk, text="Sorry."):
    draft = save_draft(actor=actor, conversation=talk, text=text, at=NOON)
    return send_reply(actor=actor, draft=draft, key=uuid4(), at=NOON)
