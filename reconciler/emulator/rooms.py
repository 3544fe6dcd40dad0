"""The RoomService and the live rooms behind it, participants and agent dispatches included.

`Rooms` is the shared state: rooms come to be by a call, a dispatch or a join, and end when deleted or empty for too
long. Which agents a new room asks for is decided here in one place (`open`), for all three ways. `RoomService` has
one method for each API method. Joining is for tests (`join`, `leave`): no media, no signalling.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from livekit.protocol import agent, agent_dispatch, models, room

from reconciler.emulator.errors import TwirpError, invalid, wrapped
from reconciler.emulator.quirks import Quirks

_LONGEST_NAME = 256
_LONGEST_METADATA = 64_000
_EMPTY_TIMEOUT = 300
_DEPARTURE_TIMEOUT = 20
_NO_ROOM = "requested room does not exist"
_NO_PARTICIPANT = "participant does not exist"


class NoServer(Exception):
    """Nobody serves the room: after a wait, the answer is 503 (measured: 3 s)."""


@dataclass(slots=True)
class LiveRoom:
    """One room that lives now."""

    info: models.Room
    dispatches: dict[str, agent_dispatch.AgentDispatch] = field(default_factory=dict)
    participants: dict[str, models.ParticipantInfo] = field(default_factory=dict)
    closes_at: float | None = None


class Rooms:
    """All rooms of one emulated project."""

    def __init__(
        self, quirks: Quirks, new_id: Callable[[str], str], clock: Callable[[], float] = time.time
    ) -> None:
        self.quirks = quirks
        self._new_id = new_id
        self._clock = clock
        self._rooms: dict[str, LiveRoom] = {}

    def clear(self) -> None:
        """End all rooms."""
        self._rooms.clear()

    def find(self, name: str) -> LiveRoom | None:
        """The room of this name, if it lives."""
        found = self._rooms.get(name)
        if found is not None and found.closes_at is not None and found.closes_at <= self._clock():
            del self._rooms[name]
            return None
        return found

    def all(self) -> list[LiveRoom]:
        """Every room that lives, the oldest first."""
        return [found for name in list(self._rooms) if (found := self.find(name)) is not None]

    def remove(self, name: str) -> None:
        """End a room."""
        self._rooms.pop(name, None)

    def open(self, request: room.CreateRoomRequest) -> LiveRoom:
        """The room of this name, made if it does not live; an existing one is not changed at all (measured).

        A room made without naming agents gets a dispatch for the unnamed agent (measured).
        """
        found = self.find(request.name)
        if found is not None:
            return found
        if request.room_preset:
            raise wrapped("invalid_argument", self.quirks.unknown_preset)
        if request.node_id:
            raise TwirpError("unknown", "could not find object")
        now = self._clock()
        info = models.Room(
            sid=self._new_id("RM_"),
            name=request.name,
            empty_timeout=request.empty_timeout or _EMPTY_TIMEOUT,
            departure_timeout=request.departure_timeout or _DEPARTURE_TIMEOUT,
            max_participants=request.max_participants,
            metadata=request.metadata,
            creation_time=int(now),
            creation_time_ms=int(now * 1000),
            turn_password=secrets.token_urlsafe(32),
            enabled_codecs=[models.Codec(mime=mime) for mime in self.quirks.room_codecs],
        )
        opened = LiveRoom(info, closes_at=now + info.empty_timeout)
        self._rooms[request.name] = opened
        for wanted in request.agents or [agent_dispatch.RoomAgentDispatch()]:
            self.dispatch(
                opened,
                agent_dispatch.CreateAgentDispatchRequest(
                    agent_name=wanted.agent_name,
                    metadata=wanted.metadata,
                    restart_policy=wanted.restart_policy,
                    deployment=wanted.deployment,
                    attributes=wanted.attributes,
                ),
            )
        return opened

    def dispatch(
        self, live: LiveRoom, request: agent_dispatch.CreateAgentDispatchRequest
    ) -> agent_dispatch.AgentDispatch:
        """Add a dispatch; nothing is deduplicated (measured)."""
        made = agent_dispatch.AgentDispatch(
            id=self._new_id("AD_"),
            agent_name=request.agent_name,
            room=live.info.name,
            metadata=request.metadata,
        )
        # A server that does not know these fields builds the dispatch without them (measured on 1.9.12).
        if self.quirks.knows("AgentDispatch", "restart_policy"):
            made.restart_policy = request.restart_policy
        if self.quirks.knows("AgentDispatch", "deployment"):
            made.deployment = request.deployment
        if self.quirks.knows("AgentDispatch", "attributes"):
            made.attributes.update(request.attributes)
        made.state.created_at = int(self._clock() * 1e9)
        live.dispatches[made.id] = made
        return made

    # --- for tests: who is in the room

    def join(
        self,
        name: str,
        identity: str,
        *,
        kind: str = "STANDARD",
        attributes: Mapping[str, str] | None = None,
        metadata: str = "",
        agents: Iterable[agent_dispatch.RoomAgentDispatch] = (),
    ) -> models.ParticipantInfo:
        """Somebody joins; `agents` are those of the token's room configuration, obeyed by a new room only."""
        live = self.open(room.CreateRoomRequest(name=name, agents=list(agents)))
        now = self._clock()
        info = models.ParticipantInfo(
            sid=self._new_id("PA_"),
            identity=identity,
            state=models.ParticipantInfo.ACTIVE,
            kind=kind,
            metadata=metadata,
            attributes=attributes or {},
            joined_at=int(now),
            joined_at_ms=int(now * 1000),
        )
        live.participants[identity] = info
        live.closes_at = None
        self._count(live)
        return info

    def leave(self, name: str, identity: str) -> None:
        """Somebody leaves; the room ends when it stays empty for its `departure_timeout`."""
        live = self.find(name)
        if live is None or live.participants.pop(identity, None) is None:
            return
        self._count(live)
        if live.info.num_participants == 0:
            live.closes_at = self._clock() + live.info.departure_timeout

    def take_job(self, name: str, dispatch_id: str) -> models.ParticipantInfo:
        """A worker takes the job of a dispatch, and its agent joins as livekit-agents does it."""
        live = self.find(name)
        if live is None or dispatch_id not in live.dispatches:
            raise KeyError(f"no dispatch {dispatch_id!r} in a room {name!r}")
        made = live.dispatches[dispatch_id]
        job = agent.Job(
            id=self._new_id("AJ_"),
            dispatch_id=dispatch_id,
            room=live.info,
            agent_name=made.agent_name,
            metadata=made.metadata,
        )
        identity = f"agent-{job.id}"
        job.state.status = agent.JobStatus.JS_RUNNING
        job.state.participant_identity = identity
        job.state.started_at = job.state.updated_at = int(self._clock() * 1e9)
        made.state.jobs.append(job)
        names = {"lk.agent.name": made.agent_name, "lk.agent_name": made.agent_name}
        return self.join(name, identity, kind="AGENT", attributes=names)

    def _count(self, live: LiveRoom) -> None:
        """`num_participants` leaves agents out (measured)."""
        live.info.num_participants = sum(
            info.kind != models.ParticipantInfo.AGENT for info in live.participants.values()
        )


class RoomService:
    """The methods of the RoomService."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    def create(self, request: room.CreateRoomRequest) -> models.Room:
        """CreateRoom."""
        if len(request.name.encode()) > _LONGEST_NAME:
            raise wrapped(
                "invalid_argument",
                f"room name length exceeds limits: max length {_LONGEST_NAME}",
            )
        return self._rooms.open(request).info

    def list(self, request: room.ListRoomsRequest) -> room.ListRoomsResponse:
        """ListRooms; a name asked for twice is answered twice, a missing one not at all (measured)."""
        if not request.names:
            return room.ListRoomsResponse(rooms=[live.info for live in self._rooms.all()])
        found = (self._rooms.find(name) for name in request.names)
        return room.ListRoomsResponse(rooms=[live.info for live in found if live is not None])

    def delete(self, request: room.DeleteRoomRequest) -> room.DeleteRoomResponse:
        """DeleteRoom."""
        if self._rooms.find(request.room) is None:
            raise wrapped("not_found", _NO_ROOM)
        self._rooms.remove(request.room)
        return room.DeleteRoomResponse()

    def check_metadata(self, request: room.UpdateRoomMetadataRequest) -> None:
        """The limit of UpdateRoomMetadata, which comes before its permission check; CreateRoom has none (measured)."""
        if len(request.metadata.encode()) > _LONGEST_METADATA:
            text = "metadata size exceeds limits"
            raise TwirpError("invalid_argument", f"{text} {_LONGEST_METADATA}", {"argument": text})

    def update_metadata(self, request: room.UpdateRoomMetadataRequest) -> models.Room:
        """UpdateRoomMetadata."""
        live = self._rooms.find(request.room)
        if live is None:
            raise wrapped("not_found", _NO_ROOM)
        live.info.metadata = request.metadata
        return live.info

    def list_participants(
        self, request: room.ListParticipantsRequest
    ) -> room.ListParticipantsResponse:
        """ListParticipants; nobody is in a room that does not exist (measured)."""
        live = self._rooms.find(request.room)
        people = list(live.participants.values()) if live else []
        return room.ListParticipantsResponse(participants=people)

    def get_participant(self, request: room.RoomParticipantIdentity) -> models.ParticipantInfo:
        """GetParticipant."""
        found = self._participant(request.room, request.identity)
        if found is None:
            raise wrapped("not_found", _NO_PARTICIPANT)
        return found

    def remove_participant(
        self, request: room.RoomParticipantIdentity
    ) -> room.RemoveParticipantResponse:
        """RemoveParticipant."""
        if self._participant(request.room, request.identity) is None:
            raise TwirpError("not_found", "participant not found")
        self._rooms.leave(request.room, request.identity)
        return room.RemoveParticipantResponse()

    def update_participant(self, request: room.UpdateParticipantRequest) -> models.ParticipantInfo:
        """UpdateParticipant: metadata, name and attributes; an empty attribute goes away."""
        found = self._participant(request.room, request.identity)
        if found is None:
            if self._rooms.quirks.absent_participant_is_unavailable:
                raise NoServer
            raise wrapped("not_found", _NO_PARTICIPANT)
        found.metadata = request.metadata or found.metadata
        found.name = request.name or found.name
        for key, value in request.attributes.items():
            if value:
                found.attributes[key] = value
            else:
                found.attributes.pop(key, None)
        return found

    def send_data(self, request: room.SendDataRequest) -> room.SendDataResponse:
        """SendData, to nobody: there is no media here."""
        if request.nonce and len(request.nonce) != 16:
            raise invalid(
                f"nonce should be 16-bytes or not present, got: {len(request.nonce)} bytes"
            )
        if self._rooms.find(request.room) is None:
            raise NoServer
        return room.SendDataResponse()

    def _participant(self, name: str, identity: str) -> models.ParticipantInfo | None:
        live = self._rooms.find(name)
        return live.participants.get(identity) if live else None
