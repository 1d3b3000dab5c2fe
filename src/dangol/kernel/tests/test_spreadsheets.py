"""Tables for a spreadsheet."""

import pytest
from django.utils.translation import get_language, override

from dangol.kernel.spreadsheets import MARK, harmless, table_response


@pytest.mark.parametrize("text", ["=1+1", "+82", "-1", "@x", "\t=1", "\r=1"])
def test_what_a_spreadsheet_takes_for_a_formula_is_marked_as_text(text):
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "burger", "1-2", "한글"])
def test_all_other_text_stays_as_it_is(text):
    assert harmless(text) == text


def test_rows_are_made_in_the_language_of_whoever_asked():
    def rows():
        for _each in range(2):
            yield [get_language()]

    with override("ko"):
        response = table_response("x.csv", ["language"], rows())
    with override("en"):
        content = b"".join(response.streaming_content).decode()
        assert get_language() == "en"
    assert content == f"{MARK}language\r\nko\r\nko\r\n"
