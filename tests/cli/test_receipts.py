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


def test_agents_trunks_and_secrets_have_causes_too(
    project: Shell, livekit_emulator: Emulator
) -> None:
    """What is computed (agents), looked up (trunks) and hidden (passwords) is told apart as well."""
    assert project.run("apply", "--auto-approve", "--receipt", "r.json").code == 0
    (rule,) = livekit_emulator.dispatch_rules
    rule.room_config.agents[0].agent_name = "somebody-else"
    rule.trunk_ids[:] = ["ST_gone"]
    livekit_emulator.put(rule)
    project.environ["CARRIER_PASSWORD"] = "a-new-one"
    causes = _causes(project, "--receipt", "r.json")
    assert causes["inbound.agents"] == "live"
    assert causes["inbound.trunks"] == "live"
    assert causes["carrier.auth.password"] == "file"


def test_objects_that_came_or_went_have_causes(project: Shell, livekit_emulator: Emulator) -> None:
    """Deleted by hand, or new in the file."""
    assert project.run("apply", "--auto-approve", "--receipt", "r.json").code == 0
    saved = livekit_emulator.inbound_trunks + livekit_emulator.outbound_trunks
    livekit_emulator.clear()
    for one in saved:
        livekit_emulator.put(one)
    more = "    second: {trunks: any, rooms: {individual: {prefix: call-}}}\nagents:"
    project.write("config/dispatch.yaml", CONFIGURATION.replace("agents:", more, 1))
    causes = _causes(project, "--receipt", "r.json")
    assert causes["inbound.rooms"] == "live"
    assert causes["second.rooms"] == "file"


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


def test_half_a_character_in_live_json_has_a_digest(
    applied: Shell, livekit_emulator: Emulator
) -> None:
    """JSON can escape half a surrogate pair, and nest without end; both are texts like others to a receipt."""
    for text in ('{"a": "\\ud800"}', "[" * 100_000):
        (rule,) = livekit_emulator.dispatch_rules
        rule.metadata = text
        livekit_emulator.put(rule)
        unmanaged = CONFIGURATION.replace("project: {", "project: {unmanaged: [metadata], ")
        applied.write("config/dispatch.yaml", unmanaged)
        ran = applied.run("apply", "--auto-approve", "--receipt", "r.json")
        assert ran.code == 0, ran.err
        applied.write("config/dispatch.yaml", CONFIGURATION)
        assert _causes(applied, "--receipt", "r.json") == {"inbound.metadata": "file"}
        mapping = "      metadata: {a: 1}\n      trunks:"
        applied.write("config/dispatch.yaml", CONFIGURATION.replace("      trunks:", mapping))
        assert applied.run("plan", "--out", "plan.json").code == 0
