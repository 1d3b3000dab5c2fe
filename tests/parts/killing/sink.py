"""The server that takes what is sent, and writes down what it took."""

from __future__ import annotations

import json
import os
import random
import signal
from pathlib import Path
from typing import Any

from tests.parts.killing import Plan
from tests.parts.killing.victims import fork


class Sink:
    """A real SMTP server that writes down each mail when it has it, and answers a moment later."""

    def __init__(self, plan: Plan) -> None:
        self.path = Path(plan.folder) / "sink.jsonl"
        self.path.write_text("")
        reading, writing = os.pipe()
        self.pid = fork(lambda: self._serve(writing, plan))
        os.close(writing)
        with os.fdopen(reading) as told:
            self.port = int(told.readline())

    def arrivals(self) -> dict[str, list[tuple[str, str]]]:
        """Of each Message-ID the arrivals, as (date, sum of the whole)."""
        found: dict[str, list[tuple[str, str]]] = {}
        for line in self.path.read_text().splitlines():
            mail = json.loads(line)
            found.setdefault(mail["message_id"], []).append((mail["date"], mail["sum"]))
        return found

    def stop(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def _serve(self, telling: int, plan: Plan) -> None:
        import asyncio
        import hashlib
        from email import message_from_bytes

        from aiosmtpd.smtp import SMTP

        chance = random.Random(plan.seed + 2)
        path = self.path
        met: list[str] = []

        class Counting:
            async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
                mail = message_from_bytes(envelope.content)
                row = {
                    "message_id": mail["Message-ID"].strip("<> \r\n"),
                    "date": mail["Date"],
                    "sum": hashlib.sha256(envelope.content).hexdigest(),
                }
                if row["message_id"] not in met:
                    met.append(row["message_id"])
                turn = met.index(row["message_id"])
                if plan.forgets <= turn < plan.forgets + plan.puts_off:
                    return "451 not now"
                if turn >= plan.forgets:
                    with path.open("a") as file:
                        file.write(json.dumps(row) + "\n")
                # The window that SMTP leaves open, held open for as long as all the rest takes.
                await asyncio.sleep(chance.uniform(0, 0.06))
                return "250 taken"

        async def serve() -> None:
            loop = asyncio.get_running_loop()
            server = await loop.create_server(lambda: SMTP(Counting(), enable_SMTPUTF8=True), "127.0.0.1", 0)
            os.write(telling, f"{server.sockets[0].getsockname()[1]}\n".encode())
            os.close(telling)
            await server.serve_forever()

        asyncio.run(serve())
