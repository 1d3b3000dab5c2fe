"""Names of files as people may see and save them."""

import re
import unicodedata

_LONGEST = 255


def safe(name: str) -> str | None:
    """The name without any folder and without characters that deceive; None where nothing is left."""
    name = re.split(r"[/\\]", name)[-1]
    name = "".join(c for c in name if unicodedata.category(c) not in ("Cc", "Cf", "Cs")).strip()
    name = unicodedata.normalize("NFC", name)
    if len(name) > _LONGEST:
        stem, dot, ending = name.rpartition(".")
        name = (
            f"{stem[: _LONGEST - 1 - len(ending)]}.{ending}" if dot and len(ending) < 20 else name[:_LONGEST]
        )
    return name or None


def of_subject(subject: str | None, ending: str) -> str:
    """What a file is called that holds a mail with this subject."""
    name = re.sub(r"[\\/:*?\"<>|\x00-\x1f]+", " ", subject or "").strip(" .")[:120]
    return f"{name or 'message'}{ending}"
