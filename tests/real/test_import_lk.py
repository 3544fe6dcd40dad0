"""Files of `lk` on a real server: what it made from them and what `import-lk` makes from them plan to no change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf.json_format import MessageToDict, MessageToJson
from livekit.protocol import sip

from tests.support.cli import Shell
from tests.support.livekit_server import LiveKitServer
from tests.support.raw_client import RawClient

pytestmark = pytest.mark.real

INBOUND = {
    "trunk": {
        "name": "carrier",
        "numbers": ["+15550100001", "+1 (555) 010-0002"],
        "allowedAddresses": ["203.0.113.0/24"],
        "authUsername": "acme",
        "authPassword": "not-a-real-one",
        "headers": {"X-Site": "not-shown"},
        "ringingTimeout": "30s",
        "includeHeaders": "SIP_X_HEADERS",
        "krispEnabled": True,
        "mediaEncryption": 1,
    }
}
OUTBOUND = {
    "trunk": {
        "name": "carrier-out",
        "address": "sip.carrier.example",
        "transport": 3,
        "numbers": ["+15550100001"],
        "auth_username": "acme",
        "auth_password": "not-a-real-one-either",
        "metadata": '{"team": "sales"}',
    }
}
NAMELESS = {"trunk": {"numbers": ["+15550100003"], "allowed_numbers": ["+15550100099"]}}


def wrapped_rule(trunk: str) -> dict[str, Any]:
    """A rule as today's documentation has it."""
    return {
        "dispatch_rule": {
            "name": "inbound",
            "trunkIds": [trunk],
            "rule": {"dispatchRuleIndividual": {"roomPrefix": "call-"}},
            "attributes": {"line": "main"},
            "roomConfig": {
                "agents": [{"agentName": "desk", "metadata": '{"lang":"ar"}'}],
                "emptyTimeout": 60,
            },
        }
    }


def flat_rule(trunk: str) -> dict[str, Any]:
    """A rule as the documentation had it before, with a PIN."""
    return {
        "name": "conference",
        "trunk_ids": [trunk],
        "hide_phone_number": True,
        "metadata": "conference",
        "rule": {"dispatchRuleDirect": {"roomName": "conference", "pin": "4711"}},
        "room_config": {"agents": [{"agent_name": "host"}], "max_participants": 9},
    }


class Creator:
    """Feeds files to the API as they are, as `lk` does."""

    def __init__(self, shell: Shell, server: LiveKitServer) -> None:
        self.shell = shell
        self.client = RawClient(server.url, server.api_key, server.api_secret)
        self.files: list[str] = []

    def create(self, name: str, method: str, content: dict[str, Any]) -> str:
        """Writes a file, creates what it says, and tells the id."""
        text = json.dumps(content, indent=2)
        self.shell.write(name, text)
        self.files.append(name)
        headers = {
            "Authorization": f"Bearer {self.client.token()}",
            "Content-Type": "application/json",
        }
        status, body = self.client.post(f"/twirp/livekit.SIP/{method}", text.encode(), headers)
        assert status == 200, body
        answer = json.loads(body)
        return str(answer.get("sip_trunk_id") or answer.get("sip_dispatch_rule_id"))

    def save_lists(self, *, as_go: bool) -> list[str]:
        """What `lk … list --json` prints, into files."""
        names = []
        for method, request in (
            ("ListSIPInboundTrunk", sip.ListSIPInboundTrunkRequest()),
            ("ListSIPOutboundTrunk", sip.ListSIPOutboundTrunkRequest()),
            ("ListSIPDispatchRule", sip.ListSIPDispatchRuleRequest()),
        ):
            answer = self.client.call("SIP", method, request).answer
            names.append(f"{method}.json")
            self.shell.write(names[-1], printed_by_go(answer) if as_go else MessageToJson(answer))
        return names


def printed_by_go(answer: Any) -> str:
    """A list as older releases of `lk` print it: enums as numbers, durations in parts, alternatives in `Rule`."""
    document = MessageToDict(
        answer, preserving_proto_field_name=True, use_integers_for_enums=True
    ) or {"items": []}
    for item in document["items"]:
        for name, value in item.items():
            if isinstance(value, str) and name.endswith(("_timeout", "_duration")):
                item[name] = {"seconds": int(value.rstrip("s"))}
        if "rule" in item:
            ((body, inner),) = item["rule"].items()
            name = "".join(part.title() for part in body.split("_"))
            item["rule"] = {"Rule": {name: inner}}
    return "Using default project [acme]\n" + json.dumps(document)


@pytest.fixture
def creator(tmp_path: Path, real_project: LiveKitServer) -> Iterator[Creator]:
    """An empty folder, and an empty real project."""
    creator = Creator(Shell(tmp_path).connect(real_project), real_project)
    yield creator
    creator.client.close()


@pytest.fixture
def created(creator: Creator) -> Creator:
    """Two trunks and two rules, made from files of four shapes."""
    trunk = creator.create("inbound.json", "CreateSIPInboundTrunk", INBOUND)
    creator.create("outbound.json", "CreateSIPOutboundTrunk", OUTBOUND)
    creator.create("rule.json", "CreateSIPDispatchRule", wrapped_rule(trunk))
    creator.create("conference.json", "CreateSIPDispatchRule", flat_rule(trunk))
    return creator


SECRETS = {
    "CARRIER_AUTH_PASSWORD": "not-a-real-one",
    "CARRIER_HEADER_X_SITE": "not-shown",
    "CARRIER_OUT_AUTH_PASSWORD": "not-a-real-one-either",
    "CONFERENCE_PIN": "4711",
}


def plan_of(shell: Shell, *files: str) -> Any:
    """Imports files and plans what they became; the plan as JSON."""
    ran = shell.run("import-lk", "--server-version", "1.9.12", *files)
    assert ran.code == 0, ran.err
    assert not any(value in ran.out + ran.err for value in SECRETS.values())
    shell.write("config/dispatch.yaml", ran.out)
    shell.environ |= SECRETS
    assert shell.run("validate").code == 0
    planned = shell.run("plan", "--detailed-exitcode", "--format", "json")
    assert planned.code == 0, planned.out + planned.err
    return json.loads(planned.out)


def test_files_that_were_created_plan_to_no_change(created: Creator) -> None:
    """Each object of the files is the one that the server made from it, passwords, agents and all."""
    plan = plan_of(created.shell, *created.files)
    assert (plan["changes"], plan["unlisted"]) == ([], [])


@pytest.mark.parametrize("as_go", [False, True])
def test_files_and_lists_together_plan_to_no_change(created: Creator, as_go: bool) -> None:
    """The lists of either form know the files' objects again, and bring the names of trunks."""
    plan = plan_of(created.shell, *created.files, *created.save_lists(as_go=as_go))
    assert (plan["changes"], plan["unlisted"]) == ([], [])
    text = (created.shell.folder / "config/dispatch.yaml").read_text(encoding="utf-8")
    rules = yaml.safe_load(text)["sip"]["dispatch_rules"]
    assert [one["trunks"] for one in rules.values()] == [["carrier"], ["carrier"]]


@pytest.mark.parametrize("as_go", [False, True])
def test_lists_alone_plan_to_no_change(created: Creator, as_go: bool) -> None:
    """What `lk` prints is enough."""
    plan = plan_of(created.shell, *created.save_lists(as_go=as_go))
    assert (plan["changes"], plan["unlisted"]) == ([], [])


def test_an_object_without_a_name_is_found_by_its_list(creator: Creator) -> None:
    """The file has no name, the live trunk has none: the id in the list makes them one."""
    identifier = creator.create("lobby.json", "CreateSIPInboundTrunk", NAMELESS)
    plan = plan_of(creator.shell, "lobby.json", *creator.save_lists(as_go=False))
    assert (plan["changes"], plan["unlisted"]) == ([], [])
    text = (creator.shell.folder / "config/dispatch.yaml").read_text(encoding="utf-8")
    assert f"id: {identifier}" in text
