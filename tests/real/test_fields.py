"""Every field of the file on a real server: set, read back, changed, unset, with an empty plan after each step.

`tests/gateway/test_descriptors.py` proves that these fields are all there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.core.schema import Field, Kind
from reconciler.core.values import AgentList, Document, Duration, Secret, natural
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK, KINDS, OUTBOUND_TRUNK
from tests.support.project import SECRET, Project

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.core.objects import Live
    from reconciler.core.values import Value
    from tests.support.livekit_server import LiveKitServer

pytestmark = pytest.mark.real

NUMBER, OTHER = "+15550100001", "+15550100002"
PASSWORD = {"env": "SIP_PASSWORD"}
NEW_PASSWORD = {"env": "NEW_PASSWORD"}
NEW_SECRET = "another-secret-only-the-tests-know"


@dataclass(frozen=True, slots=True)
class Sample:
    """Two values of a field as they are written, and what a mapping's entry is called."""

    first: Any
    second: Any
    key: str = ""


_BOTH_TRUNKS = {
    "numbers": Sample([NUMBER], [NUMBER, OTHER]),
    "auth.username": Sample("acme", "beta"),
    "auth.password": Sample(PASSWORD, NEW_PASSWORD),
    "metadata": Sample("first", {"second": ["ä", 1]}),
    "headers.*": Sample("one", PASSWORD, "X-Site"),
    "headers_to_attributes.*": Sample("site", "place", "X-Site"),
    "attributes_to_headers.*": Sample("X-Site", "X-Place", "site.name"),
    "include_headers": Sample("x", "all"),
    "media.encryption": Sample("require", "disable"),
    "media.codecs": Sample(
        [{"name": "PCMU", "rate": 8000}],
        [{"name": "G722", "rate": 8000}, {"name": "PCMU", "rate": 8000}],
    ),
    "media.only_listed_codecs": Sample(True, False),
    "media.media_timeout": Sample("30s", "0s"),
}
SAMPLES: dict[str, dict[str, Sample]] = {
    INBOUND_TRUNK.name: {
        **_BOTH_TRUNKS,
        "callers": Sample([OTHER], ["+15550100003", OTHER]),
        "allowed_addresses": Sample(["203.0.113.0/24"], ["203.0.113.7", "sip.example"]),
        "auth.realm": Sample("acme", "beta"),
        "ringing_timeout": Sample("30s", "1m30s"),
        "ringing_timeout_status": Sample(486, 603),
        "max_call_duration": Sample("2h", "1ms"),
        "krisp_enabled": Sample(True, False),
    },
    OUTBOUND_TRUNK.name: {
        **_BOTH_TRUNKS,
        "address": Sample("sip.example", "other.example"),
        "transport": Sample("tls", "udp"),
        "destination_country": Sample("de", "us"),
        "from_host": Sample("acme.example", "beta.example"),
    },
    DISPATCH_RULE.name: {
        "trunks": Sample("any", ["carrier"]),
        "callers": Sample([NUMBER], [NUMBER, "anonymous"]),
        "numbers": Sample([OTHER], ["+15550100003", OTHER]),
        "rooms.individual.prefix": Sample("call-", "line-"),
        "rooms.individual.random_suffix": Sample(False, True),
        "rooms.individual.pin": Sample(PASSWORD, NEW_PASSWORD),
        "rooms.callee.prefix": Sample("desk-", "hall-"),
        "rooms.callee.random_suffix": Sample(True, False),
        "rooms.callee.pin": Sample(PASSWORD, NEW_PASSWORD),
        "rooms.direct.room": Sample("lobby", "hall"),
        "rooms.direct.pin": Sample(PASSWORD, NEW_PASSWORD),
        "hide_phone_number": Sample(True, False),
        "metadata": Sample("first", {"second": ["ä", 1]}),
        "attributes.*": Sample("gold", "silver", "tier.name"),
        "krisp_enabled": Sample(True, False),
        "media.encryption": Sample("require", "disable"),
        "media.codecs": _BOTH_TRUNKS["media.codecs"],
        "media.only_listed_codecs": Sample(True, False),
        "media.media_timeout": Sample("30s", "10m"),
        "room_preset": Sample("studio", "stage"),
        "room.name": Sample("lobby", "hall"),
        "room.empty_timeout": Sample("1m", "2m"),
        "room.departure_timeout": Sample("20s", "40s"),
        "room.max_participants": Sample(4, 8),
        "room.metadata": Sample("first", {"second": True}),
        "room.min_playout_delay": Sample("100ms", "1s"),
        "room.max_playout_delay": Sample("200ms", "2s"),
        "room.sync_streams": Sample(True, False),
        "room.tags.*": Sample("blue", "green", "colour"),
        "room.egress": Sample(
            {
                "room": {
                    "file_outputs": [{"filepath": "a", "s3": {"bucket": "b", "secret": PASSWORD}}]
                }
            },
            {"tracks": {"filepath": "t", "gcp": {"bucket": "b", "credentials": NEW_PASSWORD}}},
        ),
    },
}
# A field that must always be there is changed and changed back, and never unset.
_REQUIRED = {
    (OUTBOUND_TRUNK.name, "address"),
    (OUTBOUND_TRUNK.name, "numbers"),
    (DISPATCH_RULE.name, "trunks"),
}
_CASES = [
    pytest.param(kind, field, id=f"{kind.name}-{field.path}")
    for kind in KINDS
    for field in kind.fields
    if field.path not in ("agents", "rooms")
]


def test_every_field_has_a_sample() -> None:
    """A field that is described and never tried on a server would slip by."""
    for kind in KINDS:
        tried = set(SAMPLES[kind.name])
        assert tried | {"agents", "rooms"} == {field.path for field in kind.fields} | {
            "agents",
            "rooms",
        }


@pytest.fixture
def project(real_project: LiveKitServer, tmp_path: Path) -> Project:
    """An empty project on the real server."""
    project = Project(real_project, tmp_path)
    project.environ["NEW_PASSWORD"] = NEW_SECRET
    return project


@pytest.mark.parametrize(("kind", "field"), _CASES)
def test_a_field_is_set_read_back_changed_and_unset(
    project: Project, kind: Kind, field: Field
) -> None:
    """What is written is what is read, and after each step there is nothing left to do."""
    sample = SAMPLES[kind.name][field.path]
    path = f"{field.parent}.{sample.key}" if field.is_mapping else field.path
    base = _base(kind, field)
    assert project.apply(_file(kind, base)).is_complete
    for value in (sample.first, sample.second, sample.first):
        assert _applied(project, _file(kind, _with(base, path, value))) == 1
        _check(_read(project, kind, path), field, value)
    if (kind.name, field.path) not in _REQUIRED:
        assert _applied(project, _file(kind, base)) == 1
        assert _read(project, kind, path) is None


@pytest.mark.parametrize(("kind", "field"), _CASES)
def test_a_field_is_set_by_the_creation(project: Project, kind: Kind, field: Field) -> None:
    """A new object has the field from the start, with an empty plan afterwards."""
    sample = SAMPLES[kind.name][field.path]
    path = f"{field.parent}.{sample.key}" if field.is_mapping else field.path
    _applied(project, _file(kind, _with(_base(kind, field), path, sample.first)))
    _check(_read(project, kind, path), field, sample.first)


def test_rooms_turn_from_each_kind_into_each_other(project: Project) -> None:
    """The body of a rule is changed as a whole: nothing of the former kind stays."""
    bodies: list[dict[str, Any]] = [
        {"individual": {"prefix": "call-", "pin": PASSWORD}},
        {"callee": {"prefix": "desk-", "random_suffix": True}},
        {"direct": {"room": "lobby", "pin": NEW_PASSWORD}},
        {"callee": {"prefix": "hall-"}},
        {"individual": {"prefix": "line-", "random_suffix": False}},
        {"direct": {"room": "hall"}},
        {"individual": {"prefix": "call-"}},
    ]
    for body in bodies:
        _applied(project, _file(DISPATCH_RULE, {"trunks": "any", "rooms": body}))
        (which,) = body
        rule = _it(project)
        found = {path for path in rule.fields if path.startswith("rooms.")}
        assert rule.fields["rooms"] == which
        assert found == {f"rooms.{which}.{name}" for name in body[which]}


def test_agents_are_set_changed_and_unset_with_all_they_are_told(project: Project) -> None:
    """The agents of a convention arrive at the rule: metadata, attributes, restart policy, deployment and order."""
    rule = {"trunks": "any", "rooms": {"individual": {"prefix": "call-"}}}
    told = {
        "agent": "a",
        "metadata": {"lang": "ar"},
        "attributes": {"tier": "gold"},
        "restart_policy": "never",
    }
    steps: list[list[Any]] = [
        [{"agent": "a"}],
        [told],
        [told, {"agent": "b", "metadata": "text"}],
        [{"agent": "b", "metadata": "other"}, {"agent": "a", "attributes": {"tier": "silver"}}],
        [],
    ]
    for agents in steps:
        file = _file(DISPATCH_RULE, rule)
        file["agents"] = {
            "names": {
                "a": {"agent_name": "agent-a", "deployment": "blue"},
                "b": {"agent_name": "agent-b"},
            },
            "rooms": [{"prefix": "call-", "agents": agents, "dispatch": "sip"}],
        }
        assert project.apply(file).is_complete
        assert project.plan().is_empty
        found = _it(project).fields.get("agents", AgentList(()))
        assert isinstance(found, AgentList)
        assert [(one.agent_name, one.deployment) for one in found.entries] == [
            ("agent-" + one["agent"], "blue" if one["agent"] == "a" else "") for one in agents
        ]
        for one, wanted in zip(found.entries, agents, strict=True):
            assert dict(one.attributes) == wanted.get("attributes", {})
            assert one.restart_policy == wanted.get("restart_policy", "")


def test_secrets_of_an_egress_reach_the_server_and_nothing_else(project: Project) -> None:
    """A key of a storage is sent in LiveKit's JSON and shown nowhere."""
    sample = SAMPLES[DISPATCH_RULE.name]["room.egress"].first
    rule = {"trunks": "any", "rooms": {"direct": {"room": "lobby"}}, "room": {"egress": sample}}
    prepared = project.prepare(_file(DISPATCH_RULE, rule))
    assert SECRET not in repr(prepared.plan)
    report = project.carry_out(prepared)
    assert report.is_complete
    assert SECRET not in repr(report)
    egress = _it(project).fields["room.egress"]
    assert isinstance(egress, Secret)
    assert f'"secret":"{SECRET}"' in (egress.reveal() or "")


def _base(kind: Kind, field: Field) -> dict[str, Any]:
    """The smallest object that the field can be added to."""
    if kind is INBOUND_TRUNK:
        if field.path == "numbers":
            return {"numbers": "any", "allowed_addresses": ["203.0.113.0/24"]}
        base: dict[str, Any] = {"numbers": [OTHER]}
        return {**base, "auth": {"username": "u"}} if field.path == "auth.password" else base
    if kind is OUTBOUND_TRUNK:
        base = {"address": "base.example", "numbers": [OTHER]}
        return {**base, "auth": {"username": "u"}} if field.path == "auth.password" else base
    if field.path.startswith("rooms."):
        return {"trunks": ["second"], "rooms": {field.path.split(".")[1]: {}}}
    return {"trunks": ["second"], "rooms": {"individual": {"prefix": "base-"}}}


def _with(base: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The object with one more field; the rest of a mapping's path is one key."""
    head, _, rest = path.partition(".")
    if not rest:
        return {**base, head: value}
    if head == "rooms" or (head == "room" and rest.startswith("tags.")):
        return {**base, head: _with(base.get(head, {}), rest, value)}
    return {**base, head: {**base.get(head, {}), rest: value}}


def _file(kind: Kind, one: dict[str, Any]) -> dict[str, Any]:
    """A file with the object under test, and for rules the trunks they may name.

    Another trunk has a password, which shows that this server tells them: a missing one is missing then.
    """
    sip: dict[str, Any] = {kind.section: {"it": one}}
    if "username" in one.get("auth", {}):
        shown = {"numbers": ["+15550100009"], "auth": {"username": "u", "password": PASSWORD}}
        sip[INBOUND_TRUNK.section] = {**sip.get(INBOUND_TRUNK.section, {}), "shown": shown}
    if kind is DISPATCH_RULE:
        sip[INBOUND_TRUNK.section] = {
            "carrier": {"numbers": [NUMBER]},
            "second": {"numbers": [OTHER]},
        }
    return {"sip": sip}


def _applied(project: Project, file: dict[str, Any]) -> int:
    """Applies, sees that nothing is left to do, and says how many objects of the kind under test were written."""
    report = project.apply(file)
    assert report.is_complete, report
    assert project.plan().is_empty
    return sum(result.call.name == "it" for result in report.results)


def _it(project: Project) -> Live:
    (one,) = [one for one in project.live() if one.name == "it"]
    return one


def _read(project: Project, kind: Kind, path: str) -> Value | None:
    one = _it(project)
    assert one.kind == kind.name
    return one.fields.get(path)


def _check(live: Value | None, field: Field, written: Any) -> None:
    """The live value says what was written, in its own form."""
    if written in (PASSWORD, NEW_PASSWORD):
        assert isinstance(live, Secret)
        assert live.reveal() == (SECRET if written == PASSWORD else NEW_SECRET)
    elif isinstance(live, Secret):
        assert isinstance(written, str) == (live.reveal() == written)
    elif written == "any" or written == _default(field):
        assert live in (None, written)
    elif isinstance(live, Duration | Document):
        assert natural(live) == written
    elif field.path == "trunks":
        assert live is not None
    elif isinstance(written, list):
        assert live is not None
        assert not isinstance(live, Secret)
        assert sorted(str(text) for text in natural(live) or ()) == sorted(written)  # type: ignore[union-attr]
    elif isinstance(written, dict):
        assert live is not None
    else:
        assert not isinstance(live, Secret)
        assert natural(live) == written


def _default(field: Field) -> object:
    return field.default
