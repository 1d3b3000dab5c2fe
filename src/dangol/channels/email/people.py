"""Who is named on a mail: addresses as people and programs write them, broken in any way."""

import re
from collections.abc import Iterable

from dangol.channels.email import charsets, headers
from dangol.channels.incoming import Party

# It begins where a word does: tried at each letter of a long word, it would take quadratic time.
_WORD = r"[^\s<>\"(),:;\[\]\\]"
_ADDRESS = re.compile(rf"(?<!{_WORD}){_WORD}+@[^\s<>\"(),:;\\@]+|\"[^\"\\<>]{{1,64}}\"@[^\s<>\"(),:;\\@]+")
_BRACKETED = re.compile(r"<[^<>@]{1,200}@[^<>]{1,300}>")
_COMMENT = re.compile(r"\(([^()]*)\)")
_SCHEME = re.compile(r"^(?:mailto|smtp|rfc822)\s*[:;]\s*", re.IGNORECASE)
_Q_WORD = re.compile(r"=\?[^?\s]{0,80}\?[qQ]\?[^?]{0,998}\?=")
_SPECIAL = re.compile(r"[,;:<>()\[\]\"\\@]")
_NEAR = (
    400  # how far a quote, bracket or comment may reach: one that nobody closes must not swallow the others
)
_MAX_PEOPLE = 2_000


def read(values: Iterable[str], hint: str | None = None) -> tuple[Party, ...]:
    """Everybody named in address fields, in order: stray quotes, commas and brackets are survived.

    Somebody without a readable address keeps the name; an empty group (`undisclosed-recipients:;`) is nobody.
    """
    found: list[Party] = []
    for value in values:
        line = headers.unlabelled(headers.unfold(value[: headers.MAX_VALUE]), hint)
        pending: list[str] = []
        for piece in _pieces(_shielded(line)):
            party = _party(piece, hint)
            if party is None:
                continue
            if party.address is None:
                # `Kim, Sora <sora@…>`: an unquoted comma in a name. It belongs to who comes next.
                pending.append(party.name or "")
                continue
            before = ", ".join(pending)
            pending.clear()
            if before and "@" not in before and (party.name or "<" in piece):
                party = Party(f"{before}, {party.name}" if party.name else before, party.address)
            elif before:
                found.append(Party(before, None))
            found.append(party)
            if len(found) >= _MAX_PEOPLE:
                return tuple(found)
        if pending:
            found.append(Party(", ".join(pending), None))
    return tuple(found)


def normalised(address: str) -> str:
    """The address with its domain in lower case and nothing else changed."""
    local, at, domain = address.rpartition("@")
    return f"{local}{at}{domain.lower().rstrip('.')}" if at else address


def _shielded(line: str) -> str:
    """The same field with the commas and brackets inside of encoded-words encoded, so that they divide nothing."""
    if "?q?" not in line and "?Q?" not in line:
        return line
    return _Q_WORD.sub(
        lambda word: (
            word[0][: word[0].index("?", 2) + 3]
            + _SPECIAL.sub(lambda one: f"={ord(one[0]):02X}", word[0][word[0].index("?", 2) + 3 :])
        ),
        line,
    )


def _pieces(line: str) -> list[str]:
    """The field cut at commas and semicolons that stand outside quotes, comments, brackets and groups, and
    between two people whom nothing divides (`<a@b> <c@d>`, `a@b c@d`)."""
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
            quoted = not quoted and line.find('"', position + 1, position + _NEAR) >= 0
        elif quoted:
            continue
        elif character == "(" and line.find(")", position, position + _NEAR) >= 0:
            depth += 1
        elif character == ")" and depth:
            depth -= 1
        elif depth:
            continue
        elif character == "<":
            bracketed = line.find(">", position, position + _NEAR) >= 0
        elif character == ">":
            bracketed = False
        elif character in ",;" and not bracketed:
            pieces.append(line[start:position])
            start = position + 1
        elif character == ":" and not bracketed:
            before = line[max(start, position - 200) : position].rstrip().lower()
            if "@" not in before and not before.endswith(("mailto", "smtp", "rfc822")):
                start = position + 1  # the name of a group
            elif before.lstrip().startswith("@"):
                start = position + 1  # `@a,@b:sora@…`: the way that a mail should take, long out of use
    pieces.append(line[start:])
    return [one for piece in pieces if piece.strip() for one in _apart(piece)]


def _apart(piece: str) -> list[str]:
    """Several people in one piece. Quoted words, comments and a name that repeats its address divide nothing."""
    if piece.count("@") < 2 or '"' in piece or "(" in piece:
        return [piece]
    brackets = list(_BRACKETED.finditer(piece))
    if len(brackets) > 1:
        ends = [match.end() for match in brackets]
        return [piece[start:end] for start, end in zip([0, *ends], [*ends[:-1], len(piece)], strict=False)]
    words = piece.split()
    if not brackets and len(words) > 1 and all(_ADDRESS.fullmatch(word) for word in words):
        return words
    return [piece]


def _party(piece: str, hint: str | None) -> Party | None:
    name, address = _divide(piece)
    decoded = headers.text(name, hint)
    if address is None and decoded and "=?" in piece and (found := _ADDRESS.search(decoded)):
        # The whole of `Name <a@b>` inside one encoded-word.
        name, address = _divide(decoded)
        decoded = headers.text(name, hint)
        address = address or found[0]
    if address is not None:
        address = normalised(charsets.clean(address)) or None
    decoded = _bare(decoded) if decoded else None
    return Party(decoded, address) if decoded or address else None


def _divide(piece: str) -> tuple[str, str | None]:
    """(name, address) of one person, both raw."""
    comments = _COMMENT.findall(piece)
    closed = piece.rfind(">")
    opened = piece.rfind("<", 0, closed if closed >= 0 else len(piece))
    if opened >= 0:
        inside = piece[opened + 1 : closed if closed > opened else len(piece)]
        name = piece[:opened].rstrip("< ") or piece[closed + 1 :] if closed >= 0 else piece[:opened]
        if address := _between_brackets(inside):
            return name or "".join(comments), address
        if found := _ADDRESS.search(name):
            return name, found[0]
        return name or ("" if "@" in inside else inside.strip()), None
    without = _COMMENT.sub(" ", piece).strip()
    if found := _ADDRESS.search(without):
        rest = (without[: found.start()] + " " + without[found.end() :]).strip(" <>\"'[]")
        rest = re.sub(r"^(?:mailto|smtp)\s*:?$", "", rest, flags=re.IGNORECASE)
        address = found[0].strip("'`")
        return rest or " ".join(comments), address if "[" in address else address.rstrip("]")
    for comment in comments:
        if found := _ADDRESS.fullmatch(comment.strip()):
            return without, found[0]  # `Sora (sora@…)`
    return without, None


def _between_brackets(inside: str) -> str | None:
    """The address that stands between angle brackets, freed of what does not belong there."""
    inside = headers.decode_words(inside).strip(" <>'`,;:")
    inside = _COMMENT.sub("", _SCHEME.sub("", inside))
    if quoted := re.fullmatch(r"(\"[^\"\\]{1,64}\")\s*@\s*(\S+)", inside):
        return f"{quoted[1]}@{quoted[2]}"
    if "[" not in inside:
        inside = inside.rpartition(":")[2]  # the way that the mail should take, or the name of a group
    words = re.sub(r"\s*([.@])\s*", r"\1", inside).strip("\"' ").split()
    whole = [word for word in words if _ADDRESS.fullmatch(word)]
    address = whole[0] if len(whole) == 1 and len(words) > 1 else "".join(words)
    address = address.partition("?")[0] if "?" in address.rpartition("@")[2] else address
    local, _at, domain = address.rpartition("@")
    return address.strip(",;:") if local and domain else None


def _bare(name: str) -> str | None:
    """The name without the quotes around it and without escapes."""
    name = name.strip()
    while len(name) > 1 and name[0] == name[-1] and name[0] in "\"'":
        name = name[1:-1].strip()
    if len(re.findall(r'(?<!\\)"', name)) == 1:
        name = re.sub(r'(?<!\\)"', "", name)
    return re.sub(r"\\(.)", r"\1", name).strip(",; ") or None
