"""The example files on the real server: plan, apply, plan to nothing, drift, export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.cli import Shell

if TYPE_CHECKING:
    from tests.support.livekit_server import LiveKitServer

ROOT = Path(__file__).parents[2]
FILES = sorted(
    [
        *(ROOT / "examples").glob("*.yaml"),
        ROOT / "config/dispatch.yaml",
        ROOT / "demo/dispatch.yaml",
    ]
)
VARIABLES = {"SIGNALWIRE_SIP_PASSWORD": "not-a-real-one", "CARRIER_SIP_PASSWORD": "nor-this-one"}

pytestmark = pytest.mark.real


@pytest.fixture
def shell(tmp_path: Path, real_project: LiveKitServer) -> Shell:
    """A folder and an empty real project."""
    return Shell(tmp_path, dict(VARIABLES)).connect(real_project)


@pytest.mark.parametrize("file", FILES, ids=[f"{file.parent.name}-{file.stem}" for file in FILES])
def test_an_example_goes_the_whole_way(shell: Shell, file: Path) -> None:
    """validate, plan, apply, an empty plan, no drift, and an export that plans to nothing."""
    shell.write("config/dispatch.yaml", file.read_text(encoding="utf-8"))
    for command in (
        ["validate"],
        ["plan"],
        ["apply", "--auto-approve"],
        ["plan", "--detailed-exitcode"],
        ["drift"],
    ):
        ran = shell.run(*command)
        assert ran.code == 0, (command, ran.out, ran.err)
    exported = shell.run("export")
    assert exported.code == 0
    assert "not-a-real-one" not in exported.out
    for line in exported.err.splitlines():
        if line.startswith("set "):
            name = line.removeprefix("set ").split(":")[0]
            shell.environ[name] = "not-a-real-one" if "SIGNALWIRE" in name else "nor-this-one"
    shell.write("exported.yaml", exported.out)
    assert shell.run("validate", "-c", "exported.yaml").code == 0
    ran = shell.run("plan", "-c", "exported.yaml", "--detailed-exitcode")
    assert ran.code == 0, ran.out


def test_a_change_by_hand_is_drift_and_is_mended(shell: Shell, real_project: LiveKitServer) -> None:
    """Every difference is seen, and the next apply takes it back."""
    shell.write(
        "config/dispatch.yaml", (ROOT / "examples/sw-telephony.yaml").read_text(encoding="utf-8")
    )
    assert shell.run("apply", "--auto-approve").code == 0
    text = (ROOT / "examples/sw-telephony.yaml").read_text(encoding="utf-8")
    by_hand = text.replace('"+15550100002"', '"+15550100009"').replace(
        "max_participants: 4", "max_participants: 2"
    )
    shell.write("hand.yaml", by_hand)
    assert shell.run("apply", "-c", "hand.yaml", "--auto-approve").code == 0
    ran = shell.run("drift")
    assert ran.code == 2
    assert "+15550100009" in ran.out
    assert "room.max_participants: 2 → 4" in ran.out
    assert shell.run("apply", "--auto-approve").code == 0
    assert shell.run("drift").code == 0
