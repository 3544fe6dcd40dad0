"""A real livekit-agents worker, to be run as a program of its own: its agents join their rooms and stay until the end.

`python -m tests.support.worker NAME --log FILE [OPTIONS]` registers under NAME ("" for an unnamed worker) with the
server of the usual LIVEKIT_* variables. Each line of FILE is a JSON event: `ready`, `job`, `joined`, `left`. Each job
is a process of its own, as in production: the SDK's threads get in each other's way when many jobs start at once.
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
parser.add_argument("--stay", type=float, default=math.inf, help="seconds until the agent quits")
parser.add_argument("--idle", type=int, default=1, help="processes that wait for a job")
parser.add_argument("--log", type=Path, required=True)

# Job processes are told by the environment: they know nothing of the command line.
TOLD = "TEST_WORKER"


def tell(path: str, **event: object) -> None:
    """Adds one event to the log, whole."""
    line = json.dumps({"at": time.time(), **event}) + "\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


async def answer(job: JobContext) -> None:
    """What an agent does."""
    told = json.loads(os.environ[TOLD])
    log, room = told["log"], job.job.room.name
    tell(log, event="job", room=room, job=job.job.id)
    await asyncio.sleep(told["delay"])
    await job.connect()
    tell(log, event="joined", room=room, job=job.job.id, metadata=job.job.metadata)
    if told["stay"] is not None:
        await asyncio.sleep(told["stay"])
        job.shutdown("it has stayed long enough")
    if told["leave_with_caller"]:

        def left(_: object) -> None:
            if not job.room.remote_participants:
                tell(log, event="left", room=room, job=job.job.id)
                job.shutdown("nobody is left")

        job.room.on("participant_disconnected", left)


def main() -> None:
    """Runs the worker until it is stopped."""
    asked = parser.parse_args()
    os.environ[TOLD] = json.dumps(
        {
            "log": str(asked.log),
            "delay": asked.delay,
            "stay": asked.stay if math.isfinite(asked.stay) else None,
            "leave_with_caller": asked.leave_with_caller,
        }
    )
    server = AgentServer(
        job_executor_type=JobExecutorType.PROCESS,
        load_threshold=math.inf,
        num_idle_processes=asked.idle,
        host="127.0.0.1",
        port=0,
        ws_url=os.environ["LIVEKIT_URL"].replace("http", "ws", 1),
        api_key=os.environ["LIVEKIT_API_KEY"],
        api_secret=os.environ["LIVEKIT_API_SECRET"],
        drain_timeout=0,
        log_level="INFO",
    )
    server.rtc_session(answer, agent_name=asked.name)
    server.on("worker_registered", lambda *_: tell(str(asked.log), event="ready"))
    asyncio.run(server.run(devmode=False))


if __name__ == "__main__":
    # Job processes find the functions above by the name of the module, which is not `__main__` for them.
    from tests.support import worker

    worker.main()
