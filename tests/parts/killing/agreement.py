"""What was found, held against what it should be."""

from __future__ import annotations

from collections.abc import Callable

from tests.parts.killing import Report


def agreement(report: Report) -> Callable[[str, int, int], None]:
    def agree(what: str, found: int, wanted: int) -> None:
        if found != wanted:
            report.wrong.append(f"{what}: {found} instead of {wanted}")

    return agree
