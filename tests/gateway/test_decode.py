"""Messages as objects and back: values that make no sense, fields of the future, and what reading costs."""

from __future__ import annotations

import time
from typing import Any

import pytest
from livekit.protocol import sip

from reconciler.core.objects import Live
from reconciler.core.values import (
    AgentDispatch,
    AgentList,
    Document,
    Duration,
    Metadata,
    PlainValue,
    References,
    Unknown,
    text_set,
)
from reconciler.errors import FileError
from reconciler.gateway.decode import live_object, with_unknown_passwords
from reconciler.gateway.encode import write_fields
from reconciler.gateway.read import snapshot
from reconciler.gateway.snapshot_file import snapshot_document
from reconciler.sip.era import Era
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK, KINDS, OUTBOUND_TRUNK

# Field 999 with the text "future", as a server newer than this version would send it.
UNKNOWN_FIELD = b"\xba\x3e\x06future"


def _write(kind: Any, message: Any, changes: dict[str, PlainValue | None]) -> None:
    write_fields(kind, message, changes, lambda path: f"secret of {path}", lambda one: one.id or "")


# --- odd values


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("era", Era)
def test_an_empty_message_has_no_fields(kind: Any, era: Era) -> None:
    """A server that tells nothing gives an object with neither id nor name, which is no crash."""
    messages = {
        INBOUND_TRUNK.name: sip.SIPInboundTrunkInfo,
        OUTBOUND_TRUNK.name: sip.SIPOutboundTrunkInfo,
        DISPATCH_RULE.name: sip.SIPDispatchRuleInfo,
    }
    live = live_object(kind, messages[kind.name](), era)
    assert (live.id, live.name, dict(live.fields)) == ("", "", {})


def test_an_enum_from_the_future_keeps_its_number() -> None:
    """A value that has no word yet is shown as its number and written back as it was."""
    trunk = sip.SIPOutboundTrunkInfo()
    trunk.transport = 77  # type: ignore[assignment]
    trunk.include_headers = -3  # type: ignore[assignment]
    trunk.media_encryption = 9  # type: ignore[assignment]
    fields = live_object(OUTBOUND_TRUNK, trunk, Era.NEW).fields
    assert fields["transport"] == "77"
    assert fields["include_headers"] == "-3"
    assert fields["media.encryption"] == "9"
    _write(OUTBOUND_TRUNK, trunk, {"transport": "77", "media.encryption": "9"})
    assert (trunk.transport, trunk.media.encryption) == (77, 9)


def test_a_restart_policy_from_the_future_keeps_its_number() -> None:
    """An agent's policy that has no word yet survives a change of the list."""
    rule = sip.SIPDispatchRuleInfo()
    rule.room_config.agents.add(agent_name="a", restart_policy=5)
    agents = live_object(DISPATCH_RULE, rule, Era.NEW).fields["agents"]
    assert isinstance(agents, AgentList)
    _write(DISPATCH_RULE, rule, {"agents": AgentList((*agents.entries, AgentDispatch("b")))})
    assert [one.restart_policy for one in rule.room_config.agents] == [5, 0]


@pytest.mark.parametrize(("seconds", "nanos"), [(-5, 0), (-5, 7), (10**16, 0), (0, -1)])
def test_a_duration_that_makes_no_sense_is_read(seconds: int, nanos: int) -> None:
    """Negative, contradictory and endless durations are values like others."""
    trunk = sip.SIPInboundTrunkInfo()
    trunk.ringing_timeout.seconds, trunk.ringing_timeout.nanos = seconds, nanos
    value = live_object(INBOUND_TRUNK, trunk, Era.NEW).fields["ringing_timeout"]
    assert value == Duration(seconds * 1_000_000_000 + nanos)
    assert str(value)


def test_a_rule_without_a_kind_has_no_rooms() -> None:
    """A body that names no kind is read, and a kind can be given to it."""
    rule = sip.SIPDispatchRuleInfo(name="odd", rule=sip.SIPDispatchRule())
    assert "rooms" not in live_object(DISPATCH_RULE, rule, Era.OLD).fields
    _write(DISPATCH_RULE, rule, {"rooms": "direct", "rooms.direct.room": "lobby"})
    assert rule.rule.dispatch_rule_direct.room_name == "lobby"


def test_a_body_from_the_future_is_no_kind() -> None:
    """A rule with a body that this version does not know has no rooms here, and keeps its body."""
    rule = sip.SIPDispatchRuleInfo(rule=sip.SIPDispatchRule.FromString(UNKNOWN_FIELD))
    assert "rooms" not in live_object(DISPATCH_RULE, rule, Era.NEW).fields
    _write(DISPATCH_RULE, rule, {"hide_phone_number": True})
    assert rule.rule.SerializeToString() == UNKNOWN_FIELD


def test_a_body_from_the_future_gives_way_to_the_one_that_is_written() -> None:
    """Of two bodies in one message the last one counts, and what nobody can name comes last."""
    rule = sip.SIPDispatchRuleInfo()
    rule.rule.MergeFromString(UNKNOWN_FIELD)
    _write(DISPATCH_RULE, rule, {"rooms": "direct", "rooms.direct.room": "lobby"})
    assert UNKNOWN_FIELD not in rule.SerializeToString()
    assert rule.rule.dispatch_rule_direct.room_name == "lobby"


def test_repeated_and_empty_texts_are_kept() -> None:
    """A list is read as the server has it, repeats and empty entries included."""
    trunk = sip.SIPInboundTrunkInfo(numbers=["", "+15550100001", "+15550100001"])
    numbers = live_object(INBOUND_TRUNK, trunk, Era.NEW).fields["numbers"]
    assert getattr(numbers, "written", None) == ("", "+15550100001", "+15550100001")


def test_keys_with_dots_and_no_letters_are_kept() -> None:
    """An entry's key is whatever it is; the path is the mapping's name and the key."""
    rule = sip.SIPDispatchRuleInfo(attributes={"a.b": "1", "": "2", "ü": ""})
    fields = live_object(DISPATCH_RULE, rule, Era.NEW).fields
    assert dict(fields) == {"attributes.a.b": "1", "attributes.": "2", "attributes.ü": ""}
    _write(DISPATCH_RULE, rule, {"attributes.a.b": None, "attributes.": "3"})
    assert dict(rule.attributes) == {"": "3", "ü": ""}


# --- encryption has two places


@pytest.mark.parametrize(
    ("legacy", "media", "old", "new"),
    [
        (0, None, None, None),
        (2, None, "require", "require"),
        (0, 2, "disable", "require"),
        (1, 2, "allow", "require"),
        (2, 0, "require", "disable"),
    ],
)
def test_encryption_is_what_the_server_obeys(
    legacy: int, media: int | None, old: str | None, new: str | None
) -> None:
    """Old servers know only the older field, new ones look there only where the new one is unset."""
    trunk = sip.SIPInboundTrunkInfo()
    trunk.media_encryption = legacy  # type: ignore[assignment]
    if media is not None:
        trunk.media.encryption = media  # type: ignore[assignment]
    assert live_object(INBOUND_TRUNK, trunk, Era.OLD).fields.get("media.encryption") == old
    assert live_object(INBOUND_TRUNK, trunk, Era.NEW).fields.get("media.encryption") == new


def test_encryption_is_written_and_unset_in_both_places() -> None:
    """Whatever the server's age, it obeys what the file says."""
    trunk = sip.SIPInboundTrunkInfo()
    _write(INBOUND_TRUNK, trunk, {"media.encryption": "require"})
    assert (trunk.media_encryption, trunk.media.encryption) == (2, 2)
    _write(INBOUND_TRUNK, trunk, {"media.encryption": None})
    assert trunk == sip.SIPInboundTrunkInfo()


# --- what is not named stays


def test_fields_of_the_future_survive_at_every_depth() -> None:
    """A write to named fields leaves unknown ones where they are: in the object, its media, its room, an agent."""
    rule = sip.SIPDispatchRuleInfo.FromString(UNKNOWN_FIELD)
    rule.media.MergeFromString(UNKNOWN_FIELD)
    rule.room_config.MergeFromString(UNKNOWN_FIELD)
    rule.rule.dispatch_rule_direct.MergeFromString(UNKNOWN_FIELD)
    rule.room_config.agents.add(agent_name="a").MergeFromString(UNKNOWN_FIELD)
    _write(
        DISPATCH_RULE,
        rule,
        {
            "media.encryption": None,
            "rooms": "direct",
            "rooms.direct.room": "lobby",
            "room.empty_timeout": Duration(1_000_000_000),
            "agents": AgentList((AgentDispatch("b"), AgentDispatch("a", Metadata("new")))),
        },
    )
    parts = (rule, rule.media, rule.room_config, rule.rule.dispatch_rule_direct)
    for part in parts:
        assert UNKNOWN_FIELD in part.SerializeToString()
    first, second = rule.room_config.agents
    assert (first.agent_name, second.agent_name, second.metadata) == ("b", "a", "new")
    assert UNKNOWN_FIELD not in first.SerializeToString()
    assert UNKNOWN_FIELD in second.SerializeToString()


def test_an_agent_that_leaves_takes_its_attributes_along() -> None:
    """What an agent was told before is not told to it, or to another, after the change."""
    rule = sip.SIPDispatchRuleInfo()
    rule.room_config.agents.add(agent_name="a", attributes={"tier": "gold"}, deployment="blue")
    _write(DISPATCH_RULE, rule, {"agents": AgentList((AgentDispatch("a"),))})
    (agent,) = rule.room_config.agents
    assert (dict(agent.attributes), agent.deployment) == ({}, "")


def test_messages_in_which_nothing_is_left_are_dropped() -> None:
    """Unsetting the last setting of a room leaves the object as if it had never had one."""
    rule = sip.SIPDispatchRuleInfo()
    _write(DISPATCH_RULE, rule, {"room.max_participants": 4, "media.codecs": Document.of([])})
    _write(DISPATCH_RULE, rule, {"room.max_participants": None, "media.codecs": None})
    assert rule == sip.SIPDispatchRuleInfo()


def test_unsetting_what_is_not_there_changes_nothing() -> None:
    """No empty message comes into being by looking for a field in it."""
    rule = sip.SIPDispatchRuleInfo(name="r")
    _write(
        DISPATCH_RULE,
        rule,
        {"room.tags.a": None, "rooms.individual.pin": None, "media.media_timeout": None},
    )
    assert rule == sip.SIPDispatchRuleInfo(name="r")


# --- passwords that are not told


def test_a_password_is_unknown_where_the_server_tells_none() -> None:
    """A user name without a password means nothing unless some trunk of the server shows a password."""
    named = sip.SIPInboundTrunkInfo(sip_trunk_id="ST_1", auth_username="acme")
    shown = sip.SIPOutboundTrunkInfo(sip_trunk_id="ST_2", auth_username="b", auth_password="p")
    alone = snapshot("h", {INBOUND_TRUNK.name: [named]}, Era.NEW)
    assert isinstance(alone.of(INBOUND_TRUNK.name)[0].fields["auth.password"], Unknown)
    both: dict[str, list[Any]] = {INBOUND_TRUNK.name: [named], OUTBOUND_TRUNK.name: [shown]}
    trunk = snapshot("h", both, Era.NEW).of(INBOUND_TRUNK.name)[0]
    assert "auth.password" not in trunk.fields


def test_only_trunks_with_a_user_name_are_doubted() -> None:
    """Without a user name there is no challenge, so a password would protect nothing."""
    objects = {
        INBOUND_TRUNK.name: [Live(INBOUND_TRUNK.name, "ST_1", "t", {"numbers": text_set(["1"])})]
    }
    assert with_unknown_passwords(objects) == objects


# --- cost


def test_reading_ten_thousand_objects_is_cheap() -> None:
    """A large project is decoded in a fraction of a second: some ten microseconds an object."""
    rules = []
    for number in range(10_000):
        rule = sip.SIPDispatchRuleInfo(
            sip_dispatch_rule_id=f"SDR_{number:05}",
            name=f"rule-{number}",
            trunk_ids=[f"ST_{number:05}"],
            numbers=[f"+1555010{number % 10_000:04}"],
            attributes={"tier": "gold"},
        )
        rule.rule.dispatch_rule_individual.room_prefix = "call-"
        rule.room_config.agents.add(agent_name="agent", metadata="{}")
        rules.append(rule)
    start = time.process_time()
    live = snapshot("h", {DISPATCH_RULE.name: rules}, Era.NEW)
    assert time.process_time() - start < 2.0
    last = live.of(DISPATCH_RULE.name)[-1]
    assert isinstance(last.fields["trunks"], References)
    assert last.name == "rule-9999"


def test_a_time_that_json_cannot_say_is_an_error_with_a_name() -> None:
    """A snapshot file is LiveKit's JSON, which knows no year 300,000,000; the object to blame is named."""
    trunk = sip.SIPInboundTrunkInfo(sip_trunk_id="ST_1", name="odd")
    trunk.ringing_timeout.seconds = 10**16
    with pytest.raises(FileError, match='inbound trunk "odd" cannot be written as JSON'):
        snapshot_document("h", "now", {INBOUND_TRUNK.name: [trunk]}, None)
