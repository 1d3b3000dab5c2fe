import logging
import sys
from collections.abc import Callable

from dangol.kernel.logs import KeyValueFormatter

ADDRESS = "sora@" + "example.com"


def logged(failing: Callable[[], None]) -> str:
    try:
        failing()
    except Exception:
        record = logging.LogRecord("dangol.x", logging.ERROR, "", 1, "raw=%s failed", (7,), sys.exc_info())
        return KeyValueFormatter().format(record)
    raise AssertionError


def test_a_failure_says_where_and_of_what_kind_and_nothing_of_what_it_was_about():
    def refuse() -> None:
        raise ValueError(f"Key (address)=({ADDRESS}) already exists")

    def give_up() -> None:
        try:
            refuse()
        except ValueError as failure:
            raise LookupError(ADDRESS) from failure

    line = logged(give_up)

    assert "raw=7 failed" in line
    assert "in refuse" in line
    assert "in give_up" in line
    assert line.index("builtins.ValueError") < line.index("builtins.LookupError")
    assert ADDRESS not in line
