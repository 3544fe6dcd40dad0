"""Unknown words are answered with what was probably meant: LiveKit's own names, camelCase, slips of the finger."""

from __future__ import annotations

import time

import pytest

from reconciler.config.problems import Problems
from reconciler.core.schema import Kind
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK, KINDS, OUTBOUND_TRUNK
from tests.config.reading import convention, outbound, read, rule, trunk

NUMBERS = 'numbers: ["+15550100001"]\n'

TRUNK_KEYS = {
    "allowed_numbers": "here it is called callers",
    "allowedNumbers": "here it is called callers",
    "inbound_numbers": "here it is called callers",
    "allowedAddresses": 'did you mean "allowed_addresses"?',
    "allowed_adresses": 'did you mean "allowed_addresses"?',
    "authUsername": "here it is called auth.username",
    "auth_password": "here it is called auth.password",
    "password": "here it is called auth.password",
    "krispEnabled": 'did you mean "krisp_enabled"?',
    "Ringing-Timeout": 'did you mean "ringing_timeout"?',
    "mediaEncryption": "here it is called media.encryption",
    "sipTrunkId": "here it is called id",
    "name": "the key above is the name",
}
RULE_KEYS = {
    "inbound_numbers": "here it is called callers",
    "inboundNumbers": "here it is called callers",
    "trunk_ids": "here it is called trunks",
    "trunkIds": "here it is called trunks",
    "rule": "here it is called rooms",
    "dispatchRuleIndividual": "here it is called rooms.individual",
    "hidePhoneNumber": 'did you mean "hide_phone_number"?',
    "roomConfig": "here it is called room",
    "roomPreset": 'did you mean "room_preset"?',
    "sip_dispatch_rule_id": "here it is called id",
    "metdata": 'did you mean "metadata"?',
}


@pytest.mark.parametrize("key", TRUNK_KEYS)
def test_a_key_of_a_trunk_is_recognised(key: str) -> None:
    """LiveKit's names of a trunk's fields lead to the ones of this language."""
    (finding,) = read(trunk(f"{NUMBERS}{key}: 1")).findings
    assert (finding.code, finding.fix) == ("unknown-key", TRUNK_KEYS[key])
    assert (finding.mark.line, finding.mark.column) == (6, 7)


@pytest.mark.parametrize("key", RULE_KEYS)
def test_a_key_of_a_rule_is_recognised(key: str) -> None:
    """The commonest confusion, `inbound_numbers`, is answered with the word for people who call."""
    (finding,) = read(rule(f"{key}: 1")).findings
    assert (finding.code, finding.fix) == ("unknown-key", RULE_KEYS[key])


NESTED = {
    "rooms: {individual: {roomPrefix: a}}": "here it is called prefix",
    "rooms: {individual: {no_randomness: true}}": "here it is called random_suffix",
    "rooms: {callee: {randomize: true}}": "here it is called random_suffix",
    "rooms: {direct: {roomName: a}}": "here it is called room",
    "rooms: {dispatchRuleDirect: {room: a}}": "here it is called direct",
}


@pytest.mark.parametrize("rooms", NESTED)
def test_a_key_below_another_is_recognised(rooms: str) -> None:
    """LiveKit's names are known at every level."""
    (finding,) = read(
        f"version: 1\nsip: {{dispatch_rules: {{a: {{trunks: any, {rooms}}}}}}}\n"
    ).findings
    assert (finding.code, finding.fix) == ("unknown-key", NESTED[rooms])


BELOW = {
    "rooms: {direct: {room: a}}, pin: x": "here it is called rooms.direct.pin",
    "rooms: {individual: {}}, PIN: x": "here it is called rooms.individual.pin",
    "rooms: {callee: {}, pin: x}": "here it is called rooms.callee.pin",
    "rooms: {callee: {}}, prefix: x": "here it is called rooms.callee.prefix",
    "rooms: {callee: {}}, max_participants: 1": "here it is called room.max_participants",
    "rooms: {callee: {prefox: x}}, metadata: a": 'did you mean "prefix"?',
    "rooms: {individual: {room: x}}": "known: pin, prefix, random_suffix",
}


@pytest.mark.parametrize("fields", BELOW)
def test_a_key_that_belongs_below_another_is_recognised(fields: str) -> None:
    """A PIN belongs to the kind of room that the rule has, and so on; what belongs elsewhere is not sent there."""
    (finding,) = read(
        f"version: 1\nsip: {{dispatch_rules: {{a: {{trunks: any, {fields}}}}}}}\n"
    ).findings
    assert (finding.code, finding.fix) == ("unknown-key", BELOW[fields])


def test_a_key_that_belongs_below_several_is_told_of_all() -> None:
    """Nothing says which kind of room is meant."""
    findings = read("version: 1\nsip: {dispatch_rules: {a: {trunks: any, pin: x}}}\n").findings
    (fix,) = [finding.fix for finding in findings if finding.code == "unknown-key"]
    assert fix == "here it is called rooms.individual.pin, rooms.callee.pin or rooms.direct.pin"
    (finding,) = read("version: 1\nproject: {unmanaged: [max_participants]}\n").findings
    assert finding.fix == "here it is called room.max_participants"


WORDS = {
    outbound("transport: SIP_TRANSPORT_UDP"): 'did you mean "udp"?',
    outbound("media: {encryption: SIP_MEDIA_ENCRYPT_REQUIRE}"): 'did you mean "require"?',
    outbound("include_headers: SIP_X_HEADERS"): "here it is called x",
    outbound("transport: TCP"): 'did you mean "tcp"?',
    convention(
        "{prefix: p, agents: [{agent: a, restart_policy: JRP_NEVER}], dispatch: sip}"
    ): 'did you mean "never"?',
    convention("{prefix: p, agents: [c], dispatch: sip}"): "known: a, b",
    convention("{prefix: p, agents: [{agentName: a}], dispatch: sip}"): "here it is called agent",
}


@pytest.mark.parametrize("text", WORDS)
def test_a_word_is_recognised(text: str) -> None:
    """LiveKit's enumerations end in the word that is meant."""
    assert WORDS[text] in [one.fix for one in read(text).findings]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_field_is_recognised_in_camel_case(kind: Kind) -> None:
    """Whoever pastes LiveKit's JSON is told the name of each field."""
    words = sorted({field.path.split(".")[0] for field in kind.fields})
    for word in words:
        head, *tail = word.split("_")
        camel = head + "".join(part.capitalize() for part in tail)
        assert Problems().did_you_mean(camel, words) == f'did you mean "{word}"?'


@pytest.mark.parametrize(
    "kind", [INBOUND_TRUNK, OUTBOUND_TRUNK, DISPATCH_RULE], ids=lambda kind: kind.name
)
def test_every_name_on_the_wire_leads_to_a_field(kind: Kind) -> None:
    """The first part of each field's path in LiveKit's messages has an answer that is more than a list."""
    top = tuple({field.path.split(".")[0] for field in kind.fields})
    for field in kind.fields:
        word = field.wire.split(".")[0]
        assert not Problems().did_you_mean(word, top).startswith("known"), word


def test_a_dangling_reference_is_answered_among_very_many() -> None:
    """Five thousand rules that name five thousand trunks wrongly are read in seconds, most of them with an answer."""
    trunks = "\n".join(f'    trunk-{i}: {{numbers: ["+1555010{i:04d}"]}}' for i in range(5000))
    rules = "\n".join(
        f"    rule-{i}: {{trunks: [trnk-{i}], rooms: {{callee: {{}}}}}}" for i in range(5000)
    )
    text = f"version: 1\nsip:\n  inbound_trunks:\n{trunks}\n  dispatch_rules:\n{rules}\n"
    start = time.process_time()
    found = read(text).findings
    assert time.process_time() - start < 20
    assert {one.code for one in found} == {"unknown-trunk"}
    assert found[0].fix.startswith('did you mean "trunk-')
