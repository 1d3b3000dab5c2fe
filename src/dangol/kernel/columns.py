"""Which column of a file is what: proposed from the header alone, or as somebody says."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dangol.kernel.errors import Refused

Fields = Mapping[str, str | Promise]
_SHOWN: Final = 30  # columns that a refusal names


class ColumnsMissing(Refused):
    """A file in which nothing can be recognised, or a column that it has not."""

    message = gettext_lazy("This file has no columns that can be recognised.")


def propose(
    header: Sequence[str],
    fields: Fields,
    names: Mapping[str, str],
    exports: Iterable[tuple[frozenset[str], Mapping[str, str]]] = (),
) -> dict[str, int]:
    """The place of the column for each field that the header has one for.

    `names` are the usual ones of a field, in small letters without spaces and signs: the first that a file has is
    taken. `exports` are marks in a header, and what fields are called in files with them.
    """
    plain = [plain_name(name) for name in header]
    places = {name: place for place, name in reversed(list(enumerate(plain))) if name}
    wanted = {field: names[field].split() for field in fields}
    for mark, own in exports:
        if mark <= places.keys():
            wanted |= {field: [name] for field, name in own.items()}
    found: dict[str, int] = {}
    taken: set[int] = set()
    for field in fields:
        place = next((places[name] for name in wanted[field] if places.get(name) not in taken | {None}), None)
        if place is not None:
            found[field] = place
            taken.add(place)
    return found


def choose(
    header: Sequence[str], fields: Fields, proposed: Mapping[str, int], said: Iterable[tuple[str, str]]
) -> dict[str, int]:
    """The proposal with what somebody said (field, name of the column; "" for none). Refused when that is not there."""
    found = dict(proposed)
    for field, name in said:
        if field not in fields:
            raise ColumnsMissing(
                _("There is no field “%(field)s”. There are: %(fields)s.")
                % {"field": field, "fields": ", ".join(fields)}
            )
        if not name:
            found.pop(field, None)
            continue
        place = next((at for at, known in enumerate(header) if plain_name(known) == plain_name(name)), None)
        if place is None:
            raise ColumnsMissing(
                _("The file has no column “%(column)s”. Its columns are: %(columns)s.")
                % {"column": name, "columns": listed(header)}
            )
        found = {known: where for known, where in found.items() if where != place} | {field: place}
    return found


def refuse_missing(header: Sequence[str], missing: Iterable[str]) -> None:
    """Refuse (ColumnsMissing) with what is missing, if anything is."""
    names = list(missing)
    if names:
        raise ColumnsMissing(
            _("No column was found for: %(missing)s. The columns of the file are: %(columns)s.")
            % {"missing": ", ".join(names), "columns": listed(header)}
        )


def listed(header: Sequence[str]) -> str:
    """The names of the columns, for a sentence."""
    shown = [name.strip()[:40] for name in header if name.strip()]
    return ", ".join(shown[:_SHOWN]) or _("none")


def plain_name(name: str) -> str:
    """A column's name without case, spaces and signs."""
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", name).casefold())
