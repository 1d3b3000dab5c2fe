"""Who is named on a mail: addresses as people and programs write them, broken in any way."""

import re
from collections.abc import Iterable

from dangol.channels.email import charsets, headers
from dangol.channels.incoming import Party

_ADDRESS = re.compile(r"[^\s<>\"(),:;\[\]\\]+@[^\s<>\"(),:;\\]+")
_MAX_PEOPLE = 2_000


def read(values: Iterable[str], hint: str | None = None) -> tuple[Party, ...]:
    """Everybody named in address fields, in order: stray quotes, commas and brackets are survived.

    Somebody without a readable address keeps the name; an empty group (`undisclosed-recipients:;`) is nobody.
    """
    found: list[Party] = []
    for value in values:
        line = headers.unlabelled(headers.unfold(value[: headers.MAX_VALUE]), hint)
        pending = ""
        for piece in _pieces(line):
            party = _party(piece, hint)
            if party is None:
                continue
            if party.address is None:
                # `Kim, Sora <sora@…>`: an unquoted comma in a name. It belongs to who comes next.
                pending = f"{pending}, {party.name}" if pending else party.name or ""
                continue
            if pending and party.name and "@" not in pending:
                party = Party(f"{pending}, {party.name}", party.address)
            elif pending:
                found.append(Party(pending, None))
            pending = ""
            found.append(party)
            if len(found) >= _MAX_PEOPLE:
                return tuple(found)
        if pending:
            found.append(Party(pending, None))
    return tuple(found)


def normalised(address: str) -> str:
    """The address with its domain in lower case and nothing else changed."""
    local, at, domain = address.rpartition("@")
    return f"{local}{at}{domain.lower().rstrip('.')}" if at else address


def _pieces(line: str) -> list[str]:
    """The field cut at commas and semicolons that stand outside quotes, comments, brackets and groups."""
    pieces: list[str] = []
    start = 0
    quoted = escaped = bracketed = False
    depth = 0
    for position, character in enumerate(line):
        if escaped:
            escaped = False
        elif character == "\\" and (quoted or depth):
            escaped = True
        elif character == '"' and not depth:
            # A quote that nobody closes must not swallow the people after it.
            quoted = not quoted and '"' in line[position + 1 : position + 400]
        elif quoted:
            continue
        elif character == "(" and ")" in line[position : position + 400]:
            depth += 1
        elif character == ")" and depth:
            depth -= 1
        elif depth:
            continue
        elif character == "<":
            bracketed = ">" in line[position : position + 400]
        elif character == ">":
            bracketed = False
        elif character in ",;" and not bracketed:
            pieces.append(line[start:position])
            start = position + 1
        elif character == ":" and not bracketed:
            before = line[max(start, position - 200) : position].rstrip().lower()
            if "@" not in before and not before.endswith(("mailto", "smtp", "rfc822")):
                start = position + 1  # the name of a group
    pieces.append(line[start:])
    return [piece for piece in pieces if piece.strip()]


def _party(piece: str, hint: str | None) -> Party | None:
    name, address = _divide(piece)
    decoded = headers.text(name, hint)
    if address is None and decoded and "=?" in piece and (found := _ADDRESS.search(decoded)):
        # The whole of `Name <a@b>` inside one encoded-word.
        name, address = _divide(decoded)
        decoded = headers.text(name, hint)
        address = address or found[0]
    if address is not None:
        address = normalised(charsets.clean(headers.decode_words(address))) or None
    decoded = _bare(decoded) if decoded else None
    return Party(decoded, address) if decoded or address else None


def _divide(piece: str) -> tuple[str, str | None]:
    """(name, address) of one person, both raw."""
    comments = re.findall(r"\(([^()]*)\)", piece)
    closed = piece.rfind(">")
    opened = piece.rfind("<", 0, closed if closed >= 0 else len(piece))
    if opened >= 0:
        inside = piece[opened + 1 : closed if closed > opened else len(piece)].strip(" <>\"'")
        inside = re.sub(r"^(?:mailto|smtp|rfc822)\s*[:;]\s*", "", inside, flags=re.IGNORECASE)
        inside = re.sub(r"\s+", "", re.sub(r"\([^()]*\)", "", inside))
        name = piece[:opened].rstrip("< ") or piece[closed + 1 :] if closed >= 0 else piece[:opened]
        if "@" in inside:
            return name or "".join(comments), inside
        if found := _ADDRESS.search(name):
            return name, found[0]
        return name or inside, None
    without = re.sub(r"\([^()]*\)", " ", piece).strip()
    if found := _ADDRESS.search(without):
        rest = (without[: found.start()] + " " + without[found.end() :]).strip(" <>\"'[]")
        rest = re.sub(r"^(?:mailto|smtp)\s*:?$", "", rest, flags=re.IGNORECASE)
        address = found[0].strip("'`")
        return rest or " ".join(comments), address if "[" in address else address.rstrip("]")
    return without, None


def _bare(name: str) -> str | None:
    """The name without the quotes around it and without escapes."""
    name = name.strip()
    while len(name) > 1 and name[0] == name[-1] and name[0] in "\"'":
        name = name[1:-1].strip()
    if len(re.findall(r'(?<!\\)"', name)) == 1:
        name = re.sub(r'(?<!\\)"', "", name)
    return re.sub(r"\\(.)", r"\1", name).strip(",; ") or None
