"""The parts that the journeys stand on notice what they are there to notice."""

import pytest
from playwright.sync_api import Page

from tests.parts.browser import check_accessibility
from tests.parts.desk import LiveDesk

GOOD = '<html lang="en"><title>A shop</title><main><h1>A shop</h1><p>Open until six.</p></main></html>'


def test_a_picture_without_words_is_found(browser_page: Page) -> None:
    browser_page.set_content(GOOD.replace("<p>", "<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='><p>"))
    with pytest.raises(AssertionError, match="image-alt"):
        check_accessibility(browser_page)


def test_grey_on_grey_is_found_in_the_dark_too(browser_page: Page) -> None:
    dark = "<style>@media (prefers-color-scheme: dark) { body { background: #222; color: #333 } }</style>"
    browser_page.set_content(GOOD.replace("<main>", dark + "<main>"))
    with pytest.raises(AssertionError, match="color-contrast"):
        check_accessibility(browser_page)


def test_a_sound_page_passes(browser_page: Page) -> None:
    browser_page.set_content(GOOD)
    check_accessibility(browser_page)


def test_a_script_that_throws_and_an_address_where_nobody_answers_each_fail_their_test(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(request.config.rootpath))
    pytester.makeconftest('pytest_plugins = ["tests.parts.browser"]')
    pytester.makepyfile(
        """
        import socket

        def test_throws(browser_page):
            browser_page.goto("data:text/html,<script>throw new Error('out of salt')</script>")

        def test_asks(browser_page):
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
            browser_page.evaluate(f"fetch('http://127.0.0.1:{port}/favicon.svg').catch(() => {{}})")

        def test_neither(browser_page):
            browser_page.goto("data:text/html,<p>All is well")
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:django", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=3, errors=2)
    result.stdout.fnmatch_lines(
        ["*out of salt*", "*ERR_CONNECTION_REFUSED*", "ERROR*::test_throws*", "ERROR*::test_asks*"]
    )


def test_the_desk_starts_stops_and_starts_again_at_the_same_address(
    live_desk: LiveDesk, browser_page: Page
) -> None:
    before = browser_page.goto(f"{live_desk.url}/account/login/")
    live_desk.stop()
    # What a page still wanted, such as its icon, is refused now; that is no fault of the page.
    browser_page.evaluate("fetch('/static/dangol/favicon.svg').catch(() => {})")
    live_desk.start()
    after = browser_page.goto(f"{live_desk.url}/account/login/")

    assert before is not None
    assert after is not None
    assert before.ok
    assert after.ok


def test_a_desk_runs_python_on_its_own_database(live_folder: LiveDesk) -> None:
    said = live_folder.run_python("from dangol.staff.models import Staff; print(Staff.objects.count())")
    assert said == "0\n"
