import pytest

from dangol.customers.commands.profiles import add_customer
from dangol.customers.kinds import EMAIL
from dangol.customers.models import Tag
from dangol.segments import words
from dangol.segments.rules import AnyOf, OneOf
from dangol.segments.words import Sought
from tests.parts.cast import NOON

pytestmark = pytest.mark.django_db


def test_what_a_rule_has_chosen_is_named_however_many_others_there_are(monkeypatch):
    monkeypatch.setattr(words, "MOST_CHOICES", 1)
    first, last, gone = Tag.objects.create(name="a"), Tag.objects.create(name="z"), 10**30
    rule = AnyOf((OneOf("tag", (str(last.pk), str(gone))),))

    called = words.names("KRW", [rule])

    assert called.choices["tag"] == ((str(first.pk), "a"), (str(last.pk), "z"))
    assert words.rule_words(rule, called) == "Tag: z / (no longer there)"


def test_what_is_not_offered_is_found_by_a_part_of_its_name(monkeypatch):
    monkeypatch.setattr(words, "MOST_CHOICES", 1)
    Tag.objects.create(name="a")
    assert "tag" not in words.names("KRW").searched
    late = Tag.objects.create(name="wholesale")

    sought = Sought("tag", "SALE")
    called = words.names("KRW", sought=[sought])

    assert "tag" in called.searched
    assert called.found[sought] == ((str(late.pk), "wholesale"),)


def test_who_brought_them_is_found_by_name_and_told_apart_by_number(minji):
    one, other = (
        add_customer(
            actor=minji, addresses=[(EMAIL, f"{name}@example.com")], name="Sora Kim", language="", at=NOON
        )
        for name in ("sora", "s.kim")
    )

    sought = Sought("brought_by", "sora")
    called = words.names("KRW", [OneOf("brought_by", (str(one.pk),))], sought=[sought])

    assert set(called.found[sought]) == {(str(row.pk), f"Sora Kim #{row.pk}") for row in (one, other)}
    assert called.word("brought_by", str(one.pk)) == "Sora Kim"
