import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.goodwill.causes import cause_choices, proposed_cause
from dangol.goodwill.commands.causes import add_cause, begin_causes, change_cause, retire_cause
from dangol.goodwill.errors import CauseGoesInCircles, CauseNamedTwice, CauseNameless
from dangol.goodwill.first_causes import ENGLISH, KOREAN
from dangol.goodwill.models import Cause
from dangol.goodwill.proposing import complained_of, named, number_named, propose
from tests.parts.cast import NOON


def words_of(tree):
    examples = [each for place in tree for each in place.examples]
    return {n: each.words for n, each in enumerate(examples)}, [each.name for each in examples]


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("The burger was cold.", "Cold or poor quality"),
        ("The drink was MISSING from my bag", "Something was missing"),
        ("It was delivered two hours late", "Late"),
        ("The box came crushed and had leaked", "Broken or damaged"),
        ("Your colleague was rude to me", "Unfriendly"),
        ("Thank you, it was lovely", None),
        ("My chocolate cake was great", None),  # has "late" in it, and no word that begins so
        ("버거가 다 식어서 왔어요", "식었거나 품질이 나쁨"),
        ("사진처럼 포장이 터져서 왔어요", "깨졌거나 망가짐"),
        ("두 시간째 아직 안 왔어요", "늦음"),
        ("아직안왔어요", "늦음"),
        ("음료가 빠졌습니다", "빠진 것이 있음"),
        ("직원이 너무 불친절했어요", "불친절"),
        ("전화를 안 받으시네요", "답이 없음"),
        ("정말 맛있었어요, 감사합니다", None),
    ],
)
def test_a_customers_words_propose_a_cause(text, cause):
    words, names = words_of(ENGLISH if text.isascii() else KOREAN)
    found = propose(text, words)
    assert (None if found is None else names[found]) == cause


@given(st.text(), st.dictionaries(st.integers(), st.lists(st.text(max_size=5), max_size=4), max_size=4))
def test_whatever_is_written_it_proposes_one_of_them_or_none(text, words):
    assert propose(text, words) in {None, *words}


BOUGHT = {
    1: "Moon burger",
    2: "Cheese fries (large)",
    3: "Cheese burger",
    4: "유자차",
    5: "달버거 세트",
    6: "치즈 버거",
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("My fries were soggy", [2]),
        ("The cheese burger was cold", [3]),
        ("The moon burger and the fries", [1, 2]),
        ("Both burgers were cold", []),  # which of the two is not said
        ("The large one was cold", []),
        ("유자차가 쏟아졌어요", [4]),
        ("달버거가 식었어요", [5]),
        ("달 버거 세트가 안 왔어요", [5]),
        ("버거가 식었어요", []),
        ("", []),
    ],
)
def test_a_customers_words_name_what_they_bought(text, found):
    assert named(text, BOUGHT) == found


@given(st.text(), st.dictionaries(st.integers(), st.text(max_size=12), max_size=5))
def test_whatever_is_written_it_names_some_of_the_things(text, names):
    assert set(named(text, names)) <= set(names)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The fries were fine, but the moon burger was cold.", [1]),
        ("The moon burger was cold although the fries were good", [1]),
        ("Everything was great except the moon burger.\nIt was cold.", [1]),
        ("My moon burger was cold.\nFries OK", [1]),
        ("The fries were\nfine. The moon burger was cold", [1]),
        ("The fries weren’t good and the moon burger was cold", [1, 2]),
        ("The fries were not good. The moon burger was cold.", [1, 2]),
        ("The fries are usually great. It was all cold.", None),
        ("It would be nice to get the fries again, they were cold", None),
        ("My good old fries were cold", None),
        ("The moon burger was delicious. All else was cold", None),
        ("The fries were fine, but the moon burger was cold. The large one we ate.", [1]),
        ("The fries were nice and cold. The moon burger was lukewarm", None),
        ("All of it was good, only cold", []),
        ("유자차는 괜찮았는데 달버거 세트가 식었어요", [5]),
        ("유자차는 멀쩡한데 달버거 세트가 식었어요", None),
        ("달버거 세트는 식었지만 유자차는 맛있었어요", [5]),
        ("유자차는 맛있었고 달버거 세트는 식었어요", [5]),
        ("유자차는 좋았습니다。\n달버거 세트가 식었습니다", [5]),
        ("유자차는 별로 좋지 않았고 달버거 세트가 식었어요", [4, 5]),
        ("좋아하는 유자차인데 다 식었어요", [4]),
        ("유자차를 다시 보내 주시면 좋겠어요, 식었어요", [4]),
        ("평소에는 유자차가 맛있었는데 오늘은 식었어요", None),
    ],
)
def test_what_was_fine_is_not_what_they_complain_of(text, found):
    complaint = ("cold", "stale", "식었", "식어")
    assert complained_of(text, complaint, BOUGHT) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("My Perfect Day mug is in two pieces. The plates I have not unpacked. Broken!", [1, 2]),
        ("The perfect day mug is perfect, the plates are broken.", [2]),
        ("The perfect day mug is perfect. Something is broken.", None),
        ("The plates are fine. The Perfect Day mug is broken", [1]),
    ],
)
def test_what_a_thing_is_called_is_no_praise(text, found):
    assert complained_of(text, ("broken",), {1: "Perfect Day mug", 2: "Plates"}) == found


@given(
    st.text(), st.lists(st.text(max_size=5), max_size=3), st.dictionaries(st.integers(), st.text(max_size=12))
)
def test_whatever_is_written_it_complains_only_of_what_it_names(text, complaint, names):
    assert set(complained_of(text, complaint, names) or ()) <= set(named(text, names))


@pytest.mark.parametrize(
    ("text", "number", "is_named"),
    [
        ("Order 2041 came cold", "2041", True),
        ("주문번호 #2041입니다", "#2041", True),
        ("my order a-77", "A-77", True),
        ("Order 12041", "2041", False),
        ("There were 12 of us", "12", False),
        ("Nothing", "", False),
    ],
)
def test_an_order_is_named_by_its_whole_number(text, number, is_named):
    assert number_named(text, ["77-none", number]) == (1 if is_named else None)


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "first"), [("en", "The way of ordering"), ("ko", "주문 과정")])
def test_a_new_installation_begins_with_the_four_places_in_its_language(shop, language, first):
    shop.language = language
    shop.save()
    begin_causes()
    begin_causes()
    tops = Cause.objects.filter(parent=None).order_by("position")
    assert tops.count() == 4
    assert tops[0].name == first
    assert all(top.children.count() >= 2 for top in tops)


@pytest.mark.django_db
def test_a_cause_is_renamed_moved_and_retired(shop, minji):
    begin_causes()
    top, other = Cause.objects.filter(parent=None).order_by("position")[:2]
    made = add_cause(actor=minji, name=" The  fryer ", parent=top, words="fryer\n\nfryer\noil", at=NOON)
    assert (made.name, made.words) == ("The fryer", "fryer\noil")
    change_cause(
        actor=minji, cause=made, name="The new fryer", parent=other, words="oil", remedy="gift", at=NOON
    )
    assert made.remedy == "", "no order says what a gift is worth"
    change_cause(
        actor=minji, cause=made, name="The new fryer", parent=other, words="oil", remedy="redo", at=NOON
    )
    choices = cause_choices()
    assert next(each.remedy for each in choices if each.id == made.pk) == "redo"
    assert ("The new fryer", other.name) in {(each.name, each.above) for each in choices}
    assert proposed_cause("smells of oil", choices) == made.pk
    retire_cause(actor=minji, cause=other, at=NOON)
    assert made.pk not in {each.id for each in cause_choices()}


@pytest.mark.django_db
def test_a_cause_has_a_name_of_its_own_and_is_not_below_itself(shop, minji):
    begin_causes()
    top = Cause.objects.filter(parent=None).first()
    below = top.children.first()
    with pytest.raises(CauseNameless):
        add_cause(actor=minji, name="  ", parent=top, at=NOON)
    with pytest.raises(CauseNamedTwice):
        add_cause(actor=minji, name=top.name, parent=None, at=NOON)
    with pytest.raises(CauseGoesInCircles):
        change_cause(actor=minji, cause=top, name=top.name, parent=below, words="", remedy="", at=NOON)
