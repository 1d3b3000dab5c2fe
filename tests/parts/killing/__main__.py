"""In the process that kills."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from tests.parts.killing import Plan, Report
from tests.parts.killing.disk import mount_disk
from tests.parts.killing.many import run_many
from tests.parts.killing.receiving import receive
from tests.parts.killing.sending import send


def _main() -> None:
    what, plan = sys.argv[1], Plan(**json.loads(sys.argv[2]))
    if plan.disk_mb:
        mount_disk(Path(plan.folder) / "data", plan.disk_mb)
    from dangol.running import prepare

    prepare(quiet=True)
    from django.db import connection

    report = Report(connection.vendor, plan.seed, plan.kills, plan.mails)
    began = time.monotonic()
    {"receiving": receive, "sending": send, "many": run_many}[what](plan, report)
    report.seconds = round(time.monotonic() - began, 1)
    print(json.dumps(asdict(report)))


if __name__ == "__main__":
    _main()
