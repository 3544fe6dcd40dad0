"""`reconcile probe`, with workers of an emulated project: who answers, who does not, and that nothing stays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.cli import COMMAND, Shell
from tests.support.emulated_worker import EmulatedWorker, RejoiningAgent
from tests.support.schemas import problems

if TYPE_CHECKING:
    from reconciler.emulator.server import Emulator

CONFIGURATION = """\
version: 1
project: {name: acme}
agents:
  names:
    avatar: {agent_name: ornina-avatar-agent}
    interviewer: {agent_name: ""}
  rooms:
    - {prefix: ornina-, agents: [avatar], dispatch: controller}
"""
QUICK = ("--timeout", "300ms")


@pytest.fixture
def probing(shell: Shell, livekit_emulator: Emulator) -> Shell:
    """A folder with two agents in its configuration, connected to an empty emulated project."""
    shell.connect(livekit_emulator)
    shell.write("config/dispatch.yaml", CONFIGURATION)
    return shell


def _nothing_left(emulator: Emulator) -> bool:
    made, deleted = emulator.count("CreateRoom"), emulator.count("DeleteRoom")
    return made == deleted and made > 0


def test_agents_that_answer(probing: Shell, livekit_emulator: Emulator) -> None:
    """Every agent of the file is asked, the canaries are gone, and the exit code is 0."""
    with (
        EmulatedWorker(livekit_emulator, "ornina-avatar-agent"),
        EmulatedWorker(livekit_emulator, ""),
    ):
        ran = probing.run("probe", "--timeout", "5s")
    assert ran.code == 0, ran.out + ran.err
    assert "ornina-avatar-agent: answered in 0" in ran.out
    assert "(unnamed): answered in 0" in ran.out
    assert "All 2 agents answer." in ran.out
    assert _nothing_left(livekit_emulator)


def test_nobody_answers(probing: Shell, livekit_emulator: Emulator) -> None:
    """Exit code 2, and a look for the unnamed worker that tells where to search."""
    ran = probing.run("probe", "avatar", *QUICK)
    assert ran.code == 2
    assert "ornina-avatar-agent: no worker answered in 0.3 s" in ran.out
    assert "no worker without a name answered either" in ran.out
    assert livekit_emulator.count("CreateRoom") == 3
    assert _nothing_left(livekit_emulator)


def test_a_name_that_the_file_does_not_know(probing: Shell, livekit_emulator: Emulator) -> None:
    """It is asked for as it is: a new worker is tried before it stands in the file."""
    with EmulatedWorker(livekit_emulator, "brand-new"):
        ran = probing.run("probe", "brand-new", "--timeout", "5s")
    assert ran.code == 0
    assert "brand-new: answered in" in ran.out


def test_a_misspelt_name_is_told(probing: Shell) -> None:
    """Before anybody looks for a worker that nobody ever meant."""
    ran = probing.run("probe", "avatr", *QUICK)
    assert ran.code == 2
    assert 'the file has no agent "avatr": did you mean "avatar"?' in ran.out


def test_a_worker_that_was_started_without_its_name(
    probing: Shell, livekit_emulator: Emulator
) -> None:
    """The commonest fault is told in words: it is the unnamed worker that comes."""
    with EmulatedWorker(livekit_emulator, ""):
        ran = probing.run("probe", "ornina-avatar-agent", *QUICK)
        assert ran.code == 2
        assert "the one of the file, or this one, started without agent_name" in ran.out
        without = CONFIGURATION.replace('    interviewer: {agent_name: ""}\n', "")
        probing.write("config/dispatch.yaml", without)
        ran = probing.run("probe", "ornina-avatar-agent", *QUICK)
        assert "a worker without a name answered: the worker was started without agent_name" in (
            ran.out
        )


def test_a_job_that_got_lost(probing: Shell, livekit_emulator: Emulator) -> None:
    """Silence, and an answer when asked once more: exit code 2 all the same, with the cause."""
    with EmulatedWorker(livekit_emulator, "ornina-avatar-agent", every=2):
        ran = probing.run("probe", "avatar", *QUICK)
    assert ran.code == 2
    assert "asked once more, it answered" in ran.out


def test_a_canary_asks_for_nobody_else(probing: Shell, livekit_emulator: Emulator) -> None:
    """A canary for a named agent does not bring the unnamed worker, which would answer in its place."""
    with EmulatedWorker(livekit_emulator, "") as unnamed:
        probing.run("probe", "avatar", "(unnamed)", *QUICK)
    # One for the canary that asked for it, one when it was asked why the other was silent.
    assert len(unnamed.joined) == 2
    assert livekit_emulator.count("CreateRoom") == 4


def test_jobs_that_are_dropped_now_and_then(probing: Shell, livekit_emulator: Emulator) -> None:
    """`--count` finds an agent that comes only sometimes, and says how often and how fast."""
    with EmulatedWorker(livekit_emulator, "ornina-avatar-agent", every=2):
        ran = probing.run("probe", "avatar", *QUICK, "--count", "8", "--format", "json")
    assert ran.code == 2
    document = json.loads(ran.out)
    assert problems("probe", document) == []
    (agent,) = document["agents"]
    assert (agent["asked"], agent["answered"], agent["ok"]) == (8, 4, False)
    assert 0 < agent["seconds"]["p50"] <= agent["seconds"]["p95"] <= agent["seconds"]["max"] < 0.3
    assert _nothing_left(livekit_emulator)


def test_metrics(probing: Shell, livekit_emulator: Emulator) -> None:
    """Prometheus' text format, with labels in which nothing can break out."""
    probing.write(
        "config/dispatch.yaml", CONFIGURATION.replace("ornina-avatar-agent", "'odd\\name\"'")
    )
    with EmulatedWorker(livekit_emulator, ""):
        ran = probing.run("probe", *QUICK, "--format", "prometheus")
    assert ran.code == 2
    lines = ran.out.splitlines()
    assert 'reconcile_probe_success{agent="odd\\\\name\\""} 0' in lines
    assert 'reconcile_probe_success{agent="(unnamed)"} 1' in lines
    assert any(
        one.startswith('reconcile_probe_seconds{agent="(unnamed)",quantile="0.5"} ')
        for one in lines
    )
    assert "# TYPE reconcile_probe_seconds gauge" in lines


@pytest.mark.parametrize("form", ["markdown", "github"])
def test_markdown(probing: Shell, livekit_emulator: Emulator, form: str) -> None:
    """A page for a job summary says the same."""
    ran = probing.run("probe", "avatar", *QUICK, "--format", form)
    assert ran.code == 2
    assert "**1 of 1 does not answer: `ornina-avatar-agent`.**" in ran.out


def test_a_convention_that_covers_canaries(probing: Shell, livekit_emulator: Emulator) -> None:
    """An empty prefix covers the rooms of a probe, too: it goes on, and says so."""
    covering = CONFIGURATION.replace("prefix: ornina-", 'prefix: ""')
    probing.write("config/dispatch.yaml", covering)
    ran = probing.run("probe", "avatar", *QUICK)
    assert ran.code == 2
    assert 'the convention "" covers the rooms of a probe' in ran.out


def test_a_server_that_fails(probing: Shell, livekit_emulator: Emulator) -> None:
    """A canary that could not be sent is an error, exit code 1, and says why."""
    livekit_emulator.faults.answer("CreateRoom", code="invalid_argument", status=400, times=99)
    ran = probing.run("probe", "avatar", *QUICK)
    assert ran.code == 1
    assert "could not be asked: CreateRoom: 127.0.0.1" in ran.out


def test_a_key_that_is_refused(probing: Shell, livekit_emulator: Emulator) -> None:
    """One line, exit code 1."""
    probing.environ["LIVEKIT_API_SECRET"] = "another-secret-of-32-characters-at-least"
    ran = probing.run("probe")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.count("\n") == 1
    assert "refuses the key" in ran.err


def test_a_room_whose_creation_is_not_answered_is_deleted(
    probing: Shell, livekit_emulator: Emulator
) -> None:
    """A lost answer may mean that the room lives: it is asked for again, and deleted at the end."""
    livekit_emulator.faults.lose_answer("CreateRoom")
    with EmulatedWorker(livekit_emulator, "ornina-avatar-agent"):
        ran = probing.run("probe", "avatar", "--timeout", "5s")
    assert ran.code == 0, ran.out
    assert "No live rooms." in probing.run("rooms").out


def test_an_agent_that_makes_the_room_anew(probing: Shell, livekit_emulator: Emulator) -> None:
    """Who joins in the moment in which the room is deleted brings it back to life: it is deleted again."""
    with RejoiningAgent(livekit_emulator) as agent:
        ran = probing.run("probe", "avatar", "--timeout", "5s")
    assert ran.code == 0, ran.out
    assert len(agent.rejoined) == 1
    assert "No live rooms." in probing.run("rooms").out
    assert livekit_emulator.count("DeleteRoom") == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_no_room(
    probing: Shell, livekit_emulator: Emulator, number: signal.Signals
) -> None:
    """Ctrl-C, or the end of a pipeline, in the middle of a probe: the canaries are deleted before it ends."""
    process = subprocess.Popen(
        [*COMMAND, "probe", "--timeout", "60s", "--count", "3"],
        cwd=probing.folder,
        env={**os.environ, **probing.environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 20
    while livekit_emulator.count("ListParticipants") < 8:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err.strip()) == (130, "", "interrupted")
    assert livekit_emulator.count("CreateRoom") == 4
    assert _nothing_left(livekit_emulator)


def test_killed(probing: Shell, livekit_emulator: Emulator) -> None:
    """Whoever is killed deletes nothing; the server ends the room, because it was made to end by itself."""
    process = subprocess.Popen(
        [*COMMAND, "probe", "avatar", "--timeout", "2s"],
        cwd=probing.folder,
        env={**os.environ, **probing.environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 20
    while livekit_emulator.count("ListParticipants") < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.kill()
    process.communicate()
    assert livekit_emulator.count("DeleteRoom") == 0
    ran = probing.run("rooms", "--format", "json")
    assert json.loads(ran.out)["rooms"] == []  # canaries are nobody's rooms


REQUIRING = """\
version: 1
project: {name: acme}
sip:
  inbound_trunks:
    carrier: {numbers: ["+15550100001"]}
  dispatch_rules:
    inbound: {trunks: [carrier], rooms: {individual: {prefix: call-}}}
agents:
  names: {avatar: {agent_name: ornina-avatar-agent}}
  rooms:
    - {prefix: call-, agents: [avatar], dispatch: sip}
    - {prefix: ornina-, agents: [avatar], dispatch: controller}
"""


def test_an_apply_that_requires_agents_refuses(probing: Shell, livekit_emulator: Emulator) -> None:
    """Nobody answers: exit code 3, the name, the rule and the room are told, and nothing is written."""
    probing.write("config/dispatch.yaml", REQUIRING)
    livekit_emulator.join("ornina-1", "alice")
    asked = ("apply", "--rooms", "--auto-approve", "--require-agents", "--probe-timeout", "200ms")
    ran = probing.run(*asked)
    assert ran.code == 3, ran.err
    assert "nothing was written: no worker answers in 0.2 s to ornina-avatar-agent" in ran.err
    assert '(dispatch rule "inbound", room "ornina-1")' in ran.err
    assert livekit_emulator.inbound_trunks == []
    assert livekit_emulator.count("CreateDispatch") == 0
    assert _nothing_left(livekit_emulator)


def test_an_apply_that_requires_agents_goes_on(probing: Shell, livekit_emulator: Emulator) -> None:
    """Somebody answers: everything is written; a second run has nothing to ask."""
    probing.write("config/dispatch.yaml", REQUIRING)
    with EmulatedWorker(livekit_emulator, "ornina-avatar-agent"):
        ran = probing.run("apply", "--auto-approve", "--require-agents")
    assert ran.code == 0, ran.err
    assert [rule.name for rule in livekit_emulator.dispatch_rules] == ["inbound"]
    livekit_emulator.forget_calls()
    ran = probing.run("apply", "--auto-approve", "--require-agents", "--probe-timeout", "200ms")
    assert (ran.code, livekit_emulator.count("CreateRoom")) == (0, 0)
