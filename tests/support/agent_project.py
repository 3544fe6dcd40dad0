"""A real LiveKit with a controller and real workers: what the end-to-end tests play in.

`AgentProject` has the server, whose webhooks go to `reconcile serve` and to a witness that keeps them all, and makes
rooms in the ways in which they come to be.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web
from google.protobuf.message import Message
from livekit.protocol import agent_dispatch, room

from tests.support.livekit_server import LiveKitServer
from tests.support.ports import free_port
from tests.support.raw_client import RawClient, Result
from tests.support.serving import Serving


class Witness:
    """Keeps all webhooks that it is sent."""

    def __init__(self) -> None:
        self.port = free_port()
        self.events: list[dict[str, Any]] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="witness", daemon=True)
        self._ready = threading.Event()

    def __enter__(self) -> Witness:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def joins(self, name: str) -> Counter[str]:
        """How often which agent joined a room, by its name."""
        return Counter(
            one["participant"].get("attributes", {}).get("lk.agent.name", "?")
            for one in self.events
            if one["event"] == "participant_joined"
            and one["participant"].get("kind") == "AGENT"
            and one["room"]["name"] == name
        )

    def _run(self) -> None:
        async def keep(request: web.Request) -> web.Response:
            self.events.append(json.loads(await request.read()))
            return web.Response()

        async def start() -> web.AppRunner:
            application = web.Application()
            application.router.add_post("/webhook", keep)
            runner = web.AppRunner(application)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", self.port).start()
            return runner

        asyncio.set_event_loop(self._loop)
        runner = self._loop.run_until_complete(start())
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()


class AgentProject:
    """One project: its server, its folder with the configuration, and who watches."""

    def __init__(
        self, server: LiveKitServer, folder: Path, ports: Sequence[int], witness: Witness
    ) -> None:
        self.server = server
        self.folder = folder
        self.ports = ports
        self.witness = witness
        self.client = RawClient(server.url, server.api_key, server.api_secret)
        self._turn = threading.Lock()  # the client has one connection

    def serving(self, *options: str, which: int = 0) -> Serving:
        """A controller; `which` of those that the server's webhooks go to."""
        return Serving(self.server, self.folder, self.ports[which], *options)

    def call(self, service: str, method: str, request: Message) -> Result:
        """One call of the API, from whichever thread."""
        with self._turn:
            return self.client.call(service, method, request)

    def create_room(self, name: str, **settings: Any) -> None:
        """Somebody makes a room and says nothing about agents."""
        request = room.CreateRoomRequest(name=name, **settings)
        assert self.call("RoomService", "CreateRoom", request).ok

    def delete_room(self, name: str) -> None:
        """Somebody ends a room."""
        request = room.DeleteRoomRequest(room=name)
        self.call("RoomService", "DeleteRoom", request)

    def dispatch(self, name: str, agent_name: str, metadata: str = "") -> None:
        """An application dispatches an agent."""
        request = agent_dispatch.CreateAgentDispatchRequest(
            room=name, agent_name=agent_name, metadata=metadata
        )
        assert self.call("AgentDispatchService", "CreateDispatch", request).ok

    def dispatches(self, name: str) -> list[agent_dispatch.AgentDispatch]:
        """What was dispatched in a room, the unnamed agent that every plain room asks for left out."""
        request = agent_dispatch.ListAgentDispatchRequest(room=name)
        answer = self.call("AgentDispatchService", "ListDispatch", request).answer
        return [one for one in answer.agent_dispatches if one.agent_name]


@contextlib.contextmanager
def agent_project(folder: Path, configuration: str, controllers: int = 1) -> Iterator[AgentProject]:
    """A real server of its own for one test. Raises `ServerMissing`."""
    (folder / "config").mkdir(parents=True, exist_ok=True)
    (folder / "config" / "dispatch.yaml").write_text(configuration, encoding="utf-8")
    ports = [free_port() for _ in range(controllers)]
    with Witness() as witness:
        urls = [f"http://127.0.0.1:{port}/webhook" for port in (*ports, witness.port)]
        with LiveKitServer(webhook_urls=urls) as server:
            project = AgentProject(server, folder, ports, witness)
            try:
                yield project
            finally:
                project.client.close()
