"""CI on the hosting service is the script that anybody can run, with pinned actions and no rights to speak of."""

from __future__ import annotations

import re
from typing import Any

import yaml

from tests.project.repository import ROOT, pyproject
from tests.support.programs import ACTIONLINT, KUSTOMIZE

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTIONS = sorted((ROOT / ".github" / "actions").glob("*/action.yml"))


def ci() -> dict[str, Any]:
    """The parsed ci.yml."""
    content = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    assert isinstance(content, dict)
    return content


def test_actions_are_pinned_by_commit() -> None:
    """A tag can be moved to other code; a full commit cannot. The tag stands beside it for people."""
    lines = [line for path in [*WORKFLOWS, *ACTIONS] for line in path.read_text().splitlines()]
    uses = [line.strip().removeprefix("- ") for line in lines if "uses:" in line]
    assert uses
    for line in uses:
        if line != "uses: ./.github/actions/reconcile":
            assert re.fullmatch(r"uses: [\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_one_action_has_one_pin() -> None:
    """Two places that use the same action use the same commit of it."""
    text = "".join(path.read_text() for path in [*WORKFLOWS, *ACTIONS])
    pins = set(re.findall(r"uses: ([\w/-]+)@([0-9a-f]{40})", text))
    assert len({action for action, _ in pins}) == len(pins)


def test_the_workflow_may_only_read() -> None:
    """No job can write to the repository, and the checkout leaves no token behind."""
    content = ci()
    assert content["permissions"] == {"contents": "read"}
    for job in content["jobs"].values():
        assert "permissions" not in job
        checkout = next(step for step in job["steps"] if "checkout" in step.get("uses", ""))
        assert checkout["with"]["persist-credentials"] is False


def test_the_workflow_runs_the_script_and_nothing_else() -> None:
    """What is checked stands in one place."""
    commands = [
        step["run"] for job in ci()["jobs"].values() for step in job["steps"] if "run" in step
    ]
    assert commands == ["bash .ci/run"]


def test_every_python_that_is_promised_is_tested() -> None:
    """The matrix has exactly the versions that the package's classifiers name."""
    prefix = "Programming Language :: Python :: "
    promised = [
        text.removeprefix(prefix)
        for text in pyproject()["project"]["classifiers"]
        if prefix in text
    ]
    assert ci()["jobs"]["check"]["strategy"]["matrix"]["python"] == promised


def test_the_script_builds_the_servers_that_the_tests_want() -> None:
    """CI has the harness's main version and the older one, and insists that tests met them."""
    script = (ROOT / ".ci" / "run").read_text()
    harness = (ROOT / "tests" / "support" / "livekit_server.py").read_text()
    versions = re.search(r"^servers=\((.*)\)$", script, re.MULTILINE)
    main = re.search(r'^MAIN_VERSION = "(.*)"$', harness, re.MULTILINE)
    assert versions is not None
    assert main is not None
    assert versions[1].split() == [main[1], "1.8.4"]
    assert "export RECONCILE_REQUIRE_REAL=1" in script
    assert re.search(r"RECONCILE_MIN_REAL:-[1-9]", script)


def test_the_script_builds_the_programs_that_the_tests_want() -> None:
    """In the versions that they ask for."""
    script = (ROOT / ".ci" / "run").read_text()
    for program in (ACTIONLINT, KUSTOMIZE):
        assert f"tools/get-go-tool {program} " in script
