"""Names of files as people may see and save them."""

import re
import unicodedata

_LONGEST = 255
# What programs call these parts where they give them a name.
_OF_KIND = {
    "application/pkcs7-signature": "smime.p7s",
    "application/x-pkcs7-signature": "smime.p7s",
    "application/pkcs7-mime": "smime.p7m",
    "application/x-pkcs7-mime": "smime.p7m",
    "application/pgp-signature": "signature.asc",
    "application/pgp-encrypted": "version.asc",
    "application/pgp-keys": "key.asc",
    "text/calendar": "invitation.ics",
    "application/ics": "invitation.ics",
}


def of_kind(kind: str, content: bytes) -> str | None:
    """What a part without a name is called, for people to know what it is; None where that is not plain."""
    if content.startswith(b"-----BEGIN PGP MESSAGE-----"):
        return "encrypted.asc"
    return _OF_KIND.get(kind)


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
