"""The workflows that watch dependencies and make releases: rights, order, and nothing that only they know how to do."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.project.repository import ROOT, pyproject, texts
from tests.project.test_workflow import ACTIONS, WORKFLOWS

RIGHTS = {
    ("dependencies", "audit"): {"contents": "read"},
    ("dependencies", "bounds"): {"contents": "read"},
    ("release", "build"): {"contents": "read"},
    ("release", "publish"): {
        "contents": "write",
        "id-token": "write",
        "attestations": "write",
    },
    ("release", "index"): {"id-token": "write"},
}


def workflow(name: str) -> dict[Any, Any]:
    """A parsed workflow."""
    content = yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text())
    assert isinstance(content, dict)
    return content


def steps(name: str, job: str) -> list[dict[str, Any]]:
    """The steps of a job."""
    found: list[dict[str, Any]] = workflow(name)["jobs"][job]["steps"]
    return found


def runs(name: str, job: str) -> list[str]:
    """The commands of a job."""
    return [step["run"] for step in steps(name, job) if "run" in step]


def test_every_job_has_the_rights_that_it_uses() -> None:
    """None by default, and a job says its own."""
    found = {}
    for name in ("dependencies", "release"):
        assert workflow(name)["permissions"] == {}
        for job, content in workflow(name)["jobs"].items():
            found[name, job] = content["permissions"]
    assert found == RIGHTS


@pytest.mark.parametrize("job", sorted(RIGHTS))
def test_who_may_write_runs_no_code_of_the_repository(job: tuple[str, str]) -> None:
    """A dependency that turned bad runs where there is nothing to steal: what it builds is signed by another job."""
    words = {word for right in RIGHTS[job].values() for word in right.split()}
    uses = [step.get("uses", "").partition("@")[0] for step in steps(*job)]
    if "write" in words:
        assert "actions/checkout" not in uses
        assert not re.search(r"\b(make|pip|python|uv)\b", "\n".join(runs(*job)))
    for step in steps(*job):
        if "checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False


def test_what_is_known_against_the_lock_is_asked_weekly_and_when_it_changes() -> None:
    """A pull request that touches a lock file is asked too, and a package that cannot be asked about fails."""
    content = workflow("dependencies")
    assert content[True]["schedule"]
    assert "requirements/**" in content[True]["pull_request"]["paths"]
    assert runs("dependencies", "audit") == ["make audit"]
    audit = re.search(r"^audit:.*\n\t@(.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert audit is not None
    assert "pip-audit --strict --disable-pip --require-hashes" in audit[1]


def test_the_bounds_of_pyproject_are_tried_weekly() -> None:
    """The oldest and the newest dependencies, on the oldest and the newest Python."""
    matrix = workflow("dependencies")["jobs"]["bounds"]["strategy"]["matrix"]
    prefix = "Programming Language :: Python :: "
    pythons = [text.removeprefix(prefix) for text in pyproject()["project"]["classifiers"]]
    pythons = [text for text in pythons if re.fullmatch(r"3\.\d+", text)]
    assert matrix == {"bound": ["lowest", "newest"], "python": [pythons[0], pythons[-1]]}


def test_a_release_is_checked_signed_and_only_then_published() -> None:
    """The files of the job without rights, held against their checksums; the index waits for the release."""
    jobs = workflow("release")["jobs"]
    assert (jobs["publish"]["needs"], jobs["index"]["needs"]) == ("build", "publish")
    order = [
        step.get("uses", step.get("run", "")).partition("@")[0]
        for step in steps("release", "publish")
    ]
    assert [text.split()[0] for text in order] == [
        "actions/download-artifact",
        "cd",
        "actions/attest-build-provenance",
        "gh",
    ]
    assert "sha256sum --check --strict SHA256SUMS" in order[1]
    assert runs("release", "build")[0] == "make release"


def test_a_release_waits_for_people_and_has_no_password() -> None:
    """Each job that writes has an environment, which may ask reviewers; no secret is named anywhere."""
    jobs = workflow("release")["jobs"]
    assert jobs["publish"]["environment"] == "release"
    assert jobs["index"]["environment"] == "package-index"
    assert "secrets." not in (ROOT / ".github" / "workflows" / "release.yml").read_text()
    assert workflow("release")["concurrency"]["cancel-in-progress"] is False


def test_every_installation_checks_hashes() -> None:
    """Wherever this repository installs from an index with pip or uv, what comes is what a lock file says.

    What has no lock file is told: the two environments that are made to try other versions, what users type, and the
    action and the jobs that install a released version of this package in a repository of theirs.
    """
    known = {
        "Makefile": 2,  # the oldest and the newest allowed: `define resolve`
    }
    places = ["Makefile", "Containerfile", ".ci/run", ".readthedocs.yaml"]
    places += [str(path.relative_to(ROOT)) for path in [*WORKFLOWS, *ACTIONS]]
    found = {}
    for place in places:
        text = re.sub(r"\\\n\s*", " ", texts()[place])
        commands = re.findall(r"pip install\b[^\n;&]*", text)
        open_ = [
            command
            for command in commands
            if "--require-hashes" not in command
            and "--no-deps" not in command
            and not command.startswith("pip install uv")
        ]
        if open_:
            found[place] = len(open_)
    assert found == known
