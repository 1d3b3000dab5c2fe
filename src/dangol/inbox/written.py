"""Lists of people as they stand in a field: "Sora Kim <sora@example.test>, tom@example.test"."""

from collections.abc import Iterable, Mapping
from email.utils import getaddresses
from typing import Any


def write_parties(parties: Iterable[Mapping[str, Any]]) -> str:
    """The parties in one line."""
    return ", ".join(_write(str(each.get("name") or ""), str(each.get("address") or "")) for each in parties)


def read_parties(text: str) -> list[dict[str, str]]:
    """The parties of such a line; what is no address is kept as it was typed, for the command to refuse."""
    line = text.replace("\n", ",").replace(";", ",").replace("\x00", "")
    found = [(name.strip(), address.strip()) for name, address in getaddresses([line])]
    if not any(map(any, found)):  # not to be made out at all: piece by piece, as it was typed
        found = [("", piece.strip()) for piece in line.split(",")]
    return [{"name": name, "address": address or name} for name, address in found if name or address]


def _write(name: str, address: str) -> str:
    name = name.replace('"', "'").replace("\\", "").strip()
    if not name or name == address:
        return address
    return (
        f'"{name}" <{address}>' if any(letter in name for letter in ",;<>@()[]:.") else f"{name} <{address}>"
    )
