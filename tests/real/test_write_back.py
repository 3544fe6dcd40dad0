"""A real server, changed by hand in every way that a dashboard has: the file says so afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from livekit.protocol import agent_dispatch

from tests.support.cli import Shell
from tests.support.objects import create_inbound, delete_trunk, inbound_trunks, replace_rule, rules
from tests.support.raw_client import RawClient

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.livekit_server import LiveKitServer

pytestmark = pytest.mark.real

FILE = """\
version: 1
# the project of the tests
project: {name: test}
sip:
  inbound_trunks:
    # calls in
    main:
      numbers: ["+15550100001"]   # ours
      auth: {username: acme, password: {env: PASSWORD}}

    # not for long
    old:
      numbers: ["+15550100002"]
  outbound_trunks: {}
  dispatch_rules:
    calls:
      trunks: [main, old]   # both
      rooms: {individual: {prefix: call-}}   # one each
agents:
  names:
    tel: {agent_name: telephony}   # answers
  rooms:
    - {prefix: call-, agents: [tel], dispatch: sip}   # calls
"""


def test_a_project_that_was_changed_by_hand(real_project: LiveKitServer, tmp_path: Path) -> None:
    """A trunk gone, one new, a rule with other fields and other agents; then plan and drift find nothing."""
    shell = Shell(tmp_path, {"PASSWORD": "not-a-real-one"}).connect(real_project)
    shell.write("config/dispatch.yaml", FILE)
    assert shell.run("apply", "--auto-approve").code == 0
    client = RawClient(real_project.url, real_project.api_key, real_project.api_secret)
    trunks = {one.name: one for one in inbound_trunks(client)}
    (rule,) = rules(client)
    new = create_inbound(client, name="new", numbers=["+15550100003"]).answer
    rule.trunk_ids[:] = [trunks["main"].sip_trunk_id, new.sip_trunk_id]
    rule.rule.dispatch_rule_individual.room_prefix = "call-in-"
    rule.attributes["site"] = "berlin"
    rule.room_config.agents.append(agent_dispatch.RoomAgentDispatch(agent_name="Night Shift"))
    fields = {one.name: value for one, value in rule.ListFields()}
    identifier = fields.pop("sip_dispatch_rule_id")
    replace_rule(client, identifier, **fields)
    delete_trunk(client, trunks["old"].sip_trunk_id)
    client.close()

    ran = shell.run("drift", "--write-back")
    assert ran.code == 2, ran.err
    assert (tmp_path / "config/dispatch.yaml").read_text() == (
        FILE.replace('\n    # not for long\n    old:\n      numbers: ["+15550100002"]\n', "")
        .replace(
            "  outbound_trunks",
            '\n    new:\n      numbers: ["+15550100003"]\n  outbound_trunks',
        )
        .replace("[main, old]   # both", "[main, new]   # both")
        .replace(
            "prefix: call-}}   # one each\n",
            "prefix: call-in-}}   # one each\n      attributes: {site: berlin}\n",
        )
        .replace("agents: [tel]", "agents: [tel, night-shift]")
        .replace("# answers\n", "# answers\n    night-shift: {agent_name: Night Shift}\n")
    )
    assert shell.run("plan", "--detailed-exitcode").code == 0
    assert shell.run("drift").code == 0
