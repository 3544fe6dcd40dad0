"""A real livekit-agents worker, to be run as a program of its own: its agents join their rooms and stay until the end.

`python -m tests.support.worker NAME --log FILE [--delay SECONDS] [--leave-with-caller]` registers under NAME ("" for
an unnamed worker) with the server of the usual LIVEKIT_* variables. Each line of FILE is a JSON event: `ready`, `job`,
`joined`, `left`. Jobs run as threads of this process, because a process for each job would fill a small machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import time
from pathlib import Path

from livekit.agents import AgentServer, JobContext, JobExecutorType

parser = argparse.ArgumentParser()
parser.add_argument("name")
parser.add_argument("--delay", type=float, default=0.0, help="seconds before the agent joins")
parser.add_argument(
    "--leave-with-caller", action="store_true", help="quit when the last caller is gone"
)
parser.add_argument("--log", type=Path, required=True)


def main() -> None:
    """Runs the worker until it is stopped."""
    asked = parser.parse_args()

    def tell(**event: object) -> None:
        line = json.dumps({"at": time.time(), **event}) + "\n"
        with asked.log.open("a", encoding="utf-8") as log:
            log.write(line)

    server = AgentServer(
        job_executor_type=JobExecutorType.THREAD,
        load_threshold=math.inf,
        num_idle_processes=int(os.environ.get("IDLE", "2")),
        host="127.0.0.1",
        port=0,
        ws_url=os.environ["LIVEKIT_URL"].replace("http", "ws", 1),
        api_key=os.environ["LIVEKIT_API_KEY"],
        api_secret=os.environ["LIVEKIT_API_SECRET"],
        drain_timeout=0,
        log_level="INFO",
    )

    @server.rtc_session(agent_name=asked.name)
    async def answer(job: JobContext) -> None:
        tell(event="job", room=job.room.name or job.job.room.name, job=job.job.id)
        await asyncio.sleep(asked.delay)
        await job.connect()
        tell(event="joined", room=job.room.name, job=job.job.id, metadata=job.job.metadata)
        if asked.leave_with_caller:

            def left(_: object) -> None:
                if not job.room.remote_participants:
                    tell(event="left", room=job.room.name, job=job.job.id)
                    job.shutdown("nobody is left")

            job.room.on("participant_disconnected", left)

    async def run() -> None:
        server.on("worker_registered", lambda *_: tell(event="ready"))
        await server.run(devmode=False)

    asyncio.run(run())


if __name__ == "__main__":
    main()
