"""The action and the workflows as files: what linters and schemas say, and what strangers rely on."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.project.repository import ROOT, pyproject
from tests.support.programs import ACTIONLINT, program

ACTION = ROOT / ".github" / "actions" / "reconcile" / "action.yml"
WORKFLOWS = [ROOT / ".github" / "workflows" / f"{name}.yml" for name in ("plan", "apply", "drift")]
BIN = Path(sys.executable).parent


def content(path: Path) -> dict[Any, Any]:
    """A parsed file."""
    found = yaml.safe_load(path.read_text())
    assert isinstance(found, dict)
    return found


def steps(path: Path) -> list[dict[str, Any]]:
    """All steps of a workflow or of the action."""
    parsed = content(path)
    if "runs" in parsed:
        found: list[dict[str, Any]] = parsed["runs"]["steps"]
        return found
    return [step for job in parsed["jobs"].values() for step in job["steps"]]


def passes(*command: str | Path) -> None:
    """A program finds nothing."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_actionlint_finds_nothing() -> None:
    """Expressions, contexts, shell scripts and inputs of actions fit together."""
    passes(program(ACTIONLINT), "-no-color", "-shellcheck", BIN / "shellcheck", "-pyflakes", "")


def test_actionlint_would_find_something(tmp_path: Path) -> None:
    """A context that is not there is an error, so that the test above proves something."""
    bad = tmp_path / "bad.yml"
    bad.write_text(WORKFLOWS[0].read_text().replace("vars.LIVEKIT_URL", "steps.nobody.outputs.x"))
    done = subprocess.run([program(ACTIONLINT), bad], capture_output=True, text=True, check=False)
    assert "nobody" in done.stdout


def test_the_files_match_githubs_schemas() -> None:
    """The JSON schemas of workflows and of actions."""
    check = BIN / "check-jsonschema"
    workflows = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    passes(check, "--builtin-schema", "vendor.github-workflows", *workflows)
    passes(check, "--builtin-schema", "vendor.github-actions", ACTION)


def test_nothing_can_be_injected() -> None:
    """zizmor, which looks at workflows as an attacker would, finds nothing."""
    passes(BIN / "zizmor", "--offline", "--no-progress", "--quiet", ROOT / ".github")


@pytest.mark.parametrize("path", [ACTION, *WORKFLOWS], ids=lambda path: path.stem)
def test_no_expression_stands_in_a_script(path: Path) -> None:
    """What comes from outside reaches a script as a variable; a title with a quote in it is just a title."""
    assert not [step["run"] for step in steps(path) if "${{" in step.get("run", "")]


def test_secrets_are_given_to_the_one_step_that_needs_them() -> None:
    """Not to a job, not to a checkout, and nowhere but in the environment."""
    for path in WORKFLOWS:
        parsed = content(path)
        assert "env" not in parsed
        for job in parsed["jobs"].values():
            assert "env" not in job
            for step in job["steps"]:
                if step.get("uses") != "./.github/actions/reconcile":
                    assert "secrets." not in yaml.safe_dump(step)
                else:
                    assert "secrets." not in yaml.safe_dump(step["with"])


def test_no_workflow_runs_a_forks_code_with_rights() -> None:
    """`pull_request_target` and `workflow_run` are not used."""
    for path in WORKFLOWS:
        assert not {"pull_request_target", "workflow_run"} & set(content(path)[True])


RIGHTS = {
    ("plan", "plan"): {"contents": "read", "actions": "read", "pull-requests": "write"},
    ("apply", "review"): {"contents": "read", "actions": "read", "pull-requests": "read"},
    ("apply", "apply"): {"contents": "read"},
    ("drift", "drift"): {"contents": "read", "actions": "read", "issues": "write"},
}


def test_every_job_has_the_rights_that_it_uses() -> None:
    """None by default, and a job says its own."""
    found = {}
    for path in WORKFLOWS:
        parsed = content(path)
        assert parsed["permissions"] == {}
        for name, job in parsed["jobs"].items():
            found[path.stem, name] = job["permissions"]
    assert found == RIGHTS


def test_two_applies_never_run_at_once() -> None:
    """One group for the whole run, which is never cancelled; the apply asks its environment."""
    parsed = content(WORKFLOWS[1])
    assert parsed["concurrency"] == {"group": "livekit-apply", "cancel-in-progress": False}
    assert parsed["jobs"]["apply"]["environment"] == "livekit"
    assert parsed[True]["push"]["branches"] == ["main"]


def test_inputs_of_the_action_reach_its_scripts() -> None:
    """Every input is used in a step, and every INPUT_ that the scripts ask for is set."""
    action = content(ACTION)
    text = ACTION.read_text()
    for name in action["inputs"]:
        assert f"inputs.{name}" in text
    given = {name for step in steps(ACTION) for name in step.get("env", {})}
    scripts = "".join(path.read_text() for path in ACTION.parent.glob("*.py"))
    asked = re.findall(r'(?:\.input|is_true|workflow_file)\("(\w+)"\)', scripts)
    assert {f"INPUT_{name.upper()}" for name in asked} <= given


def test_the_action_installs_the_version_that_it_came_with() -> None:
    """A copy of the action asks the package index for what it was written for."""
    text = (ACTION.parent / "install.py").read_text()
    assert f'VERSION = "{pyproject()["project"]["version"]}"' in text


def test_the_scripts_need_nothing_but_python() -> None:
    """Copied into another repository they import the standard library and each other."""
    own = {path.stem for path in ACTION.parent.glob("*.py")}
    for path in ACTION.parent.glob("*.py"):
        imported = re.findall(r"^\s*(?:from|import) (\w+)", path.read_text(), re.MULTILINE)
        assert set(imported) <= own | set(sys.stdlib_module_names), path.name
