"""The one issue about drift: opened, written anew, closed. A drift that comes back gets a new one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from comment import is_own
from github_api import GitHub, GitHubError
from page import marker
from workflow import Step


def first_line(step: Step) -> str:
    """The marker of this project's issue."""
    return marker(step.called("drift"))


def put_issue(step: Step, github: GitHub, title: str, text: str) -> str:
    """Opens the issue, or writes it anew where it is open; returns its address. Raises `GitHubError`."""
    existing = _open_issues(step, github)
    for extra in existing[1:]:
        _close(github, extra, f"#{int(existing[0]['number'])} is about the same drift.")
    if existing:
        path = f"/issues/{int(existing[0]['number'])}"
        return str(github.send("PATCH", path, {"title": title, "body": text}).get("html_url", ""))
    _ensure_label(step, github)
    body = {"title": title, "body": text, "labels": [step.input("label")]}
    try:
        return str(github.send("POST", "/issues", body).get("html_url", ""))
    except GitHubError as error:
        opened = _open_issues(step, github) if error.is_lost else []
        if not opened:
            raise
        return str(opened[0].get("html_url", ""))


def close_issues(step: Step, github: GitHub, reason: str) -> int:
    """Closes the issue with a last comment; returns how many there were."""
    existing = _open_issues(step, github)
    for issue in existing:
        _close(github, issue, reason)
    return len(existing)


def _open_issues(step: Step, github: GitHub) -> list[Mapping[str, Any]]:
    """By right one, the oldest first. The list has pull requests as well."""
    label = step.input("label")
    found = [
        issue
        for issue in github.pages("/issues", state="open", labels=label)
        if "pull_request" not in issue and is_own(step, issue, first_line(step))
    ]
    return sorted(found, key=lambda issue: int(issue["number"]))


def _close(github: GitHub, issue: Mapping[str, Any], reason: str) -> None:
    path = f"/issues/{int(issue['number'])}"
    github.send("POST", f"{path}/comments", {"body": reason})
    github.send("PATCH", path, {"state": "closed", "state_reason": "completed"})


def _ensure_label(step: Step, github: GitHub) -> None:
    label = {
        "name": step.input("label"),
        "color": "d93f0b",
        "description": "The live project is not what the configuration says",
    }
    try:
        github.send("POST", "/labels", label)
    except GitHubError as error:
        if error.status != 422:  # there already
            raise
