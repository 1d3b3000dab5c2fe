import pytest
from django.utils.translation import override

from dangol.business.templatetags.money import money


@pytest.mark.parametrize(("language", "shown"), [("en", "₩1,200"), ("ko", "1,200원")])
def test_an_amount_is_written_in_the_language_of_the_page(language: str, shown: str) -> None:
    with override(language):
        assert money(1200, "KRW") == shown
        assert money(None, "KRW") == ""
