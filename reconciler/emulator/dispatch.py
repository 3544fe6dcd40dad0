"""The AgentDispatchService: dispatches are made, listed and deleted; no worker is ever asked here.

What a dispatch does to rooms is in `rooms.py`. Tests that want an agent to come call `Emulator.take_job`.
"""

from __future__ import annotations

from livekit.protocol import agent_dispatch, room

from reconciler.emulator.errors import wrapped
from reconciler.emulator.rooms import LiveRoom, NoServer, Rooms


class DispatchService:
    """The methods of the AgentDispatchService."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    def create(
        self, request: agent_dispatch.CreateAgentDispatchRequest
    ) -> agent_dispatch.AgentDispatch:
        """CreateDispatch makes a missing room, which then asks for the unnamed agent, too (measured)."""
        live = self._rooms.open(room.CreateRoomRequest(name=request.room))
        return self._rooms.dispatch(live, request)

    def list(
        self, request: agent_dispatch.ListAgentDispatchRequest
    ) -> agent_dispatch.ListAgentDispatchResponse:
        """ListDispatch: all of a room, or the one with `dispatch_id`, which may be none."""
        wanted = request.dispatch_id
        found = self._serving(request.room).dispatches.values()
        return agent_dispatch.ListAgentDispatchResponse(
            agent_dispatches=[made for made in found if wanted in ("", made.id)]
        )

    def delete(
        self, request: agent_dispatch.DeleteAgentDispatchRequest
    ) -> agent_dispatch.AgentDispatch:
        """DeleteDispatch; the agents that took its jobs leave the room."""
        made = self._serving(request.room).dispatches.pop(request.dispatch_id, None)
        if made is None:
            raise wrapped("not_found", "dispatch ID not found")
        for job in made.state.jobs:
            self._rooms.leave(request.room, job.state.participant_identity)
        return made

    def _serving(self, name: str) -> LiveRoom:
        live = self._rooms.find(name)
        if live is None:
            raise NoServer
        return live
