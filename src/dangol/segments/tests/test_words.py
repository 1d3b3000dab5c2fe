import pytest

from dangol.customers.models import Tag
from dangol.segments import words
from dangol.segments.rules import AnyOf, OneOf

pytestmark = pytest.mark.django_db


def test_what_a_rule_has_chosen_is_named_however_many_others_there_are(monkeypatch):
    monkeypatch.setattr(words, "MOST_CHOICES", 1)
    first, last, gone = Tag.objects.create(name="a"), Tag.objects.create(name="z"), 10**30
    rule = AnyOf((OneOf("tag", (str(last.pk), str(gone))),))

    called = words.names("KRW", [rule])

    assert called.choices["tag"] == ((str(first.pk), "a"), (str(last.pk), "z"))
    assert words.rule_words(rule, called) == "Tag: z / (no longer there)"
