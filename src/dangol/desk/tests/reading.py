"""How the tests of this app read a page: as the words that stand on it."""

import html
import re

from django.test import Client
from django.urls import reverse

_HIDDEN = re.compile(r"<(head|script|style|nav|svg|title)\b.*?</\1>", re.S)


def words_of(page: str) -> str:
    """The text of the page's content, with single spaces."""
    main = page.partition("<main")[2].rpartition("</main>")[0] or page
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", _HIDDEN.sub(" ", main.partition(">")[2]))).split())


def see(client: Client, name: str, *args: object, **query: str) -> str:
    """The words of a page that comes up."""
    response = client.get(reverse(name, args=args), query)
    assert response.status_code == 200, response
    return words_of(response.content.decode())
