"""Every field of LiveKit's messages has a place in the file, or a reason why it has none.

The messages are those of the installed livekit-protocol: a version that brings a field fails here until the field is
described in `reconciler/sip/spec.py` or left out by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from livekit.protocol import agent_dispatch, models, room, sip

from reconciler.core.plan import Plane
from reconciler.core.schema import FieldType, Kind
from reconciler.core.values import AgentDispatch
from reconciler.gateway.messages import MESSAGES, RESTART_POLICIES
from reconciler.sip.spec import (
    DISPATCH_RULE,
    ENCRYPTION,
    INBOUND_TRUNK,
    KINDS,
    LEFT_OUT,
    OUTBOUND_TRUNK,
)

if TYPE_CHECKING:
    from google.protobuf.message import Message

# Messages whose fields are leaves of the file one by one; every other message is one value of its own.
_WALKED = {
    "livekit.SIPMediaConfig",
    "livekit.RoomConfiguration",
    "livekit.SIPDispatchRule",
    "livekit.SIPDispatchRuleDirect",
    "livekit.SIPDispatchRuleIndividual",
    "livekit.SIPDispatchRuleCallee",
}
_SERVER_OWNED = {"sip_trunk_id", "sip_dispatch_rule_id", "created_at", "updated_at"}
_SUPERSEDED = {"media_encryption"}


def _paths(descriptor: object, prefix: str = "") -> set[str]:
    """The wire paths of all leaves of a message."""
    found = set()
    for field in descriptor.fields:  # type: ignore[attr-defined]
        inner = field.message_type
        if inner is not None and inner.full_name in _WALKED:
            found |= _paths(inner, f"{prefix}{field.name}.")
        else:
            found.add(f"{prefix}{field.name}")
    return found


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_field_of_an_object_is_described_or_left_out_by_name(kind: Kind) -> None:
    """The fields in the file and those left out are, together, just what LiveKit has."""
    on_the_wire = _paths(MESSAGES[kind.name].DESCRIPTOR)
    described = {field.wire for field in kind.fields} - set(kind.one_of) - {"rule"}
    assert described <= on_the_wire
    assert on_the_wire - described == {path for path in on_the_wire if path in LEFT_OUT}


def test_only_server_owned_and_superseded_fields_and_the_name_are_left_out() -> None:
    """The name is the key in the file; nothing else that a user could set is missing."""
    assert set(LEFT_OUT) == _SERVER_OWNED | _SUPERSEDED | {"name"}


def test_nothing_is_left_out_that_a_message_no_longer_has() -> None:
    """A name in the list stands for a field of some message."""
    known = {field.name for message in MESSAGES.values() for field in message.DESCRIPTOR.fields}
    assert set(LEFT_OUT) <= known


def test_a_room_configuration_is_described_field_by_field() -> None:
    """`room` and `agents` together are the whole of RoomConfiguration."""
    wires = {field.wire for field in DISPATCH_RULE.fields}
    described = {wire.split(".")[1] for wire in wires if wire.startswith("room_config.")}
    assert described == {field.name for field in room.RoomConfiguration.DESCRIPTOR.fields}
    agents = DISPATCH_RULE.field("agents")
    assert (agents.wire, agents.plane) == ("room_config.agents", Plane.AGENTS)


def test_an_agent_dispatch_is_described_field_by_field() -> None:
    """What a convention can say about an agent is the whole of RoomAgentDispatch."""
    described = {field.name for field in msgspec.structs.fields(AgentDispatch)}
    on_the_wire = {field.name for field in agent_dispatch.RoomAgentDispatch.DESCRIPTOR.fields}
    assert described == on_the_wire


def test_media_settings_are_described_field_by_field() -> None:
    """`media` of each kind is the whole of SIPMediaConfig, and a codec has a name and a rate."""
    on_the_wire = {field.name for field in sip.SIPMediaConfig.DESCRIPTOR.fields}
    for kind in KINDS:
        wires = {field.wire for field in kind.fields}
        described = {wire.split(".")[1] for wire in wires if wire.startswith("media.")}
        assert described == on_the_wire, kind.name
    assert {field.name for field in sip.SIPCodec.DESCRIPTOR.fields} == {"name", "rate"}


def test_every_kind_of_room_is_described() -> None:
    """The bodies of a rule are LiveKit's, under their own names."""
    bodies = {field.name for field in sip.SIPDispatchRule.DESCRIPTOR.fields}
    assert bodies == {f"dispatch_rule_{body}" for body in DISPATCH_RULE.one_of["rooms"]}


def test_words_stand_for_livekits_enums() -> None:
    """Each word of the file is a value of LiveKit's enum, in LiveKit's order, and none is missing."""
    transports = OUTBOUND_TRUNK.field("transport").choices
    assert [f"SIP_TRANSPORT_{word.upper()}" for word in transports] == sip.SIPTransport.keys()
    headers = INBOUND_TRUNK.field("include_headers").choices
    names = {"none": "SIP_NO_HEADERS", "x": "SIP_X_HEADERS", "all": "SIP_ALL_HEADERS"}
    assert [names[word] for word in headers] == sip.SIPHeaderOptions.keys()
    encryption = [f"SIP_MEDIA_ENCRYPT_{word.upper()}" for word in ENCRYPTION]
    assert encryption == sip.SIPMediaEncryption.keys()
    assert agent_dispatch.JobRestartPolicy.items() == [("JRP_ON_FAILURE", 0), ("JRP_NEVER", 1)]
    assert RESTART_POLICIES == ("", "never")


def test_small_updates_cover_what_the_file_says_they_cover() -> None:
    """A field marked `patch` is a field of LiveKit's update message, whose rest is known and left to replacements."""
    updates: dict[str, type[Message]] = {
        INBOUND_TRUNK.name: sip.SIPInboundTrunkUpdate,
        OUTBOUND_TRUNK.name: sip.SIPOutboundTrunkUpdate,
        DISPATCH_RULE.name: sip.SIPDispatchRuleUpdate,
    }
    # Fields that older servers do not know in an update, or that a small update cannot unset one by one.
    left = {"name", "media", "media_encryption", "attributes", "auth_realm", "from_host"}
    for kind in KINDS:
        known = {field.name for field in updates[kind.name].DESCRIPTOR.fields}
        used = {field.wire.split(".")[0] for field in kind.fields if field.patch}
        assert used <= known
        assert known - used <= left, kind.name


def test_only_what_servers_before_1_13_ignore_has_a_first_version() -> None:
    """Fields that a server stores without honouring them are those measured; encryption has a way of its own."""
    since = {field.wire for kind in KINDS for field in kind.fields if field.since is not None}
    assert since == {
        "auth_realm",
        "ringing_timeout_status",
        "from_host",
        "media.codecs",
        "media.only_listed_codecs",
        "media.media_timeout",
        "rule.dispatch_rule_individual.no_randomness",
        "room_config.tags",
    }


def test_lists_are_updated_in_the_known_ways() -> None:
    """`set` and `clear` are what updates use; a third way would be new."""
    names = {field.name for field in models.ListUpdate.DESCRIPTOR.fields}
    assert names == {"set", "add", "remove", "clear"}


def test_every_type_of_field_is_in_use() -> None:
    """A type that no field has would be code that no test on a server reaches."""
    assert {field.type for kind in KINDS for field in kind.fields} == set(FieldType)


def test_left_out_fields_have_a_reason() -> None:
    """Nobody has to guess why a field is not in the file."""
    assert all(LEFT_OUT.values())
