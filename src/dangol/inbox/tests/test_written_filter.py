from dangol.inbox.templatetags.written import as_written


def test_markdown_is_shown_as_the_customer_sees_it():
    assert "<strong>fresh</strong>" in as_written("A **fresh** one")


def test_no_style_and_no_html_of_the_writer_gets_into_the_page():
    shown = as_written('<img src=x onerror=alert(1)> **hi** <b style="position:fixed">x</b>')
    assert "<img" not in shown
    assert "<b" not in shown.replace("<br", "")
    assert "style=" not in as_written("- one\n- two\n\n> quote")


def test_links_open_apart_and_tell_nobody():
    assert 'target="_blank"' in as_written("see https://moonburger.example/menu")
    assert "noreferrer" in as_written("see https://moonburger.example/menu")
