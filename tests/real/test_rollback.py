"""Rollbacks on a real server: what lived before an apply lives again, under the ids that it had."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from livekit.protocol import sip

from tests.support.cli import Ran, Shell
from tests.support.objects import inbound_trunks, rules
from tests.support.raw_client import RawClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.livekit_server import LiveKitServer

pytestmark = pytest.mark.real

BEFORE = """\
version: 1
project: {name: acme, unlisted: delete}
sip:
  inbound_trunks:
    carrier:
      numbers: ["+15550100001"]
      allowed_addresses: ["203.0.113.0/24"]
      auth: {username: acme, password: {env: CARRIER_PASSWORD}}
      headers: {X-Site: {env: SITE}}
      metadata: {team: sales}
      ringing_timeout: 20s
    old:
      numbers: ["+15550100002"]
      auth: {username: old, password: {env: OLD_PASSWORD}}
  outbound_trunks:
    out: {address: sip.carrier.example, transport: tls, numbers: ["+15550100001"]}
  dispatch_rules:
    inbound:
      trunks: [carrier]
      rooms: {individual: {prefix: call-, pin: {env: PIN}}}
      attributes: {line: sales}
      room: {max_participants: 4, empty_timeout: 30s}
    old-line:
      trunks: [old]
      rooms: {direct: {room: lobby}}
agents:
  names:
    telephony: {agent_name: acme-telephony}
    lobby: {agent_name: acme-lobby}
  rooms:
    - {prefix: call-, agents: [{agent: telephony, metadata: {lang: ar}}], dispatch: sip}
    - {room: lobby, agents: [lobby], dispatch: sip}
"""
# The trunk `old` turns into `new`, `inbound` is renamed and changed in both planes, `out` changes, `more` comes.
AFTER = """\
version: 1
project: {name: acme, unlisted: delete}
sip:
  inbound_trunks:
    carrier:
      numbers: ["+15550100001"]
      allowed_addresses: ["198.51.100.0/24"]
      auth: {username: acme, password: {env: CARRIER_PASSWORD}}
      headers: {X-Site: {env: SITE}}
    new:
      numbers: ["+15550100002"]
      allowed_addresses: ["198.51.100.0/24"]
  outbound_trunks:
    out: {address: sip.other.example, numbers: ["+15550100001"]}
    more: {address: sip.more.example, numbers: ["+15550100003"]}
  dispatch_rules:
    sales:
      renamed_from: inbound
      trunks: [carrier, new]
      rooms: {individual: {prefix: phone-, pin: {env: PIN}}}
agents:
  names:
    telephony: {agent_name: acme-telephony-2}
  rooms:
    - {prefix: phone-, agents: [telephony], dispatch: sip}
"""
SECRETS = {
    "CARRIER_PASSWORD": "not-a-real-one",
    "OLD_PASSWORD": "not-a-real-one-either",
    "SITE": "site-1",
    "PIN": "7770",
}


@pytest.fixture
def shell(real_project: LiveKitServer, tmp_path: Path) -> Shell:
    """A folder with the first file, applied to an empty project on the real server."""
    shell = Shell(tmp_path).connect(real_project)
    shell.environ |= SECRETS
    _apply(shell, BEFORE)
    return shell


@pytest.fixture
def client(real_project: LiveKitServer) -> Iterator[RawClient]:
    """Somebody else who looks at the project."""
    client = RawClient(real_project.url, real_project.api_key, real_project.api_secret)
    yield client
    client.close()


def _apply(shell: Shell, text: str) -> None:
    shell.write("config/dispatch.yaml", text)
    ran = shell.run("apply", "--auto-approve", "--max-deletes", "9")
    assert ran.code == 0, ran.err


def _roll_back(shell: Shell) -> Ran:
    newest = max((shell.folder / ".reconcile/backups").iterdir())
    return shell.run("rollback", str(newest), "--auto-approve", "--max-deletes", "9")


def _messages(client: RawClient) -> list[Any]:
    found = client.call("SIP", "ListSIPOutboundTrunk", sip.ListSIPOutboundTrunkRequest())
    return [*inbound_trunks(client), *found.answer.items, *rules(client)]


def _ids(client: RawClient) -> dict[str, str]:
    return {
        one.name: getattr(one, "sip_trunk_id", "") or one.sip_dispatch_rule_id
        for one in _messages(client)
    }


def _described(client: RawClient) -> dict[str, str]:
    """Everything that the server tells of its objects, trunks by their names, without ids and times."""
    names = {identifier: name for name, identifier in _ids(client).items()}
    found = {}
    for one in _messages(client):
        fields = one.DESCRIPTOR.fields_by_name
        for field in ("sip_trunk_id", "sip_dispatch_rule_id", "created_at", "updated_at"):
            if field in fields:
                one.ClearField(field)
        if "trunk_ids" in fields:
            one.trunk_ids[:] = sorted(names[identifier] for identifier in one.trunk_ids)
        found[one.name] = str(one)
    return found


def test_what_lived_lives_again(shell: Shell, client: RawClient) -> None:
    """Creations, changes, renames and deletions in both planes are taken back, message for message."""
    before, ids = _described(client), _ids(client)
    _apply(shell, AFTER)
    after = _described(client)
    assert set(after) == {"carrier", "new", "out", "more", "sales"}
    shell.environ["OLD_AUTH_PASSWORD"] = SECRETS["OLD_PASSWORD"]
    ran = _roll_back(shell)
    assert ran.code == 0, ran.out + ran.err
    assert _described(client) == before
    for name in ("carrier", "out", "inbound"):
        assert _ids(client)[name] == ids[name], name
    shell.write("config/dispatch.yaml", BEFORE)
    assert shell.run("plan", "--detailed-exitcode").code == 0
    ran = _roll_back(shell)
    assert ran.code == 0, ran.out + ran.err
    assert _described(client) == after
    shell.write("config/dispatch.yaml", AFTER)
    assert shell.run("plan", "--detailed-exitcode").code == 0


def test_a_deleted_secret_is_asked_for(shell: Shell, client: RawClient) -> None:
    """What LiveKit deleted nobody can read any more: the variable is named, and nothing is written."""
    _apply(shell, AFTER)
    after = _described(client)
    ran = _roll_back(shell)
    assert ran.code == 1
    assert "OLD_AUTH_PASSWORD" in ran.err
    assert _described(client) == after
