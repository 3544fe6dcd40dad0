"""`reconcile graph`: the file, the live project, and the plan, in every format."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.conftest import CONFIGURATION
from tests.support.cli import Ran, Shell
from tests.support.schemas import problems

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.emulator.server import Emulator

FORMATS = ("mermaid", "dot", "svg", "html", "json")


@pytest.fixture
def project(tmp_path: Path, livekit_emulator: Emulator) -> Shell:
    """A folder with a configuration, connected to an empty emulated project."""
    shell = Shell(tmp_path).connect(livekit_emulator)
    shell.environ["CARRIER_PASSWORD"] = "not-a-real-one"
    shell.write("config/dispatch.yaml", CONFIGURATION)
    return shell


def document(ran: Ran) -> dict[str, Any]:
    """What a command printed as JSON, valid by its schema."""
    assert ran.code == 0, ran.err
    loaded: dict[str, Any] = json.loads(ran.out)
    assert problems("graph", loaded) == []
    return loaded


def changes(drawn: dict[str, Any]) -> dict[str, str]:
    """What becomes of each trunk and rule."""
    kinds = ("inbound_trunk", "outbound_trunk", "dispatch_rule")
    return {one["label"]: one["change"] for one in drawn["nodes"] if one["kind"] in kinds}


def test_the_file_is_drawn_without_a_server(tmp_path: Path) -> None:
    """Mermaid is the default; no key, no secret and no server is needed."""
    shell = Shell(tmp_path)
    shell.write("config/dispatch.yaml", CONFIGURATION)
    ran = shell.run("graph")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("flowchart LR\n")
    assert document(shell.run("graph", "--format", "json"))["shows_plan"] is False


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_shows_no_secret(project: Shell, form: str) -> None:
    """The file, the plan and the live project, in each of them."""
    assert project.run("apply", "--auto-approve").code == 0
    for source in ([], ["--plan"], ["--live"]):
        ran = project.run("graph", *source, "--format", form)
        assert ran.code == 0, ran.err
        assert "carrier" in ran.out
        assert "not-a-real-one" not in ran.out + ran.err
        assert project.environ["LIVEKIT_API_SECRET"] not in ran.out + ran.err


def test_a_plan_is_coloured(project: Shell) -> None:
    """Everything is to be created, and then nothing is to be done."""
    created = changes(document(project.run("graph", "--plan", "--format", "json")))
    assert set(created.values()) == {"create"}
    project.run("apply", "--auto-approve")
    kept = changes(document(project.run("graph", "--plan", "--format", "json")))
    assert set(kept) == set(created)
    assert set(kept.values()) == {"keep"}


def test_a_snapshot_stands_in_for_the_server(project: Shell) -> None:
    """`--live FILE` draws it, `--plan --live FILE` plans against it; neither needs a key."""
    project.run("apply", "--auto-approve")
    assert project.run("snapshot", "live.json").code == 0
    for name in ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"):
        del project.environ[name]
    drawn = document(project.run("graph", "--live", "live.json", "--format", "json"))
    assert "acme-telephony" in {one["label"] for one in drawn["nodes"]}
    assert not [one for one in drawn["nodes"] if one["kind"] == "convention"]
    project.write("config/dispatch.yaml", CONFIGURATION.replace("+15550100001", "+15550100002"))
    ran = project.run("graph", "--format", "json", "--plan", "--live", "live.json")
    assert changes(document(ran))["carrier"] == "update"


def test_the_live_project_needs_no_file(project: Shell) -> None:
    """`--live` draws what lives, whether or not there is a configuration."""
    project.run("apply", "--auto-approve")
    (project.folder / "config" / "dispatch.yaml").unlink()
    drawn = document(project.run("graph", "--format", "json", "--live"))
    assert set(changes(drawn)) == {"carrier", "carrier-out", "inbound"}


def test_a_file_with_errors_is_drawn_with_them(project: Shell) -> None:
    """What is wrong stands where it is; the exit code is that of the drawing."""
    project.write("config/dispatch.yaml", CONFIGURATION.replace("prefix: call-}", "prefix: x-}"))
    drawn = document(project.run("graph", "--format", "json"))
    (rule,) = (one for one in drawn["nodes"] if one["kind"] == "dispatch_rule")
    assert "no-convention" in {drawn["findings"][index]["code"] for index in rule["findings"]}


def test_what_cannot_be_read_at_all_is_no_map(project: Shell) -> None:
    """One line for each error and exit code 1, not an empty picture."""
    for text in ("sip: [", "", "version: 1\nsip: nothing\n"):
        project.write("config/dispatch.yaml", text)
        ran = project.run("graph")
        assert (ran.code, ran.out) == (1, "")
        assert "error[" in ran.err


def test_what_is_about_nothing_on_the_map_is_told_beside_it(project: Shell) -> None:
    """Formats without a list of findings say it on stderr, unless they are to be quiet."""
    project.write("config/dispatch.yaml", CONFIGURATION.replace("name: acme}", "nam: acme}"))
    for form in FORMATS:
        ran = project.run("graph", "--format", form)
        assert ran.code == 0
        assert ("error[unknown-key]" in ran.err) is (form in ("mermaid", "dot", "svg"))
    assert project.run("graph", "-q").err == ""


def test_a_plan_of_one_plane_is_drawn(project: Shell) -> None:
    """`--only` is that of a plan, and means nothing without one."""
    assert project.run("apply", "--auto-approve").code == 0
    changed = CONFIGURATION.replace("agent_name: acme-telephony", "agent_name: other")
    project.write("config/dispatch.yaml", changed)
    both = document(project.run("graph", "--plan", "--format", "json"))
    assert changes(both)["inbound"] == "update"
    sip = document(project.run("graph", "--plan", "--only", "sip", "--format", "json"))
    assert changes(sip)["inbound"] == "keep"
    ran = project.run("graph", "--only", "sip")
    assert (ran.code, ran.out) == (64, "")


def test_the_changes_alone_are_drawn(project: Shell) -> None:
    """For a pull request: what stays and has nothing to do with them is left out."""
    assert project.run("apply", "--auto-approve").code == 0
    project.write(
        "config/dispatch.yaml", CONFIGURATION.replace("prefix: call-}}", "prefix: call-2-}}")
    )
    drawn = document(project.run("graph", "--plan", "--changes", "--format", "json"))
    assert set(changes(drawn)) == {"carrier", "inbound"}
    ran = project.run("graph", "--changes")
    assert (ran.code, ran.out) == (64, "")
    assert "--changes is for --plan" in ran.err


def test_other_formats_are_wrong_usage(project: Shell) -> None:
    """A map is no text: 64, and the formats there are."""
    ran = project.run("graph", "--format", "text")
    assert ran.code == 64
    assert "mermaid" in ran.err
