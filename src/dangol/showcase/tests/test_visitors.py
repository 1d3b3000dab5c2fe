"""The simulated customers: they write what a mail program writes, and the desk understands it."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest

from dangol.channels.email.parse import parse
from dangol.channels.models import Raw
from dangol.inbox.intake import take_in_batch
from dangol.inbox.models import Conversation, Message
from dangol.inbox.threading import is_own_message_id
from dangol.kernel import clock
from dangol.showcase import people
from dangol.showcase.letters import Got
from dangol.showcase.open_matters import WRITE_BACK
from dangol.showcase.people import JIHOON, SORA, Person
from dangol.showcase.tests.played import Commands
from dangol.showcase.visitors import MOST_WAITING, Visitors
from dangol.showcase.visitors_mail import Back, new_letter, read_mail, write_back

# The demo is always on SQLite.
pytestmark = [pytest.mark.django_db, pytest.mark.only_sqlite]
NOON = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


@pytest.fixture
def now(monkeypatch):
    """A clock that is set by hand: `now[0] += …`."""
    at = [datetime.now(UTC)]
    monkeypatch.setattr(clock, "now", lambda: at[0])
    return at


@pytest.fixture
def visitors(shop, now):
    visitors = Visitors(random=Random(5))
    visitors.come_in()
    return visitors


def wait(now, seconds: float) -> None:
    now[0] += timedelta(seconds=seconds)


def test_somebody_new_writes_within_half_a_minute(visitors, now):
    assert visitors.turn() == 0
    wait(now, 30)
    assert visitors.turn() == 1
    raw = Raw.objects.order_by("pk").last()
    assert (raw.state, raw.is_silent, raw.received_at) == ("new", False, now[0])
    assert take_in_batch() == 1
    opened = Conversation.objects.order_by("pk").last()
    assert (opened.state, opened.message_count) == ("waiting", 1)


def test_new_matters_come_every_twenty_to_sixty_seconds_at_first(visitors, now):
    times = []
    for _second in range(300):
        wait(now, 1)
        if visitors.turn():
            times.append(now[0])
            take_in_batch()
    pauses = [(later - sooner).total_seconds() for sooner, later in pairwise(times)]
    assert 5 <= len(times) <= 13
    assert all(19 <= pause <= 62 for pause in pauses[:7])


def test_a_demo_that_is_left_alone_does_not_fill_up(visitors, now):
    for _ in range(60):
        wait(now, 240)
        visitors.turn()
        take_in_batch()
    waiting = Conversation.objects.filter(state="waiting").count()
    assert MOST_WAITING - 2 <= waiting <= MOST_WAITING


def test_who_waits_already_does_not_begin_anew(visitors, now):
    for _ in range(40):
        wait(now, 240)
        visitors.turn()
        take_in_batch()
    waiting = Conversation.objects.filter(state="waiting", is_machine=False)
    assert waiting.count() == waiting.values("customer").distinct().count()


@pytest.mark.only_sqlite  # on PostgreSQL events are followed once they are committed
def test_a_customer_writes_back_to_what_was_sent(shop, monkeypatch):
    commands = Commands(shop, monkeypatch)
    visitors = Visitors(random=Random(5))
    commands._at = datetime.now(UTC)
    visitors.come_in()
    visitors.next_at = datetime(9999, 1, 1, tzinfo=UTC)
    conversation = Message.objects.get(direction="in", from_address=SORA.address).conversation
    sent = commands.reply(
        conversation,
        staff=shop.staff["hana"],
        text="Hi Sora,\n\nis it better now?",
        opened_at=commands._at,
        at=commands._at,
    )
    assert visitors.turn() == 0
    commands._at += timedelta(seconds=31)
    assert visitors.turn() == 1
    assert take_in_batch() == 1

    answer = Message.objects.order_by("pk").last()
    assert answer.conversation_id == conversation.pk
    assert answer.text_new == WRITE_BACK[SORA.address][1]
    assert "is it better now?" in answer.text
    assert sent.message_id in answer.references
    conversation.refresh_from_db()
    assert conversation.state == "waiting"


@pytest.mark.only_sqlite  # on PostgreSQL events are followed once they are committed
def test_nobody_writes_back_twice(shop, monkeypatch):
    commands = Commands(shop, monkeypatch)
    visitors = Visitors(random=Random(5))
    commands._at = datetime.now(UTC)
    visitors.come_in()
    visitors.next_at = datetime(9999, 1, 1, tzinfo=UTC)
    conversation = Message.objects.get(direction="in", from_address=SORA.address).conversation
    commands.reply(conversation, staff=shop.staff["hana"], text="Hi", opened_at=commands._at, at=commands._at)
    written = 0
    for _ in range(60):
        commands._at += timedelta(seconds=1)
        written += visitors.turn()
    assert written == 1


def test_the_past_is_not_written_back_to(visitors, now):
    visitors.next_at = datetime(9999, 1, 1, tzinfo=UTC)
    for _ in range(40):
        wait(now, 1)
        assert visitors.turn() == 0


def a_reply(shop, address: str) -> Got:
    message = Message.objects.get(direction="out", to__icontains=address)
    return read_mail(message.delivery.content)


def test_an_answer_names_the_mail_quotes_it_and_goes_to_its_signed_address(shop):
    got = a_reply(shop, JIHOON.address)
    back = Back(got=got, address=JIHOON.address, replies_before=0, topic="points-how")
    answer = parse(write_back(back, at=NOON, random=Random(1)), is_own=is_own_message_id)

    assert answer.sender.address == JIHOON.address
    assert answer.in_reply_to == got.message_id
    assert answer.references[-1] == got.message_id
    assert is_own_message_id(got.message_id)
    assert "+c" in answer.to[0].address
    assert answer.text_new == WRITE_BACK[JIHOON.address][0]
    assert "-----Original Message-----" in answer.text
    assert "박지훈님, 안녕하세요." in answer.text


def test_some_thank_some_ask_on_some_are_away_and_some_leave_it_at_that(shop):
    person = next(each for each in people.everybody() if each.program == "gmail" and each.language == "ko")
    got = a_reply(shop, JIHOON.address)
    answers = []
    for seed in range(200):
        back = Back(got=got, address=person.address, replies_before=0, topic="points-how")
        written = write_back(back, at=NOON, random=Random(seed))
        answers.append(parse(written) if written else None)
    said = [answer for answer in answers if answer is not None]
    assert 5 < answers.count(None) < 80
    assert {answer.automatic for answer in said} == {None, "auto-reply"}
    texts = {answer.text_new for answer in said if answer.automatic is None}
    assert "남편이랑 같이 써도 되나요?" in texts
    assert "빠른 답변 감사합니다." in texts
    assert all(answer.html for answer in said if answer.automatic is None)


def test_the_more_is_said_the_less_is_left_to_say(shop):
    got = a_reply(shop, JIHOON.address)
    person = people.everybody()[30]
    silent = []
    for replies_before in range(5):
        back = Back(got, person.address, replies_before, "points-how")
        written = [write_back(back, at=NOON, random=Random(seed)) for seed in range(150)]
        silent.append(written.count(None))
    assert silent == sorted(silent)
    assert silent[4] > 120


def test_an_address_that_nobody_knows_is_still_a_person(shop):
    back = Back(a_reply(shop, SORA.address), "new@visitor.example", 0, "")
    answers = [write_back(back, at=NOON, random=Random(seed)) for seed in range(10)]
    assert any(answer and b"From: Sora Kim <new@visitor.example>" in answer for answer in answers)


@pytest.mark.parametrize("program", ["naver", "gmail", "iphone", "outlook", "plain"])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_program_writes_what_the_parser_reads_without_a_warning(shop, program, language):
    person = Person("박지훈" if language == "ko" else "Ana Reyes", "x@mail.example", language, program)
    for seed in range(25):
        letter = new_letter(
            person, [shop.counter, shop.catering], at=NOON, random=Random(seed), unique=f"unique{seed}"
        )
        read = parse(letter.content)
        assert read.warnings == ()
        assert (read.sender.name, read.sender.address) == (person.name, person.address)
        assert read.to[0].address == letter.channel.mailbox.address
        assert read.subject
        assert read.text_new
        assert "�" not in read.text
        assert read.automatic is None
        assert b"\n" not in letter.content.replace(b"\r\n", b"")


def test_old_korean_charsets_are_among_them(shop):
    person = Person("박지훈", "x@mail.example", "ko", "naver")
    found = set()
    for seed in range(60):
        letter = new_letter(person, [shop.counter], at=NOON, random=Random(seed), unique=f"unique{seed}")
        found |= {name for name in (b"euc-kr", b"iso-2022-kr") if b'charset="' + name in letter.content}
    assert found == {b"euc-kr", b"iso-2022-kr"}
