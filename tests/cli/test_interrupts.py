"""Ctrl-C and slow servers, with commands as processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

from tests.cli.conftest import CONFIGURATION
from tests.support.cli import COMMAND, Shell

if TYPE_CHECKING:
    from reconciler.emulator.server import Emulator

# How long the emulator takes to answer; a command that waited for it would be seen to.
SLOW = 20.0
# A terminal says SIGINT, a pipeline that is cancelled SIGTERM.
SIGNALS = {"plan": signal.SIGINT, "ids": signal.SIGTERM, "snapshot": signal.SIGTERM}
ROOMS = "{individual: {prefix: call-}}"


def _start(shell: Shell, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=shell.folder,
        env={**os.environ, **shell.environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _wait_for(emulator: Emulator, method: str, count: int) -> None:
    deadline = time.monotonic() + 15
    while emulator.count(method) < count:
        assert time.monotonic() < deadline, emulator.calls
        time.sleep(0.02)


def test_a_bad_file_does_not_wait_for_a_slow_server(
    project: Shell, livekit_emulator: Emulator
) -> None:
    """The findings are told although the live project is still being read."""
    livekit_emulator.faults.delay("List*", SLOW, times=100)
    project.write("config/dispatch.yaml", CONFIGURATION.replace("rooms:", "room:", 1))
    started = time.monotonic()
    out, err = _start(project, "plan").communicate(timeout=SLOW)
    assert "error[unknown-key]" in out + err or "error[missing-key]" in out + err
    assert time.monotonic() - started < SLOW


def test_ctrl_c_while_reading_ends_at_once(project: Shell, livekit_emulator: Emulator) -> None:
    """130, one line, and no waiting for an answer that nobody needs any more."""
    livekit_emulator.faults.delay("List*", SLOW, times=100)
    for command in (["plan"], ["ids"], ["snapshot"]):
        process = _start(project, *command)
        time.sleep(2.0)
        process.send_signal(SIGNALS[command[0]])
        _, err = process.communicate(timeout=SLOW / 2)
        assert process.returncode == 130, err
        assert err.strip() == "interrupted"


def test_ctrl_c_while_writing_lets_calls_in_flight_finish(
    project: Shell, livekit_emulator: Emulator
) -> None:
    """What was sent is waited for and reported, what was not is not tried, and a second run does the rest."""
    rules = "".join(
        f"    rule-{n}: {{trunks: [carrier], callers: ['+155501001{n:02d}'], rooms: {ROOMS}}}\n"
        for n in range(30)
    )
    begin, end = CONFIGURATION.index("    inbound:"), CONFIGURATION.index("agents:")
    project.write("config/dispatch.yaml", CONFIGURATION[:begin] + rules + CONFIGURATION[end:])
    livekit_emulator.faults.delay("CreateSIPDispatchRule", 0.5, times=100)
    process = _start(project, "apply", "--auto-approve", "--concurrency", "2")
    _wait_for(livekit_emulator, "CreateSIPDispatchRule", 2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, (out, err)
    assert "not tried" in out
    made = len(livekit_emulator.dispatch_rules)
    assert 0 < made < 30
    assert f"{made + 2} created" in out
    livekit_emulator.faults.clear()
    assert project.run("apply", "--auto-approve").code == 0
    assert len(livekit_emulator.dispatch_rules) == 30


def test_ctrl_c_while_many_projects_are_written(project: Shell, livekit_emulator: Emulator) -> None:
    """Of each project that has begun the calls in flight finish, of the others none is tried; a second run does all."""
    count = 12
    for number in range(count):
        project.write(
            f"projects/p{number:02}.yaml",
            f"version: 1\nproject: {{name: p{number:02}, owns: [p{number:02}-*]}}\nsip:\n  inbound_trunks:\n"
            + "".join(
                f'    p{number:02}-{trunk}: {{numbers: ["+1555{number:04}{trunk:03}"]}}\n'
                for trunk in range(4)
            ),
        )
    livekit_emulator.faults.delay("CreateSIPInboundTrunk", 1.0, times=100)
    arguments = ("apply", "--projects", "projects", "--auto-approve", "--format", "json")
    process = _start(project, *arguments, "--concurrency", "1")
    _wait_for(livekit_emulator, "CreateSIPInboundTrunk", 8)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, (out, err)
    document = json.loads(out)
    states = [one["state"] for one in document["projects"]]
    assert states.count("interrupted") == 8
    assert states.count("not_tried") == 4
    done = sum(one["report"]["summary"]["done"]["create"] for one in document["projects"])
    assert done == len(livekit_emulator.inbound_trunks)
    assert 8 <= done < 4 * 8
    livekit_emulator.faults.clear()
    assert project.run("apply", "--projects", "projects", "--auto-approve").code == 0
    assert len(livekit_emulator.inbound_trunks) == 4 * count


def test_ctrl_c_while_calls_wait_for_their_turn(project: Shell, livekit_emulator: Emulator) -> None:
    """With few requests a minute nobody waits for minutes: what has begun goes out, the rest is not tried."""
    trunks = "".join(f'    t{i}: {{numbers: ["+1555{i:07}"]}}\n' for i in range(40))
    project.write("config/dispatch.yaml", f"version: 1\nsip:\n  inbound_trunks:\n{trunks}")
    arguments = ("--max-requests-per-minute", "50", "--concurrency", "2")
    process = _start(project, "apply", "--auto-approve", *arguments)
    _wait_for(livekit_emulator, "CreateSIPInboundTrunk", 1)
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, (out, err)
    assert time.monotonic() - started < 20
    assert "not tried" in out
    assert "44 requests, at most 50 a minute: about 51 s" in err


def test_an_apply_goes_on_when_nobody_reads_its_log(
    project: Shell, livekit_emulator: Emulator
) -> None:
    """`2>&1 | head -1` ends the reader of the progress, not the writes; the report still comes."""
    trunks = "".join(f'    t{i}: {{numbers: ["+1555{i:07}"]}}\n' for i in range(20))
    rules = "".join(f"    r{i}: {{trunks: [t{i}], rooms: {ROOMS}}}\n" for i in range(20))
    text = f"version: 1\nsip:\n  inbound_trunks:\n{trunks}  dispatch_rules:\n{rules}"
    project.write("config/dispatch.yaml", text)
    process = _start(project, "apply", "--auto-approve")
    assert process.stderr is not None
    process.stderr.close()
    assert process.stdout is not None
    with process.stdout:
        report = process.stdout.read()
    assert process.wait(timeout=30) == 0
    assert "Apply complete: 40 created" in report
    assert len(livekit_emulator.dispatch_rules) == 20


def test_what_was_deleted_to_be_created_anew_is_created(
    project: Shell, livekit_emulator: Emulator
) -> None:
    """Ctrl-C just behind the deletion: only this process knows what the server had of the trunk, and puts it back."""
    trunk = "    {0}: {{{1}numbers: ['{2}']}}\n"
    head = "version: 1\nsip:\n  inbound_trunks:\n"
    one, two = "+15550100001", "+15550100002"
    mine = "metadata: kept, "
    project.write(
        "config/dispatch.yaml", head + trunk.format("a", mine, one) + trunk.format("b", mine, two)
    )
    assert project.run("apply", "--auto-approve").code == 0
    theirs = "unmanaged: [metadata], "
    project.write(
        "config/dispatch.yaml",
        head + trunk.format("a", theirs, two) + trunk.format("b", theirs, one),
    )
    livekit_emulator.forget_calls()
    livekit_emulator.faults.delay("DeleteSIPTrunk", 1.5)
    process = _start(project, "apply", "--auto-approve", "--max-deletes", "9")
    _wait_for(livekit_emulator, "ListSIPInboundTrunk", 2)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, (out, err)
    lives = project.run("export").out
    assert lives.count("metadata: kept") == 2, lives
    assert project.run("apply", "--auto-approve").code == 0
    assert project.run("plan", "--detailed-exitcode").code == 0
