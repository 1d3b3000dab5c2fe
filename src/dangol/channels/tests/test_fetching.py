from collections.abc import Iterator

import pytest

from dangol.channels import fetching
from dangol.channels.email.imap import Fetched
from dangol.channels.models import Raw
from dangol.kernel.models import Event
from tests.parts.cast import NOON


def test_large_mail_is_committed_before_much_of_it_is_in_memory(monkeypatch) -> None:
    monkeypatch.setattr(fetching, "BATCH_BYTES", 1000)
    held = [0]

    def server() -> Iterator[Fetched]:
        for uid in range(1, 31):
            held[0] += 400
            yield Fetched(uid, None, b"x" * 400, 400)

    seen = []
    for batch in fetching._batches(server()):
        assert held[0] <= 1000 + 400
        held[0] = 0
        seen += [each.uid for each in batch]
    assert seen == list(range(1, 31))


@pytest.mark.django_db
def test_a_mail_that_the_server_does_not_hand_out_is_told_of_once(mailbox) -> None:
    for _ in range(2):  # after a renumbering all is read again
        fetching._store(mailbox.mailbox, [Fetched(7, NOON, b"", 900, "unreadable")])
    raw = Raw.objects.get()
    assert (raw.state, raw.size) == ("quarantined", 0)
    assert [event.data["raw_id"] for event in Event.objects.filter(name="MailSetAside")] == [raw.pk]


def test_small_mail_is_committed_a_batch_at_a_time() -> None:
    server = (Fetched(uid, None, b"x", 1) for uid in range(1, 61))
    assert [len(batch) for batch in fetching._batches(server)] == [25, 25, 10]
