"""Whom and which conversation a journey means."""

from __future__ import annotations

from dangol.inbox.models import Conversation
from dangol.staff.models import Staff


def person_named(name: str) -> Staff:
    return Staff.objects.get(name=name)


def talk_about(subject: str) -> Conversation:
    return Conversation.objects.filter(subject=subject, merged_into=None).latest("id")
