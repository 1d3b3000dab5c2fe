"""Seconds and memory of importing a whole shop's orders from a file: the first time, and once more.

    python bench/orders.py                        a made file of 541,909 lines, on SQLite
    python bench/orders.py retail.csv.gz          a real one (the names of its columns must be known)
    python bench/orders.py --postgres             on a private PostgreSQL, whose own processor time is not counted

The made file has the shape of a wholesale gift shop's year: 24 lines an order, a quarter of the orders without a
customer, one in seven a cancellation, quantities up to 24, prices with two and three decimals. It is always the same.
Making it is not measured. What is measured is what `dangol orders import FILE --json` says of itself.
"""

import argparse
import contextlib
import csv
import gzip
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from desks import postgres_server

LINES, LINES_AN_ORDER, CUSTOMERS, THINGS = 541_909, 24, 4_372, 4_000

COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)


def main() -> None:
    """Import, import again, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, nargs="?", help="a file of orders; without one it is made")
    parser.add_argument("--lines", type=int, default=LINES, help="of the file that is made")
    parser.add_argument("--currency", default="GBP")
    parser.add_argument("--timezone", default="Europe/London")
    parser.add_argument("--postgres", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dangol-bench-") as folder, _database(options.postgres) as url:
        file = options.file or _made(Path(folder) / "orders.csv.gz", options.lines)
        print(
            f"{'':<8} {'lines':>8} {'orders':>7} {'refunds':>7} {'seconds':>8} {'processor':>9} {'peak MB':>8}"
        )
        for name in ("first", "again"):
            said = _import(file, Path(folder) / "desk", url, options)
            print(
                f"{name:<8} {said['lines']:>8,} {said['written']['new_orders']:>7,} "
                f"{said['written']['new_refunds']:>7,} {said['seconds']:>8.1f} {said['cpu_seconds']:>9.1f} "
                f"{said['peak_mb']:>8}",
                flush=True,
            )


def _import(file: Path, desk: Path, url: str, options: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, "-m", "dangol", "--data", str(desk), "orders", "import", str(file), "--json"]
    command += ["--currency", options.currency, "--timezone", options.timezone]
    environment = os.environ | {"DANGOL_LOG": "ERROR", **({"DATABASE_URL": url} if url else {})}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@contextlib.contextmanager
def _database(postgres: bool) -> Iterator[str]:
    if not postgres:
        yield ""
        return
    with postgres_server(None) as url:
        yield url


def _made(path: Path, lines: int) -> Path:
    chance = random.Random(1)
    things = [(f"{10_000 + n}", f"GIFT NUMBER {n} IN A BOX", _price(chance)) for n in range(THINGS)]
    at, number, left = datetime(2025, 12, 1, 8), 500_000, lines
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(
            [
                "InvoiceNo",
                "StockCode",
                "Description",
                "Quantity",
                "InvoiceDate",
                "UnitPrice",
                "CustomerID",
                "Country",
            ]
        )
        while left:
            number, at = number + 1, at + timedelta(minutes=chance.randint(5, 35))
            is_back = chance.random() < 1 / 7
            who = "" if chance.random() < 1 / 4 else f"{12_000 + chance.randrange(CUSTOMERS)}.0"
            for _ in range(min(left, 2 if is_back else chance.randint(1, 2 * LINES_AN_ORDER))):
                sku, name, price = chance.choice(things)
                quantity = chance.randint(1, 24) * (-1 if is_back else 1)
                key = f"{'C' if is_back else ''}{number}"
                table.writerow((key, sku, name, quantity, at, price, who, "United Kingdom"))
                left -= 1
    return path


def _price(chance: random.Random) -> str:
    digits = 3 if chance.random() < 0.01 else 2
    return f"{chance.uniform(0.1, 20):.{digits}f}"


if __name__ == "__main__":
    main()
