"""Long lists of words and phrases, written so that one can read them."""

import re


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


def pattern(source: str) -> re.Pattern[str]:
    """A pattern that takes no notice of case; line breaks and indentation of its source mean nothing."""
    return re.compile(re.sub(r"\s*\n\s*", "", source.strip()), re.IGNORECASE)
