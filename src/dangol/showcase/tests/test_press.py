import os
import signal
import time
from datetime import UTC, datetime
from pathlib import Path

from dangol.channels.email.compose import Outgoing, compose
from dangol.channels.incoming import Party
from dangol.channels.models import Delivery
from dangol.showcase.press import HandPress, PressNextDoor

AT = datetime(2026, 11, 18, 3, 0, tzinfo=UTC)


def a_mail(number: int) -> Outgoing:
    return Outgoing(
        sender=Party("Moon Burger", "hello@moonburger.example"),
        to=(Party("박지훈", "jihoon@mail.example"),),
        subject=f"Re: {number}",
        text=f"박지훈님, 안녕하세요.\n\n**{number}**번입니다.",
        date=AT,
        message_id=f"c1-abcdefghijkl.{number}@moonburger.example",
    )


def test_next_door_prints_what_the_hand_press_prints():
    by_hand = [Delivery() for _ in range(300)]
    next_door = [Delivery() for _ in range(300)]
    for press, deliveries in ((HandPress(), by_hand), (PressNextDoor(), next_door)):
        for number, delivery in enumerate(deliveries):
            press.print(delivery, a_mail(number))
        press.finish()
    assert [delivery.content for delivery in next_door] == [delivery.content for delivery in by_hand]
    assert next_door[7].content == compose(a_mail(7))
    assert next_door[7].size == len(next_door[7].content)


def test_the_press_ends_with_whom_it_works_for():
    reading, writing = os.pipe()
    teller = os.fork()
    if teller == 0:
        try:
            press = PressNextDoor()
            press.print(Delivery(), a_mail(1))
            os.write(writing, str(press._pid).encode())
            time.sleep(60)
        finally:
            os._exit(0)
    os.close(writing)
    pid = int(os.read(reading, 20))
    os.close(reading)
    os.kill(teller, signal.SIGKILL)
    os.waitpid(teller, 0)
    for _ in range(200):
        if _has_ended(pid):
            return
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    raise AssertionError("the press was left behind")


def _has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
