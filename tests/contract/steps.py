"""Random API calls with hostile values, from a seed: what a sequence of the contract is made of.

A `Steps` object knows the ids that exist and yields one call after the other; the caller reports what came of each,
so that later calls can update and delete what earlier ones made. Equal seeds give equal calls as long as the
answers are equal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from google.protobuf import json_format
from livekit.protocol import agent_dispatch, room, sip

from tests.contract.values import ADDRESSES, HOSTS, MISSING, NUMBERS, ROOMS, TEXTS, Values

if TYPE_CHECKING:
    from random import Random

    from google.protobuf.message import Message


@dataclass(frozen=True, slots=True)
class Step:
    """One call. `dispatch` is the number of the dispatch that a deletion means, counted as they were made.

    In JSON, `extra` keys are added to the request and to the messages in it.
    """

    service: str
    method: str
    request: Message
    as_json: bool = False
    extra: dict[str, Any] = field(default_factory=dict)
    camel_case: bool = False
    dispatch: int | None = None


def _fits_json(request: Message) -> bool:
    try:
        json_format.MessageToDict(request)
    except json_format.SerializeToJsonError:
        return False
    return True


class _Fields:
    """The fields of a message under their names, as in JSON."""

    def __init__(self, message: Message) -> None:
        self._message = message

    def __getitem__(self, name: str) -> Any:
        return getattr(self._message, name)


class Steps(Values):
    """A source of random calls."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self.rooms: set[str] = set()
        self.dispatches: list[str] = []

    # --- SIP

    def sip_call(self) -> Step:
        """A call of the SIP service."""
        makers = [
            *[self._create_inbound] * 4,
            *[self._create_rule] * 5,
            *[self._create_outbound] * 2,
            *[self._list] * 2,
            self._get,
            self._delete,
            *[self._update_inbound, self._update_rule] * 2,
            self._update_outbound,
        ]
        method, request = self._random.choice(makers)()
        as_json = self._chance(0.25) and _fits_json(request)
        # Unknown, and known to newer servers only; both with values that would not fit.
        extras: tuple[dict[str, Any], ...] = ({}, {}, {"not_a_field": [1]}, {"media": 7})
        extra = self._random.choice(extras) if as_json else {}
        return Step("SIP", method, request, as_json, extra, camel_case=self._chance(0.5))

    def learn(self, step: Step, answer: Any) -> None:
        """Remember what a successful call of the SIP service made or deleted."""
        ids = answer if isinstance(answer, dict) else _Fields(answer)
        match step.method:
            case "CreateSIPInboundTrunk":
                self.inbound.append(ids["sip_trunk_id"])
            case "CreateSIPOutboundTrunk":
                self.outbound.append(ids["sip_trunk_id"])
            case "CreateSIPDispatchRule":
                self.rules.append(ids["sip_dispatch_rule_id"])
            case _:
                pass

    def _create_inbound(self) -> tuple[str, Message]:
        request = sip.CreateSIPInboundTrunkRequest()
        if self._chance(0.98):
            request.trunk.CopyFrom(self._inbound())
        return "CreateSIPInboundTrunk", request

    def _create_outbound(self) -> tuple[str, Message]:
        return "CreateSIPOutboundTrunk", sip.CreateSIPOutboundTrunkRequest(trunk=self._outbound())

    def _create_rule(self) -> tuple[str, Message]:
        request = sip.CreateSIPDispatchRuleRequest()
        shape = self._random.random()
        if shape < 0.6:
            request.dispatch_rule.CopyFrom(self._rule())
        if shape > 0.55:
            flat = self._rule()
            request.trunk_ids.extend(flat.trunk_ids)
            request.inbound_numbers.extend(flat.inbound_numbers)
            request.hide_phone_number = flat.hide_phone_number
            request.name, request.metadata = flat.name, flat.metadata
            request.attributes.update(flat.attributes)
            request.room_preset = flat.room_preset
            if flat.HasField("rule"):
                request.rule.CopyFrom(flat.rule)
            if flat.HasField("room_config"):
                request.room_config.CopyFrom(flat.room_config)
        return "CreateSIPDispatchRule", request

    def _update_inbound(self) -> tuple[str, Message]:
        key = self._id(self.inbound)
        request = sip.UpdateSIPInboundTrunkRequest(sip_trunk_id=key)
        if self._chance(0.5):
            request.replace.CopyFrom(self._inbound(own=key))
        elif self._chance(0.97):
            change = request.update
            change.SetInParent()
            self._list_update(change, "numbers", NUMBERS)
            self._list_update(change, "allowed_numbers", NUMBERS, 0.2)
            self._list_update(change, "allowed_addresses", ADDRESSES, 0.2)
            self._set_some(
                change, "auth_username", "auth_password", "auth_realm", "name", "metadata"
            )
            if self._chance(0.2):
                change.media.CopyFrom(self._media())
            if self._chance(0.2):
                change.media_encryption = self._random.choice((0, 1, 2))  # type: ignore[assignment]
        return "UpdateSIPInboundTrunk", request

    def _update_outbound(self) -> tuple[str, Message]:
        key = self._id(self.outbound)
        request = sip.UpdateSIPOutboundTrunkRequest(sip_trunk_id=key)
        if self._chance(0.5):
            request.replace.CopyFrom(self._outbound(own=key))
        elif self._chance(0.97):
            change = request.update
            change.SetInParent()
            self._list_update(change, "numbers", NUMBERS)
            self._set_some(change, "auth_username", "auth_password", "name", "metadata")
            if self._chance(0.3):
                change.address = self._random.choice(HOSTS)
            if self._chance(0.2):
                change.from_host = self._random.choice(HOSTS)
            if self._chance(0.2):
                change.transport = self._random.choice((0, 1, 2, 3))  # type: ignore[assignment]
            if self._chance(0.2):
                change.destination_country = "us"
        return "UpdateSIPOutboundTrunk", request

    def _update_rule(self) -> tuple[str, Message]:
        key = self._id(self.rules)
        request = sip.UpdateSIPDispatchRuleRequest(sip_dispatch_rule_id=key)
        if self._chance(0.5):
            request.replace.CopyFrom(self._rule(own=key))
        elif self._chance(0.97):
            change = request.update
            change.SetInParent()
            trunks = (*self.inbound, MISSING, "")
            self._list_update(change, "trunk_ids", trunks)
            self._set_some(change, "name", "metadata")
            if self._chance(0.3):
                change.rule.CopyFrom(self._kind())
            if self._chance(0.2):
                change.media.CopyFrom(self._media())
            for text in self._some(TEXTS, 0, 2):
                change.attributes[text] = self._random.choice(TEXTS)
        return "UpdateSIPDispatchRule", request

    def _list(self) -> tuple[str, Message]:
        kind = self._random.randrange(4)
        request: Any
        if kind == 0:
            request = sip.ListSIPInboundTrunkRequest(numbers=self._some(NUMBERS, 0, 1))
            request.trunk_ids.extend(self._ids(self.inbound))
        elif kind == 1:
            request = sip.ListSIPOutboundTrunkRequest(numbers=self._some(NUMBERS, 0, 1))
            request.trunk_ids.extend(self._ids(self.outbound))
        elif kind == 2:
            request = sip.ListSIPDispatchRuleRequest(trunk_ids=self._ids(self.inbound))
            request.dispatch_rule_ids.extend(self._ids(self.rules))
        else:
            request = sip.ListSIPTrunkRequest()
        if kind < 3 and self._chance(0.3):
            request.page.limit = self._random.choice((0, 1, 2, 5, -1))
            request.page.after_id = self._random.choice(("", "ST_", "zz", self._id(self.inbound)))
        return type(request).__name__.removesuffix("Request"), request

    def _get(self) -> tuple[str, Message]:
        if self._chance(0.5):
            key = self._id(self.inbound)
            return "GetSIPInboundTrunk", sip.GetSIPInboundTrunkRequest(sip_trunk_id=key)
        key = self._id(self.outbound)
        return "GetSIPOutboundTrunk", sip.GetSIPOutboundTrunkRequest(sip_trunk_id=key)

    def _delete(self) -> tuple[str, Message]:
        if self._chance(0.5):
            key = self._id(self.rules)
            request = sip.DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=key)
            return "DeleteSIPDispatchRule", request
        key = self._id(self.inbound + self.outbound)
        return "DeleteSIPTrunk", sip.DeleteSIPTrunkRequest(sip_trunk_id=key)

    # --- rooms and dispatches

    def room_call(self) -> Step:
        """A call of the RoomService or the AgentDispatchService.

        Calls for rooms that do not live take 3 s each on a real server; they have named tests instead.
        """
        maker = self._random.choice(
            (
                *[self._create_room] * 3,
                *[self._create_dispatch] * 2,
                self._list_rooms,
                self._delete_room,
                self._room_metadata,
                self._participants,
                *[self._list_dispatch] * 2,
                self._delete_dispatch,
            )
        )
        return maker()

    def _create_room(self) -> Step:
        request = room.CreateRoomRequest(
            name=self._random.choice(ROOMS),
            empty_timeout=self._random.choice((0, 500)),
            departure_timeout=self._random.choice((0, 60)),
            max_participants=self._random.choice((0, 3)),
            metadata=self._random.choice(TEXTS),
            agents=[self._agent() for _ in range(self._random.choice((0, 0, 1, 2)))],
            room_preset="nope" if self._chance(0.05) else "",
        )
        return Step("RoomService", "CreateRoom", request, self._chance(0.3))

    def _delete_room(self) -> Step:
        name = self._random.choice((*ROOMS, "never-made"))
        return Step("RoomService", "DeleteRoom", room.DeleteRoomRequest(room=name))

    def _list_rooms(self) -> Step:
        names = self._some((*ROOMS, "never-made"), 0, 3)
        as_json = self._chance(0.3)
        return Step("RoomService", "ListRooms", room.ListRoomsRequest(names=names), as_json)

    def _room_metadata(self) -> Step:
        name = self._random.choice((*ROOMS, "never-made"))
        text = self._random.choice((*TEXTS, "x" * 64_001))
        request = room.UpdateRoomMetadataRequest(room=name, metadata=text)
        return Step("RoomService", "UpdateRoomMetadata", request, self._chance(0.3))

    def _participants(self) -> Step:
        name = self._random.choice((*ROOMS, "never-made"))
        method = self._random.choice(("ListParticipants", "GetParticipant", "RemoveParticipant"))
        request: Message
        if method == "ListParticipants":
            request = room.ListParticipantsRequest(room=name)
        else:
            request = room.RoomParticipantIdentity(room=name, identity="nobody")
        return Step("RoomService", method, request)

    def _create_dispatch(self) -> Step:
        wanted = self._agent()
        request = agent_dispatch.CreateAgentDispatchRequest(
            room=self._random.choice(ROOMS[:-1]),
            agent_name=wanted.agent_name,
            metadata=wanted.metadata,
            deployment=wanted.deployment,
            attributes=wanted.attributes,
        )
        return Step("AgentDispatchService", "CreateDispatch", request, self._chance(0.3))

    def _list_dispatch(self) -> Step:
        name = self._live_room()
        if name is None:
            return self._create_room()
        request = agent_dispatch.ListAgentDispatchRequest(room=name)
        return Step("AgentDispatchService", "ListDispatch", request, self._chance(0.3))

    def _delete_dispatch(self) -> Step:
        name = self._live_room()
        if name is None:
            return self._create_room()
        known = self.dispatches and self._chance(0.8)
        number = self._random.randrange(len(self.dispatches)) if known else None
        request = agent_dispatch.DeleteAgentDispatchRequest(room=name, dispatch_id="AD_missing")
        return Step("AgentDispatchService", "DeleteDispatch", request, dispatch=number)

    def _live_room(self) -> str | None:
        return self._random.choice(sorted(self.rooms)) if self.rooms else None
