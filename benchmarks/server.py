"""A real livekit-server that can be filled in a moment: the test harness's, with its Redis's port remembered."""

from __future__ import annotations

import os
from typing import Self

from benchmarks import generate
from benchmarks.seed import seed
from tests.support.livekit_server import LiveKitServer

# What the server logs for each call that changed an object; so the writes are counted where they arrive.
_WRITE = "API SIP.Update"
_DONE = '"status": "200"'


class SeededServer(LiveKitServer):
    """A server whose SIP objects can be replaced, and whose writes can be counted."""

    def __enter__(self) -> Self:
        super().__enter__()
        return self

    def fill(self, size: int) -> None:
        seed(self.redis_port, size)

    def writes(self) -> int:
        """How many updates the server has carried out since it started."""
        return sum(_WRITE in line and _DONE in line for line in self.log.splitlines())

    def environment(self) -> dict[str, str]:
        """What a command needs to reach this server, and nothing that would steer it elsewhere."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("RECONCILE_", "LIVEKIT_"))}
        return kept | {
            "LIVEKIT_URL": self.url,
            "LIVEKIT_API_KEY": self.api_key,
            "LIVEKIT_API_SECRET": self.api_secret,
            generate.PASSWORD_VARIABLE: generate.PASSWORD,
        }
