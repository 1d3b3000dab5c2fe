"""Outlook's Thread-Index, held against values that Outlook and Exchange have written."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.channels.email.compose import Outgoing, compose
from dangol.channels.email.parse import parse
from dangol.channels.email.thread_index import MOST_CHILDREN, child_of, read_index, root_of, topic_of
from dangol.channels.incoming import Party

# Written by an Outlook on a desk: begun 2018-07-16 07:40:00.28, answered 14 h 3 min 22.5 s later.
OUTLOOK = "AdQc2DN7rLoS3hgnE/O76rpFzxN/EwAddF4A"
BEGAN = datetime(2018, 7, 16, 7, 40, 0, 279961, tzinfo=UTC)
ANSWERED = timedelta(hours=14, minutes=3, seconds=22, microseconds=547611)  # the microsecond behind it
# Written by Exchange: the time one byte further, the answer "long ago" from what its first six bytes say.
EXCHANGE = "AQHWLRNo4NaOjvXU8EODe0ZotrA8B6itzaxf"
EXCHANGE_ANSWERED = datetime(2020, 5, 18, 12, 57, 39, 754394, tzinfo=UTC)


def root(index: str) -> str:
    return base64.b64encode(base64.b64decode(index)[:22]).decode()


def test_an_answer_is_the_block_that_outlook_writes():
    ours = base64.b64decode(child_of(root(OUTLOOK), BEGAN + ANSWERED, "any"))

    assert ours[:-1] == base64.b64decode(OUTLOOK)[:-1]  # the last byte is by chance


def test_an_answer_is_the_block_that_exchange_writes():
    ours = base64.b64decode(child_of(root(EXCHANGE), EXCHANGE_ANSWERED, "any"))

    assert ours[:-1] == base64.b64decode(EXCHANGE)[:-1]


def test_each_further_answer_adds_one_block_behind_the_last():
    first = child_of(OUTLOOK, BEGAN + timedelta(days=1), "one")
    second = child_of(first, BEGAN + timedelta(days=900), "two")

    assert base64.b64decode(second).startswith(base64.b64decode(first))
    assert len(base64.b64decode(second)) == 22 + 3 * 5
    assert base64.b64decode(second)[-5] & 0x80  # beyond 1.7 years, with the coarser time
    assert root_of(second) == root_of(OUTLOOK)


def test_two_answers_of_one_moment_differ_and_one_answer_is_always_the_same():
    assert child_of(OUTLOOK, BEGAN, "one") == child_of(OUTLOOK, BEGAN, "one")
    assert child_of(OUTLOOK, BEGAN, "one") != child_of(OUTLOOK, BEGAN, "two")


def test_a_clock_that_is_behind_makes_no_negative_time():
    assert base64.b64decode(child_of(OUTLOOK, BEGAN - timedelta(days=9), "x"))[-5:-1] == bytes(4)


@pytest.mark.parametrize(
    "broken", [None, "", "hello", "AdQc", OUTLOOK[4:], "/" + OUTLOOK[1:], "AQ==", "=" * 40]
)
def test_what_is_no_index_is_none(broken):
    assert read_index(broken) is None


def test_folds_and_half_blocks_do_no_harm():
    cut = base64.b64encode(base64.b64decode(OUTLOOK)[:-2]).decode()

    assert read_index(f"{OUTLOOK[:10]}\r\n {OUTLOOK[10:]}") == OUTLOOK
    assert read_index(cut) == root(OUTLOOK)


def test_a_thread_beyond_all_measure_is_cut_and_stays_one_thread():
    long = base64.b64encode(base64.b64decode(OUTLOOK)[:22] + bytes(5 * 500)).decode()
    kept = read_index(long)

    assert kept is not None
    assert len(base64.b64decode(kept)) == 22 + 5 * MOST_CHILDREN
    assert root_of(child_of(kept, BEGAN, "x")) == root_of(OUTLOOK)
    assert len(child_of(kept, BEGAN, "x")) <= 1000  # what a message can keep


@given(st.binary(min_size=0, max_size=80), st.datetimes(timezones=st.just(UTC)))
def test_any_bytes_are_read_or_refused_and_an_answer_is_one_block_longer(data, at):
    index = read_index(base64.b64encode(data).decode())
    if index is not None:
        assert len(base64.b64decode(child_of(index, at, "x"))) == len(base64.b64decode(index)) + 5


@pytest.mark.parametrize(
    ("subject", "topic"),
    [
        ("RE: FW: Cold burger", "Cold burger"),
        ("답장: 전달: 식은 버거", "식은 버거"),
        ("Re[2]: Re: x", "x"),
        ("AW: Regal: zu hoch", "Regal: zu hoch"),
        (None, ""),
    ],
)
def test_a_topic_is_the_subject_without_prefixes(subject, topic):
    assert topic_of(subject) == topic


def test_it_is_written_folded_and_read_again_as_it_was():
    long = OUTLOOK
    for number in range(60):
        long = child_of(long, BEGAN + timedelta(hours=number), str(number))
    raw = compose(
        Outgoing(
            sender=Party("달버거", "shop@moonburger.test"),
            to=(Party(None, "sora@example.com"),),
            subject="Re: 식은 버거",
            text="죄송합니다.",
            date=BEGAN,
            message_id="1@moonburger.test",
            thread_index=long,
        )
    )

    assert max(map(len, raw.splitlines())) <= 78
    message = parse(raw)
    assert (message.thread_index, message.thread_topic) == (long, "식은 버거")
