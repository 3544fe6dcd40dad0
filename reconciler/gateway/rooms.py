"""Live rooms over HTTP, for coroutines: rooms, dispatches and participants, each call one request.

The other client of this package (`twirp.py`) is for a handful of large lists. This one is for many small calls at the
same time: thousands of rooms are looked into concurrently, and `serve` answers webhooks meanwhile.

A dispatch is never sent twice blindly: LiveKit would bring two agents. Where its answer is lost the error says so
(`Unreachable.sent`), and only whoever can look at the list again later may try again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import aiohttp
from google.protobuf.message import DecodeError, Message
from livekit.protocol.agent_dispatch import (
    AgentDispatch,
    CreateAgentDispatchRequest,
    DeleteAgentDispatchRequest,
    ListAgentDispatchRequest,
    ListAgentDispatchResponse,
)
from livekit.protocol.room import (
    CreateRoomRequest,
    DeleteRoomRequest,
    DeleteRoomResponse,
    ListParticipantsRequest,
    ListParticipantsResponse,
    ListRoomsRequest,
    ListRoomsResponse,
)

from reconciler import __version__
from reconciler.agents.live import LiveAgent, LiveDispatch, LiveRoom, with_inside
from reconciler.core.values import AgentDispatch as Asked
from reconciler.errors import ApiError, BadAnswer, Rejected, Unreachable
from reconciler.gateway.answers import ahead_of_us, check_kind, room_for
from reconciler.gateway.failures import Throttled, failure, is_retryable
from reconciler.gateway.messages import write_asked
from reconciler.gateway.rooms_decode import agent_of, dispatch_of, is_waiting, room_of
from reconciler.gateway.rooms_failures import CONNECT_TIMEOUT, is_no_room, lost
from reconciler.gateway.token import TokenSource

if TYPE_CHECKING:
    from reconciler.gateway.endpoint import Endpoint
    from reconciler.gateway.rate import RateLimit

Answer = TypeVar("Answer", bound=Message)

_TYPE = "application/protobuf"


class RoomsClient:
    """The rooms of one project; an asynchronous context manager.

    `timeout` is in seconds and covers all tries of one call. No more than `concurrency` requests are under way at any
    time, and where the server asks for fewer (429), all wait as long as it says. With a `limit` each request
    waits for its turn, which is no part of its time.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        timeout: float = 30.0,
        concurrency: int = 32,
        limit: RateLimit | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.timeout = timeout
        self._limit = limit
        self._tokens = TokenSource(endpoint)
        self._slots = asyncio.Semaphore(concurrency)
        self._concurrency = concurrency
        self._session: aiohttp.ClientSession | None = None
        self._quiet_until = 0.0
        self._ahead = 0.0

    async def __aenter__(self) -> RoomsClient:
        # No environment, no cookies, no decompression of what nobody asked to be compressed.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._concurrency),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def now(self) -> float:
        """Seconds since the epoch by the server's clock, as far as its answers tell."""
        return time.time() + self._ahead

    # --- reading

    async def rooms(self, names: Iterable[str] = ()) -> list[LiveRoom]:
        """All live rooms, or those of these names, with nothing known of their insides."""
        request = ListRoomsRequest(names=list(names))
        answer = await self._call(
            "RoomService", "ListRooms", request, ListRoomsResponse, self._tokens.for_rooms()
        )
        return [room_of(one) for one in answer.rooms]

    async def dispatches(self, room: str) -> tuple[LiveDispatch, ...] | None:
        """The dispatches of a room; None where the room does not live any more (LiveKit takes 3 s to say so)."""
        request = ListAgentDispatchRequest(room=room)
        try:
            answer = await self._call(
                "AgentDispatchService",
                "ListDispatch",
                request,
                ListAgentDispatchResponse,
                self._tokens.for_room(room),
                repeat=False,
            )
        except (Unreachable, Rejected) as error:
            if is_no_room(error):
                return None
            raise
        return tuple(dispatch_of(one) for one in answer.agent_dispatches)

    async def participants(self, room: str) -> tuple[int, tuple[LiveAgent, ...]]:
        """How many people wait in a room, and the agents in it. Nobody is in one that does not live."""
        answer = await self._call(
            "RoomService",
            "ListParticipants",
            ListParticipantsRequest(room=room),
            ListParticipantsResponse,
            self._tokens.for_room(room),
        )
        agents = (agent_of(one) for one in answer.participants)
        waiting = sum(is_waiting(one) for one in answer.participants)
        return waiting, tuple(one for one in agents if one is not None)

    async def look_into(self, room: LiveRoom) -> LiveRoom | None:
        """The room with its dispatches and agents, by two calls at once; None where it is over."""
        inside = asyncio.create_task(self.participants(room.name))
        # Where the other call fails first, nobody awaits this one's error: it is looked at here.
        inside.add_done_callback(lambda task: task.cancelled() or task.exception())
        try:
            dispatches = await self.dispatches(room.name)
            waiting, agents = await inside
        finally:
            inside.cancel()
        return None if dispatches is None else with_inside(room, waiting, dispatches, agents)

    # --- writing

    async def dispatch(self, room: str, agent: Asked) -> LiveDispatch:
        """Asks for an agent. A room that does not live comes to be by it, and asks for the unnamed agent as well.

        Raises `Unreachable` with `sent` where the dispatch may have been made.
        """
        request = CreateAgentDispatchRequest(room=room)
        write_asked(request, agent)
        answer = await self._call(
            "AgentDispatchService",
            "CreateDispatch",
            request,
            AgentDispatch,
            self._tokens.for_room(room),
            repeat=False,
            is_leased=True,
        )
        return dispatch_of(answer)

    async def undispatch(self, room: str, dispatch_id: str) -> None:
        """Takes a dispatch back; the agent that took its job is sent away. One that is gone already is no error."""
        request = DeleteAgentDispatchRequest(room=room, dispatch_id=dispatch_id)
        try:
            await self._call(
                "AgentDispatchService",
                "DeleteDispatch",
                request,
                AgentDispatch,
                self._tokens.for_room(room),
                is_leased=True,
            )
        except Rejected as error:
            if error.code != "not_found":
                raise

    async def create_room(
        self, name: str, agent_name: str | None, agent_metadata: str = "", **settings: Any
    ) -> LiveRoom:
        """Makes a room that asks for one agent; with None it asks for the unnamed one, as every room does."""
        request = CreateRoomRequest(name=name, **settings)
        if agent_name is not None:
            request.agents.add(agent_name=agent_name, metadata=agent_metadata)
        from livekit.protocol.models import Room

        answer = await self._call(
            "RoomService", "CreateRoom", request, Room, self._tokens.for_rooms()
        )
        return room_of(answer)

    async def delete_room(self, name: str) -> None:
        """Ends a room; one that is gone already is no error."""
        try:
            await self._call(
                "RoomService",
                "DeleteRoom",
                DeleteRoomRequest(room=name),
                DeleteRoomResponse,
                self._tokens.for_rooms(),
            )
        except Rejected as error:
            if error.code != "not_found":
                raise

    # --- one call

    async def _call(
        self,
        service: str,
        method: str,
        request: Message,
        answer: type[Answer],
        token: str,
        *,
        repeat: bool = True,
        is_leased: bool = False,
    ) -> Answer:
        """One call. `is_leased`: it must be over within the time-out from now, whatever it has to wait for."""
        body = request.SerializeToString()
        deadline = time.monotonic() + self.timeout
        try:
            async with self._slots:
                await self._turn(method, deadline if is_leased else None)
                if not is_leased:
                    # The time runs from the first try, not from when this call queued up behind others.
                    deadline = time.monotonic() + self.timeout
                elif time.monotonic() >= deadline:
                    raise Unreachable(
                        f"{method}: other calls took all the time there was: it was not sent",
                        method=method,
                        sent=False,
                    )
                data = await self._send(service, method, body, token, deadline)
        except (Throttled, Unreachable) as error:
            if not is_retryable(error, repeat=repeat):
                raise
            data = await self._again(error, service, method, body, token, deadline, repeat)
        try:
            return answer.FromString(data)
        except DecodeError as error:
            raise BadAnswer(
                f"{method}: the answer of {self.endpoint.host} is damaged: try again, or ask whoever runs the server",
                method=method,
                status=200,
            ) from error

    async def _turn(self, method: str, deadline: float | None) -> None:
        """Waits for a turn within the limit. Raises `Unreachable` where that would be after the deadline."""
        if self._limit is None:
            return
        wait = self._limit.reserve(time.monotonic())
        if deadline is not None and time.monotonic() + wait >= deadline:
            raise Unreachable(
                f"{method}: no more requests a minute are allowed: it was not sent",
                method=method,
                sent=False,
            )
        if wait > 0.0:
            await asyncio.sleep(wait)

    async def _again(
        self,
        first: ApiError,
        service: str,
        method: str,
        body: bytes,
        token: str,
        deadline: float,
        repeat: bool,
    ) -> bytes:
        from reconciler.gateway.retry import retrying_async

        async for attempt in await retrying_async(
            first, lambda: deadline - time.monotonic(), repeat=repeat
        ):
            with attempt:
                async with self._slots:
                    await self._turn(method, deadline)
                    if time.monotonic() >= deadline:
                        raise first
                    return await self._send(service, method, body, token, deadline)
        raise AssertionError("the retries end with an answer or an error")

    async def _send(
        self, service: str, method: str, body: bytes, token: str, deadline: float
    ) -> bytes:
        """One request and the body of its answer, if it is a good one. The caller holds a slot."""
        assert self._session is not None  # noqa: S101  # this is a context manager
        host = self.endpoint.host
        await self._keep_quiet(method, deadline)
        remaining = max(deadline - time.monotonic(), 0.05)
        try:
            async with self._session.post(
                f"{self.endpoint.url}/twirp/livekit.{service}/{method}",
                data=body,
                headers={
                    "Authorization": token,
                    "Content-Type": _TYPE,
                    "User-Agent": f"livekit-reconciler/{__version__}",
                },
                timeout=aiohttp.ClientTimeout(
                    total=remaining, sock_connect=min(CONNECT_TIMEOUT, remaining)
                ),
                allow_redirects=False,
            ) as response:
                data = await self._read(method, response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise lost(error, method, host, self.timeout) from error
        self._set_clock(response)
        if response.status != 200:
            raise self._failed(method, response, data)
        check_kind(method, host, response.headers, _TYPE)
        return data

    async def _read(self, method: str, response: aiohttp.ClientResponse) -> bytes:
        """The body, within the size that makes sense. Of a failure its beginning will do."""
        room = room_for(method, self.endpoint.host, response.status, response.headers)
        parts = []
        async for part in response.content.iter_any():
            parts.append(part)
            if not room.takes(len(part)):
                break
        return b"".join(parts)

    async def _keep_quiet(self, method: str, deadline: float) -> None:
        """Waits as long as the server asked everybody to. Raises `Throttled` where that is too long for this call."""
        while (pause := self._quiet_until - time.monotonic()) > 0.0:
            if time.monotonic() + pause >= deadline:
                raise Throttled(
                    f"{method}: {self.endpoint.host} asks for fewer requests: lower --concurrency",
                    method=method,
                    retry_after=pause,
                )
            await asyncio.sleep(pause)

    def _failed(self, method: str, response: aiohttp.ClientResponse, body: bytes) -> ApiError:
        error = failure(method, self.endpoint.host, response.status, response.headers, body)
        if isinstance(error, Throttled) and error.retry_after:
            self._quiet_until = max(self._quiet_until, time.monotonic() + error.retry_after)
        return error

    def _set_clock(self, response: aiohttp.ClientResponse) -> None:
        """How far the server's clock is ahead. The header has whole seconds: less than two is no difference."""
        ahead = ahead_of_us(response.headers)
        if ahead is not None:
            self._ahead = ahead if abs(ahead) > 2.0 else 0.0


__all__ = ["RoomsClient", "is_no_room"]
