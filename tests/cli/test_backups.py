"""Backups: every apply leaves what it is about to change, or does not write at all."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.conftest import CONFIGURATION
from tests.cli.rolling_back import FOLDER, PHONE, backups, last_backup
from tests.support.cli import COMMAND, Shell

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.emulator.server import Emulator

APPLY = ("apply", "--auto-approve")


def _content(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def test_every_apply_leaves_one(project: Shell) -> None:
    """Each apply that writes leaves one file, whose names are in the order of time; the path is told."""
    assert project.run("plan").code == 0
    assert not backups(project)
    ran = project.run("apply", "--auto-approve")
    (first,) = backups(project)
    assert f"backup written to {first.relative_to(project.folder)}\n" in ran.err
    project.write("config/dispatch.yaml", PHONE)
    project.run("apply", "--auto-approve")
    assert backups(project)[0] == first
    assert len(backups(project)) == 2
    assert "-acme-" in first.name


def test_an_apply_of_nothing_leaves_none(applied: Shell) -> None:
    """Where nothing is written there is nothing to bring back."""
    before = backups(applied)
    ran = applied.run("apply", "--auto-approve")
    assert ran.code == 0
    assert "backup" not in ran.err
    assert backups(applied) == before


def test_a_saved_plan_leaves_one(project: Shell) -> None:
    """Whoever applies what was reviewed can go back as well."""
    project.run("plan", "--out", "plan.json")
    assert project.run("apply", "plan.json").code == 0
    assert len(backups(project)) == 1


def test_it_is_for_its_owner_alone(project: Shell) -> None:
    """Files have mode 0600 and the folder 0700, whatever the umask lets through."""
    former = os.umask(0)
    try:
        project.run("apply", "--auto-approve")
    finally:
        os.umask(former)
    (path,) = backups(project)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_it_holds_what_lived(applied: Shell, livekit_emulator: Emulator) -> None:
    """Of each object that is touched what the server had, of those that are created the name and later the id."""
    (rule,) = livekit_emulator.dispatch_rules
    (trunk,) = livekit_emulator.inbound_trunks
    second = PHONE.replace(
        "    carrier:\n", '    second: {numbers: ["+15550100002"]}\n    carrier:\n', 1
    )
    applied.write("config/dispatch.yaml", second)
    assert applied.run("apply", "--auto-approve").code == 0
    document = _content(backups(applied)[-1])
    assert set(document["objects"]) == {"dispatch_rule"}
    (stored,) = document["objects"]["dispatch_rule"]
    assert stored["message"]["sip_dispatch_rule_id"] == rule.sip_dispatch_rule_id
    assert stored["message"]["rule"]["dispatch_rule_individual"]["room_prefix"] == "call-"
    assert stored["message"]["room_config"]["agents"] == [{"agent_name": "acme-telephony"}]
    (created,) = document["created"]
    ids = {one.name: one.sip_trunk_id for one in livekit_emulator.inbound_trunks}
    assert (created["name"], created["id"]) == ("second", ids["second"])
    assert document["trunks"] == {trunk.sip_trunk_id: "carrier"}


def test_no_backup_leaves_none(project: Shell) -> None:
    """The option and its variable."""
    assert project.run("apply", "--auto-approve", "--no-backup").code == 0
    assert not (project.folder / ".reconcile").exists()
    project.write("config/dispatch.yaml", PHONE)
    project.environ["RECONCILE_NO_BACKUP"] = "1"
    assert project.run("apply", "--auto-approve").code == 0
    assert not (project.folder / ".reconcile").exists()


def test_another_folder(project: Shell) -> None:
    """The option and its variable name it; it is made where it is missing."""
    assert project.run("apply", "--auto-approve", "--backup-dir", "kept/here").code == 0
    assert len(backups(project, "kept/here")) == 1
    project.write("config/dispatch.yaml", PHONE)
    project.environ["RECONCILE_BACKUP_DIR"] = "kept/there"
    assert project.run("apply", "--auto-approve").code == 0
    assert len(backups(project, "kept/there")) == 1
    assert not backups(project)


def test_without_a_backup_nothing_is_written(project: Shell, livekit_emulator: Emulator) -> None:
    """Where the folder cannot be written the apply is refused with 3, before its first call."""
    project.write("file", "no folder")
    for folder in ("file", "file/backups", "/proc/backups"):
        ran = project.run("apply", "--auto-approve", "--backup-dir", folder)
        assert ran.code == 3, ran.err
        assert "nothing was written: there would be no backup" in ran.err
        assert "--no-backup" in ran.err
        assert "Traceback" not in ran.err
    assert livekit_emulator.count("Create*") == 0


def test_a_full_disk_writes_nothing(project: Shell, livekit_emulator: Emulator) -> None:
    """A backup that does not fit is none: 3, no call, and no half a file."""
    ran = subprocess.run(
        ["bash", "-c", 'ulimit -f 0; trap "" XFSZ; exec "$@"', "limited", *COMMAND, *APPLY],
        cwd=project.folder,
        env={**os.environ, **project.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 3, ran.stdout + ran.stderr
    assert "there would be no backup" in ran.stderr
    assert livekit_emulator.count("Create*") == 0
    assert list((project.folder / FOLDER).iterdir()) == []


def test_what_is_not_approved_leaves_none(project: Shell) -> None:
    """It is written after the answer, not before."""
    assert project.run("apply").code == 3
    assert not backups(project)


def test_it_is_there_before_the_first_write(project: Shell, livekit_emulator: Emulator) -> None:
    """An apply that is killed half-way has left one, and what was created until then is taken back."""
    livekit_emulator.faults.delay("CreateSIPDispatchRule", 8.0)
    process = subprocess.Popen(
        [*COMMAND, *APPLY],
        cwd=project.folder,
        env={**os.environ, **project.environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 30
    while livekit_emulator.faults.pending and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
    assert len(livekit_emulator.inbound_trunks + livekit_emulator.outbound_trunks) == 2
    (path,) = backups(project)
    document = _content(path)
    assert document["applied"] is None
    assert {one["name"] for one in document["created"]} == {"carrier", "carrier-out", "inbound"}
    assert "did not come to its end" in project.run("show", str(path)).out
    ran = project.run("rollback", str(path), "--auto-approve", "--max-deletes", "3")
    assert ran.code == 0, ran.err
    assert "known by its name alone" in ran.out
    assert not livekit_emulator.inbound_trunks + livekit_emulator.outbound_trunks


def test_a_hostile_name_makes_a_harmless_file(project: Shell) -> None:
    """The project's name is part of the file's, as far as it is letters and digits."""
    hostile = "'../../etc/`x`\x1b[31m é " + "n" * 300 + "'"
    project.write(
        "config/dispatch.yaml",
        CONFIGURATION.replace("{name: acme}", f'{{name: "{hostile[1:-1]}"}}').replace(
            "\x1b", "\\e"
        ),
    )
    ran = project.run("apply", "--auto-approve")
    assert ran.code == 0, ran.err
    (path,) = backups(project)
    assert path.name.isascii()
    assert len(path.name) < 100
    assert not set(path.name) - set("abcdefghijklmnopqrstuvwxyz0123456789.-TZ")


@pytest.mark.parametrize("format_", ["text", "json", "markdown", "github"])
def test_show_tells_it(applied: Shell, format_: str) -> None:
    """What lived, what was created, and which variables a rollback may need."""
    applied.write("config/dispatch.yaml", CONFIGURATION.replace("0/24", "0/25"))
    applied.environ["CARRIER_PASSWORD"] = "another"
    applied.run("apply", "--auto-approve")
    ran = applied.run("show", last_backup(applied), "--format", format_)
    assert ran.code == 0, ran.err
    assert "CARRIER_PASSWORD" in ran.out
    assert "203.0.113.0/24" in ran.out
    assert "not-a-real-one" not in ran.out
    if format_ == "json":
        assert json.loads(ran.out)["format"] == "livekit-reconciler/backup"
