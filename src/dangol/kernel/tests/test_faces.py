import pytest

from dangol.kernel.faces import TINTS, initials, tint


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Sora Kim", "SK"),
        ("James van der Lee", "JL"),
        ("박지훈", "박"),
        ("이 서연", "이"),
        ("田中太郎", "田"),
        ("Hana", "HA"),
        ("jane.doe@example.com", "JD"),
        ("☎ 🍔", "?"),
        ("", "?"),
    ],
)
def test_a_face_shows_the_letters_by_which_a_person_is_known(name, letters):
    assert initials(name) == letters


def test_a_person_keeps_the_tint_however_the_name_is_typed():
    assert tint("Sora Kim") == tint(" SORA KIM ")
    assert {tint(f"guest {n}") for n in range(60)} == set(TINTS)
