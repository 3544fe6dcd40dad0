"""What a server knows: found out by one object that has a new field, asked for as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from livekit.protocol import sip

from reconciler.core.finding import Severity
from reconciler.emulator.server import Emulator
from reconciler.gateway.endpoint import endpoint_from
from reconciler.gateway.server import LiveServer
from reconciler.sip.era import Era
from tests.support.project import Project

if TYPE_CHECKING:
    from pathlib import Path

    from google.protobuf.message import Message

NUMBER = "+15550100001"


def _found(emulator: Emulator) -> Era | None:
    environ = {
        "LIVEKIT_URL": emulator.url,
        "LIVEKIT_API_KEY": emulator.api_key,
        "LIVEKIT_API_SECRET": emulator.api_secret,
    }
    server = LiveServer(endpoint_from(environ))
    try:
        return server.observe(find_era=True).found_era
    finally:
        server.close()


def _witnesses() -> list[Message]:
    """One object for each field that servers before 1.13 do not know."""
    found: list[Message] = [
        sip.SIPInboundTrunkInfo(numbers=[NUMBER], auth_realm="acme"),
        sip.SIPInboundTrunkInfo(numbers=[NUMBER], ringing_timeout_status=486),  # type: ignore[arg-type]
        sip.SIPOutboundTrunkInfo(numbers=[NUMBER], address="a", from_host="acme.example"),
        sip.SIPOutboundTrunkInfo(
            numbers=[NUMBER], address="a", media=sip.SIPMediaConfig(only_listed_codecs=True)
        ),
        sip.SIPInboundTrunkInfo(
            numbers=[NUMBER], media=sip.SIPMediaConfig(codecs=[sip.SIPCodec(name="PCMU")])
        ),
    ]
    individual = sip.SIPDispatchRuleIndividual(no_randomness=True)
    rule = sip.SIPDispatchRuleInfo(rule=sip.SIPDispatchRule(dispatch_rule_individual=individual))
    tagged = sip.SIPDispatchRuleInfo()
    tagged.rule.dispatch_rule_direct.room_name = "lobby"
    tagged.room_config.tags["colour"] = "blue"
    timed = sip.SIPDispatchRuleInfo()
    timed.rule.dispatch_rule_direct.room_name = "lobby"
    timed.media.media_timeout.SetInParent()
    return [*found, rule, tagged, timed]


@pytest.mark.parametrize("witness", range(len(_witnesses())))
@pytest.mark.parametrize(
    ("version", "era"), [("1.9.12", Era.OLD), ("1.8.4", Era.OLD), ("1.13.11", Era.NEW)]
)
def test_any_new_field_tells_the_era(witness: int, version: str, era: Era) -> None:
    """Whatever the field, the server shows it as JSON if it knows it, and hides it if not."""
    with Emulator(version) as emulator:
        emulator.put(_witnesses()[witness])  # type: ignore[arg-type]
        assert _found(emulator) is era


def test_nothing_is_asked_where_nothing_can_tell(livekit_emulator: Emulator) -> None:
    """A project without new fields costs three lists, and the newest behaviour is assumed."""
    livekit_emulator.put(sip.SIPInboundTrunkInfo(numbers=[NUMBER]))
    assert _found(livekit_emulator) is None
    assert livekit_emulator.count() == 3


def test_one_object_is_asked_for(livekit_emulator: Emulator) -> None:
    """The fourth call asks for one witness, however many there are."""
    for number in range(5):
        livekit_emulator.put(
            sip.SIPInboundTrunkInfo(numbers=[f"+1555010{number:04}"], auth_realm="acme")
        )
    assert _found(livekit_emulator) is Era.OLD
    assert livekit_emulator.count() == 4


def test_a_witness_that_was_deleted_meanwhile_tells_nothing(livekit_emulator: Emulator) -> None:
    """An empty JSON list is no answer to the question."""
    livekit_emulator.put(sip.SIPInboundTrunkInfo(numbers=[NUMBER], auth_realm="acme"))
    livekit_emulator.faults.answer("ListSIPInboundTrunk", 200, body=b'{"items":[]}', nth=2)
    assert _found(livekit_emulator) is None


@pytest.mark.parametrize("body", [b"[]", b'{"items":7}', b'{"items":[7]}', b"{}"])
def test_an_odd_answer_tells_nothing(livekit_emulator: Emulator, body: bytes) -> None:
    """JSON of another shape is no crash."""
    livekit_emulator.put(sip.SIPInboundTrunkInfo(numbers=[NUMBER], auth_realm="acme"))
    livekit_emulator.faults.answer("ListSIPInboundTrunk", 200, body=body, nth=2)
    assert _found(livekit_emulator) is None


def test_fields_that_the_server_ignores_are_warned_of(
    livekit_emulator: Emulator, tmp_path: Path
) -> None:
    """The plan is clean and the behaviour is not: every such field has a warning that names it."""
    project = Project(livekit_emulator, tmp_path)
    file = {
        "sip": {
            "inbound_trunks": {"carrier": {"numbers": [NUMBER], "auth": {"realm": "acme"}}},
            "dispatch_rules": {
                "calls": {
                    "trunks": ["carrier"],
                    "rooms": {"individual": {"prefix": "call-", "random_suffix": False}},
                    "media": {"encryption": "require", "media_timeout": "30s"},
                }
            },
        },
        "agents": {
            "names": {"a": {"agent_name": "a", "deployment": "blue"}},
            "rooms": [{"prefix": "call-", "agents": ["a"], "dispatch": "sip"}],
        },
    }
    assert project.apply(file).is_complete
    findings = [one for one in project.plan().findings if one.code == "unhonoured-field"]
    assert {one.path.partition("sip.")[2] for one in findings} == {
        "inbound_trunks.carrier.auth.realm",
        "dispatch_rules.calls.rooms.individual.random_suffix",
        "dispatch_rules.calls.media.media_timeout",
        "dispatch_rules.calls.agents",
    }
    assert {one.severity for one in findings} == {Severity.WARNING}
    assert any("deployment of an agent" in one.message for one in findings)
    newest = project.plan(server_version="newest").findings
    assert "unhonoured-field" not in [one.code for one in newest]


def test_a_new_server_is_not_warned_of(tmp_path: Path) -> None:
    """From 1.13 on the fields do what they say."""
    with Emulator("1.13.11") as emulator:
        project = Project(emulator, tmp_path)
        trunk = {"numbers": [NUMBER], "auth": {"realm": "acme"}}
        assert project.apply({"sip": {"inbound_trunks": {"carrier": trunk}}}).is_complete
        assert "unhonoured-field" not in [one.code for one in project.plan().findings]
