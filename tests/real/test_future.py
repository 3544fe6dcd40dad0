"""A project in which a newer LiveKit has left fields that nobody here can name: kept, told, and never lost in silence.

How each message keeps them is tested in `tests/gateway/test_decode.py`; here a real server stores them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from livekit.protocol import sip

from tests.support.cli import Shell
from tests.support.objects import direct, inbound_trunks, rules
from tests.support.raw_client import RawClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.livekit_server import LiveKitServer

pytestmark = pytest.mark.real

# Field 999 with the text "future", as a dashboard newer than this version would write it.
UNKNOWN_FIELD = b"\xba\x3e\x06future"
FILE = """\
version: 1
project: {name: acme, unlisted: delete}
sip:
  inbound_trunks:
    carrier: {numbers: ["+15550100001"], metadata: new}
  dispatch_rules:
    inbound: {trunks: [carrier], rooms: {direct: {room: lobby}}}
"""
TOLD = "fields of a newer LiveKit, known by their numbers alone, are kept and not compared: "
TRUNK = 'inbound trunk "carrier" (999, media.999)'
RULE = 'dispatch rule "inbound" (999, room_config.agents.999)'


@pytest.fixture
def client(real_project: LiveKitServer) -> Iterator[RawClient]:
    """The newer dashboard, which has made a trunk and a rule."""
    found = RawClient(real_project.url, real_project.api_key, real_project.api_secret)
    trunk = sip.SIPInboundTrunkInfo(name="carrier", numbers=["+15550100001"])
    trunk.MergeFromString(UNKNOWN_FIELD)
    trunk.media.MergeFromString(UNKNOWN_FIELD)
    made = found.call("SIP", "CreateSIPInboundTrunk", sip.CreateSIPInboundTrunkRequest(trunk=trunk))
    assert made.ok
    rule = sip.SIPDispatchRuleInfo(
        name="inbound", trunk_ids=[made.answer.sip_trunk_id], rule=direct("lobby")
    )
    rule.MergeFromString(UNKNOWN_FIELD)
    rule.room_config.agents.add(agent_name="a").MergeFromString(UNKNOWN_FIELD)
    request = sip.CreateSIPDispatchRuleRequest(dispatch_rule=rule)
    assert found.call("SIP", "CreateSIPDispatchRule", request).ok
    yield found
    found.close()


@pytest.fixture
def shell(real_project: LiveKitServer, client: RawClient, tmp_path: Path) -> Shell:
    """A folder with a file that changes the trunk and leaves the rule as it is."""
    shell = Shell(tmp_path).connect(real_project)
    shell.write("config/dispatch.yaml", FILE)
    return shell


def test_they_are_told_and_kept(shell: Shell, client: RawClient) -> None:
    """A note names the objects and the numbers, an update of another field keeps the fields, and none is a change."""
    planned = shell.run("plan")
    assert f"{TOLD}{TRUNK}, {RULE}" in planned.out.replace("\n", " ")
    assert shell.run("apply", "--auto-approve").code == 0
    (trunk,) = inbound_trunks(client)
    (rule,) = rules(client)
    assert trunk.metadata == "new"
    assert trunk.SerializeToString().count(b"future") == 2
    assert rule.SerializeToString().count(b"future") == 2
    again = shell.run("plan", "--detailed-exitcode")
    assert (again.code, TOLD in again.out) == (0, True)


def test_a_snapshot_says_what_it_cannot_hold(shell: Shell) -> None:
    """LiveKit's JSON has no word for them, so their numbers stand beside it, and a plan against it tells as well."""
    assert shell.run("snapshot", "live.json").code == 0
    content = json.loads((shell.folder / "live.json").read_text())
    (trunk,) = content["objects"]["inbound_trunk"]
    assert trunk["unnamed"] == ["999", "media.999"]
    assert "future" not in json.dumps(content)
    planned = shell.run("plan", "--live", "live.json")
    assert f"{TOLD}{TRUNK}, {RULE}" in planned.out.replace("\n", " ")


def test_a_rollback_says_what_comes_back_without_them(shell: Shell, client: RawClient) -> None:
    """What was only changed still has them; what was deleted is made anew from a backup that cannot hold them."""
    shell.write(
        "config/dispatch.yaml", FILE.partition("  dispatch_rules:")[0] + "  dispatch_rules: {}\n"
    )
    assert shell.run("apply", "--auto-approve", "--max-deletes", "1").code == 0
    (backup,) = (shell.folder / ".reconcile/backups").iterdir()
    ran = shell.run("rollback", str(backup), "--auto-approve")
    assert ran.code == 0, ran.err
    told = "back without fields of a newer LiveKit, known by their numbers alone: "
    assert f"{told}{RULE}" in ran.out.replace("\n", " ")
    (trunk,) = inbound_trunks(client)
    (rule,) = rules(client)
    assert trunk.metadata == ""
    assert trunk.SerializeToString().count(b"future") == 2
    assert b"future" not in rule.SerializeToString()
    assert rule.room_config.agents[0].agent_name == "a"
