from dangol.inbox.letters import letter_document, letter_policy

LETTER = (
    '<p>Look:</p><img src="cid:a&amp;b@x" alt="bun"><img data-remote-src="https://spy.test/p.png" alt="">'
)


def test_a_picture_of_the_mail_itself_comes_from_us_and_a_strangers_stays_away():
    page = letter_document(LETTER, {"a&b@x": "/attachments/7/"}, with_remote_pictures=False)

    assert 'src="/attachments/7/"' in page
    assert ' src="https://spy.test' not in page


def test_on_request_the_strangers_picture_is_fetched():
    assert ' src="https://spy.test/p.png"' in letter_document(LETTER, {}, with_remote_pictures=True)


def test_a_picture_that_did_not_come_along_asks_nobody_for_it():
    assert "cid:" not in letter_document(LETTER, {}, with_remote_pictures=False)


def test_whatever_gets_through_the_cleaning_still_runs_nothing_and_connects_nowhere():
    policy = letter_policy(with_remote_pictures=False)

    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "https:" not in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert "form-action 'none'" in policy
    assert "img-src 'self' data: https:" in letter_policy(with_remote_pictures=True)
