"""How fast texts are indexed and found, and how much room the index takes.

    python bench/search.py --messages 100000
    python bench/search.py --messages 100000 --postgres    (a private server, or the one that DATABASE_URL names)
    python bench/search.py --messages 1000000 --postgres --keep /tmp/searched    (fills once; the next run only asks)

Works in a database of its own that is gone afterwards, unless a folder to keep it in is named. The mails are made up:
sentences over a vocabulary in which, as in real language, few words are common and most are rare; a share of them
Korean; order numbers and addresses.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import quantiles

sys.path.insert(0, str(Path(__file__).parent))

from corpus import COMMON, KOREAN_WORDS, PHRASES, Corpus
from desks import postgres_server

ROOT = Path(__file__).resolve().parent.parent
BATCH = 1_000
_OPTIONS = argparse.Namespace()


@dataclass(frozen=True)
class Question:
    """A row of the table: queries of one kind."""

    name: str
    queries: list[str]
    kind: str = "message"


def main() -> None:
    """Parse the command line, index, ask, print."""
    options = _options()
    corpus = Corpus(random.Random(20261122), options.korean)
    with _database(options) as filled:
        from django.db import connection

        print(f"\n{options.messages:,} messages on {connection.vendor}, {options.korean:.0%} Korean")
        if not filled.exists():
            _print_filling(corpus, options.messages)
            filled.write_text(json.dumps(_fill_people(corpus, options.messages // 4)))
        _print_live(corpus, options.messages)
        print(f"\n  {_unit():<34}{'first 50 p50':>14}{'p95':>8}{'count p50':>14}{'p95':>8}{'found':>9}")
        corpus.rng.seed(options.messages)  # the same questions, whether or not the mails were made just now
        people = json.loads(filled.read_text())
        for question in [*_questions(corpus, options.messages), *_questions_about(corpus, people)]:
            _print_question(question)


def _questions(corpus: Corpus, messages: int) -> list[Question]:
    """What people look for. The first four are the ones that the project promises a time for."""
    rng = corpus.rng
    rare = list(rng.sample(corpus.english_rare[3_000:], 15))
    numbers = [f"MB-{rng.randrange(1, messages) * 7 % 999_983}" for _ in range(15)]
    return [
        Question("a rare word or order number", rare + numbers),
        Question("a common word", [f'"{word}"' for word in COMMON]),
        Question("a phrase", [f'"{phrase}"' for phrase in PHRASES]),
        Question("two Korean syllables", list(KOREAN_WORDS)),
        Question(
            "a longer Korean word",
            ["주문했는데", "쿠폰으로", "비밀번호", *rng.sample(corpus.korean_rare, 10)],
        ),
        Question("one Korean syllable", ["주", "맛", "뷁", "쿠"]),
        Question(
            "an unfinished word", ["ord", "del", "re", "a", "MB-12", "ja", *(word[:4] for word in rare)]
        ),
        Question("a common and a rare word", [f"order {word}" for word in rare]),
        Question("two common words", ["the order", "delivery please", "주문 환불", "주문 order"]),
        Question("a phrase nobody wrote", ['"order thank you"', '"you you the"', '"환불 쿠폰 택배"']),
    ]


def _fill_people(corpus: Corpus, count: int) -> list[tuple[str, str]]:
    """Index so many customers, and return some of them as (name, address)."""
    from django.db import transaction

    from dangol.search import index

    rng, some, rows = corpus.rng, [], []
    for number in range(1, count + 1):
        name = corpus.person(rng.random() < corpus.korean_share)
        address = f"{rng.choice(corpus.english_rare)}{number}@example.com"
        rows.append((number, f"{name} {address}"))
        if number % max(1, count // 20) == 0:
            some.append((name, address))
        if len(rows) == BATCH or number == count:
            with transaction.atomic():
                index.put("customer", rows)
            rows = []
    return some


def _questions_about(corpus: Corpus, people: list[tuple[str, str]]) -> list[Question]:
    korean = [name for name, _ in people if not name.isascii()] or [corpus.person(is_korean=True)]
    return [
        Question("a person's name", [name for name, _ in people], "customer"),
        Question("the beginning of a name", [name[:4] for name, _ in people if name.isascii()], "customer"),
        Question("a Korean given name", [name[1:] for name in korean], "customer"),
        Question("an address", [address for _, address in people], "customer"),
    ]


def _print_filling(corpus: Corpus, messages: int) -> None:
    from django.db import connection

    before = _bytes_used()
    seconds, busy, letters = _fill(corpus, messages)
    ratio = (_bytes_used() - before) / letters
    print(f"  {'bytes of a message':<34}{letters / messages:>10.0f}")
    print(f"  {'indexed a second':<34}{messages / seconds:>10,.0f}")
    if connection.vendor == "sqlite":  # what a machine with nothing else to do would reach, nearly
        print(f"  {'indexed a second of processor':<34}{messages / busy:>10,.0f}")
    print(f"  {'index / text, bytes':<34}{ratio:>10.2f}", flush=True)


def _fill(corpus: Corpus, messages: int) -> tuple[float, float, int]:
    """Index so many mails, a transaction for each thousand; seconds, seconds of processor, and bytes of text."""
    from django.db import transaction

    from dangol.search import index

    seconds, busy, letters, first = 0.0, 0.0, 0, 1
    mails = islice(corpus.mails(), messages)
    while batch := list(islice(mails, BATCH)):
        letters += sum(len(text.encode()) for text in batch)
        start, busy_before = time.perf_counter(), time.process_time()
        with transaction.atomic():
            index.put("message", enumerate(batch, start=first))
        seconds += time.perf_counter() - start
        busy += time.process_time() - busy_before
        first += len(batch)
        if sys.stderr.isatty():
            print(f"\r{first - 1:,} of {messages:,}", end="", file=sys.stderr)
    return seconds, busy, letters


def _print_live(corpus: Corpus, messages: int) -> None:
    """What one mail costs when it comes alone: put, committed, and taken out again."""
    from dangol.search import index

    fresh = list(enumerate(islice(corpus.mails(), 300), start=messages + 1))
    puts = [_milliseconds(partial(index.put, "message", [row])) for row in fresh]
    removals = [_milliseconds(partial(index.remove, "message", [row[0]])) for row in fresh]
    for name, taken in (("one put, ms", puts), ("one removed, ms", removals)):
        print(f"  {name + ' (p50, p95)':<34}{_percentile(taken, 50):>10.2f}{_percentile(taken, 95):>8.2f}")


def _print_question(question: Question) -> None:
    from dangol.search import index

    queries = question.queries * max(1, 60 // len(question.queries))
    first = [_milliseconds(partial(index.find, question.kind, query, limit=50)) for query in queries]
    counted = [_milliseconds(partial(index.count_up_to, question.kind, query, 1_001)) for query in queries]
    found = sorted(index.count_up_to(question.kind, query, 1_001) for query in question.queries)
    name, middle = question.name, found[len(found) // 2]
    print(f"  {name:<34}{_percentile(first, 50):>14.1f}{_percentile(first, 95):>8.1f}", end="")
    print(f"{_percentile(counted, 50):>14.1f}{_percentile(counted, 95):>8.1f}", end="")
    print(f"{'1,000+' if middle > 1_000 else middle:>9}", flush=True)


def _milliseconds(call: Callable[[], object]) -> float:
    start = _clock()
    call()
    return (_clock() - start) * 1_000


def _clock() -> float:
    return _processor() if _OPTIONS.processor else time.perf_counter()


def _processor() -> float:
    """Seconds of processor of this process and, on Linux, of PostgreSQL's that serves it."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return time.process_time()
    connection.ensure_connection()
    server = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
    return time.process_time() + int(server.read_text().split()[0]) / 1e9


def _unit() -> str:
    return "milliseconds of processor" if _OPTIONS.processor else "milliseconds"


def _percentile(values: list[float], percent: int) -> float:
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def _bytes_used() -> int:
    """Bytes of the database in use; on PostgreSQL of the table with its index."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_total_relation_size('search_message')")
            return int(cursor.fetchone()[0])
        values = []
        for name in ("page_count", "freelist_count", "page_size"):
            cursor.execute(f"PRAGMA {name}")
            values.append(int(cursor.fetchone()[0]))
        pages, unused, size = values
        return (pages - unused) * size


@contextlib.contextmanager
def _database(options: argparse.Namespace) -> Iterator[Path]:
    """Django set up on a database with the index's tables, and a file that is there when they are filled.

    The database is empty, or what an earlier run kept; it is dropped in the end unless it is to be kept.
    """
    sys.path[:0] = [str(ROOT / "src"), str(ROOT)]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dangol.settings")
    with contextlib.ExitStack() as stack:
        keep = options.keep
        place = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dangol-bench-")))
        name = f"search_{options.messages}_{options.korean * 100:.0f}"
        filled = place / f"{name}_{'postgres' if options.postgres else 'sqlite'}" / "filled"
        if not filled.exists():
            shutil.rmtree(filled.parent, ignore_errors=True)
        filled.parent.mkdir(parents=True, exist_ok=True)
        os.environ["DANGOL_DATA"] = str(filled.parent)
        if options.postgres and not os.environ.get("DATABASE_URL"):
            os.environ["DATABASE_URL"] = stack.enter_context(postgres_server(keep))
        import django
        from django.core.management import call_command
        from django.db import connection

        django.setup()
        stack.callback(connection.close)
        if connection.vendor == "postgresql":
            name = name if keep else f"dangol_bench_{os.getpid()}"
            owner = connection.settings_dict["NAME"]
            if not keep:
                stack.callback(_in_database, owner, f"DROP DATABASE {name}")
            if not filled.exists():
                _in_database(owner, f"DROP DATABASE IF EXISTS {name}")
                _in_database(owner, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
            _use_database(name)
        call_command("migrate", "search", verbosity=0)
        yield filled


def _in_database(name: str, statement: str) -> None:
    from django.db import connection

    _use_database(name)
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


def _use_database(name: str) -> None:
    from django.db import connection

    connection.close()
    connection.settings_dict["NAME"] = name


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument(
        "--korean", type=float, default=0.3, help="share of Korean mails, 0 to 1 (default 0.3)"
    )
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL")
    parser.add_argument("--keep", type=Path, help="a folder in which the filled database stays")
    parser.add_argument(
        "--processor", action="store_true", help="seconds of processor: for a machine that does other things"
    )
    return parser.parse_args(namespace=_OPTIONS)


if __name__ == "__main__":
    main()
