"""The index on the database of this run, held against the definition in `words`."""

import time
from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dangol.kernel.db import TookTooLong
from dangol.search import index, postgres, sqlite
from dangol.search.models import TABLES, MessageText
from dangol.search.words import plain, terms

MESSAGES = {
    1: "Sora: my order MB-2041 is late again, where is it?",
    2: "박지훈: 주문 2041번 배송지를 바꿔 주세요",
    3: "James <james@example.com> says thank you very much",
    4: "환불 요청 드립니다. 주문 취소가 안돼요",
    5: "Thank him, and you too. The orders are fine",
}

# Either database would count for hours.
ENDLESS = (
    "WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 100000000000)"
    " SELECT count(*) FROM counted"
)

WAYS = {
    "each word by itself": (),
    "the newest first": ((sqlite, "MOST_ENDINGS", 0),),
    "all that begins so": (
        (sqlite, "MOST_ENDINGS", 0),
        (sqlite, "PROBE", 0),
        (sqlite, "PROBE_A_HIT", 0),
        (postgres, "PROBE", 0),
    ),
    "by spans of two and of eight": (
        (sqlite, "PROBE", 0),
        (postgres, "PROBE", 0),
        (postgres, "SPANS", (1, 3)),
    ),
}


@pytest.fixture(params=WAYS)
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How a word is looked for depends on how common it is; all ways must agree."""
    for database, name, value in WAYS[request.param]:
        monkeypatch.setattr(database, name, value)


@pytest.fixture
def messages(db: None) -> None:
    index.put("message", MESSAGES.items())


@pytest.mark.usefixtures("either_way", "messages")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("주문", [4, 2]),
        ("2041", [2, 1]),
        ("배송지", [2]),
        ("송지", [2]),
        ("지", [2]),
        ("요", [4, 2]),
        ("문취", []),
        ("order", [5, 1]),
        ("order late", [1]),
        ('"thank you"', [3]),
        ('"thank you" james', [3]),
        ("thank you", [5, 3]),
        ("jam", [3]),
        ("example.com", [3]),
        ("mb2041", [1]),
        ("주문 주", [4, 2]),
        ("주문 2041번", [2]),
        ("nobody", []),
        ("order OR nobody", []),
        ("order NOT late", []),
        ("thank* AND", [5]),
        ("(order", [5, 1]),
        ("-order", [5, 1]),
        ('"order', [5, 1]),
        ("'order' & !late | x:*", []),
        ("", []),
        ('"" * ( ) : ^ \' -', []),
    ],
)
def test_a_query_finds_what_it_says_newest_first(query: str, expected: list[int]) -> None:
    assert index.find("message", query, limit=10) == expected
    assert index.count_up_to("message", query, 10) == len(expected)


@pytest.mark.usefixtures("either_way", "messages")
def test_pages_follow_each_other() -> None:
    first = index.find("message", "주문", limit=1)
    assert first == [4]
    assert index.find("message", "주문", limit=1, before=first[-1]) == [2]
    assert index.find("message", "주문", limit=1, before=2) == []
    assert index.find("message", "order", limit=1) == [5]
    assert index.find("message", "order", limit=1, before=5) == [1]


EDGES = sorted({1, 2**40, *(edge + step for edge in (2**14, 2**17, 2**20, 2**21) for step in (-1, 0, 1))})


@pytest.mark.usefixtures("either_way", "db")
def test_pages_go_on_where_a_span_of_ids_ends() -> None:
    index.put("message", [(ref, "주문했는데 thank you") for ref in EDGES])
    index.put("message", [(ref + 5, "했는데주문 you thank") for ref in EDGES])
    for query in ("주문했는데", '"thank you"', "주문 thank"):
        others = [ref + 5 for ref in EDGES] if query == "주문 thank" else []
        expected = sorted([*EDGES, *others], reverse=True)
        assert index.find("message", query, limit=100) == expected
        assert index.find("message", query, limit=3, before=expected[2]) == expected[3:6]
        pages, before = [], None
        while page := index.find("message", query, limit=2, before=before):
            pages += page
            before = page[-1]
        assert pages == expected
        for limit in (1, 4, len(expected), 100):
            assert index.count_up_to("message", query, limit) == min(limit, len(expected))


@pytest.mark.usefixtures("either_way", "messages")
def test_counting_stops_at_the_limit() -> None:
    assert index.count_up_to("message", "주문", 1) == 1


@pytest.mark.usefixtures("either_way", "messages")
def test_a_text_that_is_put_again_replaces_the_old_one() -> None:
    index.put("message", [(6, "세 번째 연락입니다"), (2, "고맙습니다"), (2, "박지훈: 감사합니다")])
    assert index.find("message", "배송지", limit=10) == []
    assert index.find("message", "2041", limit=10) == [1]
    assert index.find("message", "고맙습니다", limit=10) == []
    assert index.find("message", "감사", limit=10) == [2]
    assert index.find("message", "연락", limit=10) == [6]


@pytest.mark.usefixtures("either_way", "messages")
def test_a_removed_text_is_not_found_and_others_are() -> None:
    index.remove("message", [2, 99])
    index.remove("message", [])
    assert index.find("message", "주문", limit=10) == [4]
    assert index.find("message", "배송지", limit=10) == []
    index.put("message", [(2, "주문")])
    assert index.find("message", "주문", limit=10) == [4, 2]


@pytest.mark.only_sqlite  # PostgreSQL's rows are gone with the next vacuum
@pytest.mark.django_db(transaction=True)  # words reach the file when they are committed
def test_nothing_of_a_removed_person_stays_in_the_file() -> None:
    index.put("message", MESSAGES.items())
    index.put("message", [(9, "my name is Qxjkvz")])
    assert b"xjkvz" in _words_in_the_file()
    index.remove("message", [9])
    while index.tidy("message"):
        pass
    assert b"xjkvz" not in _words_in_the_file()
    assert index.find("message", "배송지", limit=10) == [2]


def _words_in_the_file() -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("SELECT block FROM search_message_fts_data")
        return b"".join(block for (block,) in cursor.fetchall())


@pytest.mark.usefixtures("either_way", "messages")
def test_kinds_do_not_mix() -> None:
    index.put("customer", [(1, "박지훈 jihun@example.net")])
    index.put("conversation", [(1, "늦은 배송")])
    assert index.find("customer", "박지훈", limit=10) == [1]
    assert index.find("message", "박지훈", limit=10) == [2]
    assert index.find("conversation", "배송", limit=10) == [1]
    assert set(TABLES) == {"message", "conversation", "customer"}


@pytest.mark.usefixtures("either_way", "messages")
def test_a_rollback_takes_the_words_back() -> None:
    with transaction.atomic():
        index.put("message", [(7, "never was")])
        index.remove("message", [4])
        transaction.set_rollback(True)
    assert index.find("message", "never", limit=10) == []
    assert index.find("message", "환불", limit=10) == [4]


@pytest.mark.usefixtures("either_way", "db")
def test_an_emptied_table_leaves_no_ghosts() -> None:
    index.put("message", [(1, "old words"), (2, "old words")])
    MessageText.objects.all().delete()
    assert index.find("message", '"old words"', limit=10) == []
    index.put("message", [(1, "new")])
    assert index.find("message", '"old words"', limit=10) == []
    assert index.find("message", "new", limit=10) == [1]


@pytest.mark.usefixtures("either_way", "db")
def test_ids_of_any_size_and_order_and_texts_without_words_are_taken() -> None:
    high = 2**53
    index.put(
        "message", iter([(high, "same"), (3, "same"), (1, ""), (2, "…!?"), (4, "same \ud800 \x00 단골")])
    )
    assert index.find("message", "same", limit=10) == [high, 4, 3]
    assert index.find("message", "단골", limit=10) == [4]
    index.put("message", [(1, "same")])
    assert index.find("message", "same", limit=10) == [high, 4, 3, 1]


@pytest.mark.usefixtures("either_way", "db")
def test_more_rows_than_a_batch_are_taken() -> None:
    index.put("message", ((number, f"mail number {number}") for number in range(1, 1202)))
    assert index.find("message", "mail", limit=3) == [1201, 1200, 1199]
    assert index.find("message", "777 number", limit=3) == [777]
    assert index.count_up_to("message", "numb", 1001) == 1001
    assert index.count_up_to("message", "mail", 2000) == 1201
    index.remove("message", range(1, 1201))
    assert index.find("message", "mail", limit=3) == [1201]


@pytest.mark.usefixtures("either_way", "db")
def test_ten_kilobytes_pasted_into_the_search_box_are_an_ordinary_query() -> None:
    pasted = " ".join(f"a-much-longer-word{number} 서로다른낱말{number}" for number in range(240))
    assert len(pasted.encode()) > 9_000
    index.put("message", [(1, pasted), (2, pasted.replace("a-much-longer-word7 ", "")), (3, "낱말 " * 5000)])
    assert index.find("message", pasted, limit=10) == [1]
    assert index.find("message", f'"{pasted}"', limit=10) == [1]
    endless = [
        f"'{'가' * 100_000}'",
        f'"{pasted * 10}"',
        " ".join(map(str, range(9_000))),
        "a b " * 99_000,
        "b" * 99_000,
    ]
    for query in [
        *endless,
        '"' + "a b " * 99_000 + '"',
        " ".join(f"{chr(44032 + number)}" for number in range(9_000)),
    ]:
        assert index.find("message", query, limit=10) == []
    assert index.find("message", "(" * 10_000, limit=10) == []
    assert index.find("message", '"' * 9_999 + "x", limit=10) == []
    assert index.find("message", "낱말" * 2_500, limit=10) == []


@pytest.mark.usefixtures("either_way", "db")
def test_a_very_long_text_is_found_by_its_words() -> None:
    index.put("message", [(1, "단골 regular " * 30_000 + "end"), (2, "x" * 100_000)])
    # As many different words of other letters as are indexed: as much as PostgreSQL has room for in a row.
    letters = [chr(0x0430 + number) for number in range(26)]
    index.put(
        "message", [(3, " ".join(a + b + c + "щ" * 30 for a in letters for b in letters for c in letters))]
    )
    assert index.find("message", "баг", limit=10) == [3]
    assert index.find("message", '"regular 단골"', limit=10) == [1]
    assert index.find("message", "x" * 500, limit=10) == [2]


WORDS = [
    "주문",
    "주문취소",
    "문",
    "취소",
    "문취",
    "order",
    "orders",
    "or",
    "2041",
    "MB2041",
    "ㅋㅋ",
    "Zoë",
    "東京都",
]
sentences = st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join)
queries = st.lists(st.sampled_from([*WORDS, '"', "'", "*", "AND", "OR", "NOT", ":", "-"]), max_size=5).map(
    " ".join
)


@pytest.mark.usefixtures("either_way", "db")
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(sentences, min_size=1, max_size=6), st.lists(st.one_of(queries, st.text(max_size=8)), min_size=3)
)
def test_the_index_finds_what_the_definition_finds(texts: list[str], asked: list[str]) -> None:
    with transaction.atomic():
        index.remove("message", range(20))
        index.put("message", enumerate(texts))
        for query in asked:
            wanted = terms(query)
            expected = [
                ref
                for ref, text in reversed(list(enumerate(texts)))
                if wanted and all(term.occurs_in(plain(text)) for term in wanted)
            ]
            assert index.find("message", query, limit=10) == expected, query


@pytest.mark.only_postgres
@pytest.mark.django_db(transaction=True)
def test_texts_that_were_put_in_before_there_were_spans_are_found() -> None:
    call_command("migrate", "search", "0001", verbosity=0)
    try:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO search_message VALUES(7, 'late:2 mail:1'), (30000, 'mail:1')")
    finally:
        call_command("migrate", "search", verbosity=0)
    assert index.find("message", '"mail late"', limit=10) == [7]
    index.put("message", [(40_000, "mail late")])
    with connection.cursor() as cursor:
        cursor.execute("SELECT ref FROM search_message WHERE content @@ '''#14.0'''")
        assert cursor.fetchall() == [(7,)]
        cursor.execute("SELECT content FROM search_message ORDER BY ref")
        assert [row[0].count("#") for row in cursor.fetchall()] == [3, 3, 3]


@pytest.mark.usefixtures("messages")
def test_a_search_within_its_time_finds_all() -> None:
    assert index.find_in_time("message", "주문", limit=10) == index.Found((4, 2))
    assert index.find_in_time("message", "주문", limit=1, before=4) == index.Found((2,))
    assert index.find_in_time("message", "?!", limit=10) == index.Found(())


@pytest.mark.usefixtures("messages")
def test_a_search_that_takes_too_long_says_so_and_gives_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow:
        @staticmethod
        def find(*_: object) -> Iterator[int]:
            yield 5
            with connection.cursor() as cursor:
                cursor.execute(ENDLESS)
            yield 4

    monkeypatch.setattr(index, "_database", lambda: Slow)
    assert index.find_in_time("message", "any", limit=10, seconds=0.2) == index.Found((5,), is_whole=False)
    monkeypatch.undo()
    assert index.find("message", "주문", limit=10) == [4, 2]  # nothing is left of the limit


@pytest.mark.only_postgres
@pytest.mark.usefixtures("messages")
def test_the_time_is_that_of_all_spans_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "PROBE", 0)
    asked = postgres.find("search_message", terms("주문"), 10, None, time.monotonic() + 60)
    assert list(asked) == [4, 2]
    with pytest.raises(TookTooLong):
        list(postgres.find("search_message", terms("주문"), 10, None, time.monotonic()))


@pytest.mark.usefixtures("messages")
def test_who_finds_others_searching_all_the_time_is_told_so() -> None:
    with index._AT_ONCE, index._AT_ONCE:
        assert index.find_in_time("message", "주문", limit=10, seconds=0.01).is_whole is False
    assert index.find_in_time("message", "주문", limit=10).is_whole
