"""`--overlay FILE` on the command line: every command that reads the configuration reads it with its overlays."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from reconciler.cli.main import COMMANDS
from tests.cli.conftest import CONFIGURATION
from tests.support.cli import Shell
from tools import reference

if TYPE_CHECKING:
    from reconciler.emulator.server import Emulator

STAGING = """\
project: {name: staging}
sip:
  inbound_trunks:
    carrier: {numbers: ["+15550100077"]}
  outbound_trunks: null
"""


def test_a_plan_is_that_of_the_merged_files(project: Shell, livekit_emulator: Emulator) -> None:
    """What the overlay says is what is planned, applied and found to be live."""
    project.write("env/staging.yaml", STAGING)
    over = ("--overlay", "env/staging.yaml")
    assert project.run("plan", *over).out.startswith("Plan of staging on ")
    assert project.run("apply", "--auto-approve", *over).code == 0
    (trunk,) = livekit_emulator.inbound_trunks
    assert list(trunk.numbers) == ["+15550100077"]
    assert livekit_emulator.outbound_trunks == []
    assert project.run("drift", *over).code == 0
    assert project.run("drift").code == 2


def test_several_overlays_come_from_a_variable(project: Shell) -> None:
    """RECONCILE_OVERLAY holds paths as PATH does; the last one wins."""
    project.write("one.yaml", "project: {name: one}\n")
    project.write("two.yaml", "project: {name: two}\n")
    project.environ["RECONCILE_OVERLAY"] = "one.yaml:two.yaml"
    assert project.run("plan").out.startswith("Plan of two on ")
    assert project.run("plan", "--overlay", "one.yaml").out.startswith("Plan of one on ")


def test_an_overlay_may_lift_a_guard_and_name_other_variables(
    project: Shell, livekit_emulator: Emulator
) -> None:
    """`host` and `env_prefix` count as they are once all is read: no other server is asked before."""
    project.write(
        "config/dispatch.yaml",
        CONFIGURATION.replace(
            "{name: acme}", "{name: acme, host: prod.example, env_prefix: PROD_}"
        ),
    )
    project.environ |= {
        "PROD_LIVEKIT_URL": "http://127.0.0.1:1",
        "PROD_LIVEKIT_API_KEY": "k",
        "PROD_LIVEKIT_API_SECRET": "s",
    }
    project.write("dev.yaml", "project: {host: null, env_prefix: null}\n")
    assert project.run("plan", "--overlay", "dev.yaml").code == 0
    assert livekit_emulator.count("List*") >= 3
    assert project.run("plan").code == 3


def test_a_saved_plan_remembers_its_overlays(project: Shell, livekit_emulator: Emulator) -> None:
    """A header that stands in an overlay in clear is read from there again when the plan is applied."""
    project.write(
        "headers.yaml", "sip: {inbound_trunks: {carrier: {headers: {X-Site: from-the-overlay}}}}\n"
    )
    assert project.run("plan", "--overlay", "headers.yaml", "--out", "plan.json").code == 0
    assert "from-the-overlay" not in (project.folder / "plan.json").read_text()
    assert json.loads((project.folder / "plan.json").read_text())["overlays"] == ["headers.yaml"]
    assert project.run("apply", "plan.json").code == 0
    assert livekit_emulator.inbound_trunks[0].headers["X-Site"] == "from-the-overlay"


READERS = (
    *("validate", "plan", "drift", "ids", "snapshot", "export", "rooms", "probe", "graph"),
    *("conventions", "explain", "token"),
)
ARGUMENTS = {
    "explain": ("--room", "call-1"),
    "token": ("--room", "call-1", "--identity", "me"),
}


@pytest.mark.parametrize("command", READERS)
def test_every_command_reads_it(project: Shell, command: str) -> None:
    """What is wrong with an overlay stops each command that the same mistake in the file would stop."""
    project.write("bad.yaml", "project: {unlisted: sometimes}\n")
    arguments = ARGUMENTS.get(command, ())
    ran = project.run(command, *arguments, "--overlay", "bad.yaml")
    assert "bad.yaml:1:21: error[unknown-word]" in ran.out + ran.err, ran.err
    assert ran.code == (0 if command == "graph" else 1)


def test_every_command_with_a_file_takes_overlays() -> None:
    """Where there is -c, there is --overlay."""
    for name in COMMANDS:
        spellings = {spelling for one in reference.options_of(name) for spelling in one.opts}
        assert ("--config" in spellings) == ("--overlay" in spellings), name


def test_what_is_not_there_is_told(project: Shell) -> None:
    """A missing overlay is an error of one line; nothing is asked of the server."""
    ran = project.run("plan", "--overlay", "none.yaml")
    assert (ran.code, ran.err) == (
        1,
        "error: none.yaml: no such file: name another with --overlay\n",
    )
    project.write("fine.yaml", "{}\n")
    ran = project.run("validate", "--overlay", "fine.yaml")
    assert ran.err == "no findings in 1 file and 1 overlay\n"
