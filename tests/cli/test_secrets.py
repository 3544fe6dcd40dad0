"""Canaries: a marker in each place that can hold a secret, and all output of every command searched for it.

A user name may come from a variable as well, but it is no secret: LiveKit shows it, and so does an export.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest

from tests.support.cli import Ran, Shell

if TYPE_CHECKING:
    from reconciler.emulator.server import Emulator

CONFIGURATION = """\
version: 1
project: {name: canaries}
sip:
  inbound_trunks:
    in:
      numbers: ["+15550100001"]
      auth: {username: {env: IN_USER}, password: {env: IN_PASSWORD}, realm: here}
      headers: {X-Literal: canary-literal-header, X-Referenced: {env: IN_HEADER}}
  outbound_trunks:
    out:
      address: sip.carrier.example
      numbers: ["+15550100001"]
      auth: {username: acme, password: {file: secrets/out}}
      headers: {X-Out: {env: OUT_HEADER}}
  dispatch_rules:
    direct: {trunks: [in], callers: ["+15550100011"], rooms: {direct: {room: lobby, pin: {env: PIN_DIRECT}}}}
    single: {trunks: [in], rooms: {individual: {prefix: call-, pin: {env: PIN_SINGLE}}}}
    callee:
      trunks: any
      rooms: {callee: {prefix: to-, pin: {env: PIN_CALLEE}}}
      room:
        egress: {room: {room_name: r, file_outputs: [{filepath: f, s3: {bucket: b, secret: {env: S3_SECRET}}}]}}
"""

VARIABLES = {
    "IN_USER": "canary-in-user",
    "IN_PASSWORD": "canary-in-password",
    "IN_HEADER": "canary-in-header",
    "OUT_HEADER": "canary-out-header",
    "PIN_DIRECT": "77701",
    "PIN_SINGLE": "77702",
    "PIN_CALLEE": "77703",
    "S3_SECRET": "canary-s3-secret",
}
FORMATS = ("text", "json", "markdown", "github")
PROJECTS_COMMANDS = ("validate", "plan", "drift", "apply")


@pytest.fixture
def shell(project: Shell) -> Shell:
    """A project in which everything that can be secret is one."""
    project.write("config/dispatch.yaml", CONFIGURATION)
    project.write("config/secrets/out", "canary-file-password\n")
    project.environ |= VARIABLES
    return project


def _canaries(shell: Shell) -> list[str]:
    return [
        "canary-literal-header",
        "canary-file-password",
        "canary-live",
        "88801",
        *(value for name, value in VARIABLES.items() if name != "IN_USER"),
        shell.environ["LIVEKIT_API_SECRET"],
    ]


def _search(shell: Shell, ran: Ran, *arguments: str) -> None:
    for canary in _canaries(shell):
        assert canary not in ran.out, (arguments, canary)
        assert canary not in ran.err, (arguments, canary)
    for path in shell.folder.rglob("*"):
        if path.is_file() and path.name not in ("dispatch.yaml", "out"):
            text = path.read_text(encoding="utf-8")
            for canary in _canaries(shell):
                assert canary not in text, (path, canary)


def _live_secrets(emulator: Emulator) -> None:
    """Every secret is changed by hand: the old values must not show up either (they are `before` in a plan)."""
    for inbound in emulator.inbound_trunks:
        inbound.auth_password = "canary-live-password"
        inbound.headers["X-Literal"] = inbound.headers["X-Referenced"] = "canary-live-header"
        emulator.put(inbound)
    for outbound in emulator.outbound_trunks:
        outbound.auth_password, outbound.headers["X-Out"] = (
            "canary-live-password",
            "canary-live-header",
        )
        emulator.put(outbound)
    for rule in emulator.dispatch_rules:
        getattr(rule.rule, rule.rule.WhichOneof("rule")).pin = "88801"
        for output in rule.room_config.egress.room.file_outputs:
            output.s3.secret = "canary-live-s3"
        emulator.put(rule)


def test_no_command_shows_a_secret(shell: Shell, livekit_emulator: Emulator) -> None:
    """Every command in every format: before anything lives, after an apply, and after every secret was changed."""
    commands = [
        ["validate"],
        ["plan", "-v"],
        ["explain", "--from", "+15550100099", "--to", "+15550100001"],
        ["explain", "--from", "+15550100099", "--to", "+15550100001", "--live"],
        ["explain", "--from", "+15550100099", "--to", "+15550100001", "--diff"],
        ["plan", "--out", "plan.json"],
        ["drift"],
        ["show", "plan.json"],
        ["snapshot", "snapshot.json"],
        ["show", "snapshot.json"],
        ["snapshot"],
        ["plan", "--live", "snapshot.json"],
        ["ids"],
        ["export"],
        ["apply"],
        *([command, "--projects", "config", "-v"] for command in PROJECTS_COMMANDS),
    ]
    for stage in ("empty", "applied", "changed"):
        if stage == "applied":
            ran = shell.run("apply", "--auto-approve", "--receipt", "receipt.json", "-v")
            assert ran.code == 0, ran
            _search(shell, ran, "apply")
        elif stage == "changed":
            _live_secrets(livekit_emulator)
        for command, format_ in product(commands, FORMATS):
            ran = shell.run(*command, "--format", format_)
            assert "Traceback" not in ran.err
            _search(shell, ran, *command, format_)
        for drawn, format_ in product(
            ([], ["--plan"], ["--live"]), ("mermaid", "dot", "svg", "html", "json")
        ):
            _search(
                shell, shell.run("graph", *drawn, "--format", format_), "graph", *drawn, format_
            )
        for told, format_ in product(([], ["--live"], ["--diff"]), ("text", "json", "markdown")):
            call = ["explain", "--from", "+15550100011", "--to", "+15550100001", *told]
            _search(shell, shell.run(*call, "--format", format_), *call, format_)
    for format_ in FORMATS:
        _live_secrets(livekit_emulator)
        ran = shell.run("apply", "--auto-approve", "--format", format_)
        assert ran.code == 0, ran
        _search(shell, ran, "apply", format_)
        ran = shell.run("drift", "--receipt", "receipt.json", "--format", format_)
        _search(shell, ran, "drift", format_)
        _live_secrets(livekit_emulator)
        ran = shell.run("apply", "--projects", "config", "--auto-approve", "--format", format_)
        assert ran.code == 0, ran
        _search(shell, ran, "apply --projects", format_)
    for backup, format_ in product((shell.folder / ".reconcile/backups").iterdir(), FORMATS):
        for command in (["show"], ["rollback"], ["rollback", "--keep-secrets"]):
            ran = shell.run(*command, str(backup), "--format", format_)
            assert "Traceback" not in ran.err
            _search(shell, ran, *command, format_)


def test_no_error_shows_a_secret(shell: Shell, livekit_emulator: Emulator) -> None:
    """Refusals of the server, lost answers, wrong keys and values that the server cannot take."""
    for method, status in product(("List*", "Create*"), (400, 401, 403, 404, 429, 500, 503)):
        livekit_emulator.faults.answer(method, status, code="invalid_argument", times=50)
        _search(shell, shell.run("apply", "--auto-approve", "--timeout", "1s"), method, str(status))
        livekit_emulator.faults.clear()
    shell.environ["LIVEKIT_API_SECRET"] = "canary-wrong-secret-of-32-characters"
    ran = shell.run("plan")
    assert ran.code == 1
    assert "canary-wrong" not in ran.err


def test_a_secret_in_clear_is_refused_and_not_repeated(shell: Shell) -> None:
    """Passwords and PINs in clear are errors, whose message does not show them."""
    text = CONFIGURATION.replace("{env: IN_PASSWORD}", "canary-in-clear").replace(
        "{env: PIN_SINGLE}", '"99901"'
    )
    shell.write("config/dispatch.yaml", text)
    for format_ in FORMATS:
        ran = shell.run("validate", "--format", format_)
        assert ran.code == 1
        assert (ran.out + ran.err).count("secret-in-clear") >= 2
        assert "canary-in-clear" not in ran.out + ran.err
        assert "99901" not in ran.out + ran.err


def test_a_secret_in_clear_in_an_overlay_is_refused_and_not_repeated(shell: Shell) -> None:
    """The same error as in the file, at its place in the overlay, for one project and for many."""
    clear = "sip: {inbound_trunks: {in: {auth: {password: canary-in-clear}}}}\n"
    shell.write("overlay.yaml", clear)
    for which, format_ in product(([], ["--projects", "config"]), FORMATS):
        ran = shell.run("plan", *which, "--overlay", "overlay.yaml", "--format", format_)
        assert ran.code == 1
        assert "secret-in-clear" in ran.out + ran.err
        assert "canary-in-clear" not in ran.out + ran.err


def test_secret_files_are_private(shell: Shell) -> None:
    """Everything that commands write is readable by its owner alone."""
    shell.run("plan", "--out", "plan.json")
    shell.run("apply", "--auto-approve", "--receipt", "receipt.json")
    shell.run("snapshot", "snapshot.json")
    (backup,) = (shell.folder / ".reconcile/backups").iterdir()
    for name in ("plan.json", "receipt.json", "snapshot.json", backup):
        assert (shell.folder / name).stat().st_mode & 0o077 == 0, name


def test_short_secrets_do_not_mask_other_text(shell: Shell) -> None:
    """Masking is by type, never by searching the text: a PIN of one digit hides nothing else."""
    shell.environ["PIN_SINGLE"] = "1"
    ran = shell.run("plan")
    assert "+15550100001" in ran.out
    assert "Plan: 5 to create" in ran.out
