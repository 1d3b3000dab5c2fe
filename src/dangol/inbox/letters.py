"""The HTML of a mail as a document of its own, for a frame that runs nothing."""

import re
from collections.abc import Mapping
from typing import Final

SANDBOX: Final = "allow-same-origin allow-popups allow-popups-to-escape-sandbox"
_STYLE: Final = (
    "html{color-scheme:light;background:#fff}"
    "body{margin:12px;font:15px/1.5 system-ui,-apple-system,'Segoe UI','Noto Sans KR',sans-serif;color:#23201b;"
    "overflow-wrap:anywhere}img{max-width:100%;height:auto}"
    "img:not([src]){outline:1px dashed #b9af9f;color:#645d53}table{max-width:100%}"
    "blockquote{margin-inline:0;padding-inline-start:12px;border-inline-start:2px solid #e6dfd3;color:#645d53}"
)


def letter_document(html: str, pictures: Mapping[str, str], *, with_remote_pictures: bool) -> str:
    """The sanitised HTML with its inline pictures at our own addresses (`pictures`: Content-ID to address).

    Pictures from the network stay away unless somebody asked for them: their addresses are in data-remote-src.
    """

    def own(match: re.Match[str]) -> str:
        address = pictures.get(match[1].replace("&amp;", "&"))
        return f'src="{address}"' if address else 'data-missing=""'

    shown = re.sub(r'src="cid:([^"]+)"', own, html)
    if with_remote_pictures:
        shown = shown.replace(' data-remote-src="', ' src="')
    return (
        '<!doctype html><html><head><meta charset="utf-8"><title></title>'
        f'<meta name="referrer" content="no-referrer"><style>{_STYLE}</style></head><body>{shown}</body></html>'
    )


def letter_policy(*, with_remote_pictures: bool) -> str:
    """The Content-Security-Policy of the document: no script, no form, no connection, whatever got through."""
    pictures = "img-src 'self' data: https:" if with_remote_pictures else "img-src 'self' data:"
    return (
        f"default-src 'none'; {pictures}; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; "
        f"frame-ancestors 'self'; sandbox {SANDBOX}"
    )
