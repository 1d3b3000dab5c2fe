"""What the composer sends, read."""

import json
from datetime import datetime
from typing import Any
from uuid import uuid4

from django import forms
from django.http import HttpRequest
from django.utils import timezone

from dangol.inbox.errors import TimeIsPast
from dangol.inbox.later import later_choices
from dangol.inbox.written import read_parties


class ComposerForm(forms.Form):
    """Text and recipients; a page that leaves something away means the empty one. Never invalid: commands refuse."""

    text = forms.CharField(required=False, strip=False)
    mode = forms.CharField(required=False)
    to = forms.CharField(required=False)
    cc = forms.CharField(required=False)
    bcc = forms.CharField(required=False)
    key = forms.UUIDField(required=False)
    base_message_id = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1)
    version = forms.IntegerField(required=False, min_value=0, max_value=2**31 - 1)

    @classmethod
    def of(cls, request: HttpRequest) -> "ComposerForm":
        """The form of the request, sent by a form or as JSON."""
        if request.content_type == "application/json":
            try:
                sent = json.loads(request.body)
            except ValueError:
                sent = {}
            data = sent if isinstance(sent, dict) else {}
            form = cls({**data, "mode": "note" if data.get("is_note") else "reply"})
        else:
            form = cls(request.POST)
        form.is_valid()
        return form

    def value(self, name: str) -> Any:
        """The cleaned value, or None."""
        return self.cleaned_data.get(name)

    @property
    def words(self) -> str:
        """The text with the line ends of this side of the wire."""
        return str(self.value("text") or "").replace("\r\n", "\n")

    @property
    def is_note(self) -> bool:
        """Whether it is for the team only."""
        return bool(self.value("mode") == "note")

    @property
    def send_key(self) -> Any:
        """The key that makes a click count once."""
        return self.value("key") or uuid4()

    @property
    def parties(self) -> dict[str, list[dict[str, str]]]:
        """The recipients by role."""
        return {role: read_parties(self.value(role) or "") for role in ("to", "cc", "bcc")}


def read_later(request: HttpRequest, now: datetime) -> datetime:
    """The instant that was chosen. Refused (TimeIsPast) for what is no time at all, too."""
    wanted = request.POST.get("until", "")
    chosen = dict(later_choices(timezone.localtime(now))).get(wanted)
    if chosen:
        return chosen
    picked = forms.DateTimeField(required=False, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])
    try:
        instant = picked.clean(request.POST.get("at", ""))
    except forms.ValidationError:
        instant = None
    if not isinstance(instant, datetime):
        raise TimeIsPast
    return instant
