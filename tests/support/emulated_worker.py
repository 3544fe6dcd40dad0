"""A worker for the emulator, which asks none by itself: it takes the jobs of one agent name as they come.

`EmulatedWorker(emulator, "avatar")` is a context manager. `every` lets all but each nth job pass by, as a worker under
load does; `joined` are the rooms that its agents are in. `RejoiningAgent` comes to every room, and once more after its
end, as an agent does whose room ends while it connects.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from livekit.protocol import agent_dispatch, room

from tests.support.raw_client import RawClient

if TYPE_CHECKING:
    from reconciler.emulator.server import Emulator

PAUSE = 0.01


class EmulatedWorker:
    """Takes the jobs of one agent name, in a thread of its own."""

    def __init__(
        self, emulator: Emulator, agent_name: str, *, delay: float = 0.0, every: int = 1
    ) -> None:
        self.joined: list[str] = []
        self._emulator = emulator
        self._name = agent_name
        self._delay = delay
        self._every = every
        self._seen: set[str] = set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"worker {agent_name}")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._thread.join()

    def _work(self) -> None:
        emulator = self._emulator
        client = RawClient(emulator.url, emulator.api_key, emulator.api_secret)
        try:
            while not self._stopping.is_set():
                rooms = client.call("RoomService", "ListRooms", room.ListRoomsRequest()).answer
                for live in rooms.rooms:
                    self._serve(client, live.name)
                time.sleep(PAUSE)
        finally:
            client.close()

    def _serve(self, client: RawClient, name: str) -> None:
        request = agent_dispatch.ListAgentDispatchRequest(room=name)
        found = client.call("AgentDispatchService", "ListDispatch", request)
        for made in found.answer.agent_dispatches if found.ok else ():
            if made.agent_name == self._name and made.id not in self._seen:
                self._seen.add(made.id)
                if len(self._seen) % self._every == 0:
                    time.sleep(self._delay)
                    self._take(name, made.id)

    def _take(self, name: str, dispatch: str) -> None:
        try:
            self._emulator.take_job(name, dispatch)
        except KeyError:
            return  # the room ended, or somebody took the dispatch back
        self.joined.append(name)


class RejoiningAgent(EmulatedWorker):
    """Takes every named job, and joins the room of the first one again when that is over."""

    def __init__(self, emulator: Emulator) -> None:
        super().__init__(emulator, "ornina-avatar-agent")
        self.rejoined: list[str] = []

    def _take(self, name: str, dispatch: str) -> None:
        super()._take(name, dispatch)
        deadline = time.monotonic() + 10
        while self._emulator.count("DeleteRoom") == 0 and time.monotonic() < deadline:
            time.sleep(PAUSE)
        if not self.rejoined:
            self.rejoined.append(name)
            self._emulator.join(name, "agent-late", kind="AGENT")
