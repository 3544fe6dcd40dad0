"""The emulator as a server: HTTP on loopback, in a background thread or in the caller's.

`Emulator` ties the parts together: it maps API methods to services and grants, serves them over HTTP, obeys armed
faults and records calls. It holds everything in memory and forgets it at the end.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from email.utils import formatdate
from types import TracebackType
from typing import TYPE_CHECKING, Any

from aiohttp import web
from livekit.protocol import sip

from reconciler.emulator.auth import Grants
from reconciler.emulator.dispatch import DispatchService
from reconciler.emulator.errors import TwirpError, wrapped
from reconciler.emulator.faults import (
    Answer,
    Call,
    CallLog,
    Delay,
    Faults,
    LoseAnswer,
    LoseRequest,
    Truncate,
)
from reconciler.emulator.quirks import DEFAULT_VERSION, Quirks
from reconciler.emulator.rooms import Rooms, RoomService
from reconciler.emulator.sip import SipObject, SipService
from reconciler.emulator.state import new_id as random_id
from reconciler.emulator.twirp import Handler, Reply, Request, Twirp, method_of

if TYPE_CHECKING:
    from livekit.protocol import agent_dispatch, models

API_KEY = "devkey"
API_SECRET = "emulated-secret-of-32-characters-or-more"  # noqa: S105 - guards nothing

_LARGEST_BODY = 256 * 1024 * 1024


class Emulator:
    """A LiveKit project in memory: a context manager with `url`, or `serve_forever` for a command.

    `version` picks the quirks (1.8.4, 1.9.12, 1.13.11). `returns_passwords=False` behaves as a hosted server that
    keeps SIP passwords to itself. `missing_room_delay` is how long calls for a room that does not live take to
    fail; a real server takes 3 s. `new_id` makes ids from a prefix, `clock` says when
    empty rooms end. `clock_ahead` is by how many seconds the server's clock is ahead of this machine's: tokens are
    judged by it, and answers are dated.
    """

    def __init__(
        self,
        version: str = DEFAULT_VERSION,
        *,
        api_key: str = API_KEY,
        api_secret: str = API_SECRET,
        host: str = "127.0.0.1",
        port: int = 0,
        returns_passwords: bool = True,
        missing_room_delay: float = 0.05,
        new_id: Callable[[str], str] = random_id,
        clock: Callable[[], float] = time.time,
        clock_ahead: float = 0.0,
    ) -> None:
        self.version = version
        self.api_key = api_key
        self.api_secret = api_secret
        self.host = host
        self.port = port
        self.faults = Faults()
        self._log = CallLog()
        self._missing_room_delay = missing_room_delay
        self._new_id = new_id
        self._clock_ahead = clock_ahead
        self._lock = threading.RLock()
        quirks = Quirks.of(version)
        self._sip = SipService(quirks, new_id, returns_passwords=returns_passwords)
        self._rooms = Rooms(quirks, new_id, clock)
        self._twirp = Twirp(quirks, api_key, api_secret, self._handlers(), clock_ahead)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    # --- running

    @property
    def url(self) -> str:
        """Where it answers; known once it runs."""
        return f"http://{self.host}:{self.port}"

    def __enter__(self) -> Emulator:
        ready = threading.Event()
        problems: list[BaseException] = []

        def run() -> None:
            try:
                asyncio.run(self._serve(ready.set))
            except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
                problems.append(error)
                ready.set()

        self._thread = threading.Thread(target=run, name="livekit-emulator", daemon=True)
        self._thread.start()
        ready.wait()
        if problems:
            self._thread.join()
            raise problems[0]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        if self._thread is not None:
            self._thread.join()

    def serve_forever(self, ready: Callable[[str], None] | None = None) -> None:
        """Serve in this thread until interrupted; `ready` is called with the URL once it answers."""

        def announce() -> None:
            if ready is not None:
                ready(self.url)

        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(self._serve(announce))

    def stop(self) -> None:
        """End `serve_forever` from another thread or a signal handler."""
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)

    async def _serve(self, ready: Callable[[], None]) -> None:
        runner = web.ServerRunner(web.Server(self._handle))
        await runner.setup()
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listening = socket.create_server((self.host, self.port), family=family, backlog=1024)
        try:
            await web.SockSite(runner, listening, backlog=1024).start()
            self.port = listening.getsockname()[1]
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            ready()
            await self._stop.wait()
        finally:
            # What is just being accepted gets its handler first: asyncio forgets it when the server closes meanwhile.
            asyncio.get_running_loop().remove_reader(listening.fileno())
            for _ in range(3):
                await asyncio.sleep(0)
            await runner.cleanup()

    # --- what tests look at and prepare

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every API call so far, in order."""
        return self._log.all()

    def count(self, method: str = "*") -> int:
        """How many calls a method, or a pattern such as `Create*`, had."""
        return self._log.count(method)

    def forget_calls(self) -> None:
        """Start counting anew."""
        self._log.clear()

    def clear(self) -> None:
        """Back to an empty project: no objects, rooms, faults or calls."""
        with self._lock:
            self._sip.clear()
            self._rooms.clear()
        self.faults.clear()
        self._log.clear()

    def put(self, info: SipObject) -> str:
        """Store an object unchecked, conflicts and nonsense included; returns its id, made if it has none."""
        with self._lock:
            return self._sip.put(info)

    @property
    def inbound_trunks(self) -> list[sip.SIPInboundTrunkInfo]:
        """The stored inbound trunks, by ascending id."""
        with self._lock:
            return self._sip.inbound.shelf.messages()

    @property
    def outbound_trunks(self) -> list[sip.SIPOutboundTrunkInfo]:
        """The stored outbound trunks, by ascending id."""
        with self._lock:
            return self._sip.outbound.shelf.messages()

    @property
    def dispatch_rules(self) -> list[sip.SIPDispatchRuleInfo]:
        """The stored dispatch rules, by ascending id."""
        with self._lock:
            return self._sip.rules.shelf.messages()

    def join(
        self,
        room: str,
        identity: str,
        *,
        kind: str = "STANDARD",
        attributes: Mapping[str, str] | None = None,
        metadata: str = "",
        agents: Iterable[agent_dispatch.RoomAgentDispatch] = (),
    ) -> models.ParticipantInfo:
        """Somebody joins a room, making it if needed; `agents` are the token's, obeyed by a new room only."""
        with self._lock:
            return self._rooms.join(
                room,
                identity,
                kind=kind,
                attributes=attributes,
                metadata=metadata,
                agents=agents,
            )

    def leave(self, room: str, identity: str) -> None:
        """Somebody leaves a room."""
        with self._lock:
            self._rooms.leave(room, identity)

    def take_job(self, room: str, dispatch_id: str) -> models.ParticipantInfo:
        """A worker takes the job of a dispatch and its agent joins."""
        with self._lock:
            return self._rooms.take_job(room, dispatch_id)

    # --- answering

    def answer(self, request: Request) -> Reply:
        """Answer a request without a network, faults aside."""
        with self._lock:
            return self._twirp.answer(request)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        service, method = method_of(request.raw_path)
        fault = self.faults.take(method) if service else None
        body = await request.read()
        if isinstance(fault, LoseRequest):
            return self._break(request, service, method)
        if isinstance(fault, Delay):
            await asyncio.sleep(fault.seconds)
        if isinstance(fault, Answer) and not fault.after_effect:
            reply = Reply(fault.status, fault.body, fault.headers)
        else:
            reply = self.answer(Request(request.method, request.raw_path, request.headers, body))
            if reply.waits:
                await asyncio.sleep(self._missing_room_delay)
        if isinstance(fault, LoseAnswer):
            return self._break(request, service, method)
        if isinstance(fault, Answer):
            reply = Reply(fault.status, fault.body, fault.headers)
        if service:
            self._log.record(service, method, reply.status, reply.code)
        if isinstance(fault, Truncate):
            return await _truncated(request, reply, fault.size)
        date = formatdate(time.time() + self._clock_ahead, usegmt=True)
        headers = {"Date": date, **reply.headers}
        return web.Response(status=reply.status, body=reply.body, headers=headers)

    def _break(self, request: web.BaseRequest, service: str, method: str) -> web.StreamResponse:
        self._log.record(service, method, 0)
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)

    def _handlers(self) -> Mapping[str, Mapping[str, Handler]]:
        """Which service method answers an API method, and which grant it asks for first."""
        rooms = RoomService(self._rooms)
        dispatches = DispatchService(self._rooms)
        return {
            "SIP": {
                **{
                    method: _guarded(handler, lambda request, grants: grants.need_sip_admin())
                    for method, handler in self._sip.methods().items()
                },
                "CreateSIPParticipant": _call_participant,
                "TransferSIPParticipant": _transfer_participant,
            },
            "RoomService": {
                "CreateRoom": _guarded(rooms.create, lambda _, grants: grants.need_room_create()),
                "DeleteRoom": _guarded(rooms.delete, lambda _, grants: grants.need_room_create()),
                "ListRooms": _guarded(rooms.list, lambda _, grants: grants.need_room_list()),
                "UpdateRoomMetadata": _guarded(
                    rooms.update_metadata, _room_admin, rooms.check_metadata
                ),
                "ListParticipants": _guarded(rooms.list_participants, _room_admin),
                "GetParticipant": _guarded(rooms.get_participant, _room_admin),
                "RemoveParticipant": _guarded(rooms.remove_participant, _room_admin),
                "UpdateParticipant": _guarded(rooms.update_participant, _room_admin),
                "SendData": _guarded(rooms.send_data, _room_admin),
            },
            "AgentDispatchService": {
                "CreateDispatch": _guarded(dispatches.create, _room_admin),
                "ListDispatch": _guarded(dispatches.list, _room_admin),
                "DeleteDispatch": _guarded(dispatches.delete, _room_admin),
            },
        }


def _guarded(
    handler: Callable[[Any], Any],
    permission: Callable[[Any, Grants], None],
    before: Callable[[Any], None] = lambda request: None,
) -> Handler:
    def call(request: Any, grants: Grants) -> Any:
        before(request)
        permission(request, grants)
        return handler(request)

    return call


def _room_admin(request: Any, grants: Grants) -> None:
    grants.need_room_admin(request.room)


def _call_participant(request: sip.CreateSIPParticipantRequest, grants: Grants) -> Any:
    """The permission check of a call; calls themselves are not emulated."""
    grants.need_sip_call()
    raise TwirpError("unimplemented", "the emulator makes no calls")


def _transfer_participant(request: sip.TransferSIPParticipantRequest, grants: Grants) -> Any:
    """The request check of a transfer, which comes before its permission check (measured)."""
    if not request.room_name:
        raise wrapped("invalid_argument", "Missing room name")
    if not request.participant_identity:
        raise wrapped("invalid_argument", "Missing participant identity")
    return _call_participant(sip.CreateSIPParticipantRequest(), grants)


async def _truncated(request: web.BaseRequest, reply: Reply, size: int) -> web.StreamResponse:
    """The promised length, but only a part of the body."""
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    response.content_length = len(reply.body)
    await response.prepare(request)
    await response.write(reply.body[:size])
    if request.transport is not None:
        request.transport.close()
    return response
