import pytest

from dangol.kernel.places import read_id


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "²", "9" * 19, "9" * 5000])
def test_what_no_database_holds_is_no_id(text: str):
    assert read_id(text) is None


def test_an_id_is_read():
    assert (read_id("7"), read_id("9" * 18)) == (7, 10**18 - 1)
