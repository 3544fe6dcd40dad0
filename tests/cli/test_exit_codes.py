"""Exit codes, one row each: scripts rely on them."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import CONFIGURATION
from tests.support.cli import Shell

if TYPE_CHECKING:
    from reconciler.emulator.server import Emulator


def test_done_or_nothing_to_do_is_0(project: Shell) -> None:
    """validate, plan with changes, apply, and everything after it succeed."""
    for arguments in (
        ["validate"],
        ["plan"],
        ["apply", "--auto-approve"],
        ["plan", "--detailed-exitcode"],
        ["drift"],
        ["apply"],
        ["ids"],
        ["export"],
        ["snapshot", "s.json"],
        ["schema"],
        ["--version"],
        ["--help"],
    ):
        ran = project.run(*arguments)
        assert ran.code == 0, (arguments, ran)


def test_changes_are_2_where_the_command_promises_it(project: Shell) -> None:
    """drift always tells, plan only when asked."""
    assert project.run("plan").code == 0
    assert project.run("plan", "--detailed-exitcode").code == 2
    assert project.run("drift").code == 2


def test_unlisted_objects_are_drift_but_no_change(applied: Shell) -> None:
    """`plan --detailed-exitcode` is 2 only where apply would write; drift counts reported unlisted objects too."""
    begin, end = CONFIGURATION.index("    carrier-out:"), CONFIGURATION.index("  dispatch_rules")
    smaller = CONFIGURATION[:begin] + "    {}\n" + CONFIGURATION[end:]
    applied.write("config/dispatch.yaml", smaller)
    assert applied.run("plan", "--detailed-exitcode").code == 0
    assert applied.run("drift").code == 2
    applied.write(
        "config/dispatch.yaml", smaller.replace("{name: acme}", "{name: acme, unlisted: ignore}")
    )
    assert applied.run("drift").code == 0


def test_objects_of_an_omitted_kind_are_not_unlisted(applied: Shell) -> None:
    """A kind that the file does not mention is left alone and not even reported."""
    begin, end = CONFIGURATION.index("  outbound_trunks"), CONFIGURATION.index("  dispatch_rules")
    applied.write("config/dispatch.yaml", CONFIGURATION[:begin] + CONFIGURATION[end:])
    assert applied.run("drift").code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["plann"], "plan"),
        (["plan", "--nope"], "--nope"),
        (["plan", "--format", "xml"], "xml"),
        (["plan", "--timeout", "soon"], "30s"),
        (["plan", "--server-version", "latest"], "newest"),
        (["show"], "FILE"),
        (["apply", "--concurrency", "0"], "0"),
        (["init", "-c", "a.yaml", "-c", "b.yaml"], "once"),
    ],
)
def test_wrong_usage_is_64_and_never_2(project: Shell, arguments: list[str], words: str) -> None:
    """Pipelines read 2 as drift."""
    ran = project.run(*arguments)
    assert ran.code == 64
    assert words in ran.err
    assert ran.out == ""
    assert len(ran.err.splitlines()) == 1


def test_a_bad_file_is_1_with_all_findings(project: Shell) -> None:
    """Every problem of a file is told at once, and nothing is asked of a server."""
    project.write("config/dispatch.yaml", "version: 1\nsip: {inbound_trunk: {}}\nagent: {}\n")
    for command in ("validate", "plan", "drift", "apply"):
        ran = project.run(command)
        assert ran.code == 1, command
        told = ran.out + ran.err
        assert "config/dispatch.yaml:2:7: error[unknown-key]" in told
        assert "config/dispatch.yaml:3:1: error[unknown-key]" in told
        assert "Traceback" not in told


def test_no_file_is_1_and_says_how_to_get_one(shell: Shell) -> None:
    """A missing file names `reconcile init`."""
    ran = shell.run("validate")
    assert ran.code == 1
    assert "config/dispatch.yaml" in ran.err
    assert "reconcile init" in ran.err


def test_missing_variables_are_1_and_all_named(project: Shell) -> None:
    """Commands that compare with a server name every variable; offline ones do without."""
    project.write(
        "config/dispatch.yaml",
        CONFIGURATION.replace("username: acme", "username: {env: CARRIER_USER}"),
    )
    project.environ["CARRIER_PASSWORD"] = ""
    for command in ("plan", "drift", "apply"):
        ran = project.run(command)
        assert ran.code == 1
        assert "CARRIER_PASSWORD" in ran.err
        assert "CARRIER_USER" in ran.err
        assert "config/dispatch.yaml:8" in ran.err
    assert project.run("validate").code == 0


def test_no_server_is_1(project: Shell) -> None:
    """A refused connection is one line on stderr."""
    project.environ["LIVEKIT_URL"] = "ws://127.0.0.1:9"
    ran = project.run("plan")
    assert ran.code == 1
    assert len(ran.err.splitlines()) == 1
    assert "127.0.0.1:9" in ran.err


def test_no_credentials_is_1_and_names_them_all(project: Shell) -> None:
    """Missing LIVEKIT_ variables are named together."""
    del project.environ["LIVEKIT_URL"]
    del project.environ["LIVEKIT_API_SECRET"]
    ran = project.run("plan")
    assert ran.code == 1
    assert "LIVEKIT_URL" in ran.err
    assert "LIVEKIT_API_SECRET" in ran.err


def test_the_wrong_host_is_3_and_nothing_is_asked(
    project: Shell, livekit_emulator: Emulator
) -> None:
    """`project.host` guards a project against being planned against another one."""
    guarded = CONFIGURATION.replace("{name: acme}", "{name: acme, host: acme.livekit.example}")
    project.write("config/dispatch.yaml", guarded)
    for command in ("plan", "drift", "apply"):
        ran = project.run(command)
        assert ran.code == 3
        assert "acme.livekit.example" in ran.err
    assert livekit_emulator.calls == ()


def test_apply_without_a_terminal_needs_approval(
    project: Shell, livekit_emulator: Emulator
) -> None:
    """Nobody to ask: refused with 3, nothing written."""
    ran = project.run("apply")
    assert ran.code == 3
    assert "--auto-approve" in ran.err
    assert livekit_emulator.dispatch_rules == []


def test_the_deletion_guard_is_3_and_prints_the_flag(
    applied: Shell, livekit_emulator: Emulator
) -> None:
    """Deleting the last rule needs a flag, which the refusal prints."""
    text = CONFIGURATION.replace("{name: acme}", "{name: acme, unlisted: delete}")
    begin, end = text.index("    inbound:"), text.index("agents:")
    applied.write("config/dispatch.yaml", text[:begin] + "    {}\n" + text[end:])
    ran = applied.run("apply", "--auto-approve")
    assert ran.code == 3
    assert "--max-deletes 1" in ran.err
    assert len(livekit_emulator.dispatch_rules) == 1
    assert applied.run("apply", "--auto-approve", "--max-deletes", "1").code == 0
    assert livekit_emulator.dispatch_rules == []


def test_a_partial_apply_is_1_and_a_second_run_finishes(
    project: Shell, livekit_emulator: Emulator
) -> None:
    """What failed and what was not tried is said; the next apply does the rest."""
    livekit_emulator.faults.answer("CreateSIPInboundTrunk", 400, code="invalid_argument")
    ran = project.run("apply", "--auto-approve")
    assert ran.code == 1
    assert "not tried" in ran.out
    assert len(livekit_emulator.outbound_trunks) == 1
    assert project.run("apply", "--auto-approve").code == 0
    assert project.run("drift").code == 0


def test_conflicts_print_the_plan_and_exit_1(project: Shell) -> None:
    """The whole plan is shown even where it cannot be applied."""
    twin = '    twin:\n      numbers: ["+15550100001"]\n      allowed_addresses: ["203.0.113.9"]\n'
    project.write(
        "config/dispatch.yaml",
        CONFIGURATION.replace("  outbound_trunks:", twin + "  outbound_trunks:"),
    )
    ran = project.run("plan")
    assert ran.code == 1
    assert "error[conflict]" in ran.out
    assert "carrier-out" in ran.out
    assert project.run("apply", "--auto-approve").code == 1


def test_strict_makes_warnings_errors(project: Shell) -> None:
    """A warning stops nothing, unless --strict."""
    project.write(
        "config/dispatch.yaml",
        CONFIGURATION.replace("prefix: call-, agents", "prefix: other-, agents"),
    )
    assert project.run("validate").code == 0
    assert project.run("plan").code == 0
    assert project.run("validate", "--strict").code == 1
    assert project.run("plan", "--strict").code == 1


def test_findings_of_a_bad_file_are_data_as_well(project: Shell) -> None:
    """A script that asked for JSON gets JSON, and a workflow its annotations, although nothing could be planned."""
    project.write("config/dispatch.yaml", "version: 1\nsip: {inbound_trunk: {}}\n")
    for command in ("plan", "drift", "apply"):
        ran = project.run(command, "--format", "json")
        assert ran.code == 1
        assert json.loads(ran.out)["findings"][0]["code"] == "unknown-key"
    ran = project.run("plan", "--format", "github")
    assert "unknown-key" in ran.out
    assert "::error file=config/dispatch.yaml,line=2" in ran.err


def test_a_password_of_nobody_cannot_be_written_anew(
    project: Shell, livekit_emulator: Emulator
) -> None:
    """A slip in --write-secrets would leave an old password in place without a word."""
    ran = project.run("apply", "--auto-approve", "--write-secrets", "carier")
    assert ran.code == 3
    assert "carier" in ran.err
    assert livekit_emulator.inbound_trunks == []
    assert project.run("apply", "--auto-approve", "--write-secrets", "carrier").code == 0


def test_closed_streams_lose_output_and_nothing_else(applied: Shell) -> None:
    """A program started without stdout and stderr still does its work."""
    command = [sys.executable, "-c", "from reconciler.cli.main import main; main()", "drift"]
    line = f"exec {shlex.join(command)} >&- 2>&-"
    ran = subprocess.run(
        ["sh", "-c", line], cwd=applied.folder, env={**os.environ, **applied.environ}, check=False
    )
    assert ran.returncode == 0


def test_a_full_disk_is_1_and_one_line(applied: Shell) -> None:
    """Output that cannot be written is an error of the command."""
    command = [sys.executable, "-c", "from reconciler.cli.main import main; main()", "plan"]
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            command,
            cwd=applied.folder,
            env={**os.environ, **applied.environ},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ran.returncode == 1
    assert ran.stderr.startswith("error: ")
    assert len(ran.stderr.splitlines()) == 1


def test_a_file_that_hides_its_guard_stops_commands_that_need_none(
    project: Shell, livekit_emulator: Emulator
) -> None:
    """A named file that is missing, or too broken to tell its host, is 1; nothing is asked of any server."""
    for text in (
        "project: {host: other.example}\nsip: {a: [}\n",
        "version: 1\nproject: {host: 'https://other.example'}\n",
    ):
        project.write("broken.yaml", text)
        for command in ("ids", "export", "snapshot"):
            for name in ("broken.yaml", "typo.yaml"):
                ran = project.run(command, "-c", name)
                assert (ran.code, ran.out) == (1, ""), (command, name, ran)
                assert name in ran.err
    assert livekit_emulator.calls == ()
    project.write("odd.yaml", "version: 1\nsip: {inbound_trunks: {a: {}}}\n")
    assert project.run("ids", "-c", "odd.yaml").code == 0


def test_errors_of_a_file_are_one_line_each_whatever_its_names(project: Shell) -> None:
    """A name with a newline or an escape sequence fakes no line, no colour and no workflow command."""
    project.write(
        "config/dispatch.yaml",
        'version: 1\nsip:\n  inbound_trunks: {"a\\n::error::b\\e[2J": {numbers: any}}\n'
        "  dispatch_rules: {r: {trunks: [c], rooms: {direct: {room: q}}}}\n",
    )
    for command in ("plan", "drift"):
        ran = project.run(command)
        assert ran.code == 1
        lines = ran.err.splitlines()
        assert all(line.startswith("config/dispatch.yaml:") for line in lines), lines
        assert "\\n::error::b\\x1b[2J" in ran.err


def test_nobody_to_ask_without_any_input_is_3(
    project: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cron may start programs with stdin closed."""
    monkeypatch.setattr(sys, "stdin", None)
    ran = project.run("apply")
    assert ran.code == 3
    assert "nobody to ask" in ran.err
