import errno

import pytest
from django.db import OperationalError, connection
from django.urls import reverse

pytestmark = pytest.mark.django_db
SENTENCE = {"en": "Nothing can be kept just now", "ko": "지금은 아무것도 저장할 수 없습니다"}


def away(*_):
    raise OperationalError("the server is gone")


@pytest.fixture
def browser(client, hana):
    client.force_login(hana)
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize("language", SENTENCE)
def test_a_database_that_is_away_is_said_in_a_sentence_and_asked_again_soon(browser, language):
    with connection.execute_wrapper(away):
        answer = browser.get("/", headers={"Accept-Language": language})
    assert answer.status_code == 503
    assert answer["Retry-After"]
    assert SENTENCE[language] in answer.content.decode()
    assert "the server is gone" not in answer.content.decode()


def test_a_click_in_an_open_page_gets_a_toast_and_keeps_what_was_written(browser):
    with connection.execute_wrapper(away):
        answer = browser.post(reverse("search"), headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Retarget"]) == (422, "#toasts")
    assert "What you wrote is still in this page" in answer.content.decode()


def test_a_part_that_only_wanted_to_load_again_is_told_to_ask_once_more(browser):
    with connection.execute_wrapper(away):
        answer = browser.get(reverse("search"), headers={"HX-Request": "true"})
    assert answer.status_code == 503


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (OSError(errno.ENOSPC, "No space left"), 503),
        (OSError(errno.EPERM, "no"), 500),
        (KeyError("bug"), 500),
    ],
)
def test_a_full_disk_is_no_bug_and_a_bug_is_none_of_the_machine(browser, monkeypatch, failure, status):
    def fail(*_, **__):
        raise failure

    monkeypatch.setattr("dangol.kernel.events.latest", fail)
    answer = browser.get(reverse("search"))
    assert answer.status_code == status
    assert answer.content.decode().lstrip().startswith("<!doctype html>")
