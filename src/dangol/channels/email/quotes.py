"""What is new in a reply: its text without quoted history and signature. Nothing is ever deleted, only folded.

A reply is read line by line. A *head* is what a mail program writes above the mail it quotes: an attribution
("On … wrote:", "…님이 작성:"), a divider ("-----원본 메시지-----") or a block of header lines ("보낸 사람: …"). What
comes after a head is history, except answers written between quoted lines, which are kept with the lines they answer.
"""

import re
from dataclasses import dataclass

from dangol.channels.email import attributions

_MAX_LENGTH = 300_000
_QUOTED = re.compile(r"\s{0,4}(?:>|[A-Z]{1,3}> ?)")
_RULE = re.compile(r"\s*(?:[-–—*#~=+]{2,}|_{3,}|[ᐧ·]|—)\s*")
_LONG_RULE = re.compile(r"\s*_{5,}\s*")
_SIGNATURE = re.compile(r"\s{0,2}(?:--|—)\s?")
_FENCE = re.compile(r"\s*(?:```|~~~)")
_MAX_SIGNATURE_LINES = 16
_MAX_UNDERLINED_LINES = 8


@dataclass(frozen=True)
class Folded:
    """`new` is what to show, `quoted` what to fold away (None where nothing is)."""

    new: str
    quoted: str | None


def fold(text: str) -> str:
    """The new part of a reply. Where everything would be folded, the whole text."""
    return split(text).new


def quoted_part(text: str) -> str | None:
    """What `fold` leaves out, when that is one stretch at the end; None where nothing is folded."""
    return split(text).quoted


def split(text: str) -> Folded:
    """New and quoted part. Both are trimmed of empty lines; together with heads they are the text."""
    if len(text) > _MAX_LENGTH:
        return _split_beginning(text)
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    kept = _new_lines(lines)
    new = _trimmed("\n".join(lines[index] for index in kept))
    if not new:
        return Folded(text, None)
    dropped = sorted(set(range(len(lines))) - set(kept))
    quoted = _trimmed("\n".join(lines[index] for index in dropped))
    return Folded(new, quoted or None)


def _split_beginning(text: str) -> Folded:
    """Of a text beyond reason only the beginning is looked at: where history begins there, the rest is history too."""
    end = text.rfind("\n", 0, _MAX_LENGTH) + 1
    if not end:
        return Folded(text, None)
    folded = split(text[:end])
    if folded.quoted is None or not text[:end].rstrip().endswith(folded.quoted.splitlines()[-1]):
        return Folded(text, None)
    return Folded(folded.new, _trimmed(f"{folded.quoted}\n{text[end:]}"))


def _new_lines(lines: list[str]) -> list[int]:
    """Indices of the lines that are new."""
    first = next((index for index, line in enumerate(lines) if line), len(lines))
    if first == len(lines):
        return []
    # A phone's line above the quotation says nothing, and the answers stand below it.
    said = next(
        (
            place
            for place in range(first, len(lines))
            if lines[place] and not attributions.is_device(lines[place])
        ),
        first,
    )
    head = attributions.head_at(lines, said) or _quoted_head(lines, said)
    if head is None:
        return _without_ending(lines, _above_history(lines, first))
    # Nothing was written above: what follows is the message, answered below or forwarded as it is.
    kept = _without_first_quote(lines, _above_history(lines, head.end))
    return _without_ending(lines, kept) or list(range(first, len(lines)))


def _above_history(lines: list[str], start: int) -> list[int]:
    """The lines before the history begins; quoted lines among them only where an answer stands below."""
    kept: list[int] = []
    last_answer = _last_answer(lines, start)
    last_fence = max((index for index, line in enumerate(lines) if _FENCE.match(line)), default=-1)
    is_fenced = False
    index = start
    while index < len(lines):
        if _FENCE.match(lines[index]):
            is_fenced = not is_fenced and index < last_fence
        head = None if is_fenced else attributions.head_at(lines, index)
        if head is None:
            kept.append(index)
            index += 1
            continue
        quote = next((later for later in range(head.end, len(lines)) if lines[later]), len(lines))
        is_quote = quote < len(lines) and _QUOTED.match(lines[quote]) is not None
        if not head.is_attribution or not is_quote or last_answer < quote:
            break
        _drop_device(lines, kept)
        # Answers follow between the quoted lines: only the head itself is folded.
        index = head.end
    return kept


def _drop_device(lines: list[str], kept: list[int]) -> None:
    """Take away the line of a phone that ends what is kept."""
    last = next((place for place in range(len(kept) - 1, -1, -1) if lines[kept[place]]), None)
    if last is not None and attributions.is_device(lines[kept[last]]):
        del kept[last:]


def _quoted_head(lines: list[str], start: int) -> attributions.Head | None:
    """An attribution that is itself marked as quoted, as Apple Mail does: the quotation begins with it."""
    if not lines[start].startswith(">"):
        return None
    inside = [re.sub(r"^> ?", "", line) for line in lines[start : start + 6]]
    head = attributions.head_at(inside, 0)
    return attributions.Head(start, start, True) if head is not None and head.is_attribution else None


def _last_answer(lines: list[str], start: int) -> int:
    """The last line that somebody wrote, signature aside; -1 where all is quoted."""
    written = [
        index for index in range(start, len(lines)) if lines[index] and not _QUOTED.match(lines[index])
    ]
    written = _without_signature(lines, written)
    while written and _is_closing(lines[written[-1]]):
        written.pop()
    return written[-1] if written else -1


def _without_first_quote(lines: list[str], indices: list[int]) -> list[int]:
    """An answer below one whole quotation stands alone; with more quotations it needs what it answers."""
    filled = [index for index in indices if lines[index]]
    quoted = [_QUOTED.match(lines[index]) is not None for index in filled]
    if not quoted or not quoted[0] or all(quoted):
        return indices
    answer = quoted.index(False)
    if any(quoted[answer:]):
        return indices
    return [index for index in indices if index >= filled[answer]]


def _without_ending(lines: list[str], indices: list[int]) -> list[int]:
    """Without the signature, the quotation below everything, and rules and device lines at the end."""
    indices = _without_signature(lines, indices)
    while indices:
        line = lines[indices[-1]]
        if not line or _is_closing(line):
            indices.pop()
        elif _QUOTED.match(line):
            start = len(indices)
            while start and (not lines[indices[start - 1]] or _QUOTED.match(lines[indices[start - 1]])):
                start -= 1
            if not start:
                break
            del indices[start:]
        else:
            break
    return indices


def _is_closing(line: str) -> bool:
    """A rule or a line that a phone adds; at the end of a text it says nothing."""
    return (_RULE.fullmatch(line) is not None and not _FENCE.fullmatch(line)) or attributions.is_device(line)


def _without_signature(lines: list[str], indices: list[int]) -> list[int]:
    """Cut at `-- ` or a long underline, where little enough follows to be a signature."""
    cut = len(indices)
    count = length = 0
    for place in range(len(indices) - 1, -1, -1):
        line = lines[indices[place]]
        if _SIGNATURE.fullmatch(line) or (_LONG_RULE.fullmatch(line) and count <= _MAX_UNDERLINED_LINES):
            cut = place
        count += bool(line)
        length += len(line)
        if count > _MAX_SIGNATURE_LINES or length > 80 * _MAX_SIGNATURE_LINES or _QUOTED.match(line):
            break
    return indices[:cut]


def _trimmed(text: str) -> str:
    return re.sub(r"\A(?:[ \t]*\n)+", "", text).rstrip()
