from collections.abc import Iterator

from dangol.channels import fetching
from dangol.channels.email.imap import Fetched


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


def test_small_mail_is_committed_a_batch_at_a_time() -> None:
    server = (Fetched(uid, None, b"x", 1) for uid in range(1, 61))
    assert [len(batch) for batch in fetching._batches(server)] == [25, 25, 10]
