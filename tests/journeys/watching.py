"""How long it takes from what happened to what is painted, measured in the browser that paints it."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from tests.journeys.shop import until

_WATCH = """(words) => {
    const seen = (window.paintedAt = {});
    const look = () => {
        const text = document.querySelector("main").textContent;
        for (const word of words) {
            if (word in seen || !text.includes(word)) continue;
            seen[word] = 0;
            requestAnimationFrame(() => (seen[word] = performance.timeOrigin + performance.now()));
        }
    };
    new MutationObserver(look).observe(document.querySelector("main"), {
        childList: true, subtree: true, characterData: true,
    });
}"""


def watch_for(page: Page, words: list[str]) -> None:
    """From now on note when each of the words is first painted."""
    page.evaluate(_WATCH, words)


def milliseconds_until_painted(page: Page, words: list[str], events: list[dict[str, Any]]) -> list[float]:
    """From each event (`Shop.do("moments_of")`, one a word) until its word was painted."""
    painted = until(lambda: (seen := page.evaluate("paintedAt")) and all(map(seen.get, words)) and seen)
    return [painted[word] - event["at"] for word, event in zip(words, events, strict=True)]
