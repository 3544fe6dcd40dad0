"""Applies that change a little of everything, their backups, and the way back: what tests of rollbacks share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.cli.conftest import CONFIGURATION

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.emulator.server import Emulator
    from tests.support.cli import Ran, Shell

FOLDER = ".reconcile/backups"
PHONE = CONFIGURATION.replace("call-", "phone-")
# Of everything something: the rule is renamed and changed in both planes, a trunk goes, two come, one changes.
DELETING = CONFIGURATION.replace("{name: acme}", "{name: acme, unlisted: delete}")
CHANGED = (
    DELETING.replace("    inbound:", "    lines:\n      renamed_from: inbound")
    .replace("prefix: call-", "prefix: phone-")
    .replace("agent_name: acme-telephony", "agent_name: acme-other")
    .replace("203.0.113.0/24", "198.51.100.0/24")
    .replace("    carrier-out:", "    other-out:")
    .replace("    carrier:\n", '    second: {numbers: ["+15550100002"]}\n    carrier:\n', 1)
)


def _named(messages: Any) -> dict[str, str]:
    """The objects of an emulator without ids and times, by name."""
    found = {}
    for message in messages:
        copy = type(message).FromString(message.SerializeToString())
        for field in ("sip_trunk_id", "sip_dispatch_rule_id", "created_at", "updated_at"):
            if field in copy.DESCRIPTOR.fields_by_name:
                copy.ClearField(field)
        if "trunk_ids" in copy.DESCRIPTOR.fields_by_name:
            copy.ClearField("trunk_ids")
        found[copy.name] = str(copy)
    return found


def everything(emulator: Emulator) -> list[dict[str, str]]:
    """All objects by name, kind by kind, without what is the server's own."""
    return [
        _named(emulator.inbound_trunks),
        _named(emulator.outbound_trunks),
        _named(emulator.dispatch_rules),
    ]


def apply(shell: Shell, text: str, *options: str) -> Ran:
    """Applies a file, deletions allowed; it must go well."""
    shell.write("config/dispatch.yaml", text)
    ran = shell.run("apply", "--auto-approve", "--max-deletes", "9", *options)
    assert ran.code == 0, ran.err
    return ran


def roll_back(shell: Shell, *options: str, file: str = "") -> Ran:
    """Rolls the last apply back, or that of a file, deletions allowed."""
    file = file or last_backup(shell)
    return shell.run("rollback", file, "--auto-approve", "--max-deletes", "9", *options)


def backups(shell: Shell, folder: str = FOLDER) -> list[Path]:
    """The backups of a project, the oldest first."""
    return sorted((shell.folder / folder).glob("*.json"))


def last_backup(shell: Shell) -> str:
    """The newest backup, as it is named on a command line."""
    return str(backups(shell)[-1])
