"""With the receipt of the last apply, drift says which side changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.cli.conftest import CONFIGURATION
from tests.support.cli import Shell

if TYPE_CHECKING:
    from reconciler.emulator.server import Emulator


def _causes(shell: Shell, *arguments: str) -> dict[str, str | None]:
    ran = shell.run("drift", "--format", "json", *arguments)
    assert ran.code == 2, ran.err
    document: dict[str, Any] = json.loads(ran.out)
    return {
        f"{change['name']}.{field['path']}": field.get("cause")
        for change in document["changes"]
        for field in change["fields"]
    }


def test_drift_tells_the_live_side_from_the_file(
    project: Shell, livekit_emulator: Emulator
) -> None:
    """Changed by hand since, not applied yet, or both."""
    assert project.run("apply", "--auto-approve", "--receipt", "r.json").code == 0
    assert "not-a-real-one" not in (project.folder / "r.json").read_text()
    (rule,) = livekit_emulator.dispatch_rules
    rule.metadata = "by hand"
    rule.krisp_enabled = True
    livekit_emulator.put(rule)
    more = "      krisp_enabled: false\n      metadata: from file\n      trunks:"
    text = CONFIGURATION.replace("      trunks:", more)
    project.write("config/dispatch.yaml", text.replace("prefix: call-}", "prefix: phone-}"))
    causes = _causes(project, "--receipt", "r.json")
    assert causes["inbound.krisp_enabled"] == "live"
    assert causes["inbound.metadata"] == "both"
    assert causes["inbound.rooms.individual.prefix"] == "file"


def test_without_a_receipt_nothing_is_guessed(applied: Shell) -> None:
    """No receipt, no cause."""
    applied.write(
        "config/dispatch.yaml", CONFIGURATION.replace("prefix: call-}", "prefix: phone-}")
    )
    assert set(_causes(applied).values()) == {None}


def test_a_receipt_of_another_project_is_refused(project: Shell) -> None:
    """Digests under another key would accuse everybody."""
    assert project.run("apply", "--auto-approve", "--receipt", "r.json").code == 0
    path = project.folder / "r.json"
    path.write_text(path.read_text().replace("127.0.0.1", "acme.livekit.example"))
    ran = project.run("drift", "--receipt", "r.json")
    assert ran.code == 3
    assert "acme.livekit.example" in ran.err
    path.write_text("{}")
    assert project.run("drift", "--receipt", "r.json").code == 1
