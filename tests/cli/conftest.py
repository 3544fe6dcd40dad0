"""A shell in a fresh folder, connected to an emulated project."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.emulator.server import Emulator
from tests.cli.many import SIP, Folder
from tests.cli.many import project as text_of
from tests.support.canaries import API_KEY, API_SECRET, World, world
from tests.support.cli import Shell
from tests.support.every_command import prepare
from tests.support.receiver import Receiver

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIGURATION = """\
version: 1
project: {name: acme}
sip:
  inbound_trunks:
    carrier:
      numbers: ["+15550100001"]
      allowed_addresses: ["203.0.113.0/24"]
      auth: {username: acme, password: {env: CARRIER_PASSWORD}}
  outbound_trunks:
    carrier-out:
      address: sip.carrier.example
      numbers: ["+15550100001"]
  dispatch_rules:
    inbound:
      trunks: [carrier]
      rooms: {individual: {prefix: call-}}
agents:
  names:
    telephony: {agent_name: acme-telephony}
  rooms:
    - {prefix: call-, agents: [telephony], dispatch: sip}
"""
# The password is another one from another variable, and the rooms of the rule are called differently.
ROTATED = CONFIGURATION.replace("CARRIER_PASSWORD", "NEW_PASSWORD").replace("call-", "phone-")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A folder with nothing in it, and no server."""
    return Shell(tmp_path)


@pytest.fixture
def project(shell: Shell, livekit_emulator: Emulator) -> Shell:
    """A folder with a configuration, connected to an empty emulated project."""
    shell.connect(livekit_emulator)
    shell.environ["CARRIER_PASSWORD"] = "not-a-real-one"
    shell.write("config/dispatch.yaml", CONFIGURATION)
    return shell


@pytest.fixture
def applied(project: Shell) -> Shell:
    """The same, with the configuration applied."""
    ran = project.run("apply", "--auto-approve")
    assert ran.code == 0, ran.err
    return project


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook that keeps what it is sent."""
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def told(applied: Shell, receiver: Receiver) -> Shell:
    """An applied project whose drift is told to a webhook, by the variable."""
    applied.environ["RECONCILE_NOTIFY"] = f"json://user:hunter2@{receiver.host}/hunter2"
    return applied


@pytest.fixture
def rotated(applied: Shell) -> Shell:
    """A project whose last apply changed a password along with the prefix of a rule."""
    applied.environ["NEW_PASSWORD"] = "another"
    applied.write("config/dispatch.yaml", ROTATED)
    ran = applied.run("apply", "--auto-approve")
    assert ran.code == 0, ran.err
    del applied.environ["NEW_PASSWORD"]
    return applied


@pytest.fixture
def change_backup(rotated: Shell) -> Callable[[dict[str, Any]], str]:
    """Writes the last backup with some keys changed, and returns the new file."""

    def change(changes: dict[str, Any]) -> str:
        document = json.loads(max((rotated.folder / ".reconcile/backups").iterdir()).read_text())
        rotated.write("changed.json", json.dumps({**document, **changes}))
        return "changed.json"

    return change


@pytest.fixture
def folder(shell: Shell) -> Iterator[Folder]:
    """Three projects on three servers: two files, and a folder of two files."""
    from reconciler.emulator.server import Emulator

    with ExitStack() as stack:
        emulators = {name: stack.enter_context(Emulator()) for name in ("a", "b", "c")}
        made = Folder(shell, emulators)
        for name, emulator in emulators.items():
            made.connect(name, emulator)
        made.write("a.yaml", text_of("a", 1))
        made.write("b.yml", text_of("b", 2))
        made.write("c/one.yaml", "version: 1\nproject: {name: c, env_prefix: C_}\n")
        made.write("c/two.yaml", SIP % ("c", 3))
        yield made


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An emulated project whose key is a canary; tests of other files have one of their own by this name."""
    with Emulator(api_key=API_KEY, api_secret=API_SECRET) as running:
        yield running


@pytest.fixture
def canaries(shell: Shell, emulator: Emulator) -> World:
    """An applied project in which everything that can be secret is one, in an environment of nothing else."""
    made = world(shell, emulator)
    prepare(shell, made.canaries.text("LK"))
    return made
